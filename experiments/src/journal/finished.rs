//! What journals have, in the order of the plan.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use models::input::InputError;
use rayon::prelude::*;

use super::record::{Place, scan};
use crate::failure::Failure;

/// So many bytes of journals are read at once, about; rows are some ten times as long as that.
const AT_ONCE: u64 = 1 << 18;
/// So many records at once.
const RECORDS_AT_ONCE: usize = 512;

/// The records of one or several journals, sorted by number, each once.
#[derive(Debug)]
pub(crate) struct Finished {
    journals: Vec<(PathBuf, File)>,
    places: Vec<Place>,
}

/// One record: a digest, and the rows that stand for it.
pub(crate) struct Record {
    pub(crate) digest: Vec<u8>,
    pub(crate) rows: Vec<u8>,
}

impl Finished {
    pub(super) fn of(journals: Vec<(PathBuf, File, Vec<Place>)>) -> Finished {
        let mut files = Vec::new();
        let mut all: Vec<Place> = Vec::new();
        for (at, (path, file, mut places)) in journals.into_iter().enumerate() {
            files.push((path, file));
            places.iter_mut().for_each(|place| place.journal = at as u32);
            match all.is_empty() {
                true => all = places,
                false => all.append(&mut places),
            }
        }
        all.sort_unstable_by_key(|place| (place.number, place.journal, place.offset));
        all.dedup_by_key(|place| place.number);
        Finished { journals: files, places: all }
    }

    /// The records of the journals at these places, of the run with this hash; `check` sees which
    /// journal has which number.
    ///
    /// # Errors
    /// If one is no journal of it, or is broken. What `check` says.
    pub(crate) fn read(
        paths: &[PathBuf],
        hash: &str,
        check: &dyn Fn(usize, usize) -> Result<(), InputError>,
    ) -> Result<Finished, InputError> {
        let mut journals = Vec::new();
        for (at, path) in paths.iter().enumerate() {
            let file = File::open(path).map_err(|error| {
                InputError::new("DIR", format!("`{}` cannot be read: {error}", path.display()))
            })?;
            let (places, _) = scan(path, &file, hash, 0)
                .map_err(|error| error.help("the folder of a shard as `podpath run` left it"))?;
            places.iter().try_for_each(|place| check(at, place.number as usize))?;
            journals.push((path.clone(), file, places));
        }
        Ok(Finished::of(journals))
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The number of a record.
    pub(crate) fn number(&self, at: usize) -> usize {
        self.places[at].number as usize
    }

    /// Which record has this number, if there is one.
    pub(crate) fn place(&self, number: usize) -> Option<usize> {
        self.places.binary_search_by_key(&number, |place| place.number as usize).ok()
    }

    /// The numbers of all records.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = usize> {
        self.places.iter().map(|place| place.number as usize)
    }

    /// The digest of a record.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn digest(&self, at: usize) -> Result<Vec<u8>, Failure> {
        let place = &self.places[at];
        self.bytes(place, place.offset, place.digest)
    }

    /// Calls `each` with what `decode` makes of every record, in order. Many are decoded at once,
    /// while those before them are given to `each`, and few are in memory.
    ///
    /// # Errors
    /// If one cannot be read, or what `decode` and `each` say.
    pub(crate) fn each<T: Send>(
        &self,
        decode: impl Fn(Record) -> Result<T, Failure> + Sync,
        mut each: impl FnMut(usize, T) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let decoded = |places: &[Place]| -> Vec<Result<T, Failure>> {
            places.par_iter().map(|place| decode(self.record(place)?)).collect()
        };
        let (mut some, mut rest) = some_of(&self.places);
        let mut ready = decoded(some);
        while !some.is_empty() {
            let (next, behind) = some_of(rest);
            let mut following = Vec::new();
            // Here, since what takes them may belong to this thread.
            let given = rayon::in_place_scope(|scope| {
                scope.spawn(|_| following = decoded(next));
                let mut each =
                    |(place, one): (&Place, Result<T, Failure>)| each(place.number as usize, one?);
                some.iter().zip(ready).try_for_each(&mut each)
            });
            given?;
            (some, rest, ready) = (next, behind, following);
        }
        Ok(())
    }

    fn record(&self, place: &Place) -> Result<Record, Failure> {
        let digest = self.bytes(place, place.offset, place.digest)?;
        let rows = self.bytes(place, place.offset + u64::from(place.digest), place.rows)?;
        let rows = match rows.is_empty() {
            true => rows,
            false => lz4_flex::decompress_size_prepended(&rows)
                .map_err(|error| self.failed(place, &error))?,
        };
        Ok(Record { digest, rows })
    }

    fn bytes(&self, place: &Place, offset: u64, length: u32) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; length as usize];
        let (_, file) = &self.journals[place.journal as usize];
        file.read_exact_at(&mut bytes, offset).map_err(|error| self.failed(place, &error))?;
        Ok(bytes)
    }

    fn failed(&self, place: &Place, error: &dyn std::fmt::Display) -> Failure {
        let path = self.journals[place.journal as usize].0.display();
        Failure::run(format!("reading {path} at byte {}", place.offset), error)
    }
}

/// As many of the places as are decoded at once, and those behind them.
fn some_of(places: &[Place]) -> (&[Place], &[Place]) {
    let mut bytes = 0;
    let fits = |place: &&Place| {
        bytes += u64::from(place.digest) + u64::from(place.rows);
        bytes <= AT_ONCE
    };
    let some = places.iter().take(RECORDS_AT_ONCE).take_while(fits).count();
    places.split_at(some.max(1).min(places.len()))
}
