//! Hop costs of the hosts of the 2024 CNI benchmark, fitted to its published rows.
//!
//! Every row is predicted from its set-up's composition of hops, and a hop has one cost in every
//! set-up that contains it. That is what lets a set-up be predicted that nobody measured, and it
//! is tested here by leaving out one set-up after another ([`leave_out`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use calibration_data::cni::{Setups, read};
use calibration_data::coverage::{Coverage, Covered};
use calibration_data::family::{CniRow, Family, Table, recognise};
use calibration_data::file::{DataFile, Row};
use calibration_data::published::{CNI, table};
use calibration_data::quantile::ninety;
use calibration_data::shipped;
use models::input::{InputError, Source};
use models::library::{Kind, Library};

use super::covariance::covariance;
use super::posterior::{Beside, Estimate, Observation, Posterior, each, fit};
use super::prior::Priors;

/// The host profile that the fit writes.
pub const HOST: &str = "bench-2024";
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
        Ok(Options { data: table(CNI)?, priors: super::shipped_priors(HOST)? })
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
    /// Where 90 % of draws of what is unknown put it in bit/s; none where nobody asked.
    pub interval: Option<(f64, f64)>,
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
    /// How its lines hang together, as a file.
    pub posterior: String,
}

/// Fits the hop costs.
///
/// # Errors
/// If a file is malformed, or the rows do not identify a parameter.
pub fn run(options: &Options) -> Result<CniFit, InputError> {
    let priors = Priors::parse(&options.priors)?;
    let cases = cases(&options.data)?;
    let all: Vec<&Case> = cases.iter().collect();
    let fitted = fit_cases(&priors, &all)?;
    let (profile, posterior) = files(&priors, &fitted, &all)?;
    let residuals = residuals(&priors, &fitted, &all)?;
    Ok(CniFit { residuals, estimates: fitted.estimates, profile, posterior })
}

/// What is left out of a fit that then predicts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// One set-up; others of the same hops may stay in.
    SetUp,
    /// All set-ups of the same hops: what remains has them only in other company, or not at all.
    Composition,
}

