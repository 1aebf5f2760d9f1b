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
//! of it is not seen. A plan of several lanes is walked once, and lanes may differ in what is last.
//! How others slow moves down is in [`super::company`]. The end is never before
//! the work of the plan's busiest link is done.

mod brief;
mod walk;

use std::collections::HashMap;

use sim::{LinkId, Time};

pub(crate) use self::brief::Ends;
use self::walk::walk;
use super::company::Company;
use super::datagram::{AllRates, Rates};
use super::{Discipline, Resources, Spans, Trace};
use crate::gpu::share::Turns;
use crate::plan::{BASE, Demand, DemandId, Loss, Op, Phase, Plan, Step, Taker};
use crate::predict::Stop;

/// So many ends of firings are kept at a time, in all lanes together: some 50 MB.
const ENDS_MAX: usize = 1 << 22;

/// Reads all plans, which begin at the same time, with the resources of each lane. What `book`
/// makes of a lane's traces is kept, and not the traces.
pub(crate) fn read<T>(
    lanes: &[Resources],
    plans: &[&Plan],
    book: impl Fn(&[Trace]) -> T,
) -> Vec<T> {
    read_until(lanes, plans, book, &|| false).expect("nobody stops it")
}

/// The same; none if `stop` says so before all are read.
pub(crate) fn read_until<T>(
    lanes: &[Resources],
    plans: &[&Plan],
    book: impl Fn(&[Trace]) -> T,
    stop: Stop<'_>,
) -> Option<Vec<T>> {
    let firings: usize = plans.iter().map(|plan| plan.len()).sum();
    let width = (ENDS_MAX / firings.max(1)).clamp(1, lanes.len().max(1));
    let lanes: Vec<(u32, &Resources)> = (0..).zip(lanes).collect();
    let mut booked = Vec::with_capacity(lanes.len());
    for lanes in lanes.chunks(width) {
        let mut companies: Vec<Company<'_>> = Vec::with_capacity(lanes.len());
        for &(lane, resources) in lanes {
            companies.push(Company::new(&resources.links, plans, lane));
        }
        let mut readers: Vec<Reader<'_>> = Vec::with_capacity(lanes.len());
        for (&(lane, resources), company) in lanes.iter().zip(&companies) {
            readers.push(Reader { resources, plans, lane, company, instead: None });
        }
        booked.extend(traces(&readers, plans.len(), stop)?.iter().map(|traces| book(traces)));
    }
    Some(booked)
}

/// The traces of so many plans in each lane.
fn traces(readers: &[Reader<'_>], plans: usize, stop: Stop<'_>) -> Option<Vec<Vec<Trace>>> {
    let mut traces: Vec<Vec<Trace>> = readers.iter().map(|_| Vec::with_capacity(plans)).collect();
    for of in 0..plans {
        if stop() {
            return None;
        }
        let (spans, timings) = walk(readers, of);
        for ((reader, traces), spans) in readers.iter().zip(&mut traces).zip(spans) {
            traces.push(reader.trace(of, spans, &timings));
        }
    }
    for (reader, traces) in readers.iter().zip(&mut traces) {
        let ends: Vec<f64> = traces.iter().map(|trace| trace.spans.ended().as_seconds()).collect();
        if traces.iter().any(|trace| !trace.loads.is_empty()) {
            let work = |plan: &&Plan| plan.work(reader.lane);
            let works: Vec<_> = reader.plans.iter().map(work).collect();
            let mut users: HashMap<LinkId, Vec<(usize, f64)>> = HashMap::new();
            for (plan, works) in works.into_iter().enumerate() {
                works.into_iter().for_each(|(link, work)| {
                    users.entry(link).or_default().push((plan, work));
                });
            }
            for (of, trace) in traces.iter_mut().enumerate() {
                reader.load(of, trace, &ends, &users);
            }
        }
    }
    Some(traces)
}

/// Reads a plan in the place of plan `of` beside the others, for its end alone.
pub(crate) fn trace(
    resources: &Resources,
    plans: &[&Plan],
    company: &Company<'_>,
    (of, plan): (usize, &Plan),
) -> Trace {
    let reader = Reader { resources, plans, lane: BASE, company, instead: Some((of, plan)) };
    let (mut spans, timings) = walk(std::slice::from_ref(&reader), of);
    reader.trace(of, spans.remove(0), &timings)
}

/// The same without the life of the plan, where that can be told so.
pub(crate) fn ends(
    resources: &Resources,
    plans: &[&Plan],
    company: &Company<'_>,
    (of, plan): (usize, &Plan),
) -> Option<Ends> {
    let reader = Reader { resources, plans, lane: BASE, company, instead: Some((of, plan)) };
    brief::ends(&reader, of)
}

/// A rate that is this part of that alone is none.
const STARVED: f64 = 1e-6;

/// What is read of plans in one lane.
struct Reader<'a> {
    resources: &'a Resources,
    plans: &'a [&'a Plan],
    lane: u32,
    company: &'a Company<'a>,
    /// A plan in the place of another.
    instead: Option<(usize, &'a Plan)>,
}

