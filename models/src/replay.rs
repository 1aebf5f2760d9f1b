//! Replay: what was recorded or scheduled elsewhere, carried out on a cluster.
//!
//! ```text
//!  a trace file ─► Traced (operations and what each needs) ─┬► a cluster: messages and copies are
//!   (readers in                                             │  priced on their way
//!    `calibration`)                                         └► LogGOPS: five numbers
//! ```
//!
//! - A *rank* is a process, or a GPU. It has *executors*: threads, streams. Each carries out one
//!   operation at a time, first come, first served.
//! - An operation begins when all that it needs has happened: the end of other operations, or their
//!   beginning. The end of an operation is an event, so nothing that needs it begins before.
//! - A receive names its send: messages are matched when a trace is read, and not while it runs.

mod check;
mod loggops;
mod ordered;
mod report;
mod simulate;

use std::fmt;

use serde::{Deserialize, Serialize};
use sim::{Bytes, Time};

pub use check::{OPERATIONS_MAX, RANKS_MAX, TIME_MAX, circle};
pub use loggops::LogGops;
pub use report::{KindReport, RankReport, Report};
pub use simulate::{on_cluster, on_loggops};

pub use crate::plan::trace::transfers;

use crate::gpu::copy::Direction;
use crate::transfer::HostMemory;

/// Operations of some ranks, and what each needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traced {
    /// How many ranks there are.
    pub ranks: u32,
    /// The operations. Those that become ready at the same instant begin in this order.
    pub operations: Vec<Operation>,
}

impl Traced {
    /// Multiplies the recorded time of each kernel by the factor of its rank; how many there are.
    ///
    /// # Panics
    /// If there is not a factor for each rank.
    pub fn scale_kernels(&mut self, factors: &[f64]) -> usize {
        let mut kernels = 0;
        for operation in &mut self.operations {
            if let Does::Work { kind: Kind::Kernel, time, .. } = &mut operation.does {
                *time = Time::from_seconds(time.as_seconds() * factors[operation.rank as usize]);
                kernels += 1;
            }
        }
        kernels
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Whose it is.
    pub rank: u32,
    /// What it does.
    pub does: Does,
    /// What must have happened before it begins.
    pub needs: Vec<Need>,
}

/// Something that must have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The place of an operation in [`Traced::operations`].
    pub operation: u32,
    /// What of it.
    pub moment: Moment,
}

impl Need {
    /// The end of an operation.
    pub const fn ended(operation: u32) -> Need {
        Need { operation, moment: Moment::Ended }
    }
}

/// A moment in the life of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It has begun: it has its executor. A receive begins when it is posted.
    Begun,
    /// It has ended.
    Ended,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Does {
    /// Time passes, as it was recorded.
    Work {
        /// What was done.
        kind: Kind,
        /// How long it took.
        time: Time,
        /// The executor of the rank that it keeps busy, if any.
        on: Option<u16>,
    },
    /// A message to another rank.
    Send {
        /// The rank.
        to: u32,
        /// Its size. A message of no bytes is sent as one byte.
        bytes: Bytes,
        /// The executor and the network card of the rank that send it.
        port: Port,
    },
    /// The arrival of a message.
    Receive {
        /// The operation that sends it.
        send: u32,
        /// The executor and the network card of the rank that receive it.
        port: Port,
    },
    /// A copy between a GPU and the host memory of its pod.
    Copy {
        /// The way.
        direction: Direction,
        /// How much.
        bytes: Bytes,
        /// What the host's memory is.
        memory: HostMemory,
    },
}

/// Where a message leaves or enters a rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Port {
    /// The executor.
    pub cpu: u8,
    /// The network card.
    pub nic: u8,
}

/// Kinds of operations, as tables name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Computation of a process.
    Calc,
    /// A kernel on a GPU.
    Kernel,
    /// A copy that keeps its recorded time.
    RecordedCopy,
    /// A copy that is priced anew.
    Copy,
    /// A collective that keeps its recorded time.
    Collective,
    /// A call of the host.
    HostCall,
    /// The host between two calls.
    HostGap,
    /// From a call of the host to the beginning of what it launched.
    LaunchDelay,
    /// A message, from its sender's beginning to its end.
    Send,
    /// Waiting for a message, from its being posted to its arrival.
    Receive,
}

impl Does {
    /// What kind it is of.
    pub fn kind(&self) -> Kind {
        match self {
            Does::Work { kind, .. } => *kind,
            Does::Send { .. } => Kind::Send,
            Does::Receive { .. } => Kind::Receive,
            Does::Copy { .. } => Kind::Copy,
        }
    }

    /// Says which operation sends what is received, of a receive.
    pub fn receives(&mut self, from: u32) {
        if let Does::Receive { send, .. } = self {
            *send = from;
        }
    }

    /// Payload that it moves.
    pub fn bytes(&self) -> Bytes {
        match self {
            Does::Send { bytes, .. } | Does::Copy { bytes, .. } => *bytes,
            Does::Work { .. } | Does::Receive { .. } => Bytes::ZERO,
        }
    }
}

impl Kind {
    /// Its name in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Calc => "calc",
            Kind::Kernel => "kernel",
            Kind::RecordedCopy => "recorded copy",
            Kind::Copy => "copy",
            Kind::Collective => "collective",
            Kind::HostCall => "host call",
            Kind::HostGap => "host gap",
            Kind::LaunchDelay => "launch delay",
            Kind::Send => "send",
            Kind::Receive => "receive",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.word())
    }
}
