//! From a priced stage to steps of a plan: waits, a demand, and to whom each is booked.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use sim::{Bytes, Hop, LinkId, Rate};
use smallvec::SmallVec;

use super::demand::{Flow, Loss, Taker};
use super::{Book, Cores, Demand, Draft, Row};
use crate::cluster::{Cluster, HopModel, LinkIndex, LinkUnit, Name};
use crate::outcome::{Cause, Step};
use crate::price::{Carrier, LinkRef, PricedHop, Stage};
use crate::route::{Route, Swap};

/// The line rate of a way: what a user has paid for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// The rate.
    pub(crate) rate: Rate,
    /// The name of the link.
    pub(crate) link: Name,
    /// The position of its hop along the way.
    pub(crate) hop: usize,
    /// Whether two sockets are all there is.
    pub(crate) sockets: bool,
}

/// The slowest cable of a way; where it has none, its slowest device link. Streams that take
/// several equal ways have as many cables. `spread` is what each stream crosses in place of the
/// links of the way.
pub(crate) fn line(cluster: &Cluster, route: &Route<'_>, spread: &[Vec<Swap>]) -> Option<Line> {
    let abreast = |link: LinkIndex| {
        let own = |swaps: &Vec<Swap>| {
            let own = swaps.iter().filter(move |swap| swap.from == link).map(|swap| swap.to);
            let mut own: SmallVec<[LinkIndex; 4]> = own.collect();
            if own.is_empty() {
                own.push(link);
            }
            own
        };
        spread.iter().flat_map(own).collect::<BTreeSet<LinkIndex>>().len().max(1)
    };
    if let Some(group) = &route.group {
        let (hop, rate) = group.line?;
        let link = route.stages[0][hop].hop().name.clone();
        return Some(Line { rate, link, hop, sockets: false });
    }
    let legs = || route.stages.iter().flatten().enumerate();
    let wires = legs().filter_map(|(at, leg)| match &leg.hop().model {
        HopModel::Wire(wire) => Some((at, wire.link)),
        _ => None,
    });
    let dma = legs().flat_map(|(at, leg)| match &leg.hop().model {
        HopModel::Dma(dma) => {
            let links = dma.links.iter().map(|work| work.link);
            links.chain(dma.memory).map(|link| (at, link)).collect()
        }
        _ => Vec::new(),
    });
    let is_of_bytes = |link: LinkIndex| cluster.links[link.0].unit == LinkUnit::Bytes;
    let slowest = |links: Vec<(usize, LinkIndex)>| {
        let bytes = links.into_iter().filter(|(_, link)| is_of_bytes(*link));
        let rates = bytes
            .map(|(hop, link)| (hop, link, cluster.links[link.0].capacity * abreast(link) as f64));
        let slowest = rates.min_by(|a, b| a.2.total_cmp(&b.2));
        slowest.map(|(hop, link, rate)| Line {
            rate: Rate::bytes_per_s(rate),
            link: cluster.links[link.0].name.clone(),
            hop,
            sockets: false,
        })
    };
    slowest(wires.collect()).or_else(|| slowest(dma.collect()))
}

/// A priced stage, and whose it is.
pub(crate) struct Placed<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) stage: &'a Stage,
    /// The cores of its streams.
    pub(crate) cores: &'a [Cores],
    /// What each of them crosses in place of the links of the way, where there are equal ways.
    pub(crate) spread: &'a [Vec<Swap>],
    /// Payload of the message or chunk that it was priced for.
    pub(crate) bytes: Bytes,
    /// The rows' hops by their position along the way.
    pub(crate) hops: &'a [u32],
    /// The step of a request that it is part of.
    pub(crate) step: Option<Step>,
    /// Whether its time counts against the goodput.
    pub(crate) counts: bool,
    /// The line rate that its time is compared with, if its line is in this stage.
    pub(crate) line: Option<&'a Line>,
    /// What filling the way takes at each hop \[s\], once it is known.
    pub(crate) filling: OnceCell<Vec<(usize, f64)>>,
}

