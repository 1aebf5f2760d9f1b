//! The engine runs the plans: pools queue, flows share, and every operation remembers when it was
//! ready, when it began, when it ended and whom it waited for.

mod account;
mod operation;
mod part;

use sim::{Agenda, Alarm, Bytes, Demand, Flows, Model, Pool, RoundRobin, Time, run};

use self::account::datagrams;
use self::operation::{NOBODY, Operation, add_plan};
use self::part::Part;
use super::Scene;
use super::chunk::{Step, Units};
use super::closed::seconds;
use super::placed::PlacedStage;
use super::plan::{Counted, Op, Piece, chunks, launches, plan_of};
use super::share::rates;
use crate::gpu::kernel::Launches;
use crate::outcome::{Cause, Fidelity, Outcome};
use crate::transfer::Transport;

/// All that can happen.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A plan begins.
    Start(u32),
    /// A timed operation ends.
    Finish(u32),
    /// Some flow may be complete.
    Flows,
    /// A turn at a time-sliced GPU may be over.
    Turn(u32),
    /// A unit of a chunk reaches the next server of its stream.
    Unit { job: u32, station: u32 },
}
const _: () = assert!(size_of::<Event>() <= 16);

/// How bytes move: shared out, or unit by unit.
enum Mover {
    Fluid(Box<Fluid>),
    Units(Units),
}

/// Flows and the one wake-up they wait for.
struct Fluid {
    flows: Flows<u32>,
    alarm: Alarm,
    done: Vec<u32>,
}

/// A time-sliced GPU and the wake-up for the end of its turn.
struct Sliced {
    server: RoundRobin<u32>,
    alarm: Alarm,
}

pub(super) struct World<'a> {
    scene: &'a Scene<'a>,
    capacities: Vec<f64>,
    ops: Vec<Operation>,
    successors: Vec<u32>,
    parts: Vec<Part>,
    pools: Vec<Pool<u32>>,
    mover: Mover,
    sliced: Vec<Sliced>,
    /// Operations that became ready at this instant, drained in order.
    ready: Vec<u32>,
}

pub(super) fn outcomes(scene: &Scene<'_>, fidelity: Fidelity) -> Vec<Outcome> {
    let mut world = World::new(scene, fidelity);
    let mut agenda = Agenda::new();
    for (t, part) in world.parts.iter().enumerate() {
        debug_assert!(part.open > 0);
        agenda.at(Time::ZERO, Event::Start(t as u32));
    }
    run(&mut world, &mut agenda, Time::MAX);
    (0..scene.transfers.len()).map(|t| world.outcome(t)).collect()
}

