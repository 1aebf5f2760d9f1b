//! Hop costs of the hosts of the 2024 CNI benchmark, fitted to its published rows.
//!
//! Every row is predicted from its set-up's composition of hops, and a hop has one cost in every
//! set-up that contains it. That is what lets a set-up be predicted that nobody measured, and it
//! is tested here by leaving out one set-up after another ([`leave_one_out`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::library::{Kind, Library};

use super::posterior::{Beside, Estimate, Observation, Posterior, fit};
use super::prior::Priors;
use crate::cni::{Setups, read};
use crate::data::DataFile;
use crate::family::{CniRow, Family, Table, recognise};
use crate::shipped;

/// The host profile that the fit writes.
pub const HOST: &str = "bench-2024";
/// The published table that it is fitted to.
pub const TABLE: &str = "cni_benchmark_2024.csv";
/// Relative standard error of a TCP row, model error included: runs spread by 1 to 10 %.
const TCP_ERROR: f64 = 0.04;
/// Relative standard error of a UDP row: runs spread by 2 to 30 %.
const UDP_ERROR: f64 = 0.10;

/// What the fit starts from.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rows.
    pub data: DataFile,
    /// The priors and fixed parameters.
    pub priors: Arc<Source>,
}

impl Options {
    /// The shipped rows and priors.
    ///
    /// # Errors
    /// If a shipped file is malformed; the tests read them all.
    pub fn shipped() -> Result<Options, InputError> {
        Ok(Options { data: crate::published::table(TABLE)?, priors: super::shipped_priors(HOST)? })
    }
}

/// A row and what the fitted profile says about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// The set-up.
    pub cni: String,
    /// The benchmark's name of the test.
    pub test: String,
    /// TCP or UDP.
    pub family: Family,
    /// Published goodput in bit/s.
    pub measured: f64,
    /// Predicted goodput in bit/s.
    pub predicted: f64,
}

impl Residual {
    /// (predicted − measured) ÷ measured.
    pub fn relative_error(&self) -> f64 {
        self.predicted / self.measured - 1.0
    }
}

/// The result of the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct CniFit {
    /// The fitted parameters, in the units of the priors file.
    pub estimates: Vec<Estimate>,
    /// Every row that was fitted.
    pub residuals: Vec<Residual>,
    /// The host profile, as a file.
    pub profile: String,
}

/// Fits the hop costs.
///
/// # Errors
/// If a file is malformed, or the rows do not identify a parameter.
pub fn run(options: &Options) -> Result<CniFit, InputError> {
    let priors = Priors::parse(&options.priors)?;
    let rows = rows(&options.data)?;
    let posterior = fit_rows(&priors, &rows.iter().collect::<Vec<_>>())?;
    let note = format!("calibrate fit cni, {} rows of {TABLE}", rows.len());
    let profile = priors.fitted(&posterior.estimates, &note);
    let residuals = residuals(&priors, &posterior, &rows.iter().collect::<Vec<_>>())?;
    Ok(CniFit { residuals, estimates: posterior.estimates, profile })
}

/// Predicts every set-up from a fit that has not seen it: the error to expect on a set-up that
/// nobody measured.
///
/// # Errors
/// As [`run`].
pub fn leave_one_out(options: &Options) -> Result<Vec<Residual>, InputError> {
    let priors = Priors::parse(&options.priors)?;
    let rows = rows(&options.data)?;
    let setups: BTreeSet<&str> = rows.iter().map(|row| row.1.cni.as_str()).collect();
    let jobs: Vec<&str> = setups.into_iter().collect();
    let one = |setup: &&str| {
        let (unseen, seen): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.1.cni == **setup);
        residuals(&priors, &fit_rows(&priors, &seen)?, &unseen)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Result<Vec<Residual>, InputError>> = std::thread::scope(|scope| {
        let share = jobs.len().div_ceil(threads).max(1);
        let work = |jobs: &'_ [&str]| jobs.iter().map(one).collect::<Vec<_>>();
        let running: Vec<_> =
            jobs.chunks(share).map(|jobs| scope.spawn(move || work(jobs))).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// A row with the benchmark's name of its test.
type Named = (String, CniRow);

fn rows(data: &DataFile) -> Result<Vec<Named>, InputError> {
    if recognise(data)? != Table::Cni {
        return Err(InputError::new("header", "is not that of the CNI benchmark")
            .at(data.source(), data.source().span_of_line(1)));
    }
    let read =
        |row| read(&row, shipped()).map(|read| (row.cell("test").unwrap_or("").into(), read));
    data.rows().map(read).collect()
}

/// What a fit says about rows that it may or may not have seen.
fn residuals(
    priors: &Priors,
    posterior: &Posterior,
    rows: &[&Named],
) -> Result<Vec<Residual>, InputError> {
    let values: Vec<f64> = posterior.estimates.iter().map(|e| e.value).collect();
    let library = with_profile(priors, &values);
    let mut setups = Setups::new(&library);
    let residual = |(test, row): &&Named| {
        Ok(Residual {
            cni: row.cni.clone(),
            test: test.clone(),
            family: row.family(),
            measured: row.goodput,
            predicted: setups.predict(row)?.goodput,
        })
    };
    rows.iter().map(residual).collect()
}

/// The shipped library with a trial profile in place of the fitted one.
fn with_profile(priors: &Priors, values: &[f64]) -> Library {
    let mut library = shipped().clone();
    library.add(Kind::Host, HOST, Source::new("trial", priors.profile(values)));
    library
}

/// What is observed of a row: its goodput; and of one UDP flow also what it sent.
#[derive(Clone, Copy)]
enum Figure {
    Goodput,
    Sent,
}

fn fit_rows(priors: &Priors, rows: &[&Named]) -> Result<Posterior, InputError> {
    let free = priors.free();
    let seen: Vec<(&CniRow, Figure, Observation)> =
        rows.iter().flat_map(|(_, row)| observations(row)).collect();
    // A parameter moves only the rows that have a hop whose cost it sets.
    let moves: Vec<BTreeSet<String>> = free.iter().map(|free| priors.hops_of(&free.name)).collect();
    let mut setups = Setups::new(shipped());
    let uses = seen.iter().map(|seen| setups.hop_kinds(seen.0)).collect::<Result<Vec<_>, _>>()?;
    let model = |values: &[f64], beside: Option<Beside<'_>>| {
        let library = with_profile(priors, values);
        let mut setups = Setups::new(&library);
        let mut predict = |at: usize| match beside {
            Some(beside) if uses[at].is_disjoint(&moves[beside.moved]) => Ok(beside.predicted[at]),
            _ => setups.predict(seen[at].0).map(|predicted| match seen[at].1 {
                Figure::Goodput => predicted.goodput,
                Figure::Sent => predicted.sent,
            }),
        };
        (0..seen.len()).map(&mut predict).collect()
    };
    fit(&free, &seen.iter().map(|seen| seen.2).collect::<Vec<_>>(), model)
}

fn observations(row: &CniRow) -> Vec<(&CniRow, Figure, Observation)> {
    let relative_error = if row.test.udp { UDP_ERROR } else { TCP_ERROR };
    let observation = |value| Observation { value, relative_error };
    let mut seen = vec![(row, Figure::Goodput, observation(row.goodput))];
    if let (1, Some(loss)) = (row.test.streams, row.loss_ratio) {
        seen.push((row, Figure::Sent, observation(row.goodput / (1.0 - loss))));
    }
    seen
}
