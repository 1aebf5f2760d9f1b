//! The engine runs plans: pools queue, flows share, servers serve by their rules, and a step begins
//! when the last of those that it waits for has ended.

use sim::{Agenda, Alarm, Model, Pool, Time, in_order};

use super::NOBODY;
use super::batch::Tally;
use super::fluid::{Done, Fluid};
use super::resource::{Resources, Server};
use super::runs::{Runs, Ticket};
use super::traffic::Traffic;
use super::units::{Step as UnitStep, Units};
use crate::cluster::PoolIndex;
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
    /// A source makes a run, for a client if it has any.
    Arrive { source: u32, client: u32 },
    /// A source makes the run that follows one of another.
    Follow { source: u32, number: u64 },
    /// A run has lasted as long as it may.
    Limit { run: u32, generation: u32 },
    /// A stretch of time that resources are looked at over has passed.
    Window,
}
const _: () = assert!(size_of::<Event>() <= 16);

/// How bytes move: shared out, or unit by unit.
pub(super) enum Mover {
    Fluid(Box<Fluid>),
    Units(Box<Units>),
}

pub(super) struct World<'a> {
    pub(super) runs: Runs<'a>,
    pub(super) pools: Vec<Pool<Ticket>>,
    servers: Vec<(Server, Alarm)>,
    pub(super) mover: Mover,
    /// Firings that became ready at this instant, begun in order.
    pub(super) ready: Vec<Ticket>,
    /// Runs that ended in this event.
    pub(super) ended: Vec<u32>,
    /// Flows that are complete, while that is told.
    complete: Vec<Done>,
    /// What makes runs over time, and looks at them.
    pub(super) traffic: Option<Box<Traffic>>,
}

impl<'a> World<'a> {
    /// `whole`: whether the lives of runs are kept.
    pub(super) fn new(
        resources: &Resources,
        plans: &[&'a Plan],
        fidelity: Fidelity,
        whole: bool,
    ) -> World<'a> {
        let mover = match fidelity {
            Fidelity::Chunk => Mover::Units(Box::new(Units::new(&resources.links))),
            _ => Mover::Fluid(Box::new(Fluid::new(&resources.links))),
        };
        World {
            runs: Runs::new(plans, whole),
            pools: resources.pools.iter().map(|&slots| Pool::new(slots)).collect(),
            servers: resources.servers.iter().map(|d| (Server::new(d), Alarm::new())).collect(),
            mover,
            ready: Vec::new(),
            ended: Vec::new(),
            complete: Vec::new(),
            traffic: None,
        }
    }

