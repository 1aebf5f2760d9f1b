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
//!
//! A kernel is the first stage. Launched chunk by chunk, it is in every chunk's chain; launched
//! once, it is one operation that all chains come after:
//!
//! ```text
//!  launch → set up → kernel → event ─┬► chunk 1: engine → …
//!                                    └► chunk 2: engine → …
//! ```

use petgraph::graph::{DiGraph, NodeIndex};
use sim::Bytes;

use crate::gpu::kernel::Launches;
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
    /// The whole message at once: what a kernel makes that is launched once.
    Whole,
}

/// What a plan may ask of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Take one, or wait for one.
    Acquire(Counted),
    /// Give it back.
    Release(Counted),
    /// What only the first launch of a kernel is waited for.
    Launch {
        /// What is launched first.
        piece: Piece,
    },
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

/// How the kernel of `transfer` is launched, if it has one.
pub(super) fn launches(transfer: &Transfer) -> Option<Launches> {
    transfer.kernel.as_ref().map(|kernel| kernel.launches)
}

/// The plan of `transfer` over a way of `stages` stages, of which the first is its kernel if it has
/// one.
pub fn plan_of(transfer: &Transfer, stages: usize) -> Plan {
    let (cut, launches) = (chunks(transfer), launches(transfer));
    let mut plan = Plan::new();
    let (mut after, mut first) = (None, 0);
    if launches == Some(Launches::Once) {
        after = chain(&mut plan, None, &kernel(Piece::Whole, true));
        first = 1;
    }
    for i in 0..cut.count {
        let piece = if i + 1 == cut.count { Piece::Last } else { Piece::Full };
        let mut ops = Vec::new();
        for stage in first..stages {
            if stage == 0 && launches.is_some() {
                ops.extend(kernel(piece, i == 0));
                continue;
            }
            if stage + 1 < stages {
                ops.push(Op::Acquire(Counted::Buffers(stage)));
            }
            ops.push(Op::Acquire(Counted::Engine(stage)));
            ops.push(Op::SetUp { stage, piece });
            ops.push(Op::Move { stage, piece });
            ops.push(Op::Release(Counted::Engine(stage)));
            // Every chunk of a result has its place in device memory: a kernel waits for none.
            if stage > usize::from(launches.is_some()) {
                ops.push(Op::Release(Counted::Buffers(stage - 1)));
            }
            ops.push(Op::Latency { stage, piece });
        }
        chain(&mut plan, after, &ops);
    }
    plan
}

/// The operations of a kernel, which is stage 0.
fn kernel(piece: Piece, is_first: bool) -> Vec<Op> {
    let mut ops = vec![Op::Acquire(Counted::Engine(0))];
    if is_first {
        ops.push(Op::Launch { piece });
    }
    ops.push(Op::SetUp { stage: 0, piece });
    ops.push(Op::Move { stage: 0, piece });
    ops.push(Op::Release(Counted::Engine(0)));
    ops.push(Op::Latency { stage: 0, piece });
    ops
}

/// Adds `ops`, each after the one before it and the first after `after`; the last one.
fn chain(plan: &mut Plan, after: Option<NodeIndex>, ops: &[Op]) -> Option<NodeIndex> {
    let mut last = after;
    for &op in ops {
        let next = plan.add_node(op);
        if let Some(last) = last {
            plan.add_edge(last, next, ());
        }
        last = Some(next);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::kernel::Kernel;
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

    #[test]
    fn a_kernel_is_launched_once_or_chunk_by_chunk() {
        let kernel = Kernel { written: Bytes::new(2_500), ..Kernel::IDLE };
        let mode = Mode::Overlapped { chunk: Bytes::new(1_000), buffers: 2 };
        let plan = |launches| {
            let kernel = Some(Kernel { launches, ..kernel });
            plan_of(&Transfer { kernel, ..transfer(mode) }, 3)
        };
        for (launches, kernels) in [(Launches::Once, 1), (Launches::PerChunk, 3)] {
            let plan = plan(launches);
            let runs = |op: &&Op| matches!(op, Op::Move { stage: 0, .. });
            assert_eq!(plan.node_weights().filter(runs).count(), kernels, "{launches:?}");
            let first = |op: &&Op| matches!(op, Op::Launch { .. });
            assert_eq!(plan.node_weights().filter(first).count(), 1, "{launches:?}");
            let heads = plan.externals(petgraph::Direction::Incoming).count();
            assert_eq!(heads, kernels, "{launches:?}");
        }
    }
}
