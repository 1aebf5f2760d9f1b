//! The longest path of one plan, in all lanes at once.

use std::collections::{BTreeMap, HashMap};

use sim::Time;

use super::super::{NOBODY, Spans};
use super::{Client, Reader, Timing};
use crate::plan::{BASE, Book, DemandId, Op, PhaseId, Plan};

/// The spans of plan `of` as each reader sees it, and what became of datagrams.
pub(super) fn walk(readers: &[Reader<'_>], of: usize) -> (Vec<Spans>, HashMap<DemandId, Timing>) {
    let (plan, lanes) = (readers[0].plan(of), readers.len());
    let ends = plan.len() * lanes;
    let mut walk = Walk {
        readers,
        of,
        plan,
        end: vec![Time::MAX; ends],
        by: vec![NOBODY; ends],
        by_landing: vec![false; ends],
        granted: vec![HashMap::new(); lanes],
        ready: vec![Time::ZERO; lanes],
        takes: vec![Time::ZERO; plan.phases() * lanes],
        known: vec![false; plan.phases()],
        timings: HashMap::new(),
        turns: HashMap::new(),
        taken: BTreeMap::new(),
    };
    walk.run();
    walk.read()
}

/// A walk over the steps of a plan. What each lane has of a firing or phase stands side by side.
struct Walk<'a> {
    readers: &'a [Reader<'a>],
    of: usize,
    plan: &'a Plan,
    /// Of firings, as in [`Spans`].
    end: Vec<Time>,
    by: Vec<u32>,
    by_landing: Vec<bool>,
    /// As in [`Spans`], for each lane.
    granted: Vec<HashMap<u32, u32>>,
    /// When the firing that is looked at may begin.
    ready: Vec<Time>,
    /// How long each phase takes, once it is known.
    takes: Vec<Time>,
    known: Vec<bool>,
    /// Of moves that may lose datagrams.
    timings: HashMap<DemandId, Timing>,
    /// By how much others make turns longer.
    turns: HashMap<Client, f64>,
    /// For each pool, the firings that gave it back, in order, and how often it was taken.
    taken: BTreeMap<usize, (Vec<u32>, usize)>,
}

impl Walk<'_> {
    fn run(&mut self) {
        let steps = &self.plan.steps;
        let mut at = 0;
        while at < steps.len() {
            // Steps of one count that stand together are a loop: iteration by iteration.
            let count = steps[at].count;
            let end = at + steps[at..].iter().take_while(|step| step.count == count).count();
            for i in 0..count {
                (at..end).for_each(|step| self.fire(step as u32, i));
            }
            at = end;
        }
    }

    fn fire(&mut self, step: u32, i: u32) {
        let lanes = self.readers.len();
        let firing = self.plan.firing(step, i);
        let own = firing as usize * lanes;
        self.ready.fill(Time::ZERO);
        for (firings, landed) in self.plan.before(step, i) {
            for before in firings {
                let ends = &self.end[before as usize * lanes..][..lanes];
                let by = &mut self.by[own..own + lanes];
                let by_landing = &mut self.by_landing[own..own + lanes];
                for (lane, ready) in self.ready.iter_mut().enumerate() {
                    if ends[lane] > *ready || by[lane] == NOBODY {
                        *ready = ends[lane].max(*ready);
                        by[lane] = before;
                        by_landing[lane] = landed;
                    }
                }
            }
        }
        let phase = self.plan.steps[step as usize].phase(i);
        if !std::mem::replace(&mut self.known[phase.0 as usize], true) {
            (0..lanes)
                .for_each(|at| self.takes[phase.0 as usize * lanes + at] = self.time(at, phase));
        }
        self.enter(self.plan.phase(phase, BASE).op, firing);
        let takes = &self.takes[phase.0 as usize * lanes..][..lanes];
        let ends = self.end[own..own + lanes].iter_mut();
        for ((end, ready), takes) in ends.zip(&self.ready).zip(takes) {
            *end = *ready + *takes;
        }
    }

    /// When a firing that is ready is let in: lanes differ only in that.
    fn enter(&mut self, op: Op, firing: u32) {
        match op {
            Op::Acquire(pool) => {
                let slots = self.readers[0].resources.pools[pool.0] as usize;
                let (given, taken) = self.taken.entry(pool.0).or_default();
                *taken += 1;
                let by = taken.checked_sub(slots + 1).and_then(|at| given.get(at));
                let Some(&by) = by else { return };
                let ends = &self.end[by as usize * self.ready.len()..];
                for ((ready, end), granted) in
                    self.ready.iter_mut().zip(ends).zip(&mut self.granted)
                {
                    if *end > *ready {
                        *ready = *end;
                        granted.insert(firing, by);
                    }
                }
            }
            Op::Release(pool) => self.taken.entry(pool.0).or_default().0.push(firing),
            Op::Wait(_) | Op::Move(_) | Op::Turn { .. } => {}
        }
    }

    /// How long a phase takes in the lane of reader `at`.
    fn time(&mut self, at: usize, phase: PhaseId) -> Time {
        let reader = &self.readers[at];
        let phase = self.plan.phase(phase, reader.lane);
        let (time, timing) = reader.takes(self.of, phase, &mut self.turns);
        self.timings.extend(timing);
        time
    }

    /// What was found, lane by lane.
    fn read(self) -> (Vec<Spans>, HashMap<DemandId, Timing>) {
        let Walk { readers, plan, end, by, by_landing, granted, timings, .. } = self;
        let lanes = readers.len();
        let spans = match lanes {
            1 => vec![(end, by, by_landing)],
            _ => (0..lanes)
                .map(|lane| {
                    let end = end.iter().skip(lane).step_by(lanes).copied();
                    let by = by.iter().skip(lane).step_by(lanes).copied();
                    let by_landing = by_landing.iter().skip(lane).step_by(lanes).copied();
                    (end.collect(), by.collect(), by_landing.collect())
                })
                .collect(),
        };
        let spans = spans.into_iter().zip(granted).zip(readers);
        let spans = spans.map(|(((end, by, by_landing), granted), reader)| {
            let last = last(plan, reader.lane, &end, &by);
            let begin = Time::ZERO;
            let none = Spans::new(0, begin);
            Spans { begin, end, by, by_landing, granted, last, ..none }
        });
        (spans.collect(), timings)
    }
}

/// The firing that ended last: of those that took no time of anybody, what released it.
fn last(plan: &Plan, lane: u32, end: &[Time], by: &[u32]) -> u32 {
    let ended = |firing: &u32| end[*firing as usize];
    let mut last = (0..plan.len() as u32).max_by_key(ended).unwrap_or(NOBODY);
    while last != NOBODY && plan.fired(last, lane).book == Book::Nobody {
        match by[last as usize] {
            NOBODY => break,
            by if ended(&by) < ended(&last) => break,
            by => last = by,
        }
    }
    last
}
