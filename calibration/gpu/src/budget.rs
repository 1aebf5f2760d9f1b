//! Which probes a budget of time has room for, and how often each is repeated.
//!
//! One pass of each probe tells what it costs, in the order of what decides most. A probe is in if
//! its fewest repetitions fit beside those of the probes before it; one that is dear is given up
//! early in its pass, so that it does not cost the others their place. What is left of the budget
//! then makes repetitions more, of all probes alike.

use super::campaign::{Campaign, REPETITIONS_MIN, WARM_UP};
use super::device::Device;
use super::facts::Facts;
use super::probe::{self, GpuProbe, clock};
use super::raw::Fate;
use super::{GpuError, campaign};

/// The part of the budget that no trial may touch, so that what is in stays in.
const SPARE: f64 = 0.2;
/// By how much more than was seen a budget is said to need, so that it surely is enough.
const MARGIN: f64 = 1.2;

/// What is planned.
#[derive(Debug)]
pub(super) struct Ledger {
    repetitions: usize,
    budget_s: Option<f64>,
    /// What the clock around a probe takes \[s\].
    around_s: f64,
    /// The probes that are in, with what a pass of each takes \[s\], and those that failed.
    planned: Vec<(&'static str, Result<f64, String>)>,
}

impl Ledger {
    /// Tries each probe, if there is a budget.
    ///
    /// # Errors
    /// If there is room for none.
    pub(super) fn new(device: &mut dyn Device, plan: &Campaign) -> Result<Ledger, GpuError> {
        let Campaign { repetitions, budget_s } = *plan;
        let mut ledger = Ledger { repetitions, budget_s, around_s: 0.0, planned: Vec::new() };
        let Some(budget_s) = budget_s else { return Ok(ledger) };
        let facts = device.facts().clone();
        for work in clock::state_work() {
            device.prepare(&work)?;
        }
        let begin_s = device.elapsed_s();
        for work in clock::state_work() {
            device.time(&work)?;
        }
        ledger.around_s = campaign::clock_rounds() * (device.elapsed_s() - begin_s);
        let mut reserved_s = 0.0;
        let mut least_s = f64::INFINITY;
        for probe in probe::ALL {
            let free_s = budget_s - device.elapsed_s() - reserved_s;
            // The first is tried to its end, so that there is something to say if nothing fits.
            let limit_s = if least_s.is_finite() { free_s } else { f64::INFINITY };
            if limit_s < SPARE * budget_s {
                break;
            }
            match ledger.tried(device, &facts, probe, limit_s) {
                Ok(None) => {}
                Ok(Some(pass_s)) => {
                    let needs_s = ledger.needs_s(pass_s, REPETITIONS_MIN);
                    least_s = least_s.min(device.elapsed_s() + needs_s);
                    if device.elapsed_s() + reserved_s + needs_s <= budget_s {
                        reserved_s += needs_s;
                        ledger.planned.push((probe.name, Ok(pass_s)));
                    }
                }
                Err(error) => ledger.planned.push((probe.name, Err(error.to_string()))),
            }
        }
        match ledger.planned.is_empty() {
            true => Err(GpuError::Budget { budget_s, least_s: MARGIN * least_s }),
            false => Ok(ledger),
        }
    }

    /// What a pass takes \[s\]; `None` if there is nothing to do, or it will not fit.
    fn tried(
        &self,
        device: &mut dyn Device,
        facts: &Facts,
        probe: &GpuProbe,
        limit_s: f64,
    ) -> Result<Option<f64>, GpuError> {
        let points = (probe.design)(facts);
        let begin_s = device.elapsed_s();
        for point in &points {
            // Half of it: what is allocated takes as long as it takes.
            if device.elapsed_s() - begin_s > limit_s / 2.0 {
                return Ok(None);
            }
            device.prepare(&point.work)?;
        }
        let begin_s = device.elapsed_s();
        for point in &points {
            if self.needs_s(device.elapsed_s() - begin_s, REPETITIONS_MIN) > limit_s {
                return Ok(None);
            }
            device.time(&point.work)?;
        }
        let pass_s = device.elapsed_s() - begin_s;
        Ok((!points.is_empty()).then_some(pass_s))
    }

