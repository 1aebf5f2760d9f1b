//! The engine runs plans: pools queue, flows share, servers serve by their rules, and a step begins
//! when the last of those that it waits for has ended.

use sim::{Agenda, Alarm, Model, Pool, Time, in_order, run};

use super::fluid::Fluid;
use super::resource::{Resources, Server};
use super::units::{LostOf, Step as UnitStep, Units};
use super::{NOBODY, Spans, Trace};
use crate::outcome::Fidelity;
use crate::plan::{BASE, Op, Plan};

/// All that can happen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A plan begins.
    Start(u32),
    /// A wait of a run ends.
    End(Ticket),
    /// Some flow may be complete.
    Flows,
    /// A server may have something done.
    Turn(u32),
    /// A unit of a chunk reaches the next server of its stream.
    Unit { job: u32, station: u32 },
}
const _: () = assert!(size_of::<Event>() <= 16);

/// A firing of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    pub(crate) run: u32,
    pub(crate) firing: u32,
}

/// How bytes move: shared out, or unit by unit.
enum Mover {
    Fluid(Box<Fluid>),
    Units(Box<Units>),
}

/// A plan that runs.
struct Run<'a> {
    plan: &'a Plan,
    trace: Trace,
    /// For each firing, how many it still waits for.
    missing: Vec<u32>,
    /// For each firing, the flows of its move that have yet to be sent, and to land.
    moving: Vec<u32>,
    landing: Vec<u32>,
    open: usize,
}

struct World<'a> {
    runs: Vec<Run<'a>>,
    pools: Vec<Pool<Ticket>>,
    servers: Vec<(Server, Alarm)>,
    mover: Mover,
    /// Firings that became ready at this instant, begun in order.
    ready: Vec<Ticket>,
}

/// Runs plans that begin at given instants.
pub(crate) fn traces(
    resources: &Resources,
    plans: &[&Plan],
    starts: &[Time],
    fidelity: Fidelity,
) -> Vec<Trace> {
    traces_watched(resources, plans, starts, fidelity).0
}

/// The same, with the greatest part of each link that was in use at any instant.
pub(crate) fn traces_watched(
    resources: &Resources,
    plans: &[&Plan],
    starts: &[Time],
    fidelity: Fidelity,
) -> (Vec<Trace>, Vec<f64>) {
    let mover = match fidelity {
        Fidelity::Chunk => Mover::Units(Box::new(Units::new(&resources.links))),
        _ => Mover::Fluid(Box::new(Fluid::new(&resources.links))),
    };
    let mut world = World {
        runs: plans.iter().map(|plan| Run::new(plan)).collect(),
        pools: resources.pools.iter().map(|&slots| Pool::new(slots)).collect(),
        servers: resources.servers.iter().map(|d| (Server::new(d), Alarm::new())).collect(),
        mover,
        ready: Vec::new(),
    };
    let mut agenda = Agenda::new();
    for (at, &start) in starts.iter().enumerate() {
        agenda.at(start, Event::Start(at as u32));
    }
    run(&mut world, &mut agenda, Time::MAX);
    let most = match world.mover {
        Mover::Fluid(fluid) => fluid.most,
        Mover::Units(units) => units.most(),
    };
    (world.runs.into_iter().map(|run| run.trace).collect(), most)
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Run<'a> {
        let firings = plan.len();
        let mut missing = vec![0; firings];
        for (at, step) in plan.steps.iter().enumerate() {
            for i in 0..step.count {
                let before = plan.before(at as u32, i);
                let waits = before.map(|(firings, _)| firings.len() as u32).sum();
                missing[plan.firing(at as u32, i) as usize] = waits;
            }
        }
        Run {
            plan,
            trace: Trace::new(Spans::new(firings, Time::MAX), plan, BASE),
            missing,
            moving: vec![0; firings],
            landing: vec![0; firings],
            open: firings,
        }
    }
}

