//! Pods over time: they arrive, are placed, wait or are skipped, start, work and end.
//!
//! ```text
//! arrives ──► fits? ── yes ──► placed ── start ──► works ──► ends: its room is free again
//!               │                ▲
//!               └─ no: waits ────┘   (or is skipped)
//! ```

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use sim::Time;
use sim::stats::TimeMean;

use super::ask::Ask;
use super::fragmentation::Fragmentation;
use super::gang::{Claim, admit};
use super::pods::Pods;
use super::scheduler::{Scheduler, Slot};
use super::state::State;
use super::wasted::Wasted;

/// When a pod of a trace comes, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// When it arrives.
    pub arrives: Time,
    /// How long it works once it has started.
    pub works: Time,
    /// The number of its gang, if it has one: it is placed with all others of that number.
    pub gang: Option<u32>,
}

/// What happens to pods that fit nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// They go away.
    Skip,
    /// They wait, and later ones that fit go first, as with kube-scheduler.
    Wait,
    /// They wait, and nobody goes before them.
    Line,
}

impl Unfit {
    /// Every one by its name.
    pub const ALL: [(&'static str, Unfit); 3] =
        [("skip", Unfit::Skip), ("wait", Unfit::Wait), ("line", Unfit::Line)];
}

/// How a trace is lived through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What happens to pods that fit nowhere.
    pub unfit: Unfit,
    /// What passes between the placement of a pod and the beginning of its work.
    pub start: Time,
    /// How many moments are looked at, evenly from the first arrival until the trace would be over
    /// if nobody waited.
    pub moments: u32,
}

/// The cluster at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Since the first arrival.
    pub time: Time,
    /// GPU that pods have [percent of the cluster's].
    pub allocated_percent: f64,
    /// The part of it whose pods work and no longer start [percent of the cluster's].
    pub working_percent: f64,
    /// What the typical pods cannot use of the rest [percent of it].
    pub fragmented_percent: f64,
    /// Pods that are placed.
    pub pods: u64,
    /// Pods that wait.
    pub waiting: u64,
}

/// What became of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// When it was placed.
    pub placed: Time,
    /// When it ended.
    pub ended: Time,
    /// Where it was.
    pub slot: Slot,
}

/// What came of a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Life {
    /// The moments.
    pub moments: Vec<Moment>,
    /// What became of each pod; none was placed that has no stay.
    pub stays: Vec<Option<Stay>>,
    /// The mean over time of the allocated GPU until the last end [percent of the cluster's].
    pub allocated_percent: f64,
    /// The same of GPU whose pods work.
    pub working_percent: f64,
}

/// Pods that are placed together, and when all of them are there.
struct Group {
    arrives: Time,
    pods: Vec<u32>,
}

/// What lies ahead besides arrivals, in the order in which it happens at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    End(u32),
    Start(u32),
    Look,
}

/// Lives through a trace whose visits are in the order of its pods.
pub fn live(
    state: &mut State<'_>,
    trace: &Pods,
    visits: &[Visit],
    scheduler: &mut dyn Scheduler,
    fragmentation: &Fragmentation,
    rules: Rules,
) -> Life {
    let empty = State::new(state.fleet());
    let nodes = 0..state.fleet().nodes().len();
    let possible = |ask: &Ask| nodes.clone().any(|node| empty.free(node).fits(ask));
    let mut world = World {
        possible: trace.shapes().iter().map(possible).collect(),
        trace,
        visits,
        rules,
        agenda: BinaryHeap::new(),
        queue: VecDeque::new(),
        stays: vec![None; visits.len()],
        pods: 0,
        allocated: TimeMean::new(Time::ZERO, 0.0),
        working: TimeMean::new(Time::ZERO, 0.0),
        now: Time::ZERO,
    };
    let over = visits.iter().map(|visit| visit.arrives + rules.start + visit.works).max();
    let step = over.unwrap_or(Time::ZERO).as_ps() / u64::from(rules.moments.max(1));
    let looks = (1..=u64::from(rules.moments)).map(|at| Time::from_ps(step * at));
    world.agenda.extend(looks.map(|time| Reverse((time, Event::Look))));
    let mut wasted = Wasted::new(fragmentation, state);
    let mut moments = Vec::new();
    let mut groups = groups(visits).into_iter().peekable();
    loop {
        let arrival = groups.peek().map(|group| group.arrives);
        let next = world.agenda.peek().map(|Reverse((time, _))| *time);
        match (arrival, next) {
            (None, None) => break,
            (Some(arrival), next) if next.is_none_or(|next| arrival < next) => {
                world.now = arrival;
                let group = groups.next().expect("it was peeked at");
                world.arrive(group, state, scheduler);
            }
            _ => {
                let Reverse((time, event)) = world.agenda.pop().expect("it was peeked at");
                world.now = time;
                match event {
                    Event::End(pod) => world.end(pod, state, scheduler),
                    Event::Start(pod) => world.work(pod, 1.0),
                    Event::Look => moments.push(world.look(state, &mut wasted)),
                }
            }
        }
    }
    let percent = |mean: &TimeMean| 100.0 * mean.mean(world.now) / total(state);
    Life {
        moments,
        allocated_percent: percent(&world.allocated),
        working_percent: percent(&world.working),
        stays: world.stays,
    }
}

