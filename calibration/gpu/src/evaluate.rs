//! From readings to findings: what each probe that was measured says, in the order of the probes.
//!
//! It asks no device and no clock, so it says the same on any machine. A probe whose readings
//! identify nothing costs the others nothing; those that build on it take what its generation is
//! known by.

use models::profile::unit;

use super::finding::{Finding, Findings};
use super::probe::{self, GpuProbe, Seen};
use super::raw::{Fate, Raw};
use super::sample::Sample;
use super::{Account, Facts, Measured, Status};

/// Evaluates all probes that were measured.
pub fn evaluate(raw: Raw) -> Measured {
    let Raw { facts, plan, mut probes, .. } = raw;
    let mut samples = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    let mut accounts = Vec::new();
    for probe in probe::ALL {
        let at = probes.iter().position(|probed| probed.probe == probe.name);
        let Some(probed) = at.map(|at| probes.remove(at)) else {
            accounts.push(account(probe, Status::NotReached, &findings, 0.0));
            continue;
        };
        let status = match probed.fate {
            Fate::Absent => Status::Absent,
            Fate::LeftOut => Status::LeftOut,
            Fate::Failed(why) => Status::Failed(why),
            Fate::Measured(measured) => {
                let repetitions = measured[0].readings.len();
                let why = match lacking(probe, &facts, &measured) {
                    Some(series) => vec![format!("its readings have no point of `{series}`")],
                    None => {
                        let all: Vec<&Sample> = measured.iter().collect();
                        let seen = Seen { facts: &facts, found: &findings, samples: &all };
                        let Findings { found, problems } = (probe.find)(seen);
                        let (good, bad): (Vec<_>, Vec<_>) = found.into_iter().partition(possible);
                        findings.extend(good);
                        let problems = problems.iter().map(ToString::to_string);
                        problems.chain(bad.iter().map(impossible)).collect()
                    }
                };
                let status = match why.is_empty() {
                    true => Status::Found { repetitions },
                    false => Status::Undecided { repetitions, why: why.join("; ") },
                };
                samples.extend(measured);
                status
            }
        };
        accounts.push(account(probe, status, &findings, probed.seconds));
    }
    Measured { facts, plan, samples, findings, accounts }
}

/// A line of points that a probe is to measure on a device like this, and of which no point was.
fn lacking(probe: &GpuProbe, facts: &Facts, measured: &[Sample]) -> Option<String> {
    let mut asked = (probe.design)(facts).into_iter().map(|point| point.series);
    asked.find(|series| measured.iter().all(|sample| sample.point.series != *series))
}

/// Whether a figure is one that a parameter can have: above zero, within its own interval, and no
/// larger than what a profile may say.
fn possible(found: &Finding) -> bool {
    let Finding { value, low, high, .. } = *found;
    let known = unit(found.unit);
    let most = known.map_or(f64::MAX, |(_, dimension, scale)| dimension.largest().0 / scale);
    0.0 < low && low <= value && value <= high && high <= most
}

fn impossible(found: &Finding) -> String {
    let Finding { parameter, value, unit, low, high, .. } = found;
    format!("`{parameter}` comes to {value:.3e} {unit}, {low:.3e} to {high:.3e}")
}

fn account(
    probe: &'static GpuProbe,
    status: Status,
    findings: &[Finding],
    seconds: f64,
) -> Account {
    let whole = matches!(status, Status::Found { .. } | Status::Absent);
    // `nodeN` stands for each node.
    let same = |told: &str, found: &str| match told.strip_prefix("nodeN") {
        Some(rest) => found.starts_with("node") && found.ends_with(rest),
        None => told == found,
    };
    let found = |told: &str| findings.iter().any(|finding| same(told, &finding.parameter));
    let missing = probe.identifies.iter().filter(|told| !whole && !found(told));
    let missing = missing.copied().collect();
    Account { probe: probe.name, identifies: probe.identifies, missing, status, seconds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{Campaign, Unwatched, measure};
    use crate::simulated::{Simulated, plain, plausible};
    use sim::Seed;

    fn raw() -> Raw {
        let mut device = Simulated::new(plain(), plausible(), Seed::new(2)).unwrap();
        let plan = Campaign { repetitions: 7, budget_s: None };
        measure(&mut device, &plan, &mut Unwatched).unwrap()
    }

    fn status<'a>(measured: &'a Measured, probe: &str) -> &'a Status {
        &measured.accounts.iter().find(|account| account.probe == probe).unwrap().status
    }

    /// Each probe in turn fails: all others still find what they find.
    #[test]
    fn a_probe_that_failed_costs_the_others_nothing() {
        let all = raw();
        let whole = evaluate(all.clone());
        assert!(whole.failed().is_none(), "{:?}", whole.failed());
        for lost in probe::ALL {
            let mut raw = all.clone();
            let probed = raw.probes.iter_mut().find(|probed| probed.probe == lost.name).unwrap();
            probed.fate = Fate::Failed("the driver refused".into());
            let measured = evaluate(raw);
            for account in &measured.accounts {
                let found = matches!(account.status, Status::Found { .. });
                assert_eq!(found, account.probe != lost.name, "{account:?} without {}", lost.name);
            }
            let missing = whole.findings.len() - measured.findings.len();
            assert!(missing > 0, "{} finds nothing", lost.name);
        }
    }

    /// Each probe in turn has lost one of its lines of points: it says so, and nothing panics.
    #[test]
    fn a_probe_without_one_of_its_lines_is_undecided() {
        let all = raw();
        for probe in probe::ALL {
            let mut raw = all.clone();
            let probed = raw.probes.iter_mut().find(|probed| probed.probe == probe.name).unwrap();
            let Fate::Measured(samples) = &mut probed.fate else { continue };
            let lost = samples[0].point.series.clone();
            if samples.iter().all(|sample| sample.point.series == lost) {
                continue;
            }
            samples.retain(|sample| sample.point.series != lost);
            let measured = evaluate(raw);
            let Status::Undecided { why, .. } = status(&measured, probe.name) else {
                panic!("{} is decided without {lost}", probe.name)
            };
            assert_eq!(*why, format!("its readings have no point of `{lost}`"), "{}", probe.name);
        }
    }

    #[test]
    fn readings_that_make_no_possible_figure_are_undecided_and_in_no_profile() {
        let mut raw = raw();
        let probed = raw.probes.iter_mut().find(|probed| probed.probe == "mapped").unwrap();
        let Fate::Measured(samples) = &mut probed.fate else { panic!("it was measured") };
        // More takes less time: a rate below zero.
        for sample in samples.iter_mut().filter(|sample| sample.point.series == "read") {
            let slower = 1e3 / sample.point.x;
            sample.readings.iter_mut().for_each(|reading| *reading = slower);
        }
        let measured = evaluate(raw);
        let status = status(&measured, "mapped");
        assert!(matches!(status, Status::Undecided { .. }), "{status:?}");
        // What the same probe's other readings decide is decided.
        let found = |name: &str| measured.findings.iter().any(|found| found.parameter == name);
        assert!(!found("mapped_read_rate") && found("mapped_write_rate"));
        let account = measured.accounts.iter().find(|account| account.probe == "mapped").unwrap();
        assert_eq!(account.missing, ["mapped_read_rate"]);
        assert!(measured.findings.iter().all(possible));
    }
}
