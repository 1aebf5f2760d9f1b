//! Every probe on one device, by one statistic.
//!
//! ```text
//!   clock │ pass 0, 1: not counted │ pass 2: p₀ p₁ p₂ … │ pass 3: p₀ p₁ p₂ … │ … │ clock
//! ```
//!
//! A pass does every point of a probe once, so that a drift of clock or temperature meets all
//! points alike and shows in their spread instead of bending a line.

use std::sync::Arc;

use super::device::Device;
use super::finding::Finding;
use super::probe::{self, Probe, Seen, clock};
use super::sample::{Clock, Sample};
use super::state::Moment;
use super::{Facts, GpuError, Measured};
use crate::quantile::quantile;

/// Passes that are not counted: the first loads modules and allocates.
const WARM_UP: usize = 2;
/// Long kernels before the first probe, so that an idle clock has risen.
const SPIN_UP: usize = 200;
/// Readings of the clock before and after a probe.
const CLOCK_READINGS: usize = 15;

/// Runs all probes; `tell` hears of each before it starts.
///
/// # Errors
/// If a call of the device fails, or what was measured does not identify a parameter.
pub fn run(
    device: &mut dyn Device,
    repetitions: usize,
    tell: &mut dyn FnMut(&Probe),
) -> Result<Measured, GpuError> {
    for _ in 0..SPIN_UP {
        device.time(&clock::state_work()[1])?;
    }
    let facts = device.facts().clone();
    let mut samples = Vec::new();
    let mut findings = Vec::new();
    for probe in probe::ALL {
        tell(probe);
        let measured = measure(device, probe, &facts, repetitions)?;
        if !measured.is_empty() {
            let all: Vec<&Sample> = measured.iter().collect();
            let seen = Seen { facts: &facts, found: &findings, samples: &all };
            let more = (probe.find)(seen)?;
            findings.extend(more);
        }
        samples.extend(measured);
    }
    Ok(Measured { facts, samples, findings })
}

fn measure(
    device: &mut dyn Device,
    probe: &Probe,
    facts: &Facts,
    repetitions: usize,
) -> Result<Vec<Sample>, GpuError> {
    let points = (probe.design)(facts);
    let (before_hz, before) = sm_clock(device)?;
    let mut readings = vec![Vec::with_capacity(repetitions); points.len()];
    let mut moments = Vec::with_capacity(repetitions);
    for pass in 0..WARM_UP + repetitions {
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
    let moments: Arc<[Moment]> = moments.into();
    let (after_hz, after) = sm_clock(device)?;
    // Two independent readings: the error of their mean, or what they differ by, if that is more.
    let apart = (before_hz - after_hz).abs() / (before_hz + after_hz);
    let error = (before.hypot(after) / 2.0).max(apart / 2.0);
    let clock = Clock { before_hz, after_hz, error };
    let sample = |(point, readings)| {
        let moments = Arc::clone(&moments);
        Sample { probe: probe.name, point, readings, clock, moments }
    };
    Ok(points.into_iter().zip(readings).map(sample).collect())
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
    let error = (long.1.hypot(short.1) / seconds).hypot(cycles.1 / cycles.0);
    Ok((clock::long_without_short() * cycles.0 / seconds, error))
}

/// Whether the clock moved by more than a fiftieth during a probe: such figures are of no state.
pub fn clock_moved(sample: &Sample) -> bool {
    let Clock { before_hz, after_hz, .. } = sample.clock;
    (before_hz / after_hz).ln().abs() > 0.02
}

/// The finding of that name.
pub(super) fn finding<'a>(findings: &'a [Finding], parameter: &str) -> Option<&'a Finding> {
    findings.iter().find(|finding| finding.parameter == parameter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::simulated::{Simulated, plain, plausible};
    use crate::gpu::work::Work;
    use sim::Seed;

    /// What a probe says it identifies is what it finds, in that order; `nodeN` is each node.
    #[test]
    fn each_probe_finds_what_it_says() {
        let device = Simulated::new(plain(), plausible(), Seed::new(3));
        let measured = run(&mut device.unwrap(), 7, &mut |_| {}).unwrap();
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

        fn time(&mut self, work: &Work) -> Result<f64, GpuError> {
            self.0.time(work)
        }
    }

    #[test]
    fn the_state_is_told_as_far_as_somebody_tells_it() {
        let mut mute = Simulated::new(plain(), plausible(), Seed::new(3)).unwrap();
        let points = |measured| {
            let table = crate::gpu::table::points(&measured);
            table.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        let lines = points(run(&mut mute, 5, &mut |_| {}).unwrap());
        assert!(lines.iter().all(|line| line.ends_with(",,,,,,,unknown")), "{lines:?}");
        let lines = points(run(&mut Told(mute), 5, &mut |_| {}).unwrap());
        assert!(lines.iter().all(|line| line.ends_with(",,,,,151.3,,sw_power_cap")), "{lines:?}");
    }
}
