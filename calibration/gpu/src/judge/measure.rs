//! Measuring the judging set within a budget: what has been measured is kept, whatever comes.

use std::io;

use calibration_data::quantile::quantile;

use super::super::GpuError;
use super::super::device::Device;
use super::super::probe::clock;
use super::super::work::ProbeWork;
use super::body::CHECKED;
use super::case::Case;
use super::cases;
use super::process::Processes;
use super::work::Measurement;

/// Readings that are not counted: the first loads modules and allocates.
const WARM_UP: usize = 2;
/// Long kernels before the first case, so that an idle clock has risen.
const SPIN_UP: usize = 200;
/// The fewest readings that have a median and quartiles worth the name.
pub const REPETITIONS_MIN: usize = 5;
/// What one case may take beyond its fewest readings, in seconds and as a part of the budget.
const CASE_S: f64 = 2.0;
const CASE_PART: f64 = 0.01;
/// A case may need so much of the device's memory.
const MEMORY_PART: u64 = 4;

/// What was measured of a case, or why nothing was.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The case.
    pub case: &'static Case,
    /// Its times in seconds, each one reading.
    pub readings: Vec<f64>,
    /// Whether its results were right; none where nothing checks them.
    pub verified: Option<bool>,
    /// Why it was not measured.
    pub left_out: Option<String>,
}

impl Judged {
    fn not_reached(case: &'static Case) -> Judged {
        let left_out = Some("was not reached".into());
        Judged { case, readings: Vec::new(), verified: None, left_out }
    }

    /// Median and quartiles in seconds; none if it was not measured.
    pub fn middle(&self) -> Option<[f64; 3]> {
        let quartiles = || [0.25, 0.5, 0.75].map(|part| quantile(&self.readings, part));
        (!self.readings.is_empty()).then(quartiles)
    }
}

/// How to measure.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Readings of a case, fewer where they take long.
    pub repetitions: usize,
    /// What everything may take \[s\].
    pub budget_s: Option<f64>,
}

/// Whoever follows the measurement.
pub trait Watch {
    /// A case begins.
    fn begins(&mut self, case: &Case);

    /// A case has ended: every case of the set, with what has been measured so far.
    ///
    /// # Errors
    /// If it cannot be kept, which ends the measurement.
    fn ended(&mut self, judged: &[Judged]) -> io::Result<()>;

    /// Whether no further case shall begin.
    fn stops(&self) -> bool;
}

/// Measures every case in order as far as the budget goes. What fails is left out, with its reason,
/// and the next case goes on.
///
/// # Errors
/// If what was measured cannot be kept.
pub fn measure(
    device: &mut dyn Device,
    processes: &mut dyn Processes,
    options: Options,
    watch: &mut dyn Watch,
) -> io::Result<Vec<Judged>> {
    let begin = device.elapsed_s();
    for _ in 0..SPIN_UP {
        // If the device does not even do this, each case will say so.
        let _ = device.time(&clock::state_work()[1]);
    }
    let mut bench = Bench { device, processes };
    let mut all: Vec<Judged> = cases().iter().map(Judged::not_reached).collect();
    for at in 0..all.len() {
        if watch.stops() {
            break;
        }
        let case = all[at].case;
        let left_s = options.budget_s.map(|all| all - (bench.device.elapsed_s() - begin));
        let judged = match bench.refuses(case, left_s) {
            Some(why) => Err(why),
            None => {
                watch.begins(case);
                bench.case(case, &options, left_s)
            }
        };
        match judged {
            Ok((readings, verified)) => {
                all[at] = Judged { case, readings, verified, left_out: None };
            }
            Err(why) => all[at].left_out = Some(why),
        }
        watch.ended(&all)?;
    }
    Ok(all)
}

/// Readings, and whether the results were right.
type Read = (Vec<f64>, Option<bool>);

struct Bench<'a> {
    device: &'a mut dyn Device,
    processes: &'a mut dyn Processes,
}

