//! The price of a collective: what its ranks cross together, at one pace.
//!
//! ```text
//! time = launch + steps inside + steps between + bytes · max over links (load ÷ capacity)
//! ```
//!
//! Costs of steps and what each medium makes of its nominal rate are those of
//! [`crate::collective`]. Where every link of a kind carries alike, the time is what that says;
//! what a fabric does otherwise (fewer cables up than down, flows that a hash puts on one cable, a
//! cable that is slow) is in the loads.

use std::collections::BTreeMap;

use sim::Bytes;

use super::{Carrier, Limit, LinkRef, PricedHop, Question, Stage, Work, price};
use crate::cluster::{Cluster, HopModel, LinkIndex};
use crate::collective::{Boards, Costs, Doubts, Group, Team, Timed, timed};
use crate::plan::threads;
use crate::route::group::{Grouped, Stack, What};
use crate::route::{Leg, Route};
use crate::transfer::{Mode, Transfer};

/// Connections that NCCL opens from card to card, each with threads of its own, where a path leaves
/// the node (channels of `src/graph/tuning.cc`, NCCL 2.30.7).
const CONNECTIONS: u32 = 4;

/// Work of hops by link.
type Works = BTreeMap<LinkIndex, f64>;

pub(super) fn price_group(question: &Question<'_>, grouped: &Grouped, group: &Group) -> Stage {
    let Question { cluster, legs, bytes, change, .. } = *question;
    let boards = cluster.boards.as_ref().expect("the way was found by it");
    let team = grouped.layout.team(cluster, boards, group).expect("the way was found for it");
    let parts = Parts::of(cluster, boards, &team, (group, grouped), bytes);
    let stacks = stacks(question, grouped, group);
    let at = |what: What| grouped.classes.iter().position(|class| class.what == what);
    let between = grouped.classes.iter().rposition(|class| class.what == What::Wire);
    // What carries bytes to the cards, where that has a limit: sockets, or the copies to the host.
    let carrier = at(What::Stack).or_else(|| at(What::Direct));
    let mut hops = Vec::with_capacity(legs.len());
    for (at, (class, leg)) in grouped.classes.iter().zip(legs).enumerate() {
        let mut hop = PricedHop::default();
        if !change.keeps(leg.hop()) {
            hops.push(hop);
            continue;
        }
        let mut works = Works::new();
        match class.what {
            What::Launch => hop.setup = parts.launch,
            What::Inside => {
                hop.latency = parts.inside;
                let of_links = parts.inner > 0.0 && is_nvlink(leg);
                for &(edge, load) in class.loads.iter().filter(|_| of_links) {
                    let HopModel::Dma(dma) = &cluster.graph[edge].model else { continue };
                    let link = dma.links[0].link;
                    works.insert(link, load * parts.inner * cluster.links[link.0].capacity);
                }
                if parts.inner > 0.0 && !of_links {
                    hop.limit = Some(Limit { bytes_per_s: 1.0 / parts.inner });
                }
            }
            What::Direct => {
                for &(edge, load) in &class.loads {
                    let HopModel::Dma(dma) = &cluster.graph[edge].model else { continue };
                    for work in &dma.links {
                        *works.entry(work.link).or_default() += load * work.weight * parts.moved;
                    }
                }
            }
            What::Wire => {
                for &(edge, load) in &class.loads {
                    let HopModel::Wire(wire) = &cluster.graph[edge].model else { continue };
                    let framed = stacks.framings.get(&wire.link).copied().unwrap_or(0.0);
                    // No draw makes fewer bytes of them than there are.
                    works.insert(wire.link, load * parts.scale.max(framed).max(1.0));
                }
            }
            What::Stack => {
                let own = stacks.hops.get(&at);
                works = own.map(|own| own.works.clone()).unwrap_or_default();
                hop.latency = own.map_or(0.0, |own| own.latency) * parts.steps_between;
            }
        }
        if Some(at) == between {
            hop.latency += parts.between;
        }
        if Some(at) == carrier && parts.carried > 0.0 {
            let bytes_per_s = 1.0 / (parts.carried * stacks.longer.max(1.0));
            hop.limit = Some(Limit { bytes_per_s });
        }
        let work = |(link, weight)| Work { link: LinkRef::Fixed(link), weight, beside: false };
        hop.works = works.into_iter().map(work).collect();
        hops.push(hop);
    }
    Stage { hops, ..Stage::of(Carrier::Group, 1, bytes) }
}

fn is_nvlink(leg: &Leg<'_>) -> bool {
    &*leg.hop().kind == "nvlink"
}

/// Where time goes: once \[s\], and for each byte \[s\].
struct Parts {
    launch: f64,
    inside: f64,
    between: f64,
    steps_between: f64,
    inner: f64,
    carried: f64,
    /// Bytes on a cable for each that crosses it.
    scale: f64,
    /// Bytes between a GPU and a card for each that crosses, flags and doubts included.
    moved: f64,
}

