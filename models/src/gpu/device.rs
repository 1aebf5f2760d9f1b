//! One GPU at work: streams, events, copy engines and kernels, as a program uses them.
//!
//! ```text
//!  host ──issues, one call after another──► stream 0  ─┐
//!                                           stream 1  ─┼─► copy engines (one a direction, or one)
//!                                           stream 2  ─┘    SMs (kernels side by side, in order)
//! ```
//!
//! - Commands of a stream run in order; streams run side by side; an event is a place in a stream
//!   that another stream can wait for.
//! - The **legacy default stream** (number 0) waits for everything issued before it in blocking
//!   streams, and they wait for it; the **per-thread** one is a stream like any other. CUDA C++
//!   Programming Guide, "Default Stream".
//! - A copy of pageable memory blocks the host, because a core does it; all else returns at once.
//! - A kernel begins once its predecessor has ended and `stream_gap` has passed, or `graph_gap` in
//!   a captured graph; the first one `launch_latency` after its call.
//! - Kernels share the SMs: an earlier one takes the slots it can fill, the next what is left.

mod schedule;

use sim::{Bytes, Rate, Time};

use super::copy::{CopyEngine, Direction};
use super::execute::{Prepared, duration};
use super::machine::Machine;

/// A stream; number 0 is the default one.
pub type Stream = u32;
/// An event; each is recorded once.
pub type Event = u32;

/// What the default stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultStream {
    /// It waits for the blocking streams, and they for it.
    Legacy,
    /// A stream like any other.
    PerThread,
}

/// The host memory of a copy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HostSide {
    /// Page-locked: the engine moves it, and the call returns at once.
    Pinned,
    /// A core copies it through pinned buffers at this rate, and the call returns at the end.
    Pageable(Rate),
}

/// What a program asks of the device.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// A copy between host and device.
    Copy {
        /// The way.
        direction: Direction,
        /// The amount.
        amount: Bytes,
        /// The host's side.
        host: HostSide,
    },
    /// A copy within device memory.
    Within(Bytes),
    /// A copy to another GPU over a path of this rate.
    Peer(Bytes, Rate),
    /// A kernel that reads or writes host memory itself: so many bytes over PCIe.
    Mapped(Direction, Bytes),
    /// A kernel.
    Kernel(Box<Prepared>),
    /// Kernels captured in a graph, one after another.
    Graph(Vec<Prepared>),
    /// The event happens when everything before it in the stream has ended.
    Record(Event),
    /// What follows in the stream waits for the event.
    Wait(Event),
}

/// An operation in a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The host does not get to it before.
    pub not_before: Time,
    /// The stream.
    pub stream: Stream,
    /// What to do.
    pub operation: Operation,
}

/// The device and how the program uses it.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// What runs kernels.
    pub machine: Machine,
    /// Copies to the device.
    pub to_device: CopyEngine,
    /// Copies to the host.
    pub to_host: CopyEngine,
    /// Copy engines: with one, the two ways take turns.
    pub copy_engines: u32,
    /// What the default stream is.
    pub default_stream: DefaultStream,
    /// Streams made with `cudaStreamNonBlocking`: the legacy default stream is nothing to them.
    pub non_blocking: Vec<Stream>,
    /// Host time of one asynchronous call.
    pub call: Time,
}

/// When a command ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// From then.
    pub begin: Time,
    /// Until then.
    pub end: Time,
}

/// Where a command is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Engine(usize),
    Sms,
    Nobody,
}

impl Device {
    /// Runs a program; when each command ran, in the order of the program.
    ///
    /// A wait for an event that is recorded later in the program, or never, is no wait, as in CUDA.
    pub fn run(&self, program: &[Command]) -> Vec<Ran> {
        schedule::run(self, program)
    }

    fn server(&self, operation: &Operation) -> Server {
        let second = usize::from(self.copy_engines > 1);
        match operation {
            Operation::Copy { direction: Direction::ToDevice, .. } => Server::Engine(0),
            Operation::Copy { .. } | Operation::Peer(..) => Server::Engine(second),
            Operation::Kernel(_) | Operation::Graph(_) => Server::Sms,
            Operation::Within(_) | Operation::Mapped(..) => Server::Sms,
            Operation::Record(_) | Operation::Wait(_) => Server::Nobody,
        }
    }

    /// How long an operation takes with nothing beside it.
    fn alone(&self, operation: &Operation) -> Time {
        let engine = |direction| match direction {
            Direction::ToDevice => &self.to_device,
            Direction::ToHost => &self.to_host,
        };
        match operation {
            Operation::Copy { direction, amount, host } => {
                let engine = engine(*direction);
                let rate = match host {
                    HostSide::Pinned => engine.rate,
                    HostSide::Pageable(core) => engine.rate.min(*core),
                };
                engine.setup.saturating_add(*amount / rate)
            }
            Operation::Within(amount) => {
                let rate = Rate::bytes_per_s(self.machine.memory_rate(0.5) / 2.0);
                self.to_device.setup.saturating_add(*amount / rate)
            }
            Operation::Peer(amount, rate) => self.to_host.setup.saturating_add(*amount / *rate),
            Operation::Mapped(direction, amount) => *amount / engine(*direction).rate,
            Operation::Kernel(kernel) => Time::from_seconds(duration(&self.machine, kernel)),
            Operation::Graph(kernels) => {
                let work: f64 = kernels.iter().map(|kernel| duration(&self.machine, kernel)).sum();
                let gaps = kernels.len().saturating_sub(1) as f64 * self.machine.graph_gap;
                Time::from_seconds(work + gaps)
            }
            Operation::Record(_) | Operation::Wait(_) => Time::ZERO,
        }
    }

    /// The part of the SMs that an operation fills.
    fn filled(&self, operation: &Operation) -> f64 {
        let part =
            |kernel: &Prepared| kernel.launch.blocks() as f64 / kernel.slots(&self.machine) as f64;
        match operation {
            Operation::Kernel(kernel) => part(kernel).min(1.0),
            Operation::Graph(kernels) => kernels.iter().map(part).fold(0.0, f64::max).min(1.0),
            // A few SMs saturate memory or PCIe.
            _ => 0.25,
        }
    }
}
