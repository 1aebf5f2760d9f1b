//! Costs of collectives, fitted to published runs of nccl-tests.
//!
//! A few constants stand for all systems. Every system counts as much as any other, however many
//! rows it has, and a row that is far off counts less than one that is near: weights follow
//! Student's t with one degree of freedom, by iteration. What a system does otherwise than others
//! (one process for all GPUs, a slow host) is no cost, and shall not move one.

use std::collections::BTreeMap;
use std::sync::Arc;

use calibration_data::collective::{PROFILE, Reading, Run, read_of};
use calibration_data::family::{Family, recognise};
use calibration_data::file::DataFile;
use calibration_data::published::{COLLECTIVES, ONE_NODE, PEER_MATRICES, table};
use models::collective::Costs;
use models::input::{InputError, Source};
use models::library::Kind;
use models::profile::Profile;

use super::covariance;
use super::posterior::{Beside, Estimate, Free, Observation, Posterior, each, fit};
use super::prior::Priors;

/// Relative standard error of the rows of a system together, model error included.
const ERROR: f64 = 0.15;
/// As many independent rows a system counts for.
const INDEPENDENT: f64 = 10.0;
/// A row this far off counts half, as a logarithm.
const FAR: f64 = 0.2;
/// How often weights are found anew.
const ROUNDS: usize = 4;

/// What the fit starts from.
#[derive(Clone, Debug)]
pub struct Options {
    /// The rows.
    pub data: Vec<DataFile>,
    /// The priors and fixed parameters.
    pub priors: Arc<Source>,
}

impl Options {
    /// The shipped rows and priors.
    ///
    /// # Errors
    /// If a shipped file is malformed; the tests read them all.
    pub fn shipped() -> Result<Options, InputError> {
        let data = [COLLECTIVES, ONE_NODE, PEER_MATRICES].map(table);
        let data = data.into_iter().collect::<Result<_, InputError>>()?;
        Ok(Options { data, priors: super::shipped_priors(PROFILE)? })
    }
}

/// A row and what the fitted costs say about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// Its family.
    pub family: Family,
    /// Its system.
    pub system: String,
    /// Its system, what was done, and how many bytes.
    pub label: String,
    /// The unit of all of the following.
    pub unit: &'static str,
    /// The published figure.
    pub measured: f64,
    /// What is predicted.
    pub predicted: f64,
    /// The 90 % interval.
    pub interval: (f64, f64),
}

impl Residual {
    /// (predicted − measured) ÷ measured.
    pub fn relative_error(&self) -> f64 {
        self.predicted / self.measured - 1.0
    }
}

/// The result of the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectivesFit {
    /// The fitted parameters, in the units of the priors file.
    pub estimates: Vec<Estimate>,
    /// Every row that was fitted.
    pub residuals: Vec<Residual>,
    /// The profile, as a file.
    pub profile: String,
    /// How its lines hang together, as a file.
    pub posterior: String,
}

/// A row that can be predicted.
#[derive(Clone, Debug)]
struct Case {
    family: Family,
    system: String,
    label: String,
    run: Run,
}

/// Fits the costs.
///
/// # Errors
/// If a file is malformed, or the rows do not identify a parameter.
pub fn run(options: &Options) -> Result<CollectivesFit, InputError> {
    let priors = Priors::parse(&options.priors)?;
    let cases = cases(&options.data)?;
    let all: Vec<&Case> = cases.iter().collect();
    let posterior = fit_cases(&priors, &all)?;
    let values: Vec<f64> = posterior.estimates.iter().map(|e| e.value).collect();
    let residuals = residuals(&costs_of(&priors, &values)?, &all);
    let note = format!(
        "calibrate fit collectives, {} rows of {COLLECTIVES}, {ONE_NODE} and {PEER_MATRICES}",
        all.len()
    );
    let profile = priors.fitted(&posterior.estimates, &[], None, &note);
    let together = covariance::file(&posterior.weights);
    Ok(CollectivesFit { estimates: posterior.estimates, residuals, profile, posterior: together })
}

