//! From samples to findings: a parameter with its 95 % interval.

use calibration_fit::posterior::{Estimate, Free, Observation, each, fit};
use models::input::InputError;
use models::uncertainty::SIGMAS_95;
use sim::stats::student_quantile;

use super::execution;
use super::probe::Seen;
use super::sample::Sample;
use super::work::Timer;

/// A relative standard error that no timed point is trusted beyond.
const ERROR_MIN: f64 = 5e-4;

/// A parameter that a probe has found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its name in the profile.
    pub parameter: String,
    /// Its value in `unit`.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// One of [`models::profile::UNITS`].
    pub unit: &'static str,
    /// How it was found.
    pub source: String,
}

/// What a probe's readings say: the parameters that they decide, and why they do not decide others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// What was found.
    pub found: Vec<Finding>,
    /// Why something was not.
    pub problems: Vec<InputError>,
}

/// All or nothing.
impl From<Result<Vec<Finding>, InputError>> for Findings {
    fn from(result: Result<Vec<Finding>, InputError>) -> Findings {
        std::iter::once(result).collect()
    }
}

/// Each part for itself: one that is not decided costs the others nothing.
impl FromIterator<Result<Vec<Finding>, InputError>> for Findings {
    fn from_iter<T: IntoIterator<Item = Result<Vec<Finding>, InputError>>>(parts: T) -> Findings {
        let mut all = Findings::default();
        for part in parts {
            match part {
                Ok(found) => all.found.extend(found),
                Err(problem) => all.problems.push(problem),
            }
        }
        all
    }
}

impl Finding {
    /// An estimate in base units, told in `unit`, which is `factor` base units.
    pub(super) fn of(
        parameter: &str,
        estimate: &Estimate,
        (unit, factor): (&'static str, f64),
        source: &str,
    ) -> Finding {
        let [value, low, high] = [estimate.value, estimate.low, estimate.high].map(|v| v / factor);
        Finding { parameter: parameter.into(), value, low, high, unit, source: source.into() }
    }

    /// Its value in base units, and one standard deviation of it as a factor.
    pub(super) fn base(&self) -> (f64, f64) {
        let factor = models::profile::unit(self.unit).map_or(1.0, |unit| unit.2);
        (self.value * factor, libm::exp(libm::log(self.high / self.low) / (2.0 * SIGMAS_95)))
    }
}

/// A parameter that an earlier probe has found, known as well as it was found; where none has,
/// what it comes to on other GPUs of the generation, to within a factor of two.
///
/// # Errors
/// If none has found it, and it is no parameter that a generation is known by.
pub(super) fn told(seen: Seen<'_>, name: &str) -> Result<Free, InputError> {
    let Some(finding) = seen.found.iter().find(|finding| finding.parameter == name) else {
        let prior = execution::guess(seen.facts, name)?;
        return Ok(Free { name: name.into(), prior, factor: Some(2.0) });
    };
    let (prior, factor) = finding.base();
    Ok(Free { name: name.into(), prior, factor: Some(factor.max(1.0 + ERROR_MIN)) })
}

/// A parameter of which nothing is known; `guess` is where the search starts.
pub(super) fn open(name: &str, guess: f64) -> Free {
    Free { name: name.into(), prior: guess, factor: None }
}

/// One that is known to within a factor of ten: what the points need not show, such as a start
/// that is small beside all of them.
pub(super) fn vague(name: &str, guess: f64) -> Free {
    Free { name: name.into(), prior: guess, factor: Some(10.0) }
}

/// Fits a model to the medians of samples.
///
/// `value` is what a sample says, in the unit that `model` answers in; each is trusted as far as
/// the spread of its whole series allows. Where the model misses the points by more than that, the
/// intervals grow by as much (Birge 1932), and Student's t stands for how few points there are.
///
/// # Errors
/// If there are fewer samples than parameters, or the samples do not identify one of them.
pub(super) fn identify<V, M>(
    free: &[Free],
    samples: &[&Sample],
    value: V,
    model: M,
) -> Result<Vec<Estimate>, InputError>
where
    V: Fn(&Sample) -> f64,
    M: Fn(&[f64], &Sample) -> f64,
{
    identify_within(ERROR_MIN, free, samples, value, model)
}

/// The same for a model that leaves things out: it is trusted to within a relative `error`, so that
/// points which repeat to a thousandth do not overrule all others and what is known beforehand.
pub(super) fn identify_within<V, M>(
    error: f64,
    free: &[Free],
    samples: &[&Sample],
    value: V,
    model: M,
) -> Result<Vec<Estimate>, InputError>
where
    V: Fn(&Sample) -> f64,
    M: Fn(&[f64], &Sample) -> f64,
{
    if samples.len() < free.len() {
        let wanted = format!("{} points cannot identify {}", samples.len(), free.len());
        return Err(InputError::new(free[0].name.as_str(), wanted));
    }
    let errors = errors(samples, error);
    let observations: Vec<Observation> = samples
        .iter()
        .zip(&errors)
        .map(|(sample, error)| Observation { value: value(sample), relative_error: *error })
        .collect();
    let posterior = fit(
        free,
        &observations,
        each(|at, _| Ok(samples.iter().map(|sample| model(at, sample)).collect())),
    )?;
    let misses = posterior.predicted.iter().zip(&observations);
    let squares =
        misses.map(|(model, seen)| (libm::log(model / seen.value) / seen.relative_error).powi(2));
    let spare = samples.len() - free.len();
    let birge = match spare {
        0 => 1.0,
        spare => (squares.sum::<f64>() / spare as f64).sqrt().max(1.0),
    };
    let grow = birge * student(samples) / SIGMAS_95;
    // Cycles became seconds by a clock that was measured too: its error is common to all of them.
    let by_cycles = samples.iter().filter(|s| s.point.work.timer == Timer::Cycles);
    let clock = by_cycles.map(|s| s.clock.error).fold(0.0, f64::max);
    Ok(posterior.estimates.into_iter().map(|estimate| widen(estimate, grow, clock)).collect())
}

/// The relative standard error of each median: from its own spread and that of its series, whose
/// points differ little in it, so that one lucky point does not pose as exact.
fn errors(samples: &[&Sample], least: f64) -> Vec<f64> {
    let mut spreads: Vec<f64> = samples.iter().map(|sample| sample.spread()).collect();
    let own = spreads.clone();
    spreads.sort_by(f64::total_cmp);
    let usual = spreads[spreads.len() / 2];
    let error = |(sample, own): (&&Sample, f64)| {
        let number = sample.readings.len() as f64;
        // The spread of few readings is itself uncertain by about 1 ÷ √n of it.
        let spread = usual.max(own / (1.0 + 3.0 / number.sqrt()));
        (1.2533 * spread / number.sqrt()).max(least)
    };
    samples.iter().zip(own).map(error).collect()
}

/// The 97.5 % point of Student's distribution. The spread is told by all readings together; the
/// median absolute deviation makes 37 % of them count (its efficiency).
fn student(samples: &[&Sample]) -> f64 {
    let readings: usize = samples.iter().map(|sample| sample.readings.len()).sum();
    student_quantile(0.975, (0.37 * (readings - samples.len()) as f64).max(4.0))
}

/// An interval that is `times` as wide in the logarithm, with an independent error added.
fn widen(estimate: Estimate, times: f64, error: f64) -> Estimate {
    let reach = times * libm::log(estimate.high / estimate.value);
    let reach = libm::exp(libm::hypot(reach, SIGMAS_95 * error));
    let (low, high) = (estimate.value / reach, estimate.value * reach);
    Estimate { low, high, ..estimate }
}