impl Bench<'_> {
    /// Why a case is not even begun.
    fn refuses(&self, case: &Case, left_s: Option<f64>) -> Option<String> {
        let (needed, memory) = (case.needs(), self.device.facts().memory as u64);
        match (left_s.is_some_and(|left| left <= 0.0), needed > memory / MEMORY_PART) {
            (true, _) => Some("the budget was spent".into()),
            (false, true) => Some(format!("needs {needed} B, more than a quarter of the memory")),
            (false, false) => None,
        }
    }

    /// The readings of a case.
    fn case(
        &mut self,
        case: &Case,
        options: &Options,
        left_s: Option<f64>,
    ) -> Result<Read, String> {
        let measurement = case.measurement();
        let begin = self.device.elapsed_s();
        let mut last = begin;
        for _ in 0..WARM_UP {
            last = self.device.elapsed_s();
            self.read(case, &measurement)?;
        }
        let now = self.device.elapsed_s();
        let each = (now - last).max(1e-9);
        let left = left_s.map_or(f64::INFINITY, |left| left - (now - begin));
        if REPETITIONS_MIN as f64 * each > left {
            return Err("it would take more than the budget has left".into());
        }
        let part = options.budget_s.map_or(f64::INFINITY, |all| CASE_PART * all);
        let fits = (left.min(CASE_S).min(part) / each) as usize;
        let repetitions = options.repetitions.min(fits).max(REPETITIONS_MIN);
        let mut readings = Vec::with_capacity(repetitions);
        for _ in 0..repetitions {
            readings.push(self.read(case, &measurement)? / measurement.divisor);
        }
        let verified = measurement.check.as_ref().map(|check| self.check(check)).transpose()?;
        Ok((readings, verified))
    }

    fn read(&mut self, case: &Case, measurement: &Measurement) -> Result<f64, String> {
        match measurement.processes {
            None => self.device.time(&measurement.work).map_err(told),
            Some(sharing) => self.processes.time(self.device, case, sharing),
        }
    }

    fn check(&mut self, check: &ProbeWork) -> Result<bool, String> {
        let left = self.device.time(check).map_err(told)?;
        Ok((left - CHECKED).abs() < 0.5)
    }
}

fn told(error: GpuError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use sim::Seed;

    use super::*;
    use crate::judge::process;
    use crate::simulated::{Simulated, plain, plausible};

    /// Counts what ends, and stops after so many cases.
    struct Count {
        ended: usize,
        most: usize,
    }

    impl Watch for Count {
        fn begins(&mut self, _: &Case) {}

        fn ended(&mut self, judged: &[Judged]) -> io::Result<()> {
            assert_eq!(judged.len(), cases().len(), "every case is always there");
            self.ended += 1;
            Ok(())
        }

        fn stops(&self) -> bool {
            self.ended == self.most
        }
    }

    fn run(budget_s: Option<f64>, most: usize) -> Vec<Judged> {
        let mut device = Simulated::new(plain(), plausible(), Seed::new(1)).unwrap();
        let options = Options { repetitions: 7, budget_s };
        let mut watch = Count { ended: 0, most };
        measure(&mut device, &mut process::Simulated, options, &mut watch).unwrap()
    }

    fn done(judged: &[Judged]) -> usize {
        judged.iter().filter(|one| one.middle().is_some()).count()
    }

    #[test]
    fn everything_is_measured_and_right_without_a_budget() {
        let all = run(None, usize::MAX);
        for one in &all {
            assert_eq!(one.left_out, None, "{}", one.case.name);
            assert_ne!(one.verified, Some(false), "{}", one.case.name);
            assert!(one.readings.len() >= REPETITIONS_MIN && one.readings.iter().all(|s| *s > 0.0));
        }
    }

    /// A budget leaves the first cases in order, but for those that alone are too long for it.
    #[test]
    fn a_budget_and_a_signal_leave_out_the_rest_and_say_so() {
        let some = run(Some(5.0), usize::MAX);
        println!("{} of {}", done(&some), some.len());
        assert!((20..cases().len()).contains(&done(&some)));
        let last = some.last().unwrap().left_out.clone().unwrap();
        assert!(last.contains("budget"), "{last}");
        assert_eq!(done(&run(Some(1e-9), usize::MAX)), 0);
        let stopped = run(None, 3);
        assert_eq!(done(&stopped), 3);
        assert_eq!(stopped[3].left_out.as_deref(), Some("was not reached"));
    }
}