/// A flow, and which hops of its way work on each link.
pub(super) struct Owned {
    pub(super) flow: Flow,
    /// Every link that it crosses.
    pub(super) links: SmallVec<[Crossed; 12]>,
    /// The hops of the way that work on each of them, with the weight of each.
    owners: SmallVec<[(LinkId, usize, f64); 16]>,
    pub(super) limit_hop: usize,
}

impl Owned {
    /// The hops of the way that work on a link, with the weight of each.
    pub(super) fn owners(&self, link: LinkId) -> impl Iterator<Item = (usize, f64)> {
        let owners = self.owners.iter().filter(move |owner| owner.0 == link);
        owners.map(|&(_, at, weight)| (at, weight))
    }
}

/// A link that a flow crosses.
pub(super) struct Crossed {
    pub(super) hop: Hop,
    /// Where on the way it is met first.
    pub(super) met: usize,
    /// Whether it holds a datagram's sender back.
    held: bool,
    /// Whether no unit waits for it.
    beside: bool,
}

impl Placed<'_> {
    pub(super) fn row(&self, draft: &mut Draft, at: usize, cause: Cause) -> u32 {
        let hop = self.hops[self.stage.first_hop + at];
        draft.row(Row { hop, cause, step: self.step, counts: self.counts })
    }

    /// Seconds that pass at each hop, and their booking.
    pub(crate) fn wait(
        &self,
        draft: &mut Draft,
        cause: Cause,
        of: fn(&PricedHop) -> f64,
    ) -> (f64, Book) {
        let hops = self.stage.hops.iter().enumerate().map(|(at, hop)| (at, cause, of(hop)));
        self.booked(draft, hops)
    }

    pub(crate) fn booked(
        &self,
        draft: &mut Draft,
        parts: impl IntoIterator<Item = (usize, Cause, f64)>,
    ) -> (f64, Book) {
        let (mut sum, first) = (0.0, draft.parts.len() as u32);
        for (at, cause, seconds) in parts.into_iter().filter(|part| part.2 > 0.0) {
            sum += seconds;
            let row = self.row(draft, at, cause);
            draft.parts.push((row, seconds));
        }
        (sum, draft.booked(first))
    }

    /// The first unit being stored and forwarded by every link but the slowest, whose time is in
    /// the streaming.
    pub(crate) fn fill(&self, draft: &mut Draft) -> (f64, Book) {
        let parts = self.filling.get_or_init(|| self.filled(&self.owned(0)));
        self.booked(draft, parts.iter().map(|&(at, seconds)| (at, Cause::Service, seconds)))
    }

    /// The same at each hop, for the first flow.
    fn filled(&self, owned: &Owned) -> Vec<(usize, f64)> {
        let share = self.bytes.as_f64() / f64::from(self.stage.flows);
        let first = match self.stage.carrier {
            // SMs and memory work at the same time, and nothing is handed on before the end.
            Carrier::Kernel | Carrier::Group => 0.0,
            Carrier::Copy | Carrier::Network => share.min(self.stage.unit.as_f64()),
        };
        let cost = |crossed: &&Crossed| crossed.hop.weight / self.capacity(crossed.hop.link);
        // What loses datagrams does not slow their streaming down: its time is not in there.
        let streams = |crossed: &&Crossed| owned.flow.hops.contains(&crossed.hop);
        let slowest = owned.links.iter().filter(streams).max_by(|a, b| cost(a).total_cmp(&cost(b)));
        let slowest = slowest.map(|crossed| crossed.hop.link);
        let mut parts = Vec::with_capacity(owned.owners.len());
        for crossed in owned.links.iter().filter(|crossed| !crossed.beside) {
            let link = crossed.hop.link;
            if Some(link) != slowest {
                let seconds = |weight| first * weight / self.capacity(link);
                let owners = owned.owners(link);
                parts.extend(owners.map(|(at, weight)| (at, seconds(weight))));
            }
        }
        parts.sort_by_key(|part| part.0);
        parts
    }

    pub(super) fn capacity(&self, link: LinkId) -> f64 {
        self.cluster.links[link.index()].capacity
    }

    /// The demand of the stage.
    pub(crate) fn demand(
        &self,
        draft: &mut Draft,
        stream: u32,
        place: Option<i32>,
        main: bool,
    ) -> Demand {
        let owned: SmallVec<[Owned; 1]> =
            (0..self.stage.flows as usize).map(|f| self.owned(f)).collect();
        let bytes = self.bytes.as_f64() / f64::from(self.stage.flows);
        self.filling.get_or_init(|| self.filled(&owned[0]));
        let streaming = self.streaming(draft, &owned, bytes);
        let mut flows: Vec<Flow> = Vec::with_capacity(owned.len());
        for mut owned in owned {
            // Only units that queue ask for this, and a brief plan has none.
            if !draft.is_brief {
                let kept = || owned.links.iter().filter(|crossed| self.keeps(crossed));
                owned.flow.met = kept().map(|crossed| crossed.met as u32).collect();
                owned.flow.beside = kept().map(|crossed| crossed.beside).collect();
            }
            for loss in &mut owned.flow.losses {
                loss.row = self.row(draft, loss.met as usize, Cause::Queueing);
            }
            flows.push(owned.flow);
        }
        let (unit, drawn) = (self.stage.unit, None);
        Demand { flows, bytes, unit, stream, place, main, drawn, streaming }
    }

    /// Whether a link holds a flow of the stage back.
    fn keeps(&self, crossed: &Crossed) -> bool {
        !self.stage.datagrams || crossed.held
    }

    /// The standing of a flow, and the most it sends: what full queues make of them on a network.
    fn queued(&self, cores: &Cores, limit: f64) -> (f64, f64) {
        match self.stage.carrier {
            Carrier::Network => (self.stage.share * cores.share, limit.min(cores.limit)),
            Carrier::Copy | Carrier::Kernel | Carrier::Group => (self.stage.share, limit),
        }
    }

    /// A flow of the stage: where its work falls, but not where links are met.
    fn owned(&self, which: usize) -> Owned {
        let stage = self.stage;
        let cores = &self.cores[which.min(self.cores.len() - 1)];
        let swaps = self.spread.get(which).map_or(&[][..], Vec::as_slice);
        let mut links: SmallVec<[Crossed; 12]> = SmallVec::new();
        let mut owners: SmallVec<[(LinkId, usize, f64); 16]> = SmallVec::new();
        let (mut limit, mut limit_hop) = (f64::INFINITY, 0);
        let is_datagram = stage.datagrams;
        let hold = Hold::of(stage);
        for (at, hop) in stage.hops.iter().enumerate() {
            for work in hop.works.iter().filter(|work| work.weight > 0.0) {
                let index = cores.resolve(self.cluster, work.link);
                for (index, part) in crossed(swaps, index) {
                    let (link, weight) = (LinkId::new(index.0 as u32), part * work.weight);
                    let slot = links.iter().position(|crossed| crossed.hop.link == link);
                    let slot = slot.unwrap_or_else(|| {
                        let hop = Hop { link, weight: 0.0 };
                        links.push(Crossed { hop, met: at, held: false, beside: true });
                        links.len() - 1
                    });
                    let crossed = &mut links[slot];
                    crossed.hop.weight += weight;
                    owners.push((link, at, weight));
                    crossed.held |= matches!(work.link, LinkRef::SendCore(_)) || at < hold.until;
                    crossed.beside &= work.beside;
                }
            }
            if let Some(own) = hop.limit.filter(|own| own.bytes_per_s < limit) {
                (limit, limit_hop) = (own.bytes_per_s, at);
            }
        }
        if let Some(window) = stage.window.filter(|window| *window < limit) {
            (limit, limit_hop) = (window, 0);
        }
        let mut losses = Vec::new();
        if is_datagram {
            if let (false, Some(most)) = (hold.orphaned, stage.udp_send_limit) {
                limit = limit.min(most);
            }
            if let Some(offered) = stage.offered {
                limit = limit.min(offered);
            }
            for (at, hop) in stage.hops.iter().enumerate() {
                let (met, row) = (at as u32, 0);
                let here = links.iter().filter(|one| !one.held && one.met == at);
                losses.extend(here.map(|one| {
                    let link = &self.cluster.links[one.hop.link.index()];
                    let taker = match link.unit {
                        LinkUnit::Cores => Taker::Core(one.hop),
                        LinkUnit::Bytes | LinkUnit::Parts => Taker::Wire(one.hop),
                    };
                    Loss { met, row, beside: one.beside, taker }
                }));
                let queue = hop.udp.flow_limit.map(Taker::Queue);
                let chance = (hop.udp.lost > 0.0).then_some(Taker::Chance(hop.udp.lost));
                let takers = queue.into_iter().chain(chance);
                losses.extend(takers.map(|taker| Loss { met, row, beside: false, taker }));
            }
        }
        let mut hops = Vec::with_capacity(links.len());
        let kept = links.iter().filter(|crossed| self.keeps(crossed));
        hops.extend(kept.map(|crossed| crossed.hop));
        let (share, limit) = self.queued(cores, limit);
        let flow = Flow { hops, met: Vec::new(), beside: Vec::new(), limit, share, losses };
        Owned { flow, links, owners, limit_hop }
    }

    /// The rate that the sockets of the stage reach, if all that is between them is free.
    pub(crate) fn sockets(&self, is_socket: &dyn Fn(usize) -> bool) -> Option<Line> {
        let bytes = self.bytes.as_f64() / f64::from(self.stage.flows);
        let mut seconds: Vec<(LinkId, f64)> = Vec::new();
        for owned in (0..self.stage.flows as usize).map(|f| self.owned(f)) {
            for hop in owned.links.iter().map(|crossed| crossed.hop) {
                let owners = owned.owners(hop.link).filter(|(at, _)| is_socket(*at));
                let weight: f64 = owners.map(|(_, weight)| weight).sum();
                let spent = bytes * weight / self.capacity(hop.link);
                match seconds.iter_mut().find(|(link, _)| *link == hop.link) {
                    Some((_, sum)) => *sum += spent,
                    None => seconds.push((hop.link, spent)),
                }
            }
        }
        let slowest = seconds.into_iter().map(|(_, seconds)| seconds).fold(0.0, f64::max);
        (slowest > 0.0).then(|| Line {
            rate: Rate::bytes_per_s(self.bytes.as_f64() / slowest),
            link: "sockets".into(),
            hop: self.stage.first_hop,
            sockets: true,
        })
    }
}

