//! The closed form: the longest path through a plan, with static rates for its moves.
//!
//! A firing begins when the last of those that it waits for has ended; in a loop this is the
//! recurrence of a pipeline:
//!
//! ```text
//!  begin(i, s) = max( end(i, s−1),  end(i−1, s) [engine],  end(i−n, s+1) [buffer] )
//! ```
//!
//! (max-plus algebra; F. Baccelli et al., *Synchronization and Linearity*, 1992, chapter 2). A pool
//! of n slots is an edge with lag n in the order in which the plan takes it; what other plans take
//! of it is not seen. How others slow moves down is in [`super::company`]. The end is never before
//! the work of the plan's busiest link is done.

use std::collections::{BTreeMap, HashMap};

use sim::{LinkId, Time};

use super::company::Company;
use super::datagram::Rates;
use super::{Discipline, Resources, Spans, Trace};
use crate::gpu::share::Turns;
use crate::plan::{Demand, DemandId, Loss, Op, Plan, Taker};

/// Reads all plans, which begin at the same time.
pub(crate) fn traces(resources: &Resources, plans: &[&Plan]) -> Vec<Trace> {
    let which: Vec<usize> = (0..plans.len()).collect();
    let reader = Reader::new(resources, plans);
    let mut traces: Vec<Trace> = which.iter().map(|&of| reader.trace(of)).collect();
    let ends: Vec<f64> = traces.iter().map(|trace| trace.spans.ended().as_seconds()).collect();
    for (of, trace) in traces.iter_mut().enumerate() {
        reader.load(of, trace, &ends);
    }
    traces
}

/// Reads plan `of` beside the others, for its end alone.
pub(crate) fn trace(resources: &Resources, plans: &[&Plan], of: usize) -> Trace {
    Reader::new(resources, plans).trace(of)
}

/// A rate that is this part of that alone is none.
const STARVED: f64 = 1e-6;

struct Reader<'a> {
    resources: &'a Resources,
    plans: &'a [&'a Plan],
    company: Company<'a>,
}

/// How long a move takes, and what becomes of it.
#[derive(Clone)]
struct Timing {
    span: Time,
    rates: Vec<Rates>,
}

impl<'a> Reader<'a> {
    fn new(resources: &'a Resources, plans: &'a [&'a Plan]) -> Reader<'a> {
        Reader { resources, plans, company: Company::new(&resources.links, plans) }
    }

    fn trace(&self, of: usize) -> Trace {
        let plan = self.plans[of];
        let mut walk = Walk {
            reader: self,
            of,
            plan,
            spans: Spans::new(plan.len(), Time::ZERO),
            timings: HashMap::new(),
            turns: HashMap::new(),
            taken: BTreeMap::new(),
        };
        walk.run();
        let Walk { spans, timings, .. } = walk;
        let mut trace = Trace::new(spans, plan);
        for step in &plan.steps {
            for i in 0..step.count.min(3) {
                // First, last, and all between.
                let (phase, times) = match i {
                    0 => (&step.first, 1.0),
                    1 => (&step.last, 1.0),
                    _ => (&step.middle, f64::from(step.count - 2)),
                };
                let Op::Move(id) = phase.op else { continue };
                let demand = plan.demand(id);
                if demand.main && demand.is_lossy() {
                    self.lose(&mut trace, demand, &timings[&id], times);
                }
            }
        }
        self.contended(plan, &mut trace);
        trace
    }

    /// Books what datagrams lose, in the order of the way.
    fn lose(&self, trace: &mut Trace, demand: &Demand, timing: &Timing, times: f64) {
        for (flow, rates) in demand.flows.iter().zip(&timing.rates) {
            let lost = demand.bytes * (1.0 - rates.delivered / rates.sent) * times;
            // To the place that lets least of it pass.
            let capacity = |link: LinkId| self.resources.links[link.index()];
            let room = |loss: &&Loss| match loss.taker {
                Taker::Wire(hop) | Taker::Core(hop) => capacity(hop.link) / hop.weight,
                Taker::Queue(most) => most,
            };
            let least = flow.losses.iter().min_by(|a, b| room(a).total_cmp(&room(b)));
            if let Some(loss) = least {
                trace.lose(loss.row, lost);
            }
        }
    }

    /// Stages that run at the same time share links: the end is not before their work is done.
    fn contended(&self, plan: &Plan, trace: &mut Trace) {
        if trace.spans.last == super::NOBODY || !trace.lost.is_empty() {
            return;
        }
        let work = plan.work().into_iter();
        let busy = work.map(|(link, work)| (link, work / self.resources.links[link.index()]));
        let Some((link, seconds)) = busy.max_by(|a, b| a.1.total_cmp(&b.1)) else { return };
        let last = trace.spans.last as usize;
        let least = trace.spans.begin.saturating_add(Time::from_seconds(seconds));
        let slack = least.saturating_sub(trace.spans.end[last]);
        if slack > Time::ZERO {
            trace.spans.end[last] = least;
            let waits = trace.spans.slowed.entry(trace.spans.last).or_default();
            waits.push((link, slack.as_seconds()));
        }
    }

    /// The work on the links of plan `of` from its beginning to its end.
    fn load(&self, of: usize, trace: &mut Trace, ends: &[f64]) {
        let own = self.plans[of].work();
        let others: Vec<(BTreeMap<LinkId, f64>, f64)> = self
            .company
            .others(of)
            .map(|other| (self.plans[other].work(), (ends[of] / ends[other]).min(1.0)))
            .collect();
        for load in &mut trace.loads {
            let of_link =
                |work: &BTreeMap<LinkId, f64>| work.get(&load.link).copied().unwrap_or(0.0);
            let beside: f64 = others.iter().map(|(work, part)| of_link(work) * part).sum();
            let most = self.resources.links[load.link.index()] * ends[of];
            load.work = (of_link(&own) + beside).min(most.max(0.0));
        }
    }

    fn timing(&self, of: usize, demand: &Demand) -> Timing {
        let rates = self.company.rates(of, demand);
        let span = |rates: &[Rates]| {
            let slowest = rates.iter().map(|rate| rate.sent).fold(f64::INFINITY, f64::min);
            demand.bytes / slowest
        };
        let seconds = span(&rates);
        if seconds * STARVED <= demand.streaming.alone {
            return Timing { span: Time::from_seconds(seconds), rates };
        }
        // Datagrams take all of some link: it waits until they are through, and is then alone.
        let floods = self.company.others(of).flat_map(|other| &self.plans[other].demands);
        let floods = floods.filter(|demand| demand.main && demand.is_lossy());
        let longest = floods.map(|demand| demand.streaming.alone).fold(0.0, f64::max);
        let rates = self.company.alone(demand);
        Timing { span: Time::from_seconds(longest + span(&rates)), rates }
    }

    /// By how much the turns of others make those of `client` longer.
    fn in_turns(&self, server: u32, client: u32) -> f64 {
        let Discipline::Turns(quantum, switch) = self.resources.servers[server as usize] else {
            return 1.0;
        };
        let mut clients: Vec<(u32, Time)> = Vec::new();
        for step in self.plans.iter().flat_map(|plan| &plan.steps) {
            for i in 0..step.count {
                let Op::Turn { server: at, client, work } = step.phase(i).op else { break };
                if at != server {
                    break;
                }
                match clients.iter_mut().find(|(known, _)| *known == client) {
                    Some((_, sum)) => *sum = sum.saturating_add(work),
                    None => clients.push((client, work)),
                }
            }
        }
        let works: Vec<Time> = clients.iter().map(|(_, work)| *work).collect();
        let which = clients.iter().position(|(known, _)| *known == client);
        let which = which.expect("who asks has work there");
        let elapsed = Turns { quantum, switch }.elapsed(&works, which);
        elapsed.as_seconds() / works[which].as_seconds().max(f64::MIN_POSITIVE)
    }
}

/// The longest path of one plan.
struct Walk<'a> {
    reader: &'a Reader<'a>,
    of: usize,
    plan: &'a Plan,
    spans: Spans,
    timings: HashMap<DemandId, Timing>,
    turns: HashMap<(u32, u32), f64>,
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
        let ended = |firing: &u32| self.spans.end[*firing as usize];
        let all = 0..self.plan.len() as u32;
        self.spans.last = all.max_by_key(ended).unwrap_or(super::NOBODY);
    }