/// A client of a server in a lane.
type Client = (u32, u32, u32);

/// How long a move takes, and what becomes of it.
struct Timing {
    span: Time,
    rates: AllRates,
}

impl<'a> Reader<'a> {
    fn plan(&self, of: usize) -> &'a Plan {
        match self.instead {
            Some((at, plan)) if at == of => plan,
            _ => self.plans[of],
        }
    }

    fn trace(&self, of: usize, spans: Spans, timings: &HashMap<DemandId, Timing>) -> Trace {
        let plan = self.plan(of);
        let mut trace = Trace::new(spans, plan, self.lane);
        for (phase, times) in plan.steps.iter().flat_map(Step::phases) {
            let Op::Move(id) = plan.phase(phase, self.lane).op else { continue };
            let demand = plan.demand(id);
            if demand.main && demand.is_lossy() {
                self.lose(&mut trace, demand, &timings[&id], times);
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
                Taker::Chance(_) => f64::INFINITY,
            };
            let least = flow.losses.iter().min_by(|a, b| room(a).total_cmp(&room(b)));
            if let Some(loss) = least {
                trace.lose(loss.row, lost);
            }
        }
    }

    /// How long a phase takes, and what becomes of datagrams that may be lost. `turns` keeps by how
    /// much others make turns longer.
    fn takes(
        &self,
        of: usize,
        phase: &Phase,
        turns: &mut HashMap<Client, f64>,
    ) -> (Time, Option<(DemandId, Timing)>) {
        let (time, timing) = match phase.op {
            Op::Wait(time) => (time, None),
            Op::Acquire(_) | Op::Release(_) => (Time::ZERO, None),
            Op::Move(id) => {
                let demand = self.plan(of).demand(id);
                let timing = self.timing(of, demand);
                (timing.span, demand.is_lossy().then_some((id, timing)))
            }
            Op::Turn { server, client, work } => {
                let factor = turns.entry((self.lane, server, client));
                let factor = *factor.or_insert_with(|| self.in_turns(server, client));
                (Time::from_seconds(work.as_seconds() * factor), None)
            }
        };
        let time = match phase.part {
            1.0 => time,
            part => Time::from_ps((time.as_ps() as f64 * part) as u64),
        };
        (time, timing)
    }

    /// Stages that run at the same time share links: the end is not before their work is done.
    fn contended(&self, plan: &Plan, trace: &mut Trace) {
        if trace.spans.last == super::NOBODY || !trace.lost.is_empty() {
            return;
        }
        let last = trace.spans.last as usize;
        if let Some((link, slack)) = self.slack(plan, trace.spans.end[last]) {
            trace.spans.end[last] += slack;
            let waits = trace.spans.slowed.entry(trace.spans.last).or_default();
            waits.push((link, slack.as_seconds()));
        }
    }

    /// How much later than `end` the busiest link of a plan has done the plan's work, if it is
    /// later.
    fn slack(&self, plan: &Plan, end: Time) -> Option<(LinkId, Time)> {
        let work = plan.work(self.lane).into_iter();
        let busy = work.map(|(link, work)| (link, work / self.resources.links[link.index()]));
        let (link, seconds) = busy.max_by(|a, b| a.1.total_cmp(&b.1))?;
        let slack = Time::from_seconds(seconds).saturating_sub(end);
        (slack > Time::ZERO).then_some((link, slack))
    }

    /// The work on the links of plan `of` from its beginning to its end, by all that use them.
    fn load(
        &self,
        of: usize,
        trace: &mut Trace,
        ends: &[f64],
        users: &HashMap<LinkId, Vec<(usize, f64)>>,
    ) {
        for load in &mut trace.loads {
            let (mut own, mut beside) = (0.0, 0.0);
            for &(user, work) in users.get(&load.link).into_iter().flatten() {
                match user == of {
                    true => own = work,
                    false => beside += work * (ends[of] / ends[user]).min(1.0),
                }
            }
            let most = self.resources.links[load.link.index()] * ends[of];
            load.work = (own + beside).min(most.max(0.0));
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
        let floods = self.company.others(of).flat_map(|other| self.plan(other).demands(self.lane));
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
        let plans = (0..self.plans.len()).map(|of| self.plan(of));
        let steps = plans.flat_map(|plan| plan.steps.iter().map(move |step| (plan, step)));
        for (plan, step) in steps {
            for i in 0..step.count {
                let op = plan.phase(step.phase(i), self.lane).op;
                let Op::Turn { server: at, client, work } = op else { break };
                if at != server {
                    break;
                }
                match clients.iter_mut().find(|(known, _)| *known == client) {
                    Some((_, sum)) => *sum += work,
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