/// The pods of a trace by gang, in the order in which each is complete.
fn groups(visits: &[Visit]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut gangs = std::collections::BTreeMap::new();
    for (pod, visit) in (0..).zip(visits) {
        let at = match visit.gang {
            Some(gang) => *gangs.entry(gang).or_insert(groups.len()),
            None => groups.len(),
        };
        match groups.get_mut(at) {
            Some(group) => {
                group.pods.push(pod);
                group.arrives = group.arrives.max(visit.arrives);
            }
            None => groups.push(Group { arrives: visit.arrives, pods: vec![pod] }),
        }
    }
    groups.sort_by_key(|group| group.arrives);
    groups
}

/// A trace that is being lived through.
struct World<'a> {
    trace: &'a Pods,
    visits: &'a [Visit],
    rules: Rules,
    /// Whether some node can take a pod of a shape when nothing else is there.
    possible: Vec<bool>,
    agenda: BinaryHeap<Reverse<(Time, Event)>>,
    queue: VecDeque<Group>,
    stays: Vec<Option<Stay>>,
    /// How many are placed now.
    pods: u64,
    /// GPU [thousandths of one] that pods have, and that works.
    allocated: TimeMean,
    working: TimeMean,
    now: Time,
}

impl World<'_> {
    fn arrive(&mut self, group: Group, state: &mut State<'_>, scheduler: &mut dyn Scheduler) {
        let behind = self.rules.unfit == Unfit::Line && !self.queue.is_empty();
        if !behind && self.place(&group, state, scheduler) {
            return;
        }
        // What will never fit waits for nothing.
        let shape = |pod: &u32| self.trace.shape_of_each()[*pod as usize] as usize;
        let possible = group.pods.iter().all(|pod| self.possible[shape(pod)]);
        if possible && self.rules.unfit != Unfit::Skip {
            self.queue.push_back(group);
        }
    }

    fn end(&mut self, pod: u32, state: &mut State<'_>, scheduler: &mut dyn Scheduler) {
        let ask = self.trace.ask(pod as usize);
        let slot = &self.stays[pod as usize].as_ref().expect("it was placed").slot;
        state.release(ask, slot);
        self.pods -= 1;
        self.work(pod, -1.0);
        self.allocated.set(self.now, state.allocated() as f64);
        // A shape that fitted nowhere does not fit while nothing ends.
        let mut unfit = BTreeSet::new();
        for _ in 0..self.queue.len() {
            let group = self.queue.pop_front().expect("so many wait");
            let shape = self.trace.shape_of_each()[group.pods[0] as usize];
            let alone = group.pods.len() == 1;
            let barred = match self.rules.unfit {
                Unfit::Line => !unfit.is_empty(),
                Unfit::Wait | Unfit::Skip => alone && unfit.contains(&shape),
            };
            if barred || !self.place(&group, state, scheduler) {
                if alone || self.rules.unfit == Unfit::Line {
                    unfit.insert(shape);
                }
                self.queue.push_back(group);
            }
        }
    }

    /// Places all pods of a group if they fit.
    fn place(
        &mut self,
        group: &Group,
        state: &mut State<'_>,
        scheduler: &mut dyn Scheduler,
    ) -> bool {
        let claim = |&pod: &u32| (u64::from(pod), self.trace.shape_of_each()[pod as usize]);
        let claims: Vec<Claim> = group.pods.iter().map(claim).collect();
        let Some(slots) = admit(state, self.trace, &claims, scheduler) else { return false };
        for (&pod, slot) in group.pods.iter().zip(slots) {
            let works = self.now + self.rules.start;
            let ended = works + self.visits[pod as usize].works;
            self.stays[pod as usize] = Some(Stay { placed: self.now, ended, slot });
            self.agenda.push(Reverse((works, Event::Start(pod))));
            self.agenda.push(Reverse((ended, Event::End(pod))));
        }
        self.pods += group.pods.len() as u64;
        self.allocated.set(self.now, state.allocated() as f64);
        true
    }

    fn work(&mut self, pod: u32, sign: f64) {
        let milli = self.trace.ask(pod as usize).gpu_milli();
        self.working.add(self.now, sign * milli as f64);
    }

    fn look(&self, state: &State<'_>, wasted: &mut Wasted<'_>) -> Moment {
        let percent = |milli: f64| 100.0 * milli / total(state);
        Moment {
            time: self.now,
            allocated_percent: percent(state.allocated() as f64),
            working_percent: percent(self.working.level()),
            fragmented_percent: wasted.percent(state),
            pods: self.pods,
            waiting: self.queue.iter().map(|group| group.pods.len() as u64).sum(),
        }
    }
}

/// The GPU of the cluster [thousandths of one].
fn total(state: &State<'_>) -> f64 {
    state.fleet().gpu_milli().max(1) as f64
}
