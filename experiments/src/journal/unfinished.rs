//! A run while it is computed, and what is left of it if that is cut short.

use std::path::Path;

use models::input::InputError;

use super::{FILE, Finished, Header, Journal};
use crate::failure::Failure;
use crate::output::{HEADER, Staging};

/// The folder beside the results of a run, with its journal.
#[derive(Debug)]
pub(crate) struct Unfinished {
    pub(crate) staging: Staging,
    pub(crate) journal: Journal,
}

impl Unfinished {
    /// Begins a run whose results are to be in `out`, or goes on with the same one that is
    /// unfinished there; with `fresh`, it begins anew whatever is there. There are `room` records
    /// at most.
    ///
    /// # Errors
    /// If another run is unfinished there, or its journal is broken.
    pub(crate) fn open(
        out: &Path,
        header: &Header,
        (fresh, room): (bool, usize),
    ) -> Result<Unfinished, Failure> {
        let staging = Staging::take(out)?;
        let (at, journal) = (staging.beside(HEADER), staging.beside(FILE));
        let there = if fresh {
            None
        } else {
            Header::read(&at).map_err(|error| error.help("--fresh begins anew"))?
        };
        let Some(there) = there else {
            staging.clear().map_err(|error| staging.refused(&error))?;
            let journal = Journal::create(&journal, &header.configuration, room)?;
            // From here on, there is a run to go on with.
            header.write(&at)?;
            return Ok(Unfinished { staging, journal });
        };
        if !there.same(header) {
            return Err(other(&staging, &there, header).into());
        }
        let journal = Journal::open(&journal, &header.configuration, room)?;
        Ok(Unfinished { staging, journal })
    }

    /// Ends the computing: what is finished, and where results are made.
    ///
    /// # Errors
    /// If the journal cannot be put on disk.
    pub(crate) fn finished(self) -> Result<(Staging, Finished), Failure> {
        Ok((self.staging, self.journal.finished()?))
    }

    /// Lets go of it after a failure: what is finished stays, unless there is nothing or no way to
    /// ever finish.
    pub(crate) fn failed(self, failure: &Failure) {
        if self.journal.len() == 0 || matches!(failure, Failure::Input(_)) {
            self.staging.discard();
        }
    }
}

/// That an unfinished run is in the way.
fn other(staging: &Staging, there: &Header, header: &Header) -> InputError {
    let what = match there.configuration == header.configuration {
        true => "another shard".to_owned(),
        false if there.experiment == header.experiment => {
            format!("`{}` with other settings", there.experiment)
        }
        false => format!("`{}`", there.experiment),
    };
    let problem = format!("`{}` holds an unfinished run of {what}", staging.partial().display());
    InputError::new("--out", problem)
        .help("--fresh drops it and begins anew; started as it was, that run goes on")
}
