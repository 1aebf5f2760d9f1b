//! A folder of results that appears whole or not at all.
//!
//! ```text
//!   OUT           the results, as they were before or as they are now, never a mix
//!   OUT.partial/  lock        held by the process that works here, and gone with it
//!                 result/     what is being made; OUT changes places with it at the end
//!                 header.json and points.journal, of a run that is not finished (`journal`)
//! ```
//!
//! Everything is on disk before the one rename that puts it in place. Whatever fails before leaves
//! what was there.

mod place;
mod single;
mod swap;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use models::input::InputError;

use crate::failure::Failure;
use crate::file::reason;
use crate::lock::locked;

pub(crate) use single::write_file;

/// What a run that is not finished has in its folder beside the results.
pub(crate) const HEADER: &str = "header.json";

/// A place for results that are being made.
#[derive(Debug)]
pub(crate) struct Staging {
    target: PathBuf,
    /// The folder beside it.
    partial: PathBuf,
    /// Where the results are made.
    result: PathBuf,
    /// Whether a process that is gone had left some.
    left: bool,
    /// The outermost folder that was made for this run, to be removed if nothing comes of it.
    made: Option<PathBuf>,
    /// Whether what is beside the target stays when this is dropped.
    keeps: bool,
    _lock: File,
}

impl Staging {
    /// Makes a place for the results in the folder `target`.
    ///
    /// # Errors
    /// If the folder cannot be made or written, somebody else is at work there, or a run is
    /// unfinished: the user's `--out` is at fault.
    pub(crate) fn new(target: &Path) -> Result<Staging, InputError> {
        let mut staging = Staging::take(target)?;
        if staging.beside(HEADER).exists() {
            let problem =
                format!("`{}` holds a run that is not finished", staging.partial.display());
            return Err(InputError::new("--out", problem)
                .help("another folder; or run the same again to finish it, or remove it"));
        }
        staging.clear().map_err(|error| staging.refused(&error))?;
        staging.keeps = false;
        Ok(staging)
    }

    /// Takes the place beside `target` as it is. It stays when this is dropped.
    ///
    /// # Errors
    /// As [`Staging::new`].
    pub(crate) fn take(target: &Path) -> Result<Staging, InputError> {
        let place::Place { target, partial, made } = place::of(target)?;
        let refused = |error: &std::io::Error| place::refused(&target, error);
        let lock = fs::create_dir_all(&partial).and_then(|()| locked(&partial.join("lock")));
        let Some(lock) = lock.map_err(|error| refused(&error))? else {
            let problem = format!("another podpath is writing `{}`", target.display());
            return Err(InputError::new("--out", problem).help("wait for it, or another folder"));
        };
        let result = partial.join("result");
        let left = result.exists();
        let cleared = swap::mend(&target, &partial)
            .and_then(|()| if left { fs::remove_dir_all(&result) } else { Ok(()) })
            .and_then(|()| fs::create_dir(&result));
        cleared.map_err(|error| refused(&error))?;
        Ok(Staging { target, partial, result, left, made, keeps: true, _lock: lock })
    }

    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        &self.result
    }

    /// A file that is no result.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// The folder that holds all of this.
    pub(crate) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Removes what is beside the results, and says so if somebody has left it there.
    pub(crate) fn clear(&self) -> std::io::Result<()> {
        let mut found = self.left;
        for entry in fs::read_dir(&self.partial)? {
            let entry = entry?;
            if entry.file_name() == "lock" || entry.file_name() == "result" {
                continue;
            }
            found = true;
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        if found {
            eprintln!("podpath: removed what a killed run had left in {}", self.partial.display());
        }
        Ok(())
    }

    /// Puts the results in place of those in the target. What podpath wrote there before goes;
    /// other files stay. With `keeps`, what is beside the results stays as well.
    ///
    /// # Errors
    /// If a file cannot be put on disk or renamed.
    pub(crate) fn commit(mut self, keeps: bool) -> Result<(), Failure> {
        swap::swap(&self.result, &self.target, &self.partial)?;
        self.made = None;
        self.keeps = keeps;
        if !keeps {
            // Without it, what is left if this is the end is litter, and no unfinished run.
            let _ = fs::remove_file(self.beside(HEADER));
        }
        Ok(())
    }

    /// Lets go of everything beside the target.
    pub(crate) fn discard(mut self) {
        self.keeps = false;
    }

    /// That the place cannot be written.
    pub(crate) fn refused(&self, error: &std::io::Error) -> InputError {
        place::refused(&self.target, error)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_dir_all(&self.result);
        if self.keeps {
            return;
        }
        let _ = fs::remove_file(self.beside(HEADER));
        let _ = fs::remove_dir_all(&self.partial);
        if let Some(made) = &self.made {
            // Only empty folders go: another process may have put something in them.
            for path in self.target.ancestors().skip(1).take_while(|path| path.starts_with(made)) {
                if fs::remove_dir(path).is_err() {
                    break;
                }
            }
        }
    }
}

/// A failed attempt to write `path`.
fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::run(format!("writing {}", path.display()), reason(error))
}

#[cfg(test)]
mod tests;
