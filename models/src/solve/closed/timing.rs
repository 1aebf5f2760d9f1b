//! How long a stage takes beside the stages of all other transfers, in closed form.

use sim::Time;

use super::book_stream;
use crate::outcome::Interval;
use crate::price::{Carrier, Turn};
use crate::solve::Scene;
use crate::solve::life::Part;
use crate::solve::placed::PlacedStage;
use crate::solve::share::{Rates, Running, rates};

pub(super) fn sum(rates: &[Rates]) -> Rates {
    Rates {
        sent: rates.iter().map(|r| r.sent).sum(),
        delivered: rates.iter().map(|r| r.delivered).sum(),
    }
}

/// The rates of the flows of stage `s` of transfer `t`, while every other transfer is in the stage
/// of the same kind.
pub(super) fn shared(
    scene: &Scene<'_>,
    capacities: &[f64],
    all: &[Vec<PlacedStage>],
    t: usize,
    s: usize,
) -> Vec<Rates> {
    let mut running: Vec<Running<'_>> = Vec::new();
    let mut own = 0..0;
    for (other, stages) in all.iter().enumerate() {
        let Some(stage) = counterpart(&all[t], s, stages) else { continue };
        let begin = running.len();
        running.extend(stage.flows.iter().map(|flow| Running {
            flow,
            transport: scene.transfers[other].transport,
            udp_send_limit: stage.stage.udp_send_limit,
        }));
        if other == t {
            own = begin..running.len();
        }
    }
    rates(capacities, &running)[own].to_vec()
}

/// The stage of another transfer that `own[s]` meets: a kernel another kernel, and the others those
/// as far before or behind the network.
fn counterpart<'p>(
    own: &[PlacedStage],
    s: usize,
    other: &'p [PlacedStage],
) -> Option<&'p PlacedStage> {
    if own[s].stage.carrier == Carrier::Kernel {
        return other.first().filter(|stage| stage.stage.carrier == Carrier::Kernel);
    }
    let network = |stages: &[PlacedStage]| {
        stages.iter().position(|stage| stage.stage.is_network()).unwrap_or(0) as isize
    };
    let at = s as isize - network(own) + network(other);
    let stage = usize::try_from(at).ok().and_then(|at| other.get(at))?;
    (stage.stage.carrier != Carrier::Kernel).then_some(stage)
}

/// What one stage does with one size of chunk.
pub(super) struct Timing {
    /// What the first chunk waits for besides.
    pub(super) first: Time,
    pub(super) setup: Time,
    pub(super) stream: Time,
    pub(super) latency: Time,
    /// The part of what is sent that arrives.
    pub(super) passes: f64,
}

impl Timing {
    /// From the beginning of a stage that is carried out once until the next may begin.
    pub(super) fn alone(&self) -> Time {
        self.first + self.setup + self.stream + self.latency
    }

    /// Books a chunk's time in `stage`, what it waits for first aside.
    pub(super) fn book(
        &self,
        stage: &PlacedStage,
        arrives: bool,
        capacities: &[f64],
        into: &mut Vec<Interval>,
    ) {
        stage.book(&stage.setup_parts(), self.setup, into);
        book_stream(stage, self.stream, capacities, into);
        if arrives {
            stage.book(&stage.latency_parts(capacities), self.latency, into);
        }
    }
}

pub(in crate::solve) fn seconds(parts: &[Part]) -> f64 {
    parts.iter().map(|part| part.2).sum()
}

/// The timing of stage `s` of transfer `t` for chunks of the size that `all[t]` was priced for;
/// `whole` has the stages for whole messages, if there is any kernel.
pub(super) fn timing(
    scene: &Scene<'_>,
    capacities: &[f64],
    all: &[Vec<PlacedStage>],
    whole: &[Vec<PlacedStage>],
    t: usize,
    s: usize,
) -> Timing {
    let stage = &all[t][s];
    let rates = shared(scene, capacities, all, t, s);
    let share = stage.bytes.as_f64() / f64::from(stage.stage.flows);
    // Streams that share a core finish last; those that are done leave their links to the others,
    // which changes nothing once each is held by its own core: the longest rules.
    let stream = match stage.stage.turn {
        Some(turn) => stage.stream_parts(capacities).1 * in_turns(scene, capacities, whole, turn),
        None => rates.iter().map(|r| share / r.sent).fold(0.0, f64::max),
    };
    let total = sum(&rates);
    Timing {
        first: Time::from_seconds(stage.stage.first),
        setup: Time::from_seconds(seconds(&stage.setup_parts())),
        stream: Time::from_seconds(stream),
        latency: Time::from_seconds(seconds(&stage.latency_parts(capacities))),
        passes: if total.sent.is_finite() { total.delivered / total.sent } else { 1.0 },
    }
}

/// By how much the turns of others make the kernels of client `own` longer, as a factor.
fn in_turns(scene: &Scene<'_>, capacities: &[f64], whole: &[Vec<PlacedStage>], own: Turn) -> f64 {
    let mut clients: Vec<(u32, Time)> = Vec::new();
    for stage in whole.iter().filter_map(|stages| stages.first()) {
        let Some(turn) = stage.stage.turn.filter(|turn| turn.server == own.server) else {
            continue;
        };
        let work = Time::from_seconds(stage.stream_parts(capacities).1);
        match clients.iter_mut().find(|(client, _)| *client == turn.client) {
            Some((_, sum)) => *sum = sum.saturating_add(work),
            None => clients.push((turn.client, work)),
        }
    }
    let works: Vec<Time> = clients.iter().map(|(_, work)| *work).collect();
    let which = clients.iter().position(|(client, _)| *client == own.client);
    let which = which.expect("who asks has a kernel there");
    let elapsed = scene.cluster.turns[own.server].elapsed(&works, which);
    elapsed.as_seconds() / works[which].as_seconds().max(f64::MIN_POSITIVE)
}
