//! The experiments and scenarios of cases: those that are shipped, or the files of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use models::input::InputError;

use super::{Scene, Task};
use crate::experiment::Experiment;
use crate::near::Home;
use crate::scenario::{self, Scenario};
use crate::{file, shipped};

/// The most files that one folder of cases may hold.
const FILES_MAX: usize = 10_000;
/// Folders below the folder of cases that are looked into.
const DEPTH_MAX: usize = 8;

/// The experiments and the scenarios of cases.
#[derive(Default)]
pub(crate) struct Cases {
    pub(crate) experiments: Vec<Task>,
    pub(crate) scenes: Vec<Scene>,
}

/// Every shipped case.
///
/// # Errors
/// If one cannot be planned, which tests rule out.
pub(crate) fn shipped() -> Result<Cases, InputError> {
    let short = |name: &str| name.strip_prefix("cases/").unwrap_or(name).to_owned();
    let case = |name: &str| name.split('/').next().unwrap_or(name).to_owned();
    let task = |shipped: shipped::Shipped| {
        let name = short(&shipped.name);
        Task::new(case(&name), name, shipped.read()?)
    };
    let scene = |shipped: shipped::Shipped| {
        let name = short(&shipped.name);
        Ok::<Scene, InputError>(Scene { case: case(&name), name, scenario: shipped.scenario()? })
    };
    Ok(Cases {
        experiments: shipped::cases().map(task).collect::<Result<_, _>>()?,
        scenes: shipped::scenarios().map(scene).collect::<Result<_, _>>()?,
    })
}

/// The cases in a folder of the user's: every experiment and scenario with a reported figure. A
/// case is a file, or a folder with several.
///
/// # Errors
/// If the folder cannot be listed or has no such file, or something is wrong with one.
pub(crate) fn of_folder(folder: &Path) -> Result<Cases, InputError> {
    let mut paths = Vec::new();
    list(folder, 0, &mut paths)?;
    paths.sort();
    let mut cases = Cases::default();
    for path in paths {
        let source = file::read_text(&path, "--field")?;
        let near = path.parent().unwrap_or(Path::new(""));
        let below = path.strip_prefix(folder).unwrap_or(&path).with_extension("");
        let first = below.components().next();
        let case = first.map(|name| name.as_os_str().to_string_lossy().into_owned());
        let name = below.to_string_lossy().into_owned();
        let case = case.unwrap_or_else(|| name.clone());
        if shipped::is_experiment(&source.text) {
            let experiment = Experiment::read(&source, Some(near), calibration_data::shipped())?;
            if !experiment.reported.is_empty() {
                cases.experiments.push(Task::new(case, name, experiment)?);
            }
        } else if scenario::is_scenario(&source.text) {
            let home = Home::Disk(near.to_owned());
            let scenario = Scenario::read(&source, home, calibration_data::shipped())?;
            if !scenario.reported.is_empty() {
                cases.scenes.push(Scene { case, name, scenario });
            }
        }
    }
    if cases.experiments.is_empty() && cases.scenes.is_empty() {
        let problem = format!("no file below `{}` reports a figure", folder.display());
        let help = "a folder of experiment or scenario files (.toml) with [[reported]]";
        return Err(InputError::new("--field", problem).help(help));
    }
    Ok(cases)
}

fn list(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), InputError> {
    let unreadable = |error: std::io::Error| {
        let reason = file::reason(&error);
        InputError::new("--field", format!("`{}` cannot be listed: {reason}", folder.display()))
            .help("a folder of experiment files (.toml) with [[reported]]")
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let kind = entry.file_type().map_err(unreadable)?;
        let path = entry.path();
        if kind.is_dir() && depth < DEPTH_MAX {
            list(&path, depth + 1, paths)?;
        } else if path.extension().is_some_and(|ending| ending == "toml") {
            paths.push(path);
        }
        if paths.len() > FILES_MAX {
            let problem = format!("`{}` holds more than {FILES_MAX} files", folder.display());
            return Err(InputError::new("--field", problem).help("a folder of cases alone"));
        }
    }
    Ok(())
}
