//! The experiments that are built into the program, by name.

use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use models::input::{InputError, Source, nearest};

use crate::experiment::Experiment;
use crate::file;

static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cases");
const QUICKSTART: &str = include_str!("../quickstart.toml");

/// Every shipped experiment: its name and text.
pub(crate) fn all() -> impl Iterator<Item = (String, &'static str)> {
    let cases = CASES.files().filter_map(|file| {
        let path = file.path();
        let is_toml = path.extension().is_some_and(|ending| ending == "toml");
        let name = format!("cases/{}", path.file_stem()?.to_str()?);
        Some((name, file.contents_utf8().filter(|_| is_toml)?))
    });
    std::iter::once(("quickstart".to_owned(), QUICKSTART)).chain(cases)
}

/// Reads the experiment in the file `name`, or the shipped one of that name.
///
/// # Errors
/// If there is neither, or something is wrong with it.
pub(crate) fn read(name: &str) -> Result<Experiment, InputError> {
    let shipped = calibration::shipped();
    let path = Path::new(name);
    if !path.exists() {
        if let Some((name, text)) = all().find(|(known, _)| known == name) {
            let source = Source::new(format!("shipped:{name}.toml"), text);
            return Experiment::read(&source, None, shipped);
        }
        return Err(missing(name));
    }
    let source: Arc<Source> = file::read_text(path, "FILE")?;
    Experiment::read(&source, Some(path.parent().unwrap_or(Path::new(""))), shipped)
}

fn missing(name: &str) -> InputError {
    let known: Vec<String> = all().map(|(name, _)| name).collect();
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(known) => format!("did you mean the shipped experiment `{known}`?"),
        None => format!("the path of a file, or a shipped experiment: {}", known.join(", ")),
    };
    InputError::new("FILE", format!("there is no file and no shipped experiment `{name}`"))
        .help(help)
}
