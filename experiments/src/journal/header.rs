//! Which run a journal belongs to.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use models::input::InputError;
use models::outcome::Fidelity;
use serde::{Deserialize, Serialize};

use super::configuration;
use super::shard::Shard;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;

/// The version of headers and journals.
pub(super) const FORMAT: u32 = 1;

/// Arguments that decide what the rows of a run are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Options {
    /// The seed, if it is not the file's.
    pub(crate) seed: Option<u64>,
    /// The fidelities, if they are not the file's.
    pub(crate) fidelity: Vec<Fidelity>,
    /// Whether changes are weighed.
    pub(crate) changes: bool,
    /// Whether it is told how sure predictions are.
    pub(crate) intervals: bool,
}

/// What `header.json` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The version of this file and the journal.
    pub(crate) journal: u32,
    /// The version of podpath.
    pub(crate) podpath: String,
    /// The experiment's name.
    pub(crate) experiment: String,
    /// Where it was read from.
    pub(crate) file: PathBuf,
    /// The arguments.
    pub(crate) options: Options,
    /// The hash of everything that decides a number.
    pub(crate) configuration: String,
    /// How many points there are, of all shards together.
    pub(crate) points: usize,
    /// Which of them are in this journal; all if none is named.
    pub(crate) shard: Option<Shard>,
}

impl Header {
    /// That of a run of an experiment from the file, or by the name, `file`.
    pub(crate) fn of(
        experiment: &Experiment,
        plan: &Plan,
        (file, options, shard): (&str, Options, Option<Shard>),
    ) -> Header {
        let path = Path::new(file);
        Header {
            journal: FORMAT,
            podpath: env!("CARGO_PKG_VERSION").into(),
            experiment: experiment.name.clone(),
            // It is read again where shards are merged, which may be done in another folder.
            file: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
            configuration: configuration::hash(experiment, &options),
            options,
            points: plan.len(),
            shard,
        }
    }

    /// Reads the one at `path`; none if there is none.
    ///
    /// # Errors
    /// If it is broken, or of another version.
    pub(crate) fn read(path: &Path) -> Result<Option<Header>, InputError> {
        let broken =
            |problem: String| InputError::new("journal", format!("`{}` {problem}", path.display()));
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(broken(format!("cannot be read: {error}"))),
        };
        let value: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| broken(format!("is no header of a journal: {error}")))?;
        let (format, podpath) = (&value["journal"], &value["podpath"]);
        let ours = env!("CARGO_PKG_VERSION");
        if *format != FORMAT || *podpath != ours {
            let theirs = podpath.as_str().unwrap_or("unknown");
            return Err(broken(format!(
                "is of podpath {theirs} and journals of format {format}, and this is podpath \
                 {ours} with format {FORMAT}"
            )));
        }
        let header = serde_json::from_value(value)
            .map_err(|error| broken(format!("is no header of a journal: {error}")))?;
        Ok(Some(header))
    }

    /// Writes it to `path`, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed =
            |error: std::io::Error| Failure::run(format!("writing {}", path.display()), error);
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Failure::run(format!("writing {}", path.display()), error))?;
        let new = path.with_extension("new");
        let mut file = File::create(&new).map_err(failed)?;
        let written = file.write_all((text + "\n").as_bytes()).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&new, path)).map_err(failed)
    }

    /// Whether both are of the same run, and of the same part of it.
    pub(crate) fn same(&self, other: &Header) -> bool {
        self.configuration == other.configuration && self.shard == other.shard
    }
}
