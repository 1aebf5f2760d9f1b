//! Every probe on one device, by one statistic, within a budget of time if there is one.
//!
//! ```text
//!   clock │ pass 0, 1: not counted │ pass 2: p₀ p₁ p₂ … │ pass 3: p₀ p₁ p₂ … │ … │ clock
//! ```
//!
//! A pass does every point of a probe once, so that a drift of clock or temperature meets all
//! points alike and shows in their spread instead of bending a line. A probe that fails costs the
//! others nothing: what was said is kept in its place.

use std::sync::Arc;

use calibration_data::quantile::quantile;
use serde::{Deserialize, Serialize};

use super::budget::Ledger;
use super::device::Device;
use super::evaluate::evaluate;
use super::finding::Finding;
use super::probe::{self, GpuProbe, Point, clock};
use super::raw::{Fate, Probed, Raw, Stated};
use super::sample::{Clock, Sample};
use super::state::Moment;
use super::{Facts, GpuError, Measured};

/// Passes that are not counted: the first loads modules and allocates.
pub(super) const WARM_UP: usize = 2;
/// The fewest passes that make a figure and its spread.
pub const REPETITIONS_MIN: usize = 5;
/// Long kernels before the first probe, so that an idle clock has risen.
const SPIN_UP: usize = 200;
/// Readings of the clock before and after a probe.
const CLOCK_READINGS: usize = 15;

/// How a campaign is carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// How often each point is measured; a budget may make it fewer.
    pub repetitions: usize,
    /// How long everything may take, from the opening of the device \[s\]; `None` is no limit.
    pub budget_s: Option<f64>,
}

/// Who watches a campaign.
pub trait Watch {
    /// A probe is about to begin.
    fn begins(&mut self, probe: &GpuProbe);

    /// A probe has ended. What is here when the campaign is killed is what was kept.
    ///
    /// # Errors
    /// If it cannot be kept.
    fn ended(&mut self, device: &Facts, probed: &Probed) -> Result<(), GpuError>;

    /// Whether to stop before the next pass; what is finished stays.
    fn stops(&self) -> bool;
}

/// Nobody watches.
#[derive(Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn begins(&mut self, _probe: &GpuProbe) {}

    fn ended(&mut self, _device: &Facts, _probed: &Probed) -> Result<(), GpuError> {
        Ok(())
    }

    fn stops(&self) -> bool {
        false
    }
}

/// Measures all probes and evaluates what they read.
///
/// # Errors
/// If a probe fails, or what it read does not identify a parameter.
pub fn run(
    device: &mut dyn Device,
    repetitions: usize,
    watch: &mut dyn Watch,
) -> Result<Measured, GpuError> {
    let measured = evaluate(measure(device, &Campaign { repetitions, budget_s: None }, watch)?);
    match measured.failed() {
        Some(error) => Err(error),
        None => Ok(measured),
    }
}

/// Measures the probes in their order, those that the budget has room for.
///
/// # Errors
/// If the budget has room for none, or `watch` cannot keep what was measured.
pub fn measure(
    device: &mut dyn Device,
    plan: &Campaign,
    watch: &mut dyn Watch,
) -> Result<Raw, GpuError> {
    let facts = device.facts().clone();
    for _ in 0..SPIN_UP {
        device.time(&clock::state_work()[1])?;
    }
    let ledger = Ledger::new(device, plan)?;
    let mut probes = Vec::new();
    for probe in probe::ALL {
        if watch.stops() {
            break;
        }
        let begin_s = device.elapsed_s();
        let points = (probe.design)(&facts);
        let fate = match ledger.repetitions(probe, begin_s) {
            _ if points.is_empty() => Fate::Absent,
            Err(fate) => fate,
            Ok(repetitions) => {
                watch.begins(probe);
                let limits = Limits { repetitions, until_s: plan.budget_s };
                let fate = measured(device, probe, points, &limits, watch);
                // What was begun and stopped by the user was not reached.
                match fate.unwrap_or_else(|error| Some(Fate::Failed(error.to_string()))) {
                    Some(fate) => fate,
                    None => break,
                }
            }
        };
        let seconds = device.elapsed_s() - begin_s;
        let probed = Probed { probe: probe.name, begin_s, seconds, fate };
        watch.ended(&facts, &probed)?;
        probes.push(probed);
    }
    Ok(Raw { facts, plan: plan.clone(), stated: Stated::default(), probes })
}

/// What a probe may take.
struct Limits {
    repetitions: usize,
    /// No pass begins later than this.
    until_s: Option<f64>,
}

