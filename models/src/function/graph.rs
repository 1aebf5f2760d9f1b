//! Movements over the cluster's own graph: images, weights and results share its links.
//!
//! Every movement is a [`Transfer`] for each GPU, planned once. Carried out, its waits pass, its
//! pools are taken and given back first come, first served, and its moves are flows that share
//! links max-min with all others that are under way. While a flow is slower than it would be
//! alone, the time that it loses at the link that holds it back is booked to the others that use
//! that link, in proportion to what they take of it.

mod blame;
mod job;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use sim::{FlowId, Flows, LinkId, Pool, Seed, Time};

use super::mover::Mover;
use crate::cluster::Cluster;
use crate::input::InputError;
use crate::outcome::Fidelity;
use crate::plan::{BASE, Op, Plan};
use crate::predict;
use crate::transfer::Transfer;

use blame::Blame;
pub use blame::Spoiled;
use job::Job;

/// Something that moves, from where to where for each GPU; none if it never does for that one.
#[derive(Clone, Debug, PartialEq)]
pub struct Movement {
    /// What it is called in tables: `sdxl image`.
    pub name: String,
    /// By GPU.
    pub transfers: Vec<Option<Transfer>>,
}

/// How much of a link was in use.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    /// The link.
    pub link: String,
    /// The part of it, over the whole run.
    pub part: f64,
}

/// A firing of a job, that waits or moves.
type Firing = (u32, u32);

/// A flow under way.
struct Active {
    firing: Firing,
    movement: u32,
    id: FlowId,
    /// Its rate with nobody else there [B/s].
    alone: f64,
    bottleneck: Option<LinkId>,
}

/// What a flow takes of a link \[B/s\].
struct Taker {
    job: u32,
    movement: u32,
    taken: f64,
}

/// Carries out movements on a cluster.
pub struct Graph<'a> {
    cluster: &'a Cluster,
    seed: Seed,
    /// By movement and GPU.
    plans: Vec<Vec<Option<Plan>>>,
    flows: Flows<u32>,
    active: Vec<Option<Active>>,
    free: Vec<u32>,
    pools: Vec<Pool<Firing>>,
    /// Times that pass, in the order of their ends.
    waits: BinaryHeap<Reverse<(Time, u64, Firing)>>,
    noted: u64,
    jobs: Vec<Option<Job>>,
    spare: Vec<u32>,
    now: Time,
    blame: Blame,
    /// Firings that have ended and whose followers have not begun.
    ended: Vec<Firing>,
    /// Tags of jobs that have ended.
    done: Vec<u64>,
}

