//! The points of a sweep, from the experiment to the rows of its tables: what `podpath run` does
//! but for the figures and the report.
//!
//! ```no_run
//! # use std::path::Path;
//! use experiments::experiment::Experiment;
//! use models::input::Source;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = "name = \"sweep\" …";
//! let source = Source::new("sweep.toml", text);
//! let experiment = Experiment::read(&source, None, calibration::shipped());
//! let experiment = experiment.map_err(|error| error.problem)?;
//! let points = experiments::sweep::tables(&experiment, Path::new("out"), false);
//! # Ok(())
//! # }
//! ```

use std::path::Path;

use models::predict::Stop;

use crate::digest::Digest;
use crate::experiment::{Experiment, Plan, Reported};
use crate::failure::Failure;
use crate::record::{Tables, key_cells};
use crate::run::{Ask, Changes, run};

/// Computes every point of an experiment on the threads of rayon, and writes its tables into
/// `folder`, which is there; changes are weighed if `changes` says so. How many points there are.
///
/// # Errors
/// If something about a point cannot be, or a file cannot be written.
pub fn tables(experiment: &Experiment, folder: &Path, changes: bool) -> Result<usize, Failure> {
    let plan = experiment.plan()?;
    let changes = if changes { Changes::All } else { Changes::None };
    let ask = Ask { changes, intervals: false };
    computed(experiment, &plan, folder, (ask, &|| false), &|| {}).map(|points| points.len())
}

/// Computes the points of a plan, and writes their tables into `folder`: digests without what only
/// rows tell. A point that was not finished when `stop` said so is none; `tell` hears of each that
/// is.
///
/// # Errors
/// As [`tables`].
pub(crate) fn computed(
    experiment: &Experiment,
    plan: &Plan,
    folder: &Path,
    (ask, stop): (Ask, Stop<'_>),
    tell: &(dyn Fn() + Sync),
) -> Result<Vec<Option<Vec<Digest>>>, Failure> {
    let tables = Tables::of_run(folder, plan)?;
    let keeps = experiment.reported.iter().any(Reported::needs_replications);
    let done = |at: usize, digests: &mut Vec<Digest>| {
        let keys = (0..digests.len()).map(|which| key_cells(experiment, plan, at, which));
        let rows = tables.rows(at, &keys.collect::<Vec<_>>(), digests);
        digests.iter_mut().for_each(|digest| digest.forget_rows(keeps));
        tables.put(at, rows);
        tell();
    };
    let results = run(experiment, plan, ask, stop, done)?;
    tables.finish()?;
    Ok(results)
}
