//! The experiments of cases: those that are shipped, or the files of a folder.

use std::fs;
use std::path::{Path, PathBuf};

use models::input::InputError;

use super::Task;
use crate::experiment::Experiment;
use crate::{file, shipped};

/// The most files that one folder of cases may hold.
const FILES_MAX: usize = 10_000;
/// Folders below the folder of cases that are looked into.
const DEPTH_MAX: usize = 8;

/// Every shipped case.
///
/// # Errors
/// If one cannot be planned, which tests rule out.
pub(crate) fn shipped() -> Result<Vec<Task>, InputError> {
    let task = |shipped: shipped::Shipped| {
        let name = shipped.name.strip_prefix("cases/").unwrap_or(&shipped.name);
        let case = name.split('/').next().unwrap_or(name).to_owned();
        Task::new(case, name.to_owned(), shipped.read()?)
    };
    shipped::cases().map(task).collect()
}

/// The cases in a folder of the user's: every experiment with a reported figure. A case is a file,
/// or a folder with several.
///
/// # Errors
/// If the folder cannot be listed or has no such file, or something is wrong with one.
pub(crate) fn of_folder(folder: &Path) -> Result<Vec<Task>, InputError> {
    let mut paths = Vec::new();
    list(folder, 0, &mut paths)?;
    paths.sort();
    let mut tasks = Vec::new();
    for path in paths {
        let source = file::read_text(&path, "--field")?;
        if !shipped::is_experiment(&source.text) {
            continue;
        }
        let near = path.parent().unwrap_or(Path::new(""));
        let experiment = Experiment::read(&source, Some(near), calibration_data::shipped())?;
        if experiment.reported.is_empty() {
            continue;
        }
        let below = path.strip_prefix(folder).unwrap_or(&path).with_extension("");
        let first = below.components().next();
        let case = first.map(|name| name.as_os_str().to_string_lossy().into_owned());
        let name = below.to_string_lossy().into_owned();
        tasks.push(Task::new(case.unwrap_or_else(|| name.clone()), name, experiment)?);
    }
    if tasks.is_empty() {
        let problem = format!("no file below `{}` reports a figure", folder.display());
        let help = "a folder of experiment files (.toml) with [[reported]]";
        return Err(InputError::new("--field", problem).help(help));
    }
    Ok(tasks)
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
