//! From readings to findings: what each probe that was measured says, in the order of the probes.
//!
//! It asks no device and no clock, so it says the same on any machine. A probe whose readings
//! identify nothing costs the others nothing; those that build on it take what its generation is
//! known by.

use super::finding::Finding;
use super::probe::{self, Probe, Seen};
use super::raw::{Fate, Raw};
use super::sample::Sample;
use super::{Account, Measured, Status};

/// Evaluates all probes that were measured.
pub fn evaluate(raw: Raw) -> Measured {
    let Raw { facts, plan, mut probes, .. } = raw;
    let mut samples = Vec::new();
    let mut findings: Vec<Finding> = Vec::new();
    let mut accounts = Vec::new();
    for probe in probe::ALL {
        let at = probes.iter().position(|probed| probed.probe == probe.name);
        let Some(probed) = at.map(|at| probes.remove(at)) else {
            accounts.push(account(probe, Status::NotReached, 0.0));
            continue;
        };
        let status = match probed.fate {
            Fate::Absent => Status::Absent,
            Fate::LeftOut => Status::LeftOut,
            Fate::Failed(why) => Status::Failed(why),
            Fate::Measured(measured) => {
                let all: Vec<&Sample> = measured.iter().collect();
                let seen = Seen { facts: &facts, found: &findings, samples: &all };
                let repetitions = measured[0].readings.len();
                let status = match (probe.find)(seen) {
                    Ok(found) => {
                        findings.extend(found);
                        Status::Found { repetitions }
                    }
                    Err(error) => Status::Undecided { repetitions, why: error.to_string() },
                };
                samples.extend(measured);
                status
            }
        };
        accounts.push(account(probe, status, probed.seconds));
    }
    Measured { facts, plan, samples, findings, accounts }
}

fn account(probe: &'static Probe, status: Status, seconds: f64) -> Account {
    Account { probe: probe.name, identifies: probe.identifies, status, seconds }
}