/// Predicts every row from a fit that has not seen its system: the error to expect on one that
/// nobody measured. Of single nodes, a generation of GPUs is left out.
///
/// # Errors
/// As [`run`].
pub fn leave_out(options: &Options) -> Result<Vec<Residual>, InputError> {
    let priors = Priors::parse(&options.priors)?;
    let cases = cases(&options.data)?;
    let mut systems: Vec<&str> = cases.iter().map(|case| case.system.as_str()).collect();
    systems.sort_unstable();
    systems.dedup();
    let one = |system: &&str| {
        let (unseen, seen): (Vec<_>, Vec<_>) = cases.iter().partition(|c| c.system == **system);
        let posterior = fit_cases(&priors, &seen)?;
        let values: Vec<f64> = posterior.estimates.iter().map(|e| e.value).collect();
        Ok(residuals(&costs_of(&priors, &values)?, &unseen))
    };
    let left = systems.iter().map(one).collect::<Result<Vec<_>, InputError>>()?;
    Ok(left.into_iter().flatten().collect())
}

fn cases(data: &[DataFile]) -> Result<Vec<Case>, InputError> {
    let mut cases = Vec::new();
    for file in data {
        let table = recognise(file)?;
        for row in file.rows() {
            let Some(Reading { family, label, run }) = read_of(table, &row)? else {
                return Err(InputError::new("header", "is not that of a table of collectives")
                    .at(file.source(), file.source().span_of_line(1)));
            };
            if let Ok(run) = run {
                let system = label.split(' ').next().unwrap_or_default().to_owned();
                cases.push(Case { family, system, label, run });
            }
        }
    }
    Ok(cases)
}

fn fit_cases(priors: &Priors, cases: &[&Case]) -> Result<Posterior, InputError> {
    let free: Vec<Free> = priors.free();
    let mut rows: BTreeMap<(&str, Family), f64> = BTreeMap::new();
    for case in cases {
        *rows.entry((&case.system, case.family)).or_default() += 1.0;
    }
    let model = |values: &[f64], _: Option<Beside<'_>>| {
        let costs = costs_of(priors, values)?;
        Ok(cases.iter().map(|case| case.run.predict(&costs).value).collect())
    };
    let mut far = vec![0.0; cases.len()];
    let mut found = None;
    for _ in 0..ROUNDS {
        let observation = |(case, far): (&&Case, &f64)| {
            let same = rows[&(case.system.as_str(), case.family)];
            let alone = ERROR * (same / INDEPENDENT).max(1.0).sqrt();
            let relative_error = alone * (1.0 + (far / FAR).powi(2)).sqrt();
            Observation { value: case.run.measured, relative_error }
        };
        let observations: Vec<Observation> = cases.iter().zip(&far).map(observation).collect();
        let posterior = fit(&free, &observations, each(model))?;
        let off = posterior.predicted.iter().zip(cases);
        far = off.map(|(predicted, case)| libm::log(predicted / case.run.measured)).collect();
        found = Some(posterior);
    }
    Ok(found.expect("there is a round"))
}

fn costs_of(priors: &Priors, values: &[f64]) -> Result<Costs, InputError> {
    let text = Source::new("trial", priors.profile(values));
    Costs::read(&Profile::parse(Kind::Collective, PROFILE, &text)?)
}

fn residuals(costs: &Costs, cases: &[&Case]) -> Vec<Residual> {
    let one = |case: &&Case| {
        let predicted = case.run.predict(costs);
        Residual {
            family: case.family,
            system: case.system.clone(),
            label: case.label.clone(),
            unit: case.run.unit,
            measured: case.run.measured,
            predicted: predicted.value,
            interval: predicted.interval,
        }
    };
    cases.iter().map(one).collect()
}
