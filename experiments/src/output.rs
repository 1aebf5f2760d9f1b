//! A folder of results that appears whole or not at all.
//!
//! Everything is written into a staging folder inside the target and renamed into place at the end
//! (a rename within one file system cannot stop halfway). Whatever fails before leaves no trace.

use std::fs;
use std::path::{Path, PathBuf};

use models::input::InputError;
use tempfile::TempDir;

use crate::failure::Failure;
use crate::file::reason;

/// A place for results that are being made.
#[derive(Debug)]
pub(crate) struct Staging {
    target: PathBuf,
    /// The outermost folder that was made for this run, to be removed if nothing comes of it.
    made: Option<PathBuf>,
    stage: Option<TempDir>,
}

impl Staging {
    /// Makes the folder `target`, if it is not there, and a staging folder in it.
    ///
    /// # Errors
    /// If the folder cannot be made or written: the user's `--out` is at fault.
    pub(crate) fn new(target: &Path) -> Result<Staging, InputError> {
        let refused = |error: std::io::Error| {
            let problem = format!("`{}` cannot be written: {}", target.display(), reason(&error));
            InputError::new("--out", problem).help("a folder that you may write")
        };
        let made = target.ancestors().filter(|path| !path.as_os_str().is_empty());
        let made = made.take_while(|path| !path.exists()).last().map(Path::to_path_buf);
        let mut staging = Staging { target: target.to_path_buf(), made, stage: None };
        fs::create_dir_all(target).map_err(refused)?;
        let stage = tempfile::Builder::new().prefix(".podpath-").tempdir_in(target);
        staging.stage = Some(stage.map_err(refused)?);
        Ok(staging)
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        self.stage.as_ref().expect("the stage is there until it is dropped").path()
    }

    /// Moves everything into the target; a file of the same name is replaced.
    ///
    /// # Errors
    /// If a file cannot be renamed.
    pub(crate) fn commit(mut self) -> Result<(), Failure> {
        moved(self.path(), &self.target)?;
        self.made = None;
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.stage = None;
        if let Some(made) = &self.made {
            // Only empty folders go: another process may have put something in them.
            for path in self.target.ancestors().take_while(|path| path.starts_with(made)) {
                if fs::remove_dir(path).is_err() {
                    break;
                }
            }
        }
    }
}

/// Writes one file, whole or not at all, in place of one that is there.
///
/// # Errors
/// If the folder cannot be made or written, or `path` names a folder: the user's `--out` is at
/// fault.
pub(crate) fn write_file(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
        return Err(InputError::new("--out", format!("`{}` is a folder", path.display()))
            .help("the file to write")
            .into());
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let staging = Staging::new(folder.unwrap_or(Path::new(".")))?;
    let failed = |error| Failure::run(format!("writing {}", path.display()), error);
    fs::write(staging.path().join(name), content).map_err(failed)?;
    staging.commit()
}

/// Renames every file below `from` to the same place below `to`.
fn moved(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::run(format!("writing {}", to.display()), error);
    for entry in fs::read_dir(from).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            fs::create_dir_all(&target).map_err(failed)?;
            moved(&path, &target)?;
        } else {
            fs::rename(&path, &target).map_err(failed)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_committed_leaves_no_trace() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("a/b");
        let staging = Staging::new(&target).unwrap();
        fs::write(staging.path().join("x.csv"), "1").unwrap();
        drop(staging);
        assert!(!root.path().join("a").exists());
    }

    #[test]
    fn what_is_committed_replaces_what_was_there() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("a");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("x.csv"), "old").unwrap();
        fs::write(target.join("other"), "kept").unwrap();
        let staging = Staging::new(&target).unwrap();
        fs::create_dir(staging.path().join("plots")).unwrap();
        fs::write(staging.path().join("plots/p.svg"), "p").unwrap();
        fs::write(staging.path().join("x.csv"), "new").unwrap();
        staging.commit().unwrap();
        let read = |name| fs::read_to_string(target.join(name)).unwrap();
        assert_eq!([read("x.csv"), read("other"), read("plots/p.svg")], ["new", "kept", "p"]);
        assert_eq!(fs::read_dir(&target).unwrap().count(), 3, "the staging folder is gone");
    }

    #[test]
    fn one_file_is_written_whole() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/p.csv");
        write_file(&path, "old").unwrap();
        write_file(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(root.path().join("a")).unwrap().count(), 1);
        assert!(write_file(root.path(), "x").is_err(), "a folder");
    }

    #[test]
    fn a_file_in_the_way_is_bad_input() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Staging::new(&file.join("out")).unwrap_err();
        assert_eq!(error.field, "--out");
    }
}