    /// Begins every firing that is ready, until none is.
    pub(super) fn drain(&mut self, agenda: &mut Agenda<Event>) {
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
        let (plan, run, firing) = self.runs.begin(ticket);
        if firing.only_if.is_some_and(|bit| !plan.happens(bit, run.origin.seed)) {
            run.pass_over(ticket);
            return self.finish(ticket, now);
        }
        match firing.op {
            Op::Wait(time) => {
                let drawn = firing.drawn.map(|amount| plan.wait(amount, run.origin.seed));
                let time = drawn.unwrap_or(time);
                let units = matches!(self.mover, Mover::Units(_));
                let seen = units && plan.steps[firing.step as usize].fills;
                if time == Time::ZERO || seen {
                    self.finish(ticket, now);
                } else {
                    agenda.after(time, Event::End(ticket));
                }
            }
            Op::Acquire(pool) => {
                if self.pools[pool.0].acquire(ticket).is_some() {
                    let origin = run.origin;
                    let fleet = self.traffic.as_mut().and_then(|traffic| traffic.fleet(pool.0));
                    match fleet.map_or(Time::ZERO, |fleet| fleet.granted(now, &origin)) {
                        Time::ZERO => self.finish(ticket, now),
                        set_up => agenda.after(set_up, Event::End(ticket)),
                    }
                }
                self.look_at(pool, now);
            }
            Op::Release(pool) => {
                self.finish(ticket, now);
                self.give_back(pool, ticket, now);
            }
            Op::Turn { server, client, work } => {
                run.states[ticket.firing as usize].moving = 1;
                let (serves, alarm) = &mut self.servers[server as usize];
                match serves {
                    Server::Turns(turns) => {
                        if firing.i == 0 {
                            // The others follow closely: the turn is kept for them.
                            let count = plan.steps[firing.step as usize].count;
                            turns.expect(client, u64::from(count));
                        }
                        turns.submit(now, client, work, ticket);
                    }
                    Server::InOrder(jobs, widths) => {
                        jobs.submit(now, widths[client as usize], work, ticket);
                    }
                    Server::Batches(batches) => batches.join(now, ticket),
                }
                alarm.set(serves.next(), Event::Turn(server), agenda);
            }
            Op::Move(id) => {
                let demand = plan.demand(id);
                let drawn = demand.drawn.map(|amount| plan.amount(amount, run.origin.seed));
                let flows = match &mut self.mover {
                    Mover::Fluid(fluid) => fluid.send(ticket, demand, drawn.unwrap_or(1.0), agenda),
                    Mover::Units(units) => units.send(ticket, demand, agenda),
                };
                let state = &mut run.states[ticket.firing as usize];
                (state.moving, state.landing) = (flows as u16, flows as u16);
                if flows == 0 {
                    self.finish(ticket, now);
                }
            }
        }
    }

    /// A slot of a pool passes on to the next in line.
    pub(super) fn give_back(&mut self, pool: PoolIndex, ticket: Ticket, now: Time) {
        if let Some(next) = self.pools[pool.0].release() {
            let by = if next.run == ticket.run { ticket.firing } else { NOBODY };
            if let Some(trace) = self.runs.trace(next.run) {
                trace.spans.granted.insert(next.firing, by);
            }
            self.finish(next, now);
        } else if let Some(fleet) = self.traffic.as_mut().and_then(|t| t.fleet(pool.0)) {
            fleet.freed(now);
        }
        self.look_at(pool, now);
    }

    /// A slot of a pool that is not set up yet passes on: it is set up anew for the next in line.
    pub(super) fn give_back_cold(&mut self, pool: PoolIndex, agenda: &mut Agenda<Event>) {
        if let Some(next) = self.pools[pool.0].release() {
            let origin = self.runs.run(next.run).origin;
            let fleet = self.traffic.as_mut().and_then(|traffic| traffic.fleet(pool.0));
            let set_up = fleet.map_or(Time::ZERO, |fleet| fleet.set_up_for(&origin));
            agenda.after(set_up, Event::End(next));
        }
        self.look_at(pool, agenda.now());
    }

    /// What became of batches, in the order of their servers.
    pub(super) fn tallies(&self) -> Vec<Tally> {
        let batches = self.servers.iter().filter_map(|(server, _)| match server {
            Server::Batches(batches) => Some(batches.tally),
            Server::Turns(_) | Server::InOrder(..) => None,
        });
        batches.collect()
    }

    /// A run that was cut off is in line for no batch any more.
    pub(super) fn leave_batches(&mut self, run: u32, generation: u32) {
        for (server, _) in &mut self.servers {
            if let Server::Batches(batches) = server {
                batches.leave(run, generation);
            }
        }
    }

    /// Notes the end of a firing, and readies what waited for it alone.
    fn finish(&mut self, ticket: Ticket, now: Time) {
        if let Some(trace) = self.runs.trace(ticket.run) {
            trace.spans.end[ticket.firing as usize] = now;
        }
        let landed = matches!(self.mover, Mover::Fluid(_));
        if !self.runs.end(ticket, landed, &mut self.ready) {
            return;
        }
        match &mut self.runs.run(ticket.run).trace {
            Some(trace) => {
                trace.spans.last = ticket.firing;
                match &mut self.mover {
                    Mover::Fluid(fluid) => fluid.loads(&mut trace.loads, now),
                    Mover::Units(units) => units.loads(&mut trace.loads),
                }
            }
            None => self.ended.push(ticket.run),
        }
    }

