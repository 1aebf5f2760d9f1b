//! A program of CUDA streams, events and graphs on one GPU, as a plan.
//!
//! ```text
//!  host ──issues, one call after another──► stream 0  ─┐
//!                                           stream 1  ─┼─► copy engines (one a direction, or one)
//!                                           stream 2  ─┘    SMs (kernels side by side, in order)
//! ```
//!
//! - The host is a chain of waits that calls hang on. Commands of a stream come after each other;
//!   streams run side by side; an event is a place in a stream that another stream can wait for.
//! - The **legacy default stream** (number 0) waits for everything issued before it in blocking
//!   streams, and they wait for it; the **per-thread** one is a stream like any other. CUDA C++
//!   Programming Guide, "Default Stream".
//! - A copy of pageable memory blocks the host, because a core does it; all else returns at once.
//! - A kernel begins once its predecessor has ended and `stream_gap` has passed, or `graph_gap` in
//!   a captured graph; the first one `launch_latency` after its call.
//! - Copy engines are pools, first come, first served. Kernels share the SMs: an earlier one takes
//!   the slots it can fill, the next what is left ([`sim::InOrder`]).

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;
use sim::{Bytes, Rate, Time};

use super::draft::{Draft, Link};
use super::{Book, Op, Plan};
use crate::cluster::PoolIndex;
use crate::gpu::copy::{CopyEngine, Direction};
use crate::gpu::execute::{Prepared, duration};
use crate::gpu::machine::Machine;
use crate::outcome::Fidelity;
use crate::run::start::traces;
use crate::run::{Discipline, Resources};

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

/// A command in the draft.
struct Placed {
    /// The step in which it is carried out.
    step: NodeIndex,
    /// What comes behind it waits for this.
    end: NodeIndex,
    /// Whether it is a kernel, or an event behind one.
    behind_kernel: bool,
}

impl Device {
    /// Runs a program; when each command ran, in the order of the program.
    ///
    /// A wait for an event that is recorded later in the program, or never, is no wait, as in CUDA.
    pub fn run(&self, program: &[Command]) -> Vec<Ran> {
        let (plan, steps, widths) = self.laid_out(program);
        let resources = Resources {
            links: Vec::new(),
            pools: vec![1, 1],
            servers: vec![Discipline::InOrder(widths)],
        };
        let trace = traces(&resources, &[&plan], &[Time::ZERO], Fidelity::Flow).remove(0);
        let ran = |step: u32| {
            let firing = plan.firing(step, 0);
            let begin = trace.spans.served.get(&firing).copied();
            let begin = begin.unwrap_or_else(|| trace.spans.ready(firing));
            Ran { begin, end: trace.spans.end[firing as usize] }
        };
        steps.into_iter().map(ran).collect()
    }

    /// The plan of a program.
    pub fn plan(&self, program: &[Command]) -> Plan {
        self.laid_out(program).0
    }

    /// The plan, the step in which each command is carried out, and the widths of kernels.
    fn laid_out(&self, program: &[Command]) -> (Plan, Vec<u32>, Vec<f64>) {
        let mut issuer = Issuer {
            device: self,
            draft: Draft::new(1),
            host: Vec::new(),
            host_at_least: Time::ZERO,
            last: BTreeMap::new(),
            recorded: BTreeMap::new(),
            placed: Vec::new(),
            widths: Vec::new(),
        };
        program.iter().for_each(|command| issuer.issue(command));
        let nodes: Vec<NodeIndex> = issuer.placed.iter().map(|placed| placed.step).collect();
        let (plan, place) = issuer.draft.freeze_with_places().expect("programs can end");
        let steps = nodes.iter().map(|node| place[node.index()]).collect();
        (plan, steps, issuer.widths)
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
                engine.setup + *amount / rate
            }
            Operation::Within(amount) => {
                let rate = Rate::bytes_per_s(self.machine.memory_rate(0.5) / 2.0);
                self.to_device.setup + *amount / rate
            }
            Operation::Peer(amount, rate) => self.to_host.setup + *amount / *rate,
            Operation::Mapped(direction, amount) => *amount / engine(*direction).mapped,
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

/// The host, issuing one call after another.
struct Issuer<'a> {
    device: &'a Device,
    draft: Draft,
    /// What the next call comes after.
    host: Vec<(NodeIndex, Link)>,
    /// The earliest time of the next call.
    host_at_least: Time,
    /// The last command of each stream, by its place.
    last: BTreeMap<Stream, usize>,
    recorded: BTreeMap<Event, usize>,
    placed: Vec<Placed>,
    widths: Vec<f64>,
}