impl<'a> World<'a> {
    fn new(scene: &'a Scene<'a>, fidelity: Fidelity) -> World<'a> {
        let capacities = scene.capacities();
        let mut pools: Vec<Pool<u32>> =
            scene.cluster.pools.iter().map(|pool| Pool::new(pool.slots)).collect();
        let (mut ops, mut successors) = (Vec::new(), Vec::new());
        let mut parts = Vec::new();
        for (t, transfer) in scene.transfers.iter().enumerate() {
            let cut = chunks(transfer);
            let (full, last) = (scene.stages(t, cut.full), scene.stages(t, cut.last));
            let mut pool = |slots: u32| {
                pools.push(Pool::new(slots));
                pools.len() - 1
            };
            let engines = full.iter().map(|s| s.stage.pool.map_or_else(|| pool(1), |p| p.0));
            let engines: Vec<usize> = engines.collect();
            let buffers = (1..full.len()).map(|_| pool(cut.buffers)).collect();
            let first_op = ops.len();
            let plan = plan_of(transfer, full.len());
            add_plan(&mut ops, &mut successors, t, &plan);
            let whole = (launches(transfer) == Some(Launches::Once))
                .then(|| scene.stages(t, transfer.message).swap_remove(0));
            let (open, last_op) = (plan.node_count(), NOBODY);
            parts.push(Part { full, last, whole, cut, engines, buffers, open, first_op, last_op });
        }
        let mover = match fidelity {
            Fidelity::Chunk => Mover::Units(Units::new(capacities.len())),
            _ => {
                let mut flows = Flows::new();
                for &capacity in &capacities {
                    flows.link(capacity);
                }
                Mover::Fluid(Box::new(Fluid { flows, alarm: Alarm::new(), done: Vec::new() }))
            }
        };
        let turns = scene.cluster.turns.iter().map(|turns| Sliced {
            server: RoundRobin::new(turns.quantum, turns.switch),
            alarm: Alarm::new(),
        });
        let (sliced, ready) = (turns.collect(), Vec::new());
        World { scene, capacities, ops, successors, parts, pools, mover, sliced, ready }
    }

    fn stage(&self, transfer: u32, stage: usize, piece: Piece) -> &PlacedStage {
        let part = &self.parts[transfer as usize];
        part.stage(stage, piece)
    }

    fn pool(&self, transfer: u32, counted: Counted) -> usize {
        let part = &self.parts[transfer as usize];
        match counted {
            Counted::Engine(stage) => part.engines[stage],
            Counted::Buffers(stage) => part.buffers[stage],
        }
    }

    /// Begins every operation that is ready, until none is.
    fn drain(&mut self, agenda: &mut Agenda<Event>) {
        let mut at = 0;
        while at < self.ready.len() {
            let op = self.ready[at];
            at += 1;
            self.begin(op, agenda);
        }
        self.ready.clear();
    }

    /// What an operation asks of the cluster.
    fn begin(&mut self, op: u32, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let state = &mut self.ops[op as usize];
        (state.ready, state.begin, state.begun) = (now, now, true);
        let transfer = state.transfer;
        match state.op {
            Op::Acquire(counted) => {
                let pool = self.pool(transfer, counted);
                if self.pools[pool].acquire(op).is_some() {
                    self.finish(op, now);
                }
            }
            Op::Release(counted) => {
                let pool = self.pool(transfer, counted);
                self.finish(op, now);
                if let Some(next) = self.pools[pool].release() {
                    let state = &mut self.ops[next as usize];
                    (state.begin, state.granted_by) = (now, op);
                    self.finish(next, now);
                }
            }
            Op::Launch { piece } => {
                let placed = self.stage(transfer, 0, piece);
                let first = Time::from_seconds(placed.stage.first);
                if let Some(turn) = placed.stage.turn {
                    let jobs = if piece == Piece::Whole { 1 } else { self.chunks(transfer) };
                    self.sliced[turn.server].server.expect(turn.client, jobs);
                }
                agenda.after(first, Event::Finish(op));
            }
            Op::SetUp { stage, piece } => {
                let parts = self.stage(transfer, stage, piece).setup_parts();
                agenda.after(Time::from_seconds(seconds(&parts)), Event::Finish(op));
            }
            Op::Latency { .. } => {
                // Unit by unit, a message may still be landing; `landed` goes on from there.
                if self.ops[self.move_before(op) as usize].landing == 0 {
                    agenda.after(self.latency(op), Event::Finish(op));
                }
            }
            Op::Move { stage, piece } => self.send(op, stage, piece, agenda),
        }
    }

    fn send(&mut self, op: u32, stage: usize, piece: Piece, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let transfer = self.ops[op as usize].transfer;
        let part = &self.parts[transfer as usize];
        let placed = part.stage(stage, piece);
        let transport = self.scene.transfers[transfer as usize].transport;
        self.ops[op as usize].moving = placed.stage.flows;
        if let Some(turn) = placed.stage.turn {
            let work = Time::from_seconds(placed.stream_parts(&self.capacities).1);
            let sliced = &mut self.sliced[turn.server];
            sliced.server.submit(now, turn.client, work, op);
            sliced.alarm.set(sliced.server.next(), Event::Turn(turn.server as u32), agenda);
            return;
        }
        match &mut self.mover {
            Mover::Units(units) => {
                let at = (transfer, stage);
                let shares = units.send(op, at, placed, transport, &self.capacities, agenda);
                let state = &mut self.ops[op as usize];
                (state.moving, state.landing) = (shares, shares);
                if shares == 0 {
                    self.finish(op, now);
                }
            }
            Mover::Fluid(fluid) => {
                let Fluid { flows, alarm, .. } = &mut **fluid;
                let share = placed.bytes.as_f64() / f64::from(placed.stage.flows);
                let steady = (transport == Transport::Udp && placed.stage.is_network())
                    .then(|| rates(&self.capacities, &datagrams(placed)));
                for (i, flow) in placed.flows.iter().enumerate() {
                    let (hops, limit) = match &steady {
                        // Datagrams are not shared out: each flow sends what it is let.
                        Some(steady) => (&[][..], steady[i].sent),
                        None => (&flow.hops[..], flow.limit),
                    };
                    if hops.is_empty() && limit.is_infinite() {
                        self.ops[op as usize].moving -= 1;
                        continue;
                    }
                    flows.start(now, Demand { hops, size: share, limit, share: 1.0 }, op);
                }
                alarm.set(now, Event::Flows, agenda);
                if self.ops[op as usize].moving == 0 {
                    self.finish(op, now);
                }
            }
        }
    }

    /// Notes the end of an operation and readies what comes after it.
    fn finish(&mut self, op: u32, now: Time) {
        let state = &mut self.ops[op as usize];
        state.end = now;
        let next = state.next.start as usize..state.next.end as usize;
        let part = &mut self.parts[state.transfer as usize];
        part.open -= 1;
        if part.open == 0 {
            part.last_op = op;
        }
        self.ready.extend(&self.successors[next]);
    }

    /// One flow or stream of a move is complete.
    fn arrived(&mut self, op: u32, now: Time) {
        let state = &mut self.ops[op as usize];
        state.moving -= 1;
        if state.moving == 0 {
            self.finish(op, now);
        }
    }

    /// The latency operation `op`'s own time; unit by unit, filling the way is in the landing.
    fn latency(&self, op: u32) -> Time {
        let state = &self.ops[op as usize];
        let Op::Latency { stage, piece } = state.op else { return Time::ZERO };
        let mut parts = self.stage(state.transfer, stage, piece).latency_parts(&self.capacities);
        if matches!(self.mover, Mover::Units(_)) {
            parts.retain(|part| part.1 == Cause::Propagation);
        }
        Time::from_seconds(seconds(&parts))
    }

    /// The move whose message the latency operation `op` sees off.
    fn move_before(&self, op: u32) -> u32 {
        let mut at = self.ops[op as usize].previous;
        while !matches!(self.ops[at as usize].op, Op::Move { .. }) {
            at = self.ops[at as usize].previous;
        }
        at
    }

    /// One stream of a move has landed; if it was the last, its latency passes.
    fn landed(&mut self, op: u32, agenda: &mut Agenda<Event>) {
        let state = &mut self.ops[op as usize];
        state.landing -= 1;
        if state.landing > 0 {
            return;
        }
        let next = |op: u32| self.successors[self.ops[op as usize].next.start as usize];
        let mut after = next(op);
        while !matches!(self.ops[after as usize].op, Op::Latency { .. }) {
            after = next(after);
        }
        // Nothing to do if it has not begun: it will find the message landed.
        if self.ops[after as usize].begun {
            agenda.after(self.latency(after), Event::Finish(after));
        }
    }

    /// Serves a time-sliced GPU up to now.
    fn turn(&mut self, server: u32, agenda: &mut Agenda<Event>) {
        let (now, mut done) = (agenda.now(), Vec::new());
        let sliced = &mut self.sliced[server as usize];
        sliced.alarm.rang(now);
        sliced.server.advance(now, &mut done);
        for op in done {
            self.arrived(op, now);
        }
        self.drain(agenda);
        let sliced = &mut self.sliced[server as usize];
        let next = sliced.server.next();
        if next < Time::MAX {
            sliced.alarm.set(next, Event::Turn(server), agenda);
        }
    }

    fn chunks(&self, transfer: u32) -> u64 {
        self.parts[transfer as usize].cut.count
    }

    fn settle(&mut self, agenda: &mut Agenda<Event>) {
        let now = agenda.now();
        let Mover::Fluid(fluid) = &mut self.mover else { return };
        fluid.alarm.rang(now);
        fluid.flows.advance(now, &mut fluid.done);
        let mut finished = std::mem::take(&mut fluid.done);
        for &op in &finished {
            self.arrived(op, now);
        }
        finished.clear();
        self.drain(agenda);
        let Mover::Fluid(fluid) = &mut self.mover else { return };
        fluid.done = finished;
        let next = fluid.flows.next();
        if next < Time::MAX {
            fluid.alarm.set(next, Event::Flows, agenda);
        }
    }
}

