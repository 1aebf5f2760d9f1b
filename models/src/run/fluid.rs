//! Moves as flows that share links max-min, with datagrams that nobody slows down.
//!
//! What datagrams take of a link is taken off its capacity for everyone else. Their rates depend on
//! what others leave where they are still held back, and the other way round; both are found again
//! whenever a rate has changed, until nothing changes any more.

use sim::{Agenda, Alarm, FlowId, Flows, LinkId, Time};
use smallvec::SmallVec;

use super::Load;
use super::datagram::{self, PerLink, ROUNDS, Sending};
use super::runs::Ticket;
use super::world::Event;
use crate::plan::{Demand, Loss};
use crate::predict::MESSAGE_MAX;

/// The tag of work behind a sender's hold, which nobody waits for.
const BEHIND: u32 = u32::MAX;

/// What slowed a flow down: for how long, as if it had stood still, at which links \[s\].
pub(super) type Slowed = SmallVec<[(LinkId, f64); 2]>;

/// A flow under way.
struct Active {
    ticket: Ticket,
    /// Which of its demand.
    flow: u32,
    id: FlowId,
    /// The rate that it would have with nobody else there [B/s].
    alone: f64,
    /// When it was last looked at, and what it had left then \[B\].
    since: Time,
    left: f64,
    bottleneck: Option<LinkId>,
    slowed: Slowed,
    datagrams: Option<Box<Datagrams>>,
}

/// Where a flow of datagrams loses them.
#[derive(Default)]
pub(super) struct Datagrams {
    losses: Vec<Loss>,
    /// Their work on each core behind which nothing holds them back, and the limit of each [B/s].
    cores: Vec<(FlowId, f64)>,
    /// The part that passes each place at present.
    parts: SmallVec<[f64; 4]>,
    /// What was lost there \[B\].
    pub(super) lost: Vec<f64>,
}

/// A flow that is complete.
pub(super) struct Done {
    pub(super) ticket: Ticket,
    pub(super) flow: u32,
    pub(super) slowed: Slowed,
    pub(super) datagrams: Option<Box<Datagrams>>,
}

/// The flows, and the one wake-up that they wait for.
pub(super) struct Fluid {
    flows: Flows<u32>,
    alarm: Alarm,
    capacities: Vec<f64>,
    active: Vec<Option<Active>>,
    free: Vec<u32>,
    /// Those of datagrams.
    lossy: Vec<u32>,
    /// What datagrams take of links at present [units/s], and took before \[units\].
    taken: PerLink,
    took: PerLink,
    taken_since: Time,
    done: Vec<u32>,
    /// Datagrams that are over, for those that come: the boxes are what is kept.
    #[expect(clippy::vec_box, reason = "a flow takes the box itself")]
    spare: Vec<Box<Datagrams>>,
    /// The greatest part of each link that was in use at any instant.
    pub(super) most: Vec<f64>,
}

impl Fluid {
    pub(super) fn new(capacities: &[f64]) -> Fluid {
        let mut flows = Flows::new();
        for &capacity in capacities {
            flows.link(capacity);
        }
        flows.watch();
        Fluid {
            flows,
            alarm: Alarm::new(),
            capacities: capacities.to_vec(),
            active: Vec::new(),
            free: Vec::new(),
            lossy: Vec::new(),
            taken: PerLink::default(),
            took: PerLink::default(),
            taken_since: Time::ZERO,
            done: Vec::new(),
            spare: Vec::new(),
            most: vec![0.0; capacities.len()],
        }
    }