impl<'a> Graph<'a> {
    /// Plans movements on a cluster.
    ///
    /// # Errors
    /// If a transfer names no place of it, or there is no way between its ends.
    pub fn new(
        cluster: &'a Cluster,
        movements: &[Movement],
        seed: Seed,
    ) -> Result<Graph<'a>, InputError> {
        let plan = |transfer: &Transfer| -> Result<Plan, InputError> {
            let one = std::slice::from_ref(transfer);
            Ok(predict::plans(cluster, one, Fidelity::Flow, seed.get())?.remove(0))
        };
        let plans = |movement: &Movement| {
            let own = movement.transfers.iter().map(|own| own.as_ref().map(plan).transpose());
            own.collect::<Result<Vec<_>, InputError>>()
        };
        let mut flows = Flows::new();
        cluster.links.iter().for_each(|link| {
            flows.link(link.capacity);
        });
        flows.watch();
        Ok(Graph {
            cluster,
            seed,
            plans: movements.iter().map(plans).collect::<Result<_, InputError>>()?,
            flows,
            active: Vec::new(),
            free: Vec::new(),
            pools: cluster.pools.iter().map(|pool| Pool::new(pool.slots)).collect(),
            waits: BinaryHeap::new(),
            noted: 0,
            jobs: Vec::new(),
            spare: Vec::new(),
            now: Time::ZERO,
            blame: Blame::default(),
            ended: Vec::new(),
            done: Vec::new(),
        })
    }

    /// Plans another transfer of a movement; its number in the place of a GPU's.
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub fn add(&mut self, movement: u32, transfer: &Transfer) -> Result<u32, InputError> {
        let one = std::slice::from_ref(transfer);
        let seed = self.seed.get();
        let plan = predict::plans(self.cluster, one, Fidelity::Flow, seed)?.remove(0);
        let plans = &mut self.plans[movement as usize];
        plans.push(Some(plan));
        Ok(plans.len() as u32 - 1)
    }

    /// Who lost how much time where, and to whom, most first.
    pub fn spoiled(&self) -> Vec<Spoiled> {
        self.blame.told(self.cluster)
    }

    /// How much of each link was in use up to now, the most first; none that was not.
    pub fn used(&mut self) -> Vec<Used> {
        let span = self.now.as_seconds();
        let mut used: Vec<Used> = Vec::new();
        for (at, link) in (0..).zip(&self.cluster.links) {
            let work = self.flows.used(self.now, LinkId::new(at));
            if work > 0.0 && span > 0.0 {
                let part = work / link.capacity / span;
                used.push(Used { link: link.name.to_string(), part });
            }
        }
        used.sort_by(|a, b| b.part.total_cmp(&a.part).then_with(|| a.link.cmp(&b.link)));
        used
    }

    /// Lets firings follow those that have ended, until none is left.
    fn follow(&mut self) {
        while let Some((number, firing)) = self.ended.pop() {
            let Some(job) = &mut self.jobs[number as usize] else { continue };
            let plan = self.plans[job.movement as usize][job.gpu as usize].as_ref();
            let plan = plan.expect("it was begun");
            let ready = job.end(plan, firing);
            if job.is_over() {
                let job = self.jobs[number as usize].take().expect("it is there");
                self.spare.push(number);
                self.done.push(job.tag);
                continue;
            }
            ready.into_iter().rev().for_each(|next| self.fire((number, next)));
        }
    }

    /// Begins a firing.
    fn fire(&mut self, own: Firing) {
        let (number, firing) = own;
        let job = self.jobs[number as usize].as_mut().expect("it is under way");
        let (movement, now) = (job.movement, self.now);
        let plan = self.plans[movement as usize][job.gpu as usize].as_ref();
        let plan = plan.expect("it was begun");
        match plan.fired(firing, BASE).op {
            Op::Wait(span) | Op::Turn { work: span, .. } => {
                self.noted += 1;
                self.waits.push(Reverse((now + span, self.noted, own)));
            }
            Op::Acquire(pool) => {
                if self.pools[pool.0].acquire(own).is_some() {
                    job.held.push(pool.0);
                    self.ended.push(own);
                }
            }
            Op::Release(pool) => {
                job.held.retain(|held| *held != pool.0);
                self.ended.push(own);
                self.give_back(pool.0);
            }
            Op::Move(demand) => {
                let demand = plan.demand(demand);
                let alone = demand.bytes / demand.streaming.alone;
                let mut started = 0;
                for flow in &demand.flows {
                    if flow.hops.is_empty() && flow.limit.is_infinite() {
                        continue;
                    }
                    let slot = self.free.pop().unwrap_or_else(|| {
                        self.active.push(None);
                        self.active.len() as u32 - 1
                    });
                    let (hops, size) = (&flow.hops[..], demand.bytes);
                    let asked = sim::Demand { hops, size, limit: flow.limit, share: flow.share };
                    let id = self.flows.start(now, asked, slot);
                    let active = Active { firing: own, movement, id, alone, bottleneck: None };
                    self.active[slot as usize] = Some(active);
                    started += 1;
                }
                match started {
                    0 => self.ended.push(own),
                    _ => job.moving.push((firing, started)),
                }
            }
        }
    }

    /// A slot of a pool is free: whoever waits for it has it.
    fn give_back(&mut self, pool: usize) {
        if let Some((number, firing)) = self.pools[pool].release() {
            let job = self.jobs[number as usize].as_mut().expect("who leaves is not in line");
            job.held.push(pool);
            self.ended.push((number, firing));
        }
    }

    /// Lets time pass to `now`, up to which no rate changes, and books what was lost.
    fn pass(&mut self, now: Time) {
        if now <= self.now {
            return;
        }
        for change in self.flows.changes() {
            if let Some(Some(active)) = self.active.get_mut(change.tag as usize) {
                active.bottleneck = change.bottleneck;
            }
        }
        let span = (now - self.now).as_seconds();
        let all: Vec<(&Active, f64)> =
            self.active.iter().flatten().map(|own| (own, self.flows.rate(own.id))).collect();
        let slower = |own: &Active, rate: f64| span * (1.0 - rate / own.alone);
        let victims = all.iter().filter_map(|(own, rate)| {
            let seconds = slower(own, *rate);
            Some((*own, own.bottleneck?, seconds)).filter(|_| seconds > 1e-9 * span)
        });
        let victims: Vec<(&Active, LinkId, f64)> = victims.collect();
        // What each job takes of the links that hold somebody back.
        let mut takers: BTreeMap<LinkId, Vec<Taker>> = BTreeMap::new();
        for (_, link, _) in &victims {
            takers.entry(*link).or_default();
        }
        if !takers.is_empty() {
            for (own, rate) in &all {
                for hop in self.flows.hops(own.id) {
                    let taken = hop.weight * rate;
                    if let Some(link) = takers.get_mut(&hop.link).filter(|_| taken > 0.0) {
                        link.push(Taker { job: own.firing.0, movement: own.movement, taken });
                    }
                }
            }
        }
        for (own, link, seconds) in victims {
            let others = takers[&link].iter().filter(|other| other.job != own.firing.0);
            let others = others.map(|other| (other.movement, other.taken));
            self.blame.book(own.movement, link, seconds, others);
        }
        self.now = now;
    }
}