    /// What a probe takes with so many repetitions \[s\].
    fn needs_s(&self, pass_s: f64, repetitions: usize) -> f64 {
        self.around_s + (WARM_UP + repetitions) as f64 * pass_s
    }

    /// How often a probe that begins now is repeated, or why it is not done.
    pub(super) fn repetitions(&self, probe: &GpuProbe, now_s: f64) -> Result<usize, Fate> {
        let Some(budget_s) = self.budget_s else { return Ok(self.repetitions) };
        let at = self.planned.iter().position(|(name, _)| *name == probe.name);
        let Some(at) = at else { return Err(Fate::LeftOut) };
        let own_s = match &self.planned[at].1 {
            Ok(pass_s) => *pass_s,
            Err(why) => return Err(Fate::Failed(why.clone())),
        };
        let left_s = budget_s - now_s;
        if self.needs_s(own_s, REPETITIONS_MIN) > left_s {
            return Err(Fate::LeftOut);
        }
        let later: Vec<f64> =
            self.planned[at..].iter().filter_map(|(_, tried)| tried.clone().ok()).collect();
        let fixed_s: f64 = later.iter().map(|pass_s| self.needs_s(*pass_s, 0)).sum();
        let each_s: f64 = later.iter().sum();
        let fit = ((left_s - fixed_s) / each_s).floor().max(0.0) as usize;
        Ok(fit.clamp(REPETITIONS_MIN.min(self.repetitions), self.repetitions))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{Unwatched, measure};
    use crate::raw::Raw;
    use crate::simulated::{Simulated, plain, plausible};
    use sim::Seed;

    fn within(budget_s: f64) -> Result<(Raw, f64), GpuError> {
        let mut device = Simulated::new(plain(), plausible(), Seed::new(1)).unwrap();
        let plan = Campaign { repetitions: 21, budget_s: Some(budget_s) };
        let raw = measure(&mut device, &plan, &mut Unwatched)?;
        Ok((raw, device.elapsed_s()))
    }

    fn repetitions(raw: &Raw) -> Vec<usize> {
        let of = |fate: &Fate| match fate {
            Fate::Measured(samples) => samples[0].readings.len(),
            _ => 0,
        };
        raw.probes.iter().map(|probed| of(&probed.fate)).collect()
    }

    /// A budget is kept, and a larger one never gives up a probe for one that decides less.
    #[test]
    fn a_larger_budget_measures_more_and_none_is_exceeded() {
        let (mut before, mut all) = (Vec::new(), Vec::new());
        for budget_s in [0.6, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0] {
            let (raw, took_s) = within(budget_s).unwrap();
            // A pass that has begun is ended, and the clock is read once more.
            assert!(took_s <= 1.05 * budget_s, "{took_s} s of {budget_s} s");
            all = repetitions(&raw);
            println!("{budget_s} s: took {took_s:.2} s, repetitions {all:?}");
            assert!(all.iter().all(|times| *times == 0 || *times >= REPETITIONS_MIN), "{all:?}");
            let done: Vec<bool> = all.iter().map(|times| *times > 0).collect();
            assert!(done >= before, "{budget_s} s: {all:?}");
            before = done;
        }
        assert_eq!(all, [21; probe::ALL.len()], "a minute is enough for everything");
    }

    #[test]
    fn what_decides_most_is_measured_by_a_small_budget() {
        let (raw, _) = within(1.0).unwrap();
        let all = repetitions(&raw);
        assert!(all[0] > 0 && all[1] > 0, "clock and launch are left out: {all:?}");
        assert!(all.contains(&0), "nothing is left out: {all:?}");
    }

    /// The least that is told is enough, and what is below it is not.
    #[test]
    fn a_budget_too_small_says_the_least() {
        let Err(GpuError::Budget { least_s, .. }) = within(0.01) else { panic!("it was enough") };
        assert!(within(least_s).is_ok(), "{least_s} s");
        assert!(within(0.7 * least_s).is_err(), "{least_s} s is not the least");
    }
}
