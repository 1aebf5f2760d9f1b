//! Probes as tasks of a measurement: alone, or in the same rounds as an experiment's points.

use std::sync::Arc;

use calibration_lab::namespace::Wiring;
use calibration_lab::net::fit::{Seen, figures};
use calibration_lab::net::probe::{NetProbe, design};
use calibration_lab::net::round::{Readings, Task, topology};
use calibration_lab::trial::Reading;
use models::input::InputError;
use models::topology::Topology;
use models::transfer::Transfer;

use crate::console::Console;
use crate::failure::Failure;

/// The probes of the kinds of transfer that an experiment has.
pub(in crate::command) fn of_kind<'a>(
    transfers: impl Iterator<Item = &'a Transfer> + Clone,
) -> Vec<NetProbe> {
    let kind = |transfer: &Transfer| (transfer.transport, transfer.reply.is_some());
    let wanted = |probe: &NetProbe| {
        let mut transfers = transfers.clone();
        transfers.any(|transfer| kind(transfer) == kind(&probe.transfer))
    };
    design().into_iter().filter(wanted).collect()
}

/// Those probes that this kernel can carry out; the others are named.
pub(in crate::command) fn possible(
    probes: Vec<NetProbe>,
    console: &Console,
) -> Result<Vec<NetProbe>, Failure> {
    let library = calibration_data::shipped();
    let mut left = Vec::new();
    for probe in probes {
        let wiring = Wiring::of(&*topology(&probe.topology, library, &[])?, library)?;
        match calibration_lab::namespace::check(&wiring) {
            Ok(()) => left.push(probe),
            Err(error) if error.is_missing() => {
                console.note(&format!("skipped: {}: {error}", probe.name));
            }
            Err(error) => return Err(Failure::run("measuring", error)),
        }
    }
    Ok(left)
}

/// One task per probe; probes on the same topology share its lab.
pub(in crate::command) fn tasks(probes: &[NetProbe]) -> Result<Vec<Task>, InputError> {
    let library = calibration_data::shipped();
    let mut known: Vec<(&str, Arc<Topology>)> = Vec::new();
    let mut tasks = Vec::new();
    for probe in probes {
        let text = probe.topology.text.as_str();
        let shared = known.iter().find(|(other, _)| *other == text).map(|(_, t)| Arc::clone(t));
        let topology = match shared {
            Some(topology) => topology,
            None => topology(&probe.topology, library, &[])?,
        };
        known.push((text, Arc::clone(&topology)));
        tasks.push(Task::new(&probe.name, topology, vec![probe.transfer.clone()])?);
    }
    Ok(tasks)
}

/// The figures of all probes from their readings.
pub(in crate::command) fn values(probes: &[NetProbe], readings: &[Readings]) -> Vec<Seen> {
    let mut seen = figures(probes);
    for seen in &mut seen {
        let of = |reading: &Vec<Reading>| seen.figure.of(&reading[0]);
        seen.values = readings[seen.probe].iter().filter_map(of).collect();
    }
    seen.retain(|seen| !seen.values.is_empty());
    seen
}
