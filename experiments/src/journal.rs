//! What is finished of a run, on disk from the moment on at which it is.
//!
//! A run notes every point in a journal as soon as it is computed, in the folder beside its results
//! ([`crate::output`]). A run that is killed leaves the journal, and the same run started again
//! goes on where that ended. Tables, figures and report are made of the journal alone, point by
//! point in the order of the plan, so that they are the same bytes however often it was
//! interrupted, and memory does not grow with their size.
//!
//! ```text
//!   header.json      which run it is: podpath's version, the hash of all that decides a number
//!   points.journal   magic, the same hash, then one record after another, as points finish:
//!                    number │ length of digest │ length of rows │ checksum │ digest │ rows
//! ```
//!
//! A record is whole or absent: one that ends behind the end of the file was being written when
//! the run was killed, and is dropped.

mod configuration;
mod finished;
mod header;
mod record;
mod shard;
mod unfinished;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use models::input::InputError;

use crate::failure::Failure;
use crate::file::reason;
use record::Place;

pub(crate) use finished::{Finished, Record};
pub(crate) use header::{Header, Options};
pub(crate) use shard::Shard;
pub(crate) use unfinished::Unfinished;

/// The file that has the records.
pub(crate) const FILE: &str = "points.journal";

/// A journal, open for more.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    written: Mutex<Written>,
}

/// What stands in a journal.
#[derive(Debug)]
struct Written {
    places: Vec<Place>,
    /// Where the next record begins.
    end: u64,
}

impl Journal {
    /// A new one for the run with this hash, with room for so many records.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn create(path: &Path, hash: &str, room: usize) -> Result<Journal, Failure> {
        let begin = record::begin(hash);
        let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
        let file = file.and_then(|file| {
            file.write_all_at(&begin, 0)?;
            file.sync_all()?;
            Ok(file)
        });
        let file = file.map_err(|error| failed(path, &error))?;
        let written = Written { places: Vec::with_capacity(room), end: begin.len() as u64 };
        Ok(Journal { path: path.to_owned(), file, written: Mutex::new(written) })
    }

    /// One that is there; a record that was being written when its run was killed goes.
    ///
    /// # Errors
    /// If it is no journal of the run with this hash, or is broken before its end.
    pub(crate) fn open(path: &Path, hash: &str, room: usize) -> Result<Journal, InputError> {
        let unreadable = |error: std::io::Error| {
            let problem = format!("`{}` cannot be read: {}", path.display(), reason(&error));
            InputError::new("--out", problem).help("--fresh begins anew")
        };
        let file = File::options().read(true).write(true).open(path).map_err(unreadable)?;
        let (places, end) = record::scan(path, &file, hash, room)?;
        file.set_len(end).map_err(unreadable)?;
        let written = Mutex::new(Written { places, end });
        Ok(Journal { path: path.to_owned(), file, written })
    }

    /// How many records it has.
    pub(crate) fn len(&self) -> usize {
        self.lock().places.len()
    }

    /// The numbers of its records, sorted.
    pub(crate) fn numbers(&self) -> Vec<u32> {
        let mut numbers: Vec<u32> = self.lock().places.iter().map(|place| place.number).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Adds a record: a digest, and the rows that stand for it in the tables.
    ///
    /// # Errors
    /// If it cannot be written, of which nothing is left.
    pub(crate) fn add(&self, number: usize, digest: &[u8], rows: &[u8]) -> Result<(), Failure> {
        let (bytes, mut place) = record::encoded(number, digest, rows);
        let mut written = self.lock();
        self.file.write_all_at(&bytes, written.end).map_err(|error| failed(&self.path, &error))?;
        place.offset += written.end;
        written.end += bytes.len() as u64;
        written.places.push(place);
        Ok(())
    }

    /// What it has, in order, and with it the file.
    ///
    /// # Errors
    /// If it cannot be put on disk.
    pub(crate) fn finished(self) -> Result<Finished, Failure> {
        self.file.sync_all().map_err(|error| failed(&self.path, &error))?;
        let written = self.written.into_inner().expect("nobody panics while it is written");
        Ok(Finished::of(vec![(self.path, self.file, written.places)]))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Written> {
        self.written.lock().expect("nobody panics while it is written")
    }
}

/// A failed attempt to write a journal, which does not cost what stands in it.
fn failed(path: &Path, error: &std::io::Error) -> Failure {
    let kept = "what was finished is kept, and the same run started again goes on from there";
    Failure::run(format!("writing {}", path.display()), format!("{}; {kept}", reason(error)))
}
