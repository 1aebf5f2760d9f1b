//! Plans that begin at given instants, once each, or over time from sources.

use sim::{Agenda, Model, Time};

use super::Trace;
use super::resource::Resources;
use super::runs::Origin;
use super::traffic::{Control, Traffic};
use super::world::{Event, Mover, World};
use crate::outcome::Fidelity;
use crate::plan::Plan;
use crate::predict::Stop;

/// After so many events it is asked whether to stop, which takes a nanosecond.
const LOOKS: u64 = 64;

/// Runs plans that begin at given instants.
pub(crate) fn traces(
    resources: &Resources,
    plans: &[&Plan],
    starts: &[Time],
    fidelity: Fidelity,
) -> Vec<Trace> {
    let traces = traces_until(resources, plans, starts, fidelity, &|| false);
    traces.expect("nobody stops it")
}

/// The same; none if `stop` says so before they have ended.
pub(crate) fn traces_until(
    resources: &Resources,
    plans: &[&Plan],
    starts: &[Time],
    fidelity: Fidelity,
    stop: Stop<'_>,
) -> Option<Vec<Trace>> {
    traces_watched(resources, plans, starts, fidelity, stop).map(|(traces, _)| traces)
}

/// The same, with the greatest part of each link that was in use at any instant.
pub(crate) fn traces_watched(
    resources: &Resources,
    plans: &[&Plan],
    starts: &[Time],
    fidelity: Fidelity,
    stop: Stop<'_>,
) -> Option<(Vec<Trace>, Vec<f64>)> {
    let mut world = World::new(resources, plans, fidelity, true);
    let mut agenda = Agenda::new();
    for (at, &start) in starts.iter().enumerate() {
        let slot = world.runs.open(at as u32, Origin::NONE);
        world.runs.keep(slot);
        agenda.at(start, Event::Start(slot));
    }
    let mut events = 0u64;
    while let Some(event) = agenda.next(Time::MAX) {
        world.handle(event, &mut agenda);
        events += 1;
        if events.is_multiple_of(LOOKS) && stop() {
            return None;
        }
    }
    let most = match world.mover {
        Mover::Fluid(fluid) => fluid.most,
        Mover::Units(units) => units.most(),
    };
    Some((world.runs.into_traces().collect(), most))
}

/// Runs what `traffic` makes until it is over, or until `control` says stop: then nothing comes of
/// it. Also how many events happened.
pub(crate) fn over_time(
    resources: &Resources,
    plans: &[&Plan],
    traffic: Traffic,
    control: &Control<'_>,
) -> Option<(Traffic, u64)> {
    let mut world = World::new(resources, plans, Fidelity::Flow, false);
    let mut agenda = Agenda::new();
    traffic.begin(&mut agenda);
    world.traffic = Some(Box::new(traffic));
    let mut events = 0u64;
    while let Some(event) = agenda.next(Time::MAX) {
        world.handle(event, &mut agenda);
        events += 1;
        if events.is_multiple_of(LOOKS) {
            let traffic = world.traffic.as_ref().expect("it was put there");
            if (control.stop)() {
                return None;
            }
            if traffic.broken().is_some() {
                break;
            }
            if events.is_multiple_of(LOOKS * LOOKS) {
                (control.progress)(traffic.progress(agenda.now()));
            }
        }
    }
    let tallies = world.tallies();
    let mut traffic = world.traffic.expect("it was put there");
    traffic.batches = tallies;
    if let Mover::Fluid(fluid) = &mut world.mover {
        traffic.watch.conclude(agenda.now(), fluid);
    }
    Some((*traffic, events))
}