impl Parts {
    fn of(
        cluster: &Cluster,
        boards: &Boards,
        team: &Team,
        (group, grouped): (&Group, &Grouped),
        bytes: Bytes,
    ) -> Parts {
        let costs: &Costs = &boards.costs;
        let payload = bytes.as_f64();
        let timed: Timed = timed(costs, team, group.collective, grouped.choice, payload);
        let timed = if group.beside_kernels { timed.beside_kernels() } else { timed };
        let doubts = Doubts::of(costs, team, group.collective);
        let [latency, rate] = [("latency", doubts.latency), ("rate", doubts.rate)]
            .map(|(what, doubt)| cluster.errors.scattered(doubts.medium, what, doubt));
        let [once, each] = [1e-6 * latency, 1e-6 * rate / payload];
        let outer = timed.outer_us * each;
        let scale = if grouped.slowest_card > 0.0 { outer / grouped.slowest_card } else { 0.0 };
        Parts {
            launch: timed.base_us * once,
            inside: timed.inside_us * once,
            between: timed.between_us * once,
            steps_between: timed.steps_between,
            inner: timed.inner_us * each,
            carried: timed.carried_us * each,
            scale,
            moved: grouped.choice.protocol.framing() * rate,
        }
    }
}

/// What streams by sockets cost in the network stacks of pods and nodes.
#[derive(Default)]
struct Stacks {
    /// By the number of the class.
    hops: BTreeMap<usize, StackHop>,
    /// Bytes on each cable for each that crosses it.
    framings: BTreeMap<LinkIndex, f64>,
    /// How much longer a thread that sends works for a byte than in its socket alone: the hops of a
    /// container network run in its system calls.
    longer: f64,
}

#[derive(Default)]
struct StackHop {
    works: Works,
    /// What a step waits longer for it \[s\].
    latency: f64,
}

fn stacks(question: &Question<'_>, grouped: &Grouped, group: &Group) -> Stacks {
    let mut stacks = Stacks::default();
    let streams = CONNECTIONS * group.threads;
    for (number, stack) in grouped.stacks.iter().enumerate() {
        stacked(question, grouped, (number, stack), streams, &mut stacks);
    }
    stacks
}

/// Adds what one stream costs.
fn stacked(
    question: &Question<'_>,
    grouped: &Grouped,
    (number, stack): (usize, &Stack),
    streams: u32,
    stacks: &mut Stacks,
) {
    let cluster = question.cluster;
    let route = Route::of_stack(cluster, stack);
    let [from, to] = stack.ends.clone();
    let message = Bytes::new(((question.bytes.as_f64() * stack.part) as u64).max(1));
    let streams = u64::from(streams).min(message.get()) as u32;
    let transfer = Transfer { streams, mode: Mode::Serial, ..Transfer::message(from, to, message) };
    let Some(which) = route.stages.iter().position(|legs| legs.iter().any(is_cpu)) else { return };
    let stage = price(cluster, &route, which, &transfer, message, question.change);
    let sends = |hop: &PricedHop| -> f64 {
        let own = hop.works.iter().filter(|work| matches!(work.link, LinkRef::SendCore(_)));
        own.map(|work| work.weight).sum()
    };
    let pairs = || route.stages[which].iter().zip(&stage.hops);
    let in_socket: f64 = pairs().filter(|(leg, _)| is_socket(leg)).map(|(_, hop)| sends(hop)).sum();
    let in_all: f64 = pairs().map(|(_, hop)| sends(hop)).sum();
    stacks.longer = stacks.longer.max(if in_socket > 0.0 { in_all / in_socket } else { 1.0 });
    for (leg, hop) in route.stages[which].iter().zip(&stage.hops) {
        let Leg::Edge(edge, model) = leg else { continue };
        if let HopModel::Wire(wire) = &model.model {
            let own = hop.works.iter().find(|work| work.link == LinkRef::Fixed(wire.link));
            stacks.framings.insert(wire.link, own.map_or(0.0, |work| work.weight));
            continue;
        }
        let Some(class) = grouped.class_of(*edge) else { continue };
        let own = stacks.hops.entry(class).or_default();
        if !is_socket(leg) {
            own.latency = own.latency.max(hop.latency);
        }
        for work in &hop.works {
            for stream in 0..streams {
                let link = threads(number, stream, streams).resolve(cluster, work.link);
                let weight = work.weight * stack.part / f64::from(streams);
                *own.works.entry(link).or_default() += weight;
            }
        }
    }
}

fn is_socket(leg: &Leg<'_>) -> bool {
    matches!(&leg.hop().model, HopModel::Cpu(cpu) if cpu.socket)
}

fn is_cpu(leg: &Leg<'_>) -> bool {
    matches!(leg.hop().model, HopModel::Cpu(_))
}