/// Predicts every row from a fit that has not seen its group: the error to expect on a set-up that
/// nobody measured.
///
/// # Errors
/// As [`run`].
pub fn leave_out(options: &Options, group: Group) -> Result<Vec<Residual>, InputError> {
    let priors = Priors::parse(&options.priors)?;
    let cases = cases(&options.data)?;
    let key = |case: &Case| match group {
        Group::SetUp => case.row.cni.clone(),
        Group::Composition => case
            .hops
            .iter()
            .filter(|hop| !TRANSPORTS.contains(&hop.as_str()))
            .fold(String::new(), |all, hop| all + hop + " "),
    };
    let keys: BTreeSet<String> = cases.iter().map(key).collect();
    let jobs: Vec<String> = keys.into_iter().collect();
    let one = |left: &String| {
        let (unseen, seen): (Vec<_>, Vec<_>) = cases.iter().partition(|case| key(case) == *left);
        let fitted = fit_cases(&priors, &seen)?;
        let (profile, posterior) = files(&priors, &fitted, &seen)?;
        let mut library = library_of(profile);
        library.add(Kind::Posterior, HOST, Source::new("trial", posterior));
        let mut residuals = residuals(&priors, &fitted, &unseen)?;
        let mut setups = Setups::new(&library);
        for (residual, case) in residuals.iter_mut().zip(&unseen) {
            let drawn = setups.drawn(&case.row, residual.predicted)?;
            residual.interval = Some(ninety(&drawn));
        }
        Ok(residuals)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<Result<Vec<Residual>, InputError>> = std::thread::scope(|scope| {
        let share = jobs.len().div_ceil(threads).max(1);
        let work = |jobs: &[String]| jobs.iter().map(one).collect::<Vec<_>>();
        let running: Vec<_> =
            jobs.chunks(share).map(|jobs| scope.spawn(move || work(jobs))).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// How good the intervals of residuals are, by family; those of one set-up err together.
pub fn coverage(residuals: &[Residual], family: Family) -> Option<Coverage> {
    let figures = residuals.iter().filter(|residual| residual.family == family);
    let figures = figures.filter_map(|residual| {
        let (low, high) = residual.interval?;
        Some(Covered { cluster: &residual.cni, measured: residual.measured, low, high })
    });
    Coverage::of(&figures.collect::<Vec<_>>())
}

/// The socket layers among the kinds of hop.
const TRANSPORTS: [&str; 2] = ["tcp", "udp"];

/// A row to be fitted.
struct Case {
    /// The benchmark's name of the test.
    test: String,
    row: CniRow,
    /// The kinds of hop whose costs it can show.
    hops: BTreeSet<String>,
}

fn cases(data: &DataFile) -> Result<Vec<Case>, InputError> {
    if recognise(data)? != Table::Cni {
        return Err(InputError::new("header", "is not that of the CNI benchmark")
            .at(data.source(), data.source().span_of_line(1)));
    }
    let mut setups = Setups::new(shipped());
    let mut case = |row: Row<'_>| {
        let test = row.text("test")?.to_owned();
        let row = read(&row, shipped())?;
        let hops = setups.hop_kinds(&row)?;
        Ok(Case { test, row, hops })
    };
    data.rows().map(&mut case).collect()
}

/// What a fit says about rows that it may or may not have seen.
fn residuals(
    priors: &Priors,
    posterior: &Posterior,
    cases: &[&Case],
) -> Result<Vec<Residual>, InputError> {
    let values: Vec<f64> = posterior.estimates.iter().map(|e| e.value).collect();
    let library = with_profile(priors, &values);
    let mut setups = Setups::new(&library);
    let residual = |case: &&Case| {
        Ok(Residual {
            cni: case.row.cni.clone(),
            test: case.test.clone(),
            family: case.row.family(),
            measured: case.row.goodput,
            predicted: setups.predict(&case.row)?.goodput,
            interval: None,
        })
    };
    cases.iter().map(residual).collect()
}

/// The profile and the posterior of a fit to `cases`.
fn files(
    priors: &Priors,
    fitted: &Posterior,
    cases: &[&Case],
) -> Result<(String, String), InputError> {
    let values: Vec<f64> = fitted.estimates.iter().map(|e| e.value).collect();
    let seen: Vec<(&Case, Figure, Observation)> =
        cases.iter().flat_map(|case| observations(case)).collect();
    let model = |own: &[f64], moved: usize| {
        let library = library_of(priors.profile_of(own));
        let moves = priors.hops_of(priors.name(moved));
        predicted(&library, &seen, |at| {
            let untouched = seen[at].0.hops.is_disjoint(&moves) && !moves.contains("");
            untouched.then(|| fitted.predicted[at])
        })
    };
    let errors: Vec<Observation> = seen.iter().map(|seen| seen.2).collect();
    let together = covariance(priors, &priors.own(&values), &errors, model)?.together;
    let note = format!("calibrate fit cni, {} rows of {CNI}", cases.len());
    Ok((priors.fitted(&fitted.estimates, &[], Some(&together), &note), together.file()))
}

/// The shipped library with another profile in place of the fitted one.
fn library_of(profile: String) -> Library {
    let mut library = shipped().clone();
    library.add(Kind::Host, HOST, Source::new("trial", profile));
    library
}

/// The shipped library with a trial profile in place of the fitted one.
fn with_profile(priors: &Priors, values: &[f64]) -> Library {
    library_of(priors.profile(values))
}

/// What a library says of figures; those that `known` has are not asked.
fn predicted(
    library: &Library,
    seen: &[(&Case, Figure, Observation)],
    known: impl Fn(usize) -> Option<f64>,
) -> Result<Vec<f64>, InputError> {
    let mut setups = Setups::new(library);
    let mut predict = |at: usize| match known(at) {
        Some(known) => Ok(known),
        None => setups.predict(&seen[at].0.row).map(|predicted| match seen[at].1 {
            Figure::Goodput => predicted.goodput,
            Figure::Sent => predicted.sent,
        }),
    };
    (0..seen.len()).map(&mut predict).collect()
}

/// What is observed of a row: its goodput; and of one UDP flow also what it sent.
#[derive(Clone, Copy)]
enum Figure {
    Goodput,
    Sent,
}

fn fit_cases(priors: &Priors, cases: &[&Case]) -> Result<Posterior, InputError> {
    let free = priors.free();
    let seen: Vec<(&Case, Figure, Observation)> =
        cases.iter().flat_map(|case| observations(case)).collect();
    // A parameter moves only the rows that have a hop whose cost it sets.
    let moves: Vec<BTreeSet<String>> = free.iter().map(|free| priors.hops_of(&free.name)).collect();
    let model = |values: &[f64], beside: Option<Beside<'_>>| {
        predicted(&with_profile(priors, values), &seen, |at| {
            let beside = beside?;
            let untouched = seen[at].0.hops.is_disjoint(&moves[beside.moved]);
            untouched.then(|| beside.predicted[at])
        })
    };
    fit(&free, &seen.iter().map(|seen| seen.2).collect::<Vec<_>>(), each(model))
}

fn observations(case: &Case) -> Vec<(&Case, Figure, Observation)> {
    let row = &case.row;
    let relative_error = if row.test.udp { UDP_ERROR } else { TCP_ERROR };
    let observation = |value| Observation { value, relative_error };
    let mut seen = vec![(case, Figure::Goodput, observation(row.goodput))];
    if let (1, Some(loss)) = (row.test.streams, row.loss_ratio) {
        seen.push((case, Figure::Sent, observation(row.goodput / (1.0 - loss))));
    }
    seen
}