    /// Starts the flows of a move, of `times` its bytes; how many there are to wait for: none where
    /// every hop is free.
    pub(super) fn send(
        &mut self,
        ticket: Ticket,
        demand: &Demand,
        times: f64,
        agenda: &mut Agenda<Event>,
    ) -> u32 {
        let now = agenda.now();
        let alone = demand.bytes / demand.streaming.alone;
        // A heavy tail has no end, but messages have.
        let size = (demand.bytes * times).min(MESSAGE_MAX as f64);
        let mut started = 0;
        for (at, flow) in demand.flows.iter().enumerate() {
            if flow.hops.is_empty() && flow.limit.is_infinite() {
                continue;
            }
            started += 1;
            let slot = self.free.pop().unwrap_or_else(|| {
                self.active.push(None);
                self.active.len() as u32 - 1
            });
            let (hops, limit) = (&flow.hops[..], flow.limit);
            let asked = sim::Demand { hops, size, limit, share: flow.share };
            let id = self.flows.start(now, asked, slot);
            let datagrams = (!flow.losses.is_empty()).then(|| {
                self.lossy.push(slot);
                let mut own = self.spare.pop().unwrap_or_default();
                own.losses.extend_from_slice(&flow.losses);
                own.parts.resize(flow.losses.len(), 1.0);
                own.lost.resize(flow.losses.len(), 0.0);
                for hop in datagram::cores(&flow.losses) {
                    // It is stopped when the last datagram has been sent.
                    let limit = f64::INFINITY;
                    let behind = sim::Demand { hops: &[hop], size, limit, share: 1.0 };
                    own.cores.push((self.flows.start(now, behind, BEHIND), f64::INFINITY));
                }
                own
            });
            self.active[slot as usize] = Some(Active {
                ticket,
                flow: at as u32,
                id,
                alone,
                since: now,
                left: size,
                bottleneck: None,
                slowed: Slowed::new(),
                datagrams,
            });
        }
        if started > 0 {
            self.alarm.set(now, Event::Flows, agenda);
        }
        started
    }

    /// Stops all flows of a run.
    pub(super) fn cut(&mut self, run: u32, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        for slot in 0..self.active.len() {
            let Some(active) = self.active[slot].take_if(|active| active.ticket.run == run) else {
                continue;
            };
            self.flows.stop(now, active.id);
            if let Some(datagrams) = active.datagrams {
                self.lossy.retain(|other| *other != slot as u32);
                for (id, _) in datagrams.cores {
                    self.flows.stop(now, id);
                }
            }
            self.free.push(slot as u32);
        }
        self.alarm.set(now, Event::Flows, agenda);
    }

    /// Moves everything forward to `now`: the flows that are complete.
    pub(super) fn advance(&mut self, now: Time, done: &mut Vec<Done>) {
        self.alarm.rang(now);
        let mut tags = std::mem::take(&mut self.done);
        self.flows.advance(now, &mut tags);
        for slot in tags.drain(..).filter(|slot| *slot != BEHIND) {
            let mut active = self.active[slot as usize].take().expect("a flow that was started");
            active.pass(now, 0.0);
            self.free.push(slot);
            if let Some(datagrams) = &active.datagrams {
                self.lossy.retain(|other| *other != slot);
                for (id, _) in &datagrams.cores {
                    self.flows.stop(now, *id);
                }
            }
            let Active { ticket, flow, slowed, datagrams, .. } = active;
            done.push(Done { ticket, flow, slowed, datagrams });
        }
        self.done = tags;
    }

    /// Takes back what a flow of datagrams had, once it is told.
    pub(super) fn reuse(&mut self, mut datagrams: Box<Datagrams>) {
        datagrams.losses.clear();
        datagrams.cores.clear();
        datagrams.parts.clear();
        datagrams.lost.clear();
        self.spare.push(datagrams);
    }

    /// Finds the rates from now on, and wakes when the next flow is complete.
    pub(super) fn share(&mut self, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        self.yield_to_datagrams(now);
        for change in self.flows.changes() {
            if let Some(Some(active)) = self.active.get_mut(change.tag as usize) {
                active.pass(now, self.flows.left(now, active.id));
                active.bottleneck = change.bottleneck;
            }
        }
        self.witness();
        let next = self.flows.next();
        if next < Time::MAX {
            self.alarm.set(next, Event::Flows, agenda);
        }
    }