/// What a flow crosses in the place of a link of its way, and the part of it on each.
fn crossed(swaps: &[Swap], link: LinkIndex) -> impl Iterator<Item = (LinkIndex, f64)> {
    let own = swaps.iter().filter(move |swap| swap.from == link);
    let own = own.map(|swap| (swap.to, swap.part));
    let none = !swaps.iter().any(|swap| swap.from == link);
    own.chain(none.then_some((link, 1.0)))
}

/// How far a datagram's sender is held back.
///
/// While a packet still charges its socket, the sender is held back by everything up to the wire
/// and by its send buffer (buffer ÷ time to completion). Where a hop orphans the packet
/// (`skb_orphan`, as in `ip_rcv`), only the sending core holds it back. Behind the wire, or past
/// the queue of a receiving socket, which takes the packet onto its own account
/// (`skb_set_owner_r`), nothing holds it back in any case.
struct Hold {
    /// Hops before this one hold the sender back.
    until: usize,
    /// Whether that is because a hop orphans the packet.
    orphaned: bool,
}

impl Hold {
    fn of(stage: &Stage) -> Hold {
        let roles = || stage.hops.iter().map(|hop| hop.udp);
        if let Some(until) = roles().position(|role| role.orphans) {
            return Hold { until, orphaned: true };
        }
        let end = stage.hops.iter().position(|hop| hop.udp.wire || hop.udp.delivers);
        let until = match end {
            Some(at) if stage.hops[at].udp.wire => at + 1,
            Some(at) => at,
            None => stage.hops.len(),
        };
        Hold { until, orphaned: false }
    }
}
