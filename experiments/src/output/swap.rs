//! The one rename that puts results in place, and what has to be on disk before it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::Value;

use super::failed;
use crate::failure::Failure;

/// Where the target waits while results take its place on a file system that cannot exchange two
/// folders.
const OLD: &str = "old";

/// Puts the folder `result` in place of `target`; what was there is in `result` afterwards. Files
/// that podpath did not write are in both.
///
/// # Errors
/// If a file cannot be put on disk, linked or renamed.
pub(super) fn swap(result: &Path, target: &Path, partial: &Path) -> Result<(), Failure> {
    let was_there = target.is_dir();
    if was_there {
        let mode = fs::metadata(target).map_err(|error| failed(target, &error))?.permissions();
        adopt(target, result, &written_by_podpath(target))?;
        fs::set_permissions(result, mode).map_err(|error| failed(result, &error))?;
    }
    sync(result).map_err(|error| failed(result, &error))?;
    let renamed =
        if was_there { exchange(result, target, partial) } else { fs::rename(result, target) };
    renamed.map_err(|error| failed(target, &error))?;
    if let Some(parent) = target.parent() {
        sync_folder(parent).map_err(|error| failed(parent, &error))?;
    }
    if was_there {
        // Whatever came in the meantime.
        adopt(result, target, &written_by_podpath(result))?;
    }
    Ok(())
}

/// Undoes half an exchange: without a target, the older one is put back.
///
/// # Errors
/// If it cannot be renamed.
pub(super) fn mend(target: &Path, partial: &Path) -> io::Result<()> {
    let old = partial.join(OLD);
    if old.exists() && !target.exists() { fs::rename(old, target) } else { Ok(()) }
}

/// The files that podpath wrote into a folder, as its manifest says.
fn written_by_podpath(folder: &Path) -> BTreeSet<PathBuf> {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap_or_default();
    let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
    if manifest["podpath"].is_null() {
        return BTreeSet::new();
    }
    match manifest["files"].as_array() {
        Some(files) => files.iter().filter_map(Value::as_str).map(PathBuf::from).collect(),
        None => older(folder),
    }
}

/// What a folder has of an older podpath, whose manifests did not list files.
fn older(folder: &Path) -> BTreeSet<PathBuf> {
    const NAMES: [&str; 19] = [
        "manifest.json",
        "report.html",
        "runs.csv",
        "summary.csv",
        "taken.csv",
        "returned.csv",
        "life.csv",
        "steps.csv",
        "together.csv",
        "parameters.csv",
        "widening.csv",
        "comparisons.csv",
        "workloads.csv",
        "workload_runs.csv",
        "resources.csv",
        "windows.csv",
        "batches.csv",
        "workload_comparisons.csv",
        "cpu.csv",
    ];
    let mut all: BTreeSet<PathBuf> = NAMES.into_iter().map(PathBuf::from).collect();
    let plots = fs::read_dir(folder.join("plots")).into_iter().flatten().flatten();
    all.extend(plots.map(|entry| Path::new("plots").join(entry.file_name())));
    all
}

/// Gives every file below `from` a second name at the same place below `to`, but for those in
/// `without` and those whose place is taken.
fn adopt(from: &Path, to: &Path, without: &BTreeSet<PathBuf>) -> Result<(), Failure> {
    adopt_below(from, to, Path::new(""), without)
}

fn adopt_below(
    from: &Path,
    to: &Path,
    below: &Path,
    without: &BTreeSet<PathBuf>,
) -> Result<(), Failure> {
    let folder = from.join(below);
    let unread = |error| failed(&folder, &error);
    for entry in fs::read_dir(&folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let own = below.join(entry.file_name());
        let (source, place) = (entry.path(), to.join(&own));
        let refused = |error| failed(&place, &error);
        if entry.file_type().map_err(unread)?.is_dir() {
            let any = fs::read_dir(&source).map_err(unread)?.next().is_some();
            let kept = !place.exists();
            if kept {
                fs::create_dir(&place).map_err(refused)?;
            }
            adopt_below(from, to, &own, without)?;
            // A folder that had nothing but results goes with them.
            if kept && any {
                let _ = fs::remove_dir(&place);
            }
        } else if !without.contains(&own) && place.symlink_metadata().is_err() {
            // A link, so that the file is never in one place only, whatever happens.
            rustix::fs::linkat(CWD, &source, CWD, &place, rustix::fs::AtFlags::empty())
                .map_err(|error| refused(error.into()))?;
        }
    }
    Ok(())
}

/// Lets two folders change places.
fn exchange(result: &Path, target: &Path, partial: &Path) -> io::Result<()> {
    use rustix::io::Errno;
    match renameat_with(CWD, result, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // Such a file system has no one step for it: `mend` undoes the first of two.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let old = partial.join(OLD);
            fs::rename(target, &old)?;
            fs::rename(result, target)?;
            fs::rename(old, result)
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts everything below a folder on disk.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            sync(&entry.path())?;
        } else if kind.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(folder)
}

/// Puts the names in a folder on disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some file systems, of other machines above all, cannot and need not.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}