    fn yield_to_datagrams(&mut self, now: Time) {
        if self.lossy.is_empty() && self.taken.is_empty() {
            return;
        }
        let span = (now - self.taken_since).as_seconds();
        for (link, rate) in self.taken.iter() {
            *self.took.entry(link) += rate * span;
        }
        self.taken_since = now;
        for _ in 0..ROUNDS {
            let mut sending: SmallVec<[Sending<'_>; 4]> = SmallVec::new();
            for &slot in &self.lossy {
                let active = self.active[slot as usize].as_ref().expect("it is under way");
                let datagrams = active.datagrams.as_ref().expect("it is lossy");
                let sent = self.flows.rate(active.id);
                let cores = datagrams.cores.iter().map(|(id, _)| self.flows.rate(*id)).collect();
                sending.push(Sending { losses: &datagrams.losses, sent, cores });
            }
            let capacities = &self.capacities;
            let passed = datagram::pass(&|link| capacities[link.index()], &sending);
            drop(sending);
            let mut changed = false;
            // Those that carried datagrams until now, and those that do from now on.
            let mut loads = passed.loads;
            for (link, _) in self.taken.iter() {
                loads.entry(link);
            }
            for (link, load) in loads.iter() {
                let before = self.taken.get(link).unwrap_or(0.0);
                let whole = self.capacities[link.index()];
                if datagram::is_other(before, load, whole) {
                    changed = true;
                    self.flows.capacity(now, link, (whole - load).max(0.0));
                }
            }
            for (reaching, &slot) in passed.reaching.iter().zip(&self.lossy) {
                let active = self.active[slot as usize].as_mut().expect("it is under way");
                let datagrams = active.datagrams.as_mut().expect("it is lossy");
                for ((id, limit), &reaching) in datagrams.cores.iter_mut().zip(reaching) {
                    if datagram::is_other(*limit, reaching, reaching) {
                        changed = true;
                        *limit = reaching;
                        self.flows.limit(now, *id, reaching);
                    }
                }
            }
            for (parts, &slot) in passed.parts.into_iter().zip(&self.lossy) {
                let active = self.active[slot as usize].as_mut().expect("it is under way");
                active.pass(now, self.flows.left(now, active.id));
                active.datagrams.as_mut().expect("it is lossy").parts = parts;
            }
            loads.retain_positive();
            self.taken = loads;
            if !changed {
                break;
            }
        }
    }

    /// Notes how much of each link is in use. Costs what all flows cross: for tests only.
    fn witness(&mut self) {
        if !cfg!(any(test, debug_assertions)) {
            return;
        }
        let mut loads = self.taken.clone();
        for active in self.active.iter().flatten() {
            let behind = active.datagrams.iter().flat_map(|datagrams| &datagrams.cores);
            for id in std::iter::once(active.id).chain(behind.map(|(id, _)| *id)) {
                let rate = self.flows.rate(id);
                for hop in self.flows.hops(id) {
                    *loads.entry(hop.link) += rate * hop.weight;
                }
            }
        }
        for (link, load) in loads.iter() {
            let most = &mut self.most[link.index()];
            *most = most.max(load / self.capacities[link.index()]);
        }
    }

    /// The work of a link up to now.
    pub(super) fn work(&mut self, link: LinkId, now: Time) -> f64 {
        let pending = self.taken.get(link).unwrap_or(0.0);
        let span = (now - self.taken_since).as_seconds();
        self.flows.used(now, link) + self.took.get(link).unwrap_or(0.0) + pending * span
    }

    /// Adds the work of links up to now.
    pub(super) fn loads(&mut self, loads: &mut [Load], now: Time) {
        for load in loads {
            load.work += self.work(load.link, now);
        }
    }

    /// Takes away the work of links up to now: what a plan that begins later has not seen.
    pub(super) fn forget(&mut self, loads: &mut [Load], now: Time) {
        for load in loads {
            load.work -= self.work(load.link, now);
        }
    }
}

impl Active {
    /// Lets time pass, after which it has so much left. What it was slower than alone is booked to
    /// the link that held it back: the time that it would not have needed for what it moved.
    fn pass(&mut self, now: Time, left: f64) {
        let (span, moved) = ((now - self.since).as_seconds(), self.left - left);
        (self.since, self.left) = (now, left);
        if span <= 0.0 {
            return;
        }
        let slower = span - moved / self.alone;
        if let (Some(link), true) = (self.bottleneck, slower > 1e-9 * span) {
            match self.slowed.iter_mut().find(|(known, _)| *known == link) {
                Some((_, seconds)) => *seconds += slower,
                None => self.slowed.push((link, slower)),
            }
        }
        if let Some(datagrams) = &mut self.datagrams {
            let mut bytes = moved;
            for (lost, part) in datagrams.lost.iter_mut().zip(&datagrams.parts) {
                *lost += bytes * (1.0 - part);
                bytes *= part;
            }
        }
    }
}
