//! Accounting after a run of the engine: outcomes, and the critical path of each message's life.
//!
//! The path is walked backwards from the last operation: one that waited was let in by the one
//! that released what it waited for, and any other began when the one before it ended. So the
//! intervals leave no gap and do not overlap.

use sim::Time;

use super::{Mover, NOBODY, Operation, World};
use crate::outcome::{Cause, Interval, Outcome};
use crate::solve::chunk::Lost;
use crate::solve::closed::{book_stream, outcome, seconds, utilisation};
use crate::solve::life::add;
use crate::solve::placed::PlacedStage;
use crate::solve::plan::{Counted, Op, Piece};
use crate::solve::share::{Running, rates};
use crate::transfer::Transport;

impl World<'_> {
    pub(super) fn outcome(&self, t: usize) -> Outcome {
        let part = &self.parts[t];
        let completion = self.ops[part.last_op as usize].end;
        let life = self.life(part.last_op);
        let passes = self.passes(t);
        let message = part.cut.full * (part.cut.count - 1) + part.cut.last;
        let busy = utilisation(
            self.scene,
            &part.full,
            &part.last,
            &part.cut,
            completion,
            &self.capacities,
        );
        outcome(message, completion, passes, life, busy)
    }

    /// The part of the payload that arrived.
    fn passes(&self, t: usize) -> f64 {
        let part = &self.parts[t];
        if self.scene.transfers[t].transport == Transport::Tcp {
            return 1.0;
        }
        match &self.mover {
            Mover::Units(units) => {
                let ops =
                    part.first_op..self.parts.get(t + 1).map_or(self.ops.len(), |p| p.first_op);
                let lost: Lost = units.lost(ops);
                1.0 - lost.units as f64 / lost.of.max(1) as f64
            }
            Mover::Fluid(_) => {
                let Some(stage) = part.full.iter().find(|stage| stage.stage.is_network()) else {
                    return 1.0;
                };
                let steady = rates(&self.capacities, &datagrams(stage));
                let sent: f64 = steady.iter().map(|rate| rate.sent).sum();
                steady.iter().map(|rate| rate.delivered).sum::<f64>() / sent
            }
        }
    }

    /// The critical path back from the last operation.
    fn life(&self, last: u32) -> Vec<Interval> {
        let mut backwards: Vec<Vec<Interval>> = Vec::new();
        let mut at = last;
        while at != NOBODY {
            let state = &self.ops[at as usize];
            backwards.push(self.booked(state));
            let waited = state.begin > state.ready;
            let same = |other: u32| self.ops[other as usize].transfer == state.transfer;
            at = match state.granted_by {
                by if waited && by != NOBODY && same(by) => by,
                by if waited && by != NOBODY => {
                    backwards.push(self.waiting(state));
                    state.previous
                }
                _ => state.previous,
            };
        }
        let mut life = Vec::new();
        for interval in backwards.into_iter().rev().flatten() {
            add(&mut life, &interval.hop, interval.cause, interval.span);
        }
        life
    }

    fn booked(&self, state: &Operation) -> Vec<Interval> {
        let mut life = Vec::new();
        let span = state.end - state.begin;
        match state.op {
            Op::Acquire(_) | Op::Release(_) => {}
            Op::Launch { piece } => {
                let hop = &self.stage(state.transfer, 0, piece).stage.hops[0].name;
                add(&mut life, hop, Cause::Service, span);
            }
            Op::SetUp { stage, piece } => {
                let placed = self.stage(state.transfer, stage, piece);
                placed.book(&placed.setup_parts(), span, &mut life);
            }
            Op::Latency { stage, piece } => {
                let placed = self.stage(state.transfer, stage, piece);
                let mut parts = placed.latency_parts(&self.capacities);
                if matches!(self.mover, Mover::Units(_)) {
                    // What is beyond the propagation is the rest of the streaming.
                    parts.retain(|part| part.1 == Cause::Propagation);
                    let own = Time::from_seconds(seconds(&parts)).min(span);
                    book_stream(placed, span - own, &self.capacities, &mut life);
                    placed.book(&parts, own, &mut life);
                } else {
                    placed.book(&parts, span, &mut life);
                }
            }
            Op::Move { stage, piece } => {
                let placed = self.stage(state.transfer, stage, piece);
                book_stream(placed, span, &self.capacities, &mut life);
            }
        }
        life
    }

    /// Waiting for an engine that another transfer had.
    fn waiting(&self, state: &Operation) -> Vec<Interval> {
        let stage = match state.op {
            Op::Acquire(Counted::Engine(stage) | Counted::Buffers(stage)) => stage,
            _ => 0,
        };
        let placed = self.stage(state.transfer, stage, Piece::Full);
        let hop = placed.stage.hops[0].name.clone();
        vec![Interval { hop, cause: Cause::Queueing, span: state.begin - state.ready }]
    }
}

/// The datagram flows of a stage.
pub(super) fn datagrams(placed: &PlacedStage) -> Vec<Running<'_>> {
    let running = |flow| Running {
        flow,
        transport: Transport::Udp,
        udp_send_limit: placed.stage.udp_send_limit,
    };
    placed.flows.iter().map(running).collect()
}
