//! When each command of a program runs.
//!
//! Commands are issued in the order of the program; what can run starts at once, the earliest
//! first. Only commands that are issued and have not begun are looked at, so that a long program
//! costs what its queues are long.

use std::collections::BTreeMap;

use sim::Time;

use super::{Command, DefaultStream, Device, Event, HostSide, Operation, Ran, Server, Stream};

/// Work this small is rounding in seconds.
const DONE: f64 = 1e-13;

/// A command that runs on the SMs.
struct Running {
    at: usize,
    left: f64,
    filled: f64,
}

struct Schedule<'a> {
    device: &'a Device,
    program: &'a [Command],
    ran: Vec<Ran>,
    /// Commands that each one waits for.
    after: Vec<Vec<usize>>,
    issued: Vec<Time>,
    /// Whether each is a kernel, or an event behind one.
    behind_kernel: Vec<bool>,
    host: Time,
    last: BTreeMap<Stream, usize>,
    recorded: BTreeMap<Event, usize>,
    now: Time,
    /// Issued and not begun, in the order of the program.
    waiting: Vec<usize>,
    running: Vec<Running>,
    engines: [Time; 2],
}

pub(super) fn run(device: &Device, program: &[Command]) -> Vec<Ran> {
    let nothing = Ran { begin: Time::MAX, end: Time::MAX };
    let mut schedule = Schedule {
        device,
        program,
        ran: vec![nothing; program.len()],
        after: Vec::with_capacity(program.len()),
        issued: Vec::with_capacity(program.len()),
        behind_kernel: Vec::with_capacity(program.len()),
        host: Time::ZERO,
        last: BTreeMap::new(),
        recorded: BTreeMap::new(),
        now: Time::ZERO,
        waiting: Vec::new(),
        running: Vec::new(),
        engines: [Time::ZERO; 2],
    };
    for at in 0..program.len() {
        schedule.issue(at);
    }
    schedule.advance(Time::MAX, None);
    schedule.ran
}

impl Schedule<'_> {
    /// Issues a command: what it waits for, and when the host got to it.
    fn issue(&mut self, at: usize) {
        let command = &self.program[at];
        self.host = self.host.max(command.not_before);
        // Everything up to now is decided by what is issued already.
        self.advance(self.host, None);
        let after = self.waits(command);
        self.behind_kernel.push(match self.device.server(&command.operation) {
            Server::Sms => true,
            Server::Nobody => after.iter().any(|&other| self.behind_kernel[other]),
            Server::Engine(_) => false,
        });
        self.after.push(after);
        self.issued.push(self.host);
        self.waiting.push(at);
        self.last.insert(command.stream, at);
        if let Operation::Record(event) = command.operation {
            self.recorded.insert(event, at);
        }
        self.host = self.host.saturating_add(self.device.call);
        if let Operation::Copy { host: HostSide::Pageable(_), .. } = command.operation {
            self.advance(Time::MAX, Some(at));
            self.host = self.host.max(self.ran[at].end);
        }
    }

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
        after
    }

    /// Simulates up to `horizon`, or until the command `until` has a known end.
    fn advance(&mut self, horizon: Time, until: Option<usize>) {
        loop {
            self.start();
            if until.is_some_and(|at| self.ran[at].end != Time::MAX) {
                return;
            }
            let Some(next) = self.next().filter(|next| *next <= horizon) else { break };
            self.pass(next);
        }
        if horizon != Time::MAX && horizon > self.now {
            self.pass(horizon);
        }
    }

    /// Moves the clock, and ends what is done by then.
    fn pass(&mut self, next: Time) {
        let seconds = next.saturating_sub(self.now).as_seconds();
        let speeds = speeds(&self.running);
        for (kernel, speed) in self.running.iter_mut().zip(speeds) {
            kernel.left -= seconds * speed;
        }
        self.now = next;
        let ran = &mut self.ran;
        self.running.retain(|kernel| {
            let ended = kernel.left <= DONE;
            if ended {
                ran[kernel.at].end = next;
            }
            !ended
        });
    }

    /// When a command may start, if all that it waits for has an end.
    fn ready(&self, at: usize) -> Option<Time> {
        let on_sms = |at: usize| self.device.server(&self.program[at].operation) == Server::Sms;
        let machine = &self.device.machine;
        let launch = if on_sms(at) { machine.launch_latency } else { Time::ZERO };
        let mut ready = self.issued[at].saturating_add(launch);
        for &other in &self.after[at] {
            if self.ran[other].end == Time::MAX {
                return None;
            }
            let gap = match on_sms(at) && self.behind_kernel[other] {
                true => Time::from_seconds(machine.stream_gap),
                false => Time::ZERO,
            };
            ready = ready.max(self.ran[other].end.saturating_add(gap));
        }
        Some(ready)
    }

    /// Starts what can start now, earlier commands first, until nothing more can.
    fn start(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut left = Vec::with_capacity(waiting.len());
        for at in waiting {
            let ready = self.ready(at).is_some_and(|ready| ready <= self.now);
            if !ready || !self.begin(at) {
                left.push(at);
            }
        }
        self.waiting = left;
    }

    /// Begins a command if its server has a place for it.
    fn begin(&mut self, at: usize) -> bool {
        let operation = &self.program[at].operation;
        match self.device.server(operation) {
            Server::Engine(engine) => {
                if self.engines[engine] > self.now {
                    return false;
                }
                let end = self.now.saturating_add(self.device.alone(operation));
                self.engines[engine] = end;
                self.ran[at] = Ran { begin: self.now, end };
            }
            Server::Sms => {
                let taken: f64 = self.running.iter().map(|kernel| kernel.filled).sum();
                if taken >= 1.0 - 1e-9 {
                    return false;
                }
                let left = self.device.alone(operation).as_seconds();
                let filled = self.device.filled(operation);
                self.running.push(Running { at, left, filled });
                self.ran[at].begin = self.now;
            }
            Server::Nobody => self.ran[at] = Ran { begin: self.now, end: self.now },
        }
        true
    }

    /// The next instant at which anything can change.
    fn next(&self) -> Option<Time> {
        let ready = self.waiting.iter().filter_map(|&at| self.ready(at));
        let moving = speeds(&self.running).into_iter().zip(&self.running);
        let ends = moving.filter(|(speed, _)| *speed > 0.0).map(|(speed, kernel)| {
            // Rounded up, so that the end is never before the work is done.
            let span = Time::from_seconds(kernel.left / speed).saturating_add(Time::from_ps(1));
            self.now.saturating_add(span)
        });
        let engines = self.engines.iter().copied();
        ready.chain(ends).chain(engines).filter(|time| *time > self.now).min()
    }
}

/// How fast each kernel runs, 0 to 1: earlier ones have what they fill, later ones what is left.
fn speeds(running: &[Running]) -> Vec<f64> {
    let mut left = 1.0f64;
    let speed = |kernel: &Running| {
        let speed = (left / kernel.filled).clamp(0.0, 1.0);
        left = (left - kernel.filled).max(0.0);
        speed
    };
    running.iter().map(speed).collect()
}
