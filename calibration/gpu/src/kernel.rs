//! The kernels of the probes and of the judging set, each in the `.cu` file beside what it is for.
//! What of them a driver is given is in [`super::ptx`].

use serde::{Deserialize, Serialize};

/// A kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// Does nothing.
    Nothing,
    /// Stores a word that the host sees.
    Mark,
    /// Makes the ring that [`Kernel::Chase`] walks.
    Link,
    /// One thread's dependent loads.
    Chase,
    /// Dependent loads from shared memory.
    ChaseShared,
    /// Independent 16-byte loads, past the first-level cache.
    Read,
    /// Independent 16-byte loads from the first-level cache.
    ReadSlice,
    /// Independent 16-byte loads from shared memory.
    ReadShared,
    /// Loads `stride` words apart.
    Strided,
    /// Dependent loads from shared memory with bank conflicts.
    Conflict,
    /// Atomic additions by all threads.
    Atomic,
    /// Atomic additions by all threads, each time on another of some words.
    AtomicScattered,
    /// One thread's dependent atomic additions.
    AtomicChain,
    /// Barriers of a block.
    Barrier,
    /// Dependent arithmetic.
    Spin,
    /// Stores an element a thread.
    StreamInit,
    /// Loads an element a thread.
    StreamRead,
    /// Loads one and stores one.
    StreamScale,
    /// Loads two and stores one.
    StreamTriad,
    /// The same with wider elements.
    StreamWide,
    /// Writes the data of the kernels below.
    Fill,
    /// Independent multiply-adds.
    Arithmetic,
    /// Loads two floats and stores one.
    Triad,
    /// Whether it did.
    TriadCheck,
    /// Five points of a square.
    Stencil,
    /// Whether they are right.
    StencilCheck,
    /// Sums by a tree in shared memory.
    Reduction,
    /// Whether they are right.
    ReductionCheck,
    /// A square turned over through shared memory.
    Transpose,
    /// The same without it.
    TransposePlain,
    /// Whether it is turned over.
    TransposeCheck,
    /// A matrix product by tiles in shared memory.
    Tiles,
    /// Whether some of it is right.
    TilesCheck,
    /// Counts by atomic additions.
    Histogram,
    /// Whether all were counted.
    HistogramCheck,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Kernel; 35] = [
        Kernel::Nothing,
        Kernel::Mark,
        Kernel::Link,
        Kernel::Chase,
        Kernel::ChaseShared,
        Kernel::Read,
        Kernel::ReadSlice,
        Kernel::ReadShared,
        Kernel::Strided,
        Kernel::Conflict,
        Kernel::Atomic,
        Kernel::AtomicScattered,
        Kernel::AtomicChain,
        Kernel::Barrier,
        Kernel::Spin,
        Kernel::StreamInit,
        Kernel::StreamRead,
        Kernel::StreamScale,
        Kernel::StreamTriad,
        Kernel::StreamWide,
        Kernel::Fill,
        Kernel::Arithmetic,
        Kernel::Triad,
        Kernel::TriadCheck,
        Kernel::Stencil,
        Kernel::StencilCheck,
        Kernel::Reduction,
        Kernel::ReductionCheck,
        Kernel::Transpose,
        Kernel::TransposePlain,
        Kernel::TransposeCheck,
        Kernel::Tiles,
        Kernel::TilesCheck,
        Kernel::Histogram,
        Kernel::HistogramCheck,
    ];

    /// Its name in its source.
    pub const fn entry(self) -> &'static str {
        match self {
            Kernel::Nothing => "nothing",
            Kernel::Mark => "mark",
            Kernel::Link => "link",
            Kernel::Chase => "chase",
            Kernel::ChaseShared => "chase_shared",
            Kernel::Read => "read",
            Kernel::ReadSlice => "read_slice",
            Kernel::ReadShared => "read_shared",
            Kernel::Strided => "strided",
            Kernel::Conflict => "conflict",
            Kernel::Atomic => "atomic",
            Kernel::AtomicScattered => "atomic_scattered",
            Kernel::AtomicChain => "atomic_chain",
            Kernel::Barrier => "barrier",
            Kernel::Spin => "spin",
            Kernel::StreamInit => "stream_init",
            Kernel::StreamRead => "stream_read",
            Kernel::StreamScale => "stream_scale",
            Kernel::StreamTriad => "stream_triad",
            Kernel::StreamWide => "stream_wide",
            Kernel::Fill => "fill",
            Kernel::Arithmetic => "arithmetic",
            Kernel::Triad => "triad",
            Kernel::TriadCheck => "triad_check",
            Kernel::Stencil => "stencil",
            Kernel::StencilCheck => "stencil_check",
            Kernel::Reduction => "reduction",
            Kernel::ReductionCheck => "reduction_check",
            Kernel::Transpose => "transpose",
            Kernel::TransposePlain => "transpose_plain",
            Kernel::TransposeCheck => "transpose_check",
            Kernel::Tiles => "tiles",
            Kernel::TilesCheck => "tiles_check",
            Kernel::Histogram => "histogram",
            Kernel::HistogramCheck => "histogram_check",
        }
    }

    /// Loads and stores of a thread of a stream, and the bytes of each; `None` for kernels of
    /// another kind.
    pub const fn stream(self) -> Option<(usize, usize, u32)> {
        match self {
            Kernel::StreamInit => Some((0, 1, 8)),
            Kernel::StreamRead => Some((1, 0, 8)),
            Kernel::StreamScale => Some((1, 1, 8)),
            Kernel::StreamTriad => Some((2, 1, 8)),
            Kernel::StreamWide => Some((2, 1, 16)),
            _ => None,
        }
    }

    /// The CUDA C++ file that it is in.
    pub const fn source(self) -> &'static str {
        match self {
            Kernel::Nothing | Kernel::Mark => include_str!("probe/launch.cu"),
            Kernel::Link | Kernel::Chase | Kernel::ChaseShared => {
                include_str!("probe/latency.cu")
            }
            Kernel::Read | Kernel::ReadSlice | Kernel::ReadShared => {
                include_str!("probe/bandwidth.cu")
            }
            Kernel::Strided => include_str!("probe/coalescing.cu"),
            Kernel::Conflict => include_str!("probe/banks.cu"),
            Kernel::Atomic | Kernel::AtomicScattered | Kernel::AtomicChain => {
                include_str!("probe/atomics.cu")
            }
            Kernel::Barrier => include_str!("probe/barriers.cu"),
            Kernel::Spin => include_str!("probe/clock.cu"),
            Kernel::StreamInit
            | Kernel::StreamRead
            | Kernel::StreamScale
            | Kernel::StreamTriad
            | Kernel::StreamWide => {
                include_str!("probe/streams.cu")
            }
            Kernel::Fill => include_str!("judge/fill.cu"),
            Kernel::Arithmetic => include_str!("judge/arithmetic.cu"),
            Kernel::Triad | Kernel::TriadCheck => include_str!("judge/triad.cu"),
            Kernel::Stencil | Kernel::StencilCheck => include_str!("judge/stencil.cu"),
            Kernel::Reduction | Kernel::ReductionCheck => include_str!("judge/reduction.cu"),
            Kernel::Transpose | Kernel::TransposePlain | Kernel::TransposeCheck => {
                include_str!("judge/transpose.cu")
            }
            Kernel::Tiles | Kernel::TilesCheck => include_str!("judge/tiles.cu"),
            Kernel::Histogram | Kernel::HistogramCheck => include_str!("judge/histogram.cu"),
        }
    }
}
