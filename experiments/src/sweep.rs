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
//! let experiment = Experiment::read(&source, None, calibration_data::shipped());
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
use crate::figures::Figures;
use crate::journal::{Finished, Journal, Record};
use crate::record::{Tables, joined, key_cells, rows, split};
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
    let path = folder.join(crate::journal::FILE);
    let journal = Journal::create(&path, &"0".repeat(64), plan.len())?;
    compute(experiment, &plan, &journal, (ask, &|| false), &|_| true, &|| {})?;
    let finished = journal.finished()?;
    let mut tables = Tables::of_run(folder, &plan)?;
    finished.each(|record| split_rows(&record), |_, rows| tables.write(&rows))?;
    tables.finish()?;
    std::fs::remove_file(&path)
        .map_err(|error| Failure::run(format!("removing {}", path.display()), error))?;
    Ok(finished.len())
}

/// Computes the points that are `asked` for and notes them in a journal. A point that was not
/// finished when `stop` said so is none; `tell` hears of each that is.
///
/// # Errors
/// As [`tables`].
pub(crate) fn compute(
    experiment: &Experiment,
    plan: &Plan,
    journal: &Journal,
    how: (Ask, Stop<'_>),
    asked: &(dyn Fn(usize) -> bool + Sync),
    tell: &(dyn Fn() + Sync),
) -> Result<(), Failure> {
    let keeps = experiment.reported.iter().any(Reported::needs_replications);
    run(experiment, plan, how, asked, &|number, mut digests| {
        let keys = (0..digests.len()).map(|which| key_cells(experiment, plan, number, which));
        let rows = rows(plan, number, &keys.collect::<Vec<_>>(), &digests);
        digests.iter_mut().for_each(|digest| digest.forget_rows(keeps));
        let digests = postcard::to_stdvec(&digests)
            .map_err(|error| Failure::run("writing down a point", error))?;
        journal.add(number, &digests, &joined(&rows))?;
        tell();
        Ok(())
    })
}

/// The rows of a record.
fn split_rows(record: &Record) -> Result<Vec<Vec<u8>>, Failure> {
    split(&record.rows).ok_or_else(|| Failure::run("reading the journal", "rows are missing"))
}

/// The digests of a record: one per transfer.
fn digests(bytes: &[u8]) -> Result<Vec<Digest>, Failure> {
    postcard::from_bytes(bytes).map_err(|error| Failure::run("reading the journal", error))
}

/// The finished points of a sweep, which are read again whenever somebody asks for them.
pub(crate) struct Results<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) plan: &'a Plan,
    pub(crate) finished: Finished,
}

impl Results<'_> {
    /// How many rows `summary.csv` has.
    pub(crate) fn rows(&self) -> usize {
        self.finished.len() * self.experiment.transfers.len()
    }

    /// Writes the tables into `folder`, and into `shown` those of the points that `holds` says;
    /// gives the figures of all.
    ///
    /// # Errors
    /// If the journal cannot be read, or a table cannot be written.
    pub(crate) fn write(
        &self,
        folder: &Path,
        shown: Option<(&Path, &dyn Fn(usize) -> bool)>,
    ) -> Result<Figures, Failure> {
        let mut tables = Tables::of_run(folder, self.plan)?;
        let mut part = match shown {
            Some((folder, holds)) => Some((Tables::of_run(folder, self.plan)?, holds)),
            None => None,
        };
        let mut figures = Figures::new(self.experiment);
        figures.reserve(self.finished.len());
        let decode = |record: Record| Ok((digests(&record.digest)?, split_rows(&record)?));
        self.finished.each(decode, |number, (digests, rows)| {
            figures.add(number, &digests);
            if let Some((part, holds)) = &mut part
                && holds(number)
            {
                part.write(&rows)?;
            }
            tables.write(&rows)
        })?;
        tables.finish()?;
        part.map_or(Ok(()), |(part, _)| part.finish())?;
        Ok(figures)
    }

    /// The points of which `wanted` says so, with their digests.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub(crate) fn some(
        &self,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Vec<(usize, Vec<Digest>)>, Failure> {
        let records = (0..self.finished.len()).map(|at| (at, self.finished.number(at)));
        let wanted = records.filter(|(_, number)| wanted(*number));
        wanted.map(|(at, number)| Ok((number, self.digests(at)?))).collect()
    }

    /// The digests of a finished point.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub(crate) fn of_point(&self, number: usize) -> Result<Vec<Digest>, Failure> {
        let at = self.finished.place(number).expect("only finished points are asked for");
        self.digests(at)
    }

    /// The digests of the record `at` of all.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub(crate) fn digests(&self, at: usize) -> Result<Vec<Digest>, Failure> {
        digests(&self.finished.digest(at)?)
    }
}