impl World<'_> {
    /// Begins every firing that is ready, until none is.
    fn drain(&mut self, agenda: &mut Agenda<Event>) {
        let mut at = 0;
        while at < self.ready.len() {
            let ticket = self.ready[at];
            at += 1;
            self.begin(ticket, agenda);
        }
        self.ready.clear();
    }

    /// What a firing asks of the cluster.
    fn begin(&mut self, ticket: Ticket, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let run = &mut self.runs[ticket.run as usize];
        let plan = run.plan;
        let (at, i) = plan.at(ticket.firing);
        let step = &plan.steps[at as usize];
        match plan.phase(step.phase(i), BASE).op {
            Op::Wait(time) => {
                let seen = step.fills && matches!(self.mover, Mover::Units(_));
                if time == Time::ZERO || seen {
                    self.finish(ticket, now);
                } else {
                    agenda.after(time, Event::End(ticket));
                }
            }
            Op::Acquire(pool) => {
                if self.pools[pool.0].acquire(ticket).is_some() {
                    self.finish(ticket, now);
                }
            }
            Op::Release(pool) => {
                self.finish(ticket, now);
                if let Some(next) = self.pools[pool.0].release() {
                    let by = if next.run == ticket.run { ticket.firing } else { NOBODY };
                    let spans = &mut self.runs[next.run as usize].trace.spans;
                    spans.granted.insert(next.firing, by);
                    self.finish(next, now);
                }
            }
            Op::Turn { server, client, work } => {
                run.moving[ticket.firing as usize] = 1;
                let (serves, alarm) = &mut self.servers[server as usize];
                match serves {
                    Server::Turns(turns) => {
                        if i == 0 {
                            // The others follow closely: the turn is kept for them.
                            turns.expect(client, u64::from(step.count));
                        }
                        turns.submit(now, client, work, ticket);
                    }
                    Server::InOrder(jobs, widths) => {
                        jobs.submit(now, widths[client as usize], work, ticket);
                    }
                }
                alarm.set(serves.next(), Event::Turn(server), agenda);
            }
            Op::Move(id) => {
                let demand = plan.demand(id);
                let flows = match &mut self.mover {
                    Mover::Fluid(fluid) => fluid.send(ticket, demand, agenda),
                    Mover::Units(units) => units.send(ticket, demand, agenda),
                };
                run.moving[ticket.firing as usize] = flows;
                run.landing[ticket.firing as usize] = flows;
                if flows == 0 {
                    self.finish(ticket, now);
                }
            }
        }
    }

    /// Notes the end of a firing, and readies what waited for it alone.
    fn finish(&mut self, ticket: Ticket, now: Time) {
        let run = &mut self.runs[ticket.run as usize];
        run.trace.spans.end[ticket.firing as usize] = now;
        let landed =
            run.landing[ticket.firing as usize] == 0 || matches!(self.mover, Mover::Fluid(_));
        self.release(ticket, false);
        if landed {
            self.release(ticket, true);
        }
        let run = &mut self.runs[ticket.run as usize];
        run.open -= 1;
        if run.open == 0 {
            run.trace.spans.last = ticket.firing;
            let loads = &mut run.trace.loads;
            match &mut self.mover {
                Mover::Fluid(fluid) => fluid.loads(loads, now),
                Mover::Units(units) => units.loads(loads),
            }
        }
    }

    /// Lets go on what waits for the end of a firing, or for its arrival.
    fn release(&mut self, ticket: Ticket, arrival: bool) {
        let Run { plan, trace, missing, .. } = &mut self.runs[ticket.run as usize];
        let (at, i) = plan.at(ticket.firing);
        for (firings, landed) in plan.behind(at, i) {
            if landed != arrival {
                continue;
            }
            for firing in firings {
                let missing = &mut missing[firing as usize];
                *missing -= 1;
                if *missing == 0 {
                    trace.spans.by[firing as usize] = ticket.firing;
                    trace.spans.by_landing[firing as usize] = landed;
                    self.ready.push(Ticket { firing, ..ticket });
                }
            }
        }
    }

    /// One flow of a move, or a turn, is complete.
    fn arrived(&mut self, ticket: Ticket, now: Time) -> bool {
        let moving = &mut self.runs[ticket.run as usize].moving[ticket.firing as usize];
        *moving -= 1;
        let all = *moving == 0;
        if all {
            self.finish(ticket, now);
        }
        all
    }

    /// Notes what a stream of a move lost.
    fn lose(&mut self, ticket: Ticket, lost: &LostOf) {
        let run = &mut self.runs[ticket.run as usize];
        let Op::Move(id) = run.plan.fired(ticket.firing, BASE).op else { return };
        let demand = run.plan.demand(id);
        if demand.main {
            let losses = &demand.flows[lost.flow as usize].losses;
            for (loss, bytes) in losses.iter().zip(&lost.bytes) {
                run.trace.lose(loss.row, *bytes);
            }
        }
    }

    /// One stream of a move has landed; if it was the last, what waits for that goes on.
    fn landed(&mut self, ticket: Ticket, now: Time) {
        let run = &mut self.runs[ticket.run as usize];
        let landing = &mut run.landing[ticket.firing as usize];
        *landing -= 1;
        if *landing == 0 && run.trace.spans.end[ticket.firing as usize] < Time::MAX {
            run.trace.spans.landed.insert(ticket.firing, now);
            self.release(ticket, true);
        }
    }

    fn settle(&mut self, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let Mover::Fluid(fluid) = &mut self.mover else { return };
        let done = fluid.advance(now);
        for done in done {
            if let Some(bytes) = done.lost {
                self.lose(done.ticket, &LostOf { flow: done.flow, bytes });
            }
            // What slowed the flow that came last decided.
            if self.arrived(done.ticket, now) && !done.slowed.is_empty() {
                let spans = &mut self.runs[done.ticket.run as usize].trace.spans;
                spans.slowed.insert(done.ticket.firing, done.slowed);
            }
        }
        self.drain(agenda);
        if let Mover::Fluid(fluid) = &mut self.mover {
            fluid.share(agenda);
        }
    }

    /// Serves a server's clients up to now.
    fn turn(&mut self, server: u32, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let (serves, alarm) = &mut self.servers[server as usize];
        alarm.rang(now);
        let mut done: Vec<(Ticket, Option<Time>)> = Vec::new();
        match serves {
            Server::Turns(turns) => {
                let mut jobs = Vec::new();
                turns.advance(now, &mut jobs);
                done.extend(jobs.into_iter().map(|ticket| (ticket, None)));
            }
            Server::InOrder(jobs, _) => {
                let mut ended: Vec<in_order::Done<Ticket>> = Vec::new();
                jobs.advance(now, &mut ended);
                done.extend(ended.into_iter().map(|done| (done.job, Some(done.begun))));
            }
        }
        for (ticket, begun) in done {
            if let Some(begun) = begun {
                let spans = &mut self.runs[ticket.run as usize].trace.spans;
                spans.served.insert(ticket.firing, begun);
            }
            self.arrived(ticket, now);
        }
        self.drain(agenda);
        let (serves, alarm) = &mut self.servers[server as usize];
        let next = serves.next();
        if next < Time::MAX {
            alarm.set(next, Event::Turn(server), agenda);
        }
    }

    fn start(&mut self, at: u32, agenda: &mut Agenda<Event>) {
        let run = &mut self.runs[at as usize];
        let now = agenda.now();
        run.trace.spans.begin = now;
        if let (Mover::Fluid(fluid), true) = (&mut self.mover, now > Time::ZERO) {
            fluid.forget(&mut run.trace.loads, now);
        } else if let Mover::Units(units) = &mut self.mover {
            units.forget(&mut run.trace.loads);
        }
        let heads = (0..run.plan.len() as u32).filter(|&f| run.missing[f as usize] == 0);
        self.ready.extend(heads.map(|firing| Ticket { run: at, firing }));
        self.drain(agenda);
    }
}

impl Model for World<'_> {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        match event {
            Event::Start(at) => self.start(at, agenda),
            Event::End(ticket) => {
                self.finish(ticket, agenda.now());
                self.drain(agenda);
            }
            Event::Flows => self.settle(agenda),
            Event::Turn(server) => self.turn(server, agenda),
            Event::Unit { job, station } => {
                let Mover::Units(units) = &mut self.mover else { return };
                for step in units.arrive(job, station, agenda) {
                    match step {
                        UnitStep::Nothing => {}
                        UnitStep::Sent(ticket) => {
                            self.arrived(ticket, agenda.now());
                        }
                        UnitStep::Landed(ticket, lost) => {
                            self.lose(ticket, &lost);
                            self.landed(ticket, agenda.now());
                        }
                    }
                }
                self.drain(agenda);
            }
        }
    }
}