fn measured(
    device: &mut dyn Device,
    probe: &GpuProbe,
    points: Vec<Point>,
    limits: &Limits,
    watch: &dyn Watch,
) -> Result<Option<Fate>, GpuError> {
    let (before_hz, before) = sm_clock(device)?;
    let mut readings = vec![Vec::with_capacity(limits.repetitions); points.len()];
    let mut moments = Vec::with_capacity(limits.repetitions);
    for pass in 0..WARM_UP + limits.repetitions {
        let late = limits.until_s.is_some_and(|until_s| device.elapsed_s() > until_s);
        if late || watch.stops() {
            break;
        }
        for (point, readings) in points.iter().zip(&mut readings) {
            let reading = device.time(&point.work)?;
            if pass >= WARM_UP {
                readings.push(reading);
            }
        }
        if pass >= WARM_UP {
            moments.push(device.moment());
        }
    }
    if moments.len() < REPETITIONS_MIN.min(limits.repetitions) {
        return Ok((!watch.stops()).then_some(Fate::LeftOut));
    }
    let moments: Arc<[Moment]> = moments.into();
    let (after_hz, after) = sm_clock(device)?;
    // Two independent readings: the error of their mean, or what they differ by, if that is more.
    let apart = (before_hz - after_hz).abs() / (before_hz + after_hz);
    let error = (libm::hypot(before, after) / 2.0).max(apart / 2.0);
    let clock = Clock { before_hz, after_hz, error };
    let sample = |(point, readings)| {
        let moments = Arc::clone(&moments);
        Sample { probe: probe.name, point, readings, clock, moments }
    };
    Ok(Some(Fate::Measured(points.into_iter().zip(readings).map(sample).collect())))
}

/// The SM clock now \[Hz\] and its relative standard error: the cycles of a long kernel less those
/// of a short one, against the difference of their times.
fn sm_clock(device: &mut dyn Device) -> Result<(f64, f64), GpuError> {
    let works = clock::state_work();
    let mut readings = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..CLOCK_READINGS {
        for (work, readings) in works.iter().zip(&mut readings) {
            readings.push(device.time(work)?);
        }
    }
    let [short, long, cycles] = readings.map(|values| {
        let median = quantile(&values, 0.5);
        let far: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
        let error = 1.2533 * 1.4826 * quantile(&far, 0.5) / (values.len() as f64).sqrt();
        (median, error)
    });
    let seconds = long.0 - short.0;
    let error = libm::hypot(libm::hypot(long.1, short.1) / seconds, cycles.1 / cycles.0);
    let hz = clock::long_without_short() * cycles.0 / seconds;
    match hz > 0.0 && hz.is_finite() && error.is_finite() {
        true => Ok((hz, error)),
        false => Err(GpuError::NoClock { cycles: cycles.0, seconds }),
    }
}

/// How often [`clock::state_work`] is done around a probe.
pub(super) fn clock_rounds() -> f64 {
    2.0 * CLOCK_READINGS as f64
}

/// Whether the clock moved by more than a fiftieth during a probe: such figures are of no state.
pub fn clock_moved(sample: &Sample) -> bool {
    let Clock { before_hz, after_hz, .. } = sample.clock;
    libm::log(before_hz / after_hz).abs() > 0.02
}

/// The finding of that name.
pub(super) fn finding<'a>(findings: &'a [Finding], parameter: &str) -> Option<&'a Finding> {
    findings.iter().find(|finding| finding.parameter == parameter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::{Simulated, plain, plausible};
    use crate::work::ProbeWork;
    use sim::Seed;

    /// What a probe says it identifies is what it finds, in that order; `nodeN` is each node.
    #[test]
    fn each_probe_finds_what_it_says() {
        let device = Simulated::new(plain(), plausible(), Seed::new(3));
        let measured = run(&mut device.unwrap(), 7, &mut Unwatched).unwrap();
        let mut found: Vec<&str> = measured.findings.iter().map(|f| f.parameter.as_str()).collect();
        let mut told: Vec<String> = Vec::new();
        for name in probe::ALL.iter().flat_map(|probe| probe.identifies) {
            match name.strip_prefix("nodeN") {
                None => told.push((*name).into()),
                Some(rest) => told.extend([0, 1].map(|node| format!("node{node}{rest}"))),
            }
        }
        found.sort_unstable();
        told.sort_unstable();
        assert_eq!(found, told);
    }

    /// A simulated device of which somebody tells power and throttling, and nothing else.
    struct Told(Simulated);

    impl Device for Told {
        fn facts(&self) -> &Facts {
            self.0.facts()
        }

        fn moment(&self) -> Moment {
            let throttled_by = Some(["sw_power_cap".to_owned()].into());
            Moment { power_w: Some(151.26), throttled_by, ..Moment::default() }
        }

        fn silent(&self) -> Option<&str> {
            None
        }

        fn elapsed_s(&self) -> f64 {
            self.0.elapsed_s()
        }

        fn time(&mut self, work: &ProbeWork) -> Result<f64, GpuError> {
            self.0.time(work)
        }
    }

    #[test]
    fn the_state_is_told_as_far_as_somebody_tells_it() {
        let mut mute = Simulated::new(plain(), plausible(), Seed::new(3)).unwrap();
        let points = |measured| {
            let table = crate::table::points(&measured);
            table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let lines = points(run(&mut mute, 5, &mut Unwatched).unwrap());
        assert!(lines.iter().all(|line| line.ends_with(",,,,,,,unknown")), "{lines:?}");
        let lines = points(run(&mut Told(mute), 5, &mut Unwatched).unwrap());
        assert!(lines.iter().all(|line| line.ends_with(",,,,,151.3,,sw_power_cap")), "{lines:?}");
    }
}
