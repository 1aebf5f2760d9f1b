//! A transfer as a value: the graph of what has to happen, in what order.
//!
//! Each chunk is a chain of operations through the stages; chunks meet only in the pools that
//! both acquire (first come, first served), and that is all there is to overlapping:
//!
//! ```text
//!  chunk i:  [buffer] → engine → set up → move → (engine, buffer before) → latency → next stage
//! ```
//!
//! A whole message sent stage by stage is the same plan with one chunk. Pools are acquired in the
//! order of the stages, so plans cannot lock each other out.

use petgraph::graph::{DiGraph, NodeIndex};
use sim::Bytes;

use crate::transfer::{Mode, Transfer};

/// A pool that a plan may acquire, seen from one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// What carries out a stage: copy engines, or the one thread that writes to the sockets.
    Engine(usize),
    /// The host buffers between a stage and the next.
    Buffers(usize),
}

/// Which of a transfer's two sizes of chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// A full chunk.
    Full,
    /// The last one, which holds the rest.
    Last,
}

/// What a plan may ask of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Take one, or wait for one.
    Acquire(Counted),
    /// Give it back.
    Release(Counted),
    /// What occupies a stage before the first byte.
    SetUp {
        /// Position of the stage.
        stage: usize,
        /// Size of the chunk.
        piece: Piece,
    },
    /// The bytes themselves.
    Move {
        /// Position of the stage.
        stage: usize,
        /// Size of the chunk.
        piece: Piece,
    },
    /// What passes before the next stage sees them.
    Latency {
        /// Position of the stage.
        stage: usize,
        /// Size of the chunk.
        piece: Piece,
    },
}

/// A graph of operations; an edge is "after".
pub type Plan = DiGraph<Op, ()>;

/// How a transfer is cut: number of chunks, size of the full ones and of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunks {
    pub(super) count: u64,
    pub(super) full: Bytes,
    pub(super) last: Bytes,
    /// Buffers between two stages.
    pub(super) buffers: u32,
}

pub(super) fn chunks(transfer: &Transfer) -> Chunks {
    let whole = transfer.message;
    match transfer.mode {
        Mode::Serial | Mode::GpuDirect => Chunks { count: 1, full: whole, last: whole, buffers: 1 },
        Mode::Overlapped { chunk, buffers } => {
            let count = whole.div_ceil(chunk);
            let last = whole - chunk * (count - 1);
            Chunks { count, full: chunk.min(whole), last, buffers }
        }
    }
}

/// The plan of `transfer` over a way of `stages` stages.
pub fn plan_of(transfer: &Transfer, stages: usize) -> Plan {
    let cut = chunks(transfer);
    let mut plan = Plan::new();
    for i in 0..cut.count {
        let piece = if i + 1 == cut.count { Piece::Last } else { Piece::Full };
        let mut last: Option<NodeIndex> = None;
        let mut then = |op: Op| {
            let next = plan.add_node(op);
            if let Some(last) = last {
                plan.add_edge(last, next, ());
            }
            last = Some(next);
        };
        for stage in 0..stages {
            if stage + 1 < stages {
                then(Op::Acquire(Counted::Buffers(stage)));
            }
            then(Op::Acquire(Counted::Engine(stage)));
            then(Op::SetUp { stage, piece });
            then(Op::Move { stage, piece });
            then(Op::Release(Counted::Engine(stage)));
            if stage > 0 {
                then(Op::Release(Counted::Buffers(stage - 1)));
            }
            then(Op::Latency { stage, piece });
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::{Connection, HostMemory, Transport};

    fn transfer(mode: Mode) -> Transfer {
        Transfer {
            from: "a".into(),
            to: "b".into(),
            via: None,
            write: None,
            reply: None,
            message: Bytes::new(2_500),
            transport: Transport::Tcp,
            streams: 1,
            mode,
            host_memory: HostMemory::Pinned,
            connection: Connection::Warm,
            kernel: None,
            request: None,
        }
    }

    #[test]
    fn bytes_in_chunks_add_up_to_the_message() {
        for chunk in [1, 999, 1_000, 2_500, 9_999] {
            let mode = Mode::Overlapped { chunk: Bytes::new(chunk), buffers: 2 };
            let cut = chunks(&transfer(mode));
            assert_eq!(cut.full * (cut.count - 1) + cut.last, Bytes::new(2_500), "{chunk}");
        }
    }

    #[test]
    fn a_plan_is_acyclic_and_gives_back_what_it_takes() {
        let mode = Mode::Overlapped { chunk: Bytes::new(1_000), buffers: 2 };
        let plan = plan_of(&transfer(mode), 3);
        assert!(!petgraph::algo::is_cyclic_directed(&plan));
        let count = |wanted: fn(&Op) -> bool| plan.node_weights().filter(|op| wanted(op)).count();
        assert_eq!(count(|op| matches!(op, Op::Move { .. })), 9);
        assert_eq!(
            count(|op| matches!(op, Op::Acquire(_))),
            count(|op| matches!(op, Op::Release(_)))
        );
        assert_eq!(count(|op| matches!(op, Op::Acquire(_))), 3 * 5);
    }
}