impl Model for World<'_> {
    type Event = Event;

    fn handle(&mut self, event: Event, agenda: &mut Agenda<Event>) {
        match event {
            Event::Start(t) => {
                // A plan's chunks are chains: each begins with an operation nobody precedes.
                let part = &self.parts[t as usize];
                let end = part.first_op + part.open;
                let heads = (part.first_op..end).filter(|&op| self.ops[op].previous == NOBODY);
                self.ready.extend(heads.map(|op| op as u32));
                self.drain(agenda);
            }
            Event::Finish(op) => {
                self.finish(op, agenda.now());
                self.drain(agenda);
            }
            Event::Flows => self.settle(agenda),
            Event::Turn(server) => self.turn(server, agenda),
            Event::Unit { job, station } => {
                let Mover::Units(units) = &mut self.mover else { return };
                for step in units.arrive(job, station, agenda) {
                    match step {
                        Step::Nothing => {}
                        Step::Sent(op) => self.arrived(op, agenda.now()),
                        Step::Landed(op) => self.landed(op, agenda),
                    }
                }
                self.drain(agenda);
            }
        }
    }
}

/// The size of a message's share for one stream.
pub(super) fn share(placed: &PlacedStage) -> Bytes {
    Bytes::new(placed.bytes.get().div_ceil(u64::from(placed.stage.flows)))
}