    fn fire(&mut self, step: u32, i: u32) {
        let firing = self.plan.firing(step, i);
        let mut ready = Time::ZERO;
        for (firings, landed) in self.plan.before(step, i) {
            for before in firings {
                let end = self.spans.end[before as usize];
                let first = self.spans.by[firing as usize] == super::NOBODY;
                if end > ready || first {
                    ready = ready.max(end);
                    self.spans.by[firing as usize] = before;
                    self.spans.by_landing[firing as usize] = landed;
                }
            }
        }
        let this = &self.plan.steps[step as usize];
        let span = self.span(this.phase(i).op);
        let span = match this.part {
            1.0 => span,
            part => Time::from_ps((span.as_ps() as f64 * part) as u64),
        };
        let begin = self.enter(this.phase(i).op, firing, ready);
        self.spans.end[firing as usize] = begin.saturating_add(span);
    }

    /// When a firing that is ready is let in.
    fn enter(&mut self, op: Op, firing: u32, ready: Time) -> Time {
        match op {
            Op::Acquire(pool) => {
                let slots = self.reader.resources.pools[pool.0] as usize;
                let (given, taken) = self.taken.entry(pool.0).or_default();
                *taken += 1;
                let by = taken.checked_sub(slots + 1).and_then(|at| given.get(at)).copied();
                match by.map(|by| (by, self.spans.end[by as usize])) {
                    Some((by, end)) if end > ready => {
                        self.spans.granted.insert(firing, by);
                        end
                    }
                    _ => ready,
                }
            }
            Op::Release(pool) => {
                self.taken.entry(pool.0).or_default().0.push(firing);
                ready
            }
            _ => ready,
        }
    }

    fn span(&mut self, op: Op) -> Time {
        match op {
            Op::Wait(time) => time,
            Op::Acquire(_) | Op::Release(_) => Time::ZERO,
            Op::Move(id) => {
                let (reader, of) = (self.reader, self.of);
                let demand = self.plan.demand(id);
                self.timings.entry(id).or_insert_with(|| reader.timing(of, demand)).span
            }
            Op::Turn { server, client, work } => {
                let reader = self.reader;
                let factor = self.turns.entry((server, client));
                let factor = *factor.or_insert_with(|| reader.in_turns(server, client));
                Time::from_seconds(work.as_seconds() * factor)
            }
        }
    }
}