    /// One flow of a move, or a turn, is complete.
    fn arrived(&mut self, ticket: Ticket, now: Time) -> bool {
        if !self.runs.is_live(ticket) {
            return false; // A turn that was begun is served to its end.
        }
        let moving = &mut self.runs.run(ticket.run).states[ticket.firing as usize].moving;
        *moving -= 1;
        let all = *moving == 0;
        if all {
            self.finish(ticket, now);
        }
        all
    }

    /// Notes what a stream of a move lost.
    fn lose(&mut self, ticket: Ticket, flow: u32, lost: &[f64]) {
        let (run, template) = self.runs.at(ticket.run);
        let Some(trace) = &mut run.trace else { return };
        let Op::Move(id) = template.plan.fired(ticket.firing, BASE).op else { return };
        let demand = template.plan.demand(id);
        if demand.main {
            let losses = &demand.flows[flow as usize].losses;
            for (loss, bytes) in losses.iter().zip(lost) {
                trace.lose(loss.row, *bytes);
            }
        }
    }

    /// One stream of a move has landed; if it was the last, what waits for that goes on.
    fn landed(&mut self, ticket: Ticket, now: Time) {
        let run = self.runs.run(ticket.run);
        let state = &mut run.states[ticket.firing as usize];
        state.landing -= 1;
        if state.landing == 0 && state.moving == 0 {
            if let Some(trace) = &mut run.trace {
                trace.spans.landed.insert(ticket.firing, now);
            }
            self.runs.release(ticket, true, &mut self.ready);
        }
    }

    fn settle(&mut self, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let Mover::Fluid(fluid) = &mut self.mover else { return };
        let mut complete = std::mem::take(&mut self.complete);
        fluid.advance(now, &mut complete);
        for done in complete.drain(..) {
            if let Some(datagrams) = done.datagrams {
                self.lose(done.ticket, done.flow, &datagrams.lost);
                if let Mover::Fluid(fluid) = &mut self.mover {
                    fluid.reuse(datagrams);
                }
            }
            // What slowed the flow that came last decided.
            if let Some(traffic) = &mut self.traffic {
                traffic.watch.slowed(&done.slowed);
            }
            if self.arrived(done.ticket, now)
                && !done.slowed.is_empty()
                && let Some(trace) = self.runs.trace(done.ticket.run)
            {
                trace.spans.slowed.insert(done.ticket.firing, done.slowed.into_vec());
            }
        }
        self.complete = complete;
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
            Server::Batches(batches) => {
                let mut members = Vec::new();
                batches.advance(now, &mut members);
                done.extend(members.into_iter().map(|ticket| (ticket, None)));
            }
        }
        for (ticket, begun) in done {
            if let (Some(begun), Some(trace)) = (begun, self.runs.trace(ticket.run)) {
                trace.spans.served.insert(ticket.firing, begun);
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
}

impl Model for World<'_> {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        match event {
            Event::Start(at) => self.start(at, agenda),
            Event::End(ticket) => {
                if self.runs.is_live(ticket) {
                    self.finish(ticket, agenda.now());
                    self.drain(agenda);
                }
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
                            self.lose(ticket, lost.flow, &lost.bytes);
                            self.landed(ticket, agenda.now());
                        }
                    }
                }
                self.drain(agenda);
            }
            Event::Arrive { .. } | Event::Follow { .. } => self.arrive(event, agenda),
            Event::Limit { run, generation } => self.cut(run, generation, agenda),
            Event::Window => self.look(true, agenda),
        }
        if !self.ended.is_empty() {
            self.bury(agenda);
        }
    }
}
