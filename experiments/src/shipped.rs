//! The experiments that are built into the program, by name: `quickstart` and the others in
//! the folder `experiments`, `cases/NAME`, and
//! `cases/NAME/FILE` where a case is a folder with topologies of its own.

use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use models::input::{InputError, Source, nearest};

use crate::experiment::Experiment;
use crate::file;
use crate::near::{Home, Near};
use crate::scenario::{self, Scenario};

static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cases");
static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios/cases");
/// The experiments of the folder itself, the first one first.
const OWN: [(&str, &str); 15] = [
    ("quickstart", include_str!("../quickstart.toml")),
    ("collectives", include_str!("../collectives.toml")),
    ("fidelity", include_str!("../fidelity.toml")),
    ("gpu-levels", include_str!("../gpu-levels.toml")),
    ("gpu-result", include_str!("../gpu-result.toml")),
    ("gpu-sharing", include_str!("../gpu-sharing.toml")),
    ("lab", include_str!("../lab.toml")),
    ("lab-ci", include_str!("../lab-ci.toml")),
    ("lab-datagrams", include_str!("../lab-datagrams.toml")),
    ("lab-latency", include_str!("../lab-latency.toml")),
    ("lab-shared", include_str!("../lab-shared.toml")),
    ("patterns", include_str!("../patterns.toml")),
    ("service-load", include_str!("../service-load.toml")),
    ("service-path", include_str!("../service-path.toml")),
    ("topologies", include_str!("../topologies.toml")),
];

/// An experiment that is built in.
#[derive(Clone, Debug)]
pub(crate) struct Shipped {
    /// Its name: `cases/flannel-1816/experiment`.
    pub(crate) name: String,
    /// Its text.
    pub(crate) text: &'static str,
    near: Near<'static>,
}

/// Every shipped experiment.
pub(crate) fn all() -> impl Iterator<Item = Shipped> {
    let own = |(name, text): (&str, _)| Shipped { name: name.into(), text, near: Near::Nowhere };
    OWN.into_iter().map(own).chain(cases())
}

/// Those of them that are cases from the field.
pub(crate) fn cases() -> impl Iterator<Item = Shipped> {
    files(&CASES, is_experiment)
}

/// Cases that are scenarios.
pub(crate) fn scenarios() -> impl Iterator<Item = Shipped> {
    files(&SCENARIOS, scenario::is_scenario)
}

/// The files of cases whose text is of a kind.
fn files(of: &'static Dir<'static>, is_kind: fn(&str) -> bool) -> impl Iterator<Item = Shipped> {
    let folders = std::iter::once(of).chain(of.dirs());
    folders.flat_map(move |folder| {
        folder.files().filter_map(move |file| {
            let text = file.contents_utf8()?;
            let is_toml = file.path().extension().is_some_and(|ending| ending == "toml");
            let name = file.path().with_extension("");
            let name = format!("cases/{}", name.to_str()?);
            let near = Near::Shipped(folder);
            (is_toml && is_kind(text)).then_some(Shipped { name, text, near })
        })
    })
}

/// Whether a TOML text is an experiment: topologies lie beside experiments, and name none.
pub(crate) fn is_experiment(text: &str) -> bool {
    text.lines().any(|line| line.trim_start().starts_with("topologies"))
}

impl Shipped {
    /// The scenario.
    ///
    /// # Errors
    /// If something is wrong with it, which tests rule out.
    pub(crate) fn scenario(&self) -> Result<Scenario, InputError> {
        let source = Source::new(format!("shipped:{}.toml", self.name), self.text);
        let home = match self.near {
            Near::Shipped(folder) => Home::Shipped(folder),
            Near::Disk(_) | Near::Nowhere => Home::Nowhere,
        };
        Scenario::read(&source, home, calibration_data::shipped())
    }

    /// The experiment.
    ///
    /// # Errors
    /// If something is wrong with it, which tests rule out.
    pub(crate) fn read(&self) -> Result<Experiment, InputError> {
        let source = Source::new(format!("shipped:{}.toml", self.name), self.text);
        Experiment::read_near(&source, self.near, calibration_data::shipped())
    }
}

/// Reads the experiment in the file `name`, or the shipped one of that name.
///
/// # Errors
/// If there is neither, or something is wrong with it.
pub(crate) fn read(name: &str) -> Result<Experiment, InputError> {
    let path = Path::new(name);
    if !path.exists() {
        return match all().find(|shipped| shipped.name == name) {
            Some(shipped) => shipped.read(),
            None => Err(missing(name)),
        };
    }
    let source: Arc<Source> = file::read_text(path, "FILE")?;
    let folder = path.parent().unwrap_or(Path::new(""));
    Experiment::read(&source, Some(folder), calibration_data::shipped())
}

fn missing(name: &str) -> InputError {
    let known: Vec<String> = all().map(|shipped| shipped.name).collect();
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(known) => format!("did you mean the shipped experiment `{known}`?"),
        None => format!(
            "the path of a file, or one of the {} shipped experiments that `podpath profiles list` \
             names",
            known.len()
        ),
    };
    InputError::new("FILE", format!("there is no file and no shipped experiment `{name}`"))
        .help(help)
}