impl Mover for Graph<'_> {
    fn begin(&mut self, now: Time, movement: u32, gpu: u32, tag: u64) {
        self.pass(now);
        let plan = self.plans[movement as usize][gpu as usize].as_ref();
        let (job, ready) = Job::new(plan.expect("it moves for this GPU"), (movement, gpu), tag);
        let number = self.spare.pop().unwrap_or_else(|| {
            self.jobs.push(None);
            self.jobs.len() as u32 - 1
        });
        let nothing = job.is_over();
        self.jobs[number as usize] = Some(job);
        if nothing {
            self.done.push(tag);
            self.jobs[number as usize] = None;
            self.spare.push(number);
            return;
        }
        ready.into_iter().for_each(|firing| self.fire((number, firing)));
        self.follow();
    }

    fn stop(&mut self, now: Time, tag: u64) {
        self.pass(now);
        let is = |job: &Option<Job>| job.as_ref().is_some_and(|job| job.tag == tag);
        let Some(number) = self.jobs.iter().position(is) else { return };
        let job = self.jobs[number].take().expect("it was found");
        let number = number as u32;
        for slot in 0..self.active.len() {
            let own = |active: &mut Active| active.firing.0 == number;
            if let Some(active) = self.active[slot].take_if(own) {
                self.flows.stop(now, active.id);
                self.free.push(slot as u32);
            }
        }
        self.waits.retain(|Reverse((.., firing))| firing.0 != number);
        for pool in &mut self.pools {
            while pool.leave(|firing| firing.0 == number).is_some() {}
        }
        job.held.into_iter().for_each(|pool| self.give_back(pool));
        self.spare.push(number);
        self.follow();
    }

    fn next(&mut self) -> Time {
        if !self.done.is_empty() {
            return self.now;
        }
        let wait = self.waits.peek().map_or(Time::MAX, |Reverse((time, ..))| *time);
        wait.min(self.flows.next())
    }

    fn advance(&mut self, now: Time, done: &mut Vec<u64>) {
        loop {
            let next = self.next();
            if next > now || next == Time::MAX {
                break;
            }
            self.pass(next);
            let mut tags = Vec::new();
            self.flows.advance(next, &mut tags);
            for slot in tags {
                let active = self.active[slot as usize].take().expect("it was started");
                self.free.push(slot);
                let (number, firing) = active.firing;
                let job = self.jobs[number as usize].as_mut().expect("it is under way");
                if job.landed(firing) {
                    self.ended.push(active.firing);
                }
            }
            while let Some(&Reverse((time, _, firing))) = self.waits.peek() {
                if time > next {
                    break;
                }
                self.waits.pop();
                self.ended.push(firing);
            }
            self.follow();
            done.append(&mut self.done);
        }
    }
}