const AFTER: Link = Link { lag: 0, landed: false };

impl Issuer<'_> {
    fn wait(&mut self, time: Time, after: &[(NodeIndex, Link)]) -> NodeIndex {
        self.draft.once(Op::Wait(time), Book::Nobody, after)
    }

    fn issue(&mut self, command: &Command) {
        let device = self.device;
        // The host gets to the call when it has made the one before, and not before its time.
        if command.not_before > self.host_at_least {
            self.host_at_least = command.not_before;
            let until = self.wait(command.not_before, &[]);
            self.host.push((until, AFTER));
        }
        let issued = self.wait(Time::ZERO, &self.host.clone());
        let server = device.server(&command.operation);
        let on_sms = server == Server::Sms;
        let launch = if on_sms { device.machine.launch_latency } else { Time::ZERO };
        let mut after = vec![(self.wait(launch, &[(issued, AFTER)]), AFTER)];
        let mut behind_kernel = on_sms;
        for other in self.waits(command) {
            let Placed { end, behind_kernel: theirs, .. } = self.placed[other];
            behind_kernel |= server == Server::Nobody && theirs;
            let gap = match on_sms && theirs {
                true => Time::from_seconds(device.machine.stream_gap),
                false => Time::ZERO,
            };
            after.push((self.wait(gap, &[(end, AFTER)]), AFTER));
        }
        let alone = device.alone(&command.operation);
        let (step, end) = match server {
            Server::Engine(engine) => {
                let pool = PoolIndex(engine);
                let take = self.draft.once(Op::Acquire(pool), Book::Nobody, &after);
                let copy = self.wait(alone, &[(take, AFTER)]);
                (copy, self.draft.once(Op::Release(pool), Book::Nobody, &[(copy, AFTER)]))
            }
            Server::Sms => {
                let client = self.widths.len() as u32;
                self.widths.push(device.filled(&command.operation));
                let turn = Op::Turn { server: 0, client, work: alone };
                let kernel = self.draft.once(turn, Book::Nobody, &after);
                (kernel, kernel)
            }
            Server::Nobody => {
                let place = self.wait(Time::ZERO, &after);
                (place, place)
            }
        };
        let at = self.placed.len();
        self.placed.push(Placed { step, end, behind_kernel });
        self.last.insert(command.stream, at);
        if let Operation::Record(event) = command.operation {
            self.recorded.insert(event, at);
        }
        self.host = vec![(self.wait(device.call, &[(issued, AFTER)]), AFTER)];
        if let Operation::Copy { host: HostSide::Pageable(_), .. } = command.operation {
            self.host.push((end, AFTER));
        }
    }

    /// The commands that one waits for, by their places.
    fn waits(&self, command: &Command) -> Vec<usize> {
        let blocking = |stream: &Stream| !self.device.non_blocking.contains(stream);
        let mut after: Vec<usize> = self.last.get(&command.stream).copied().into_iter().collect();
        if self.device.default_stream == DefaultStream::Legacy {
            if command.stream == 0 {
                let others = self.last.iter().filter(|(stream, _)| blocking(stream));
                after.extend(others.map(|(_, at)| *at));
            } else if blocking(&command.stream) {
                after.extend(self.last.get(&0));
            }
        }
        if let Operation::Wait(event) = command.operation {
            after.extend(self.recorded.get(&event));
        }
        after.sort_unstable();
        after.dedup();
        after
    }
}
