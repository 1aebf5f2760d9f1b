//! A case of the judging set: what is asked, of a machine and of the model alike.

use models::gpu::copy::Direction;
use models::transfer::HostMemory;

use super::super::work::Launch;
use super::{Half, Kind};

/// A case.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// Its name, which never changes its meaning: `pinned/blocking/to-device/1KiB`.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// The half that it is in.
    pub half: Half,
    /// What is asked.
    pub asks: Asks,
}

/// What one stream of several does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strand {
    /// A kernel that fills a small part of the GPU.
    Kernel,
    /// A copy to the device, such a kernel, and a copy of the same size back.
    Pipeline {
        /// Bytes each way.
        bytes: u64,
    },
}

/// What a case asks: always a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Asks {
    /// A copy.
    Copy {
        /// The way.
        way: Direction,
        /// The host's memory.
        memory: HostMemory,
        /// The size.
        bytes: u64,
        /// How many are queued in one stream, the time of each being asked; none is one call that
        /// blocks.
        queued: Option<u32>,
    },
    /// A kernel that reads or writes page-locked memory.
    Mapped {
        /// The way of the data.
        way: Direction,
        /// The size.
        bytes: u64,
    },
    /// Two pinned copies, one each way, until both are done.
    Duplex {
        /// The size of each.
        bytes: u64,
    },
    /// Equal kernels, each after the one before.
    Queue {
        /// The kernel.
        launch: Launch,
        /// How many.
        kernels: u32,
        /// Whether they are one graph and not a stream.
        graph: bool,
        /// Whether the time of one is asked, and not that of all.
        each: bool,
    },
    /// Streams that begin at once, until all are done.
    Streams {
        /// How many.
        streams: u32,
        /// What each does.
        strand: Strand,
    },
    /// A pinned copy beside a kernel, until both are done.
    Beside {
        /// The way of the copy.
        way: Direction,
        /// The size of the copy.
        bytes: u64,
        /// The kernel.
        launch: Launch,
    },
    /// A result that kernels make chunk by chunk, each chunk copied to the host while the next one
    /// is made; a kernel waits until its buffer has been copied.
    Chunks {
        /// The whole result in bytes.
        message: u64,
        /// A chunk in bytes.
        chunk: u64,
        /// Buffers.
        buffers: u32,
    },
    /// Two processes that each run a kernel and copy a result of 1 MiB out, until both are done.
    Processes {
        /// Whether they are clients of MPS and not in turns.
        mps: bool,
        /// The kernel.
        launch: Launch,
    },
}
