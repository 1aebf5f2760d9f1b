//! Lanes of a simulated device that wait for each other, call by call.
//!
//! One engine copies each way, kernels begin as soon as their part of the SMs is free, and what
//! waits for an event begins `event_wait` after the kernel before it. Contexts of their own take
//! turns. Calls take no time of their own, but for copies that block.

use std::collections::BTreeMap;

use models::gpu::share::Turns;
use sim::Time;

use super::super::judge::body;
use super::super::kernel::Kernel;
use super::super::work::{Launch, Place, ProbeStep, ProbeWork};
use super::Simulated;

/// Whether work is of this kind: the laws of the probes have no words for it.
pub(super) fn is_due(work: &ProbeWork) -> bool {
    let mut steps = work.lanes.iter().flat_map(|lane| &lane.steps);
    let own = work.lanes.iter().any(|lane| lane.own_context);
    own || steps.any(|step| match step {
        ProbeStep::Launch(launch) | ProbeStep::Graph { launch, .. } => {
            body::asked(launch).is_some()
        }
        ProbeStep::BlockingCopy { .. } | ProbeStep::Record(_) | ProbeStep::Wait(_) => true,
        ProbeStep::Copy { .. } => false,
    })
}

/// When each lane has ended, by the host's clock \[s\].
pub(super) fn ends(device: &Simulated, work: &ProbeWork) -> Vec<f64> {
    if work.lanes.iter().any(|lane| lane.own_context) {
        return in_turns(device, work);
    }
    let empty = Lane { end: 0.0, gap: 0.0, kernel: false, began: false };
    let mut schedule = Schedule {
        device,
        host: 0.0,
        lanes: vec![empty; work.lanes.len()],
        events: BTreeMap::new(),
        engines: [0.0; 2],
        running: Vec::new(),
    };
    for (lane, at) in work.order() {
        schedule.step(lane, &work.lanes[lane].steps[at]);
    }
    // What the host sees of an end, from the empty kernel's round trip.
    let seen = device.is("launch_round_trip")
        - device.is("launch_latency")
        - device.machine.block_turnover;
    let seen = if work.blocks() { 0.0 } else { seen.max(0.0) };
    schedule.lanes.iter().map(|lane| lane.end.max(schedule.host) + seen).collect()
}

/// The ends of contexts, each of which begins with its first call.
fn in_turns(device: &Simulated, work: &ProbeWork) -> Vec<f64> {
    let seconds = |steps: &[ProbeStep]| steps.iter().map(|step| device.alone_on_device(step)).sum();
    let works: Vec<Time> =
        work.lanes.iter().map(|lane| Time::from_seconds(seconds(&lane.steps))).collect();
    let turns = Turns {
        quantum: Time::from_seconds(device.is("turn_quantum")),
        switch: Time::from_seconds(device.is("turn_switch")),
    };
    let start = device.is("launch_round_trip");
    (0..works.len()).map(|at| start + turns.elapsed(&works, at).as_seconds()).collect()
}

/// A stream.
#[derive(Clone, Copy)]
struct Lane {
    end: f64,
    /// What passes before the next kernel.
    gap: f64,
    /// Whether the last step was a kernel.
    kernel: bool,
    /// Whether any step has begun.
    began: bool,
}

struct Schedule<'a> {
    device: &'a Simulated,
    /// The host is at its next call.
    host: f64,
    lanes: Vec<Lane>,
    /// When each event happens, and whether it is behind a kernel.
    events: BTreeMap<u32, (f64, bool)>,
    /// When the engines are free: to the device, to the host.
    engines: [f64; 2],
    /// Ends of kernels and the parts of the SMs that they fill.
    running: Vec<(f64, f64)>,
}

impl Schedule<'_> {
    fn step(&mut self, lane: usize, step: &ProbeStep) {
        match *step {
            ProbeStep::Launch(launch) => self.kernel(lane, &launch, 1),
            ProbeStep::Graph { launch, nodes } => self.kernel(lane, &launch, nodes),
            ProbeStep::Copy { from, to, bytes } => self.copy(lane, (from, to), bytes, false),
            ProbeStep::BlockingCopy { from, to, bytes } => self.copy(lane, (from, to), bytes, true),
            ProbeStep::Record(event) => {
                let Lane { end, kernel, .. } = self.lanes[lane];
                self.events.insert(event, (end.max(self.host), kernel));
            }
            ProbeStep::Wait(event) => {
                let (happened, behind_kernel) = self.events[&event];
                let wait = if behind_kernel { self.device.machine.event_wait } else { 0.0 };
                let own = &mut self.lanes[lane];
                own.end = own.end.max(happened + wait);
                (own.gap, own.kernel, own.began) = (0.0, false, true);
            }
        }
    }

    fn kernel(&mut self, lane: usize, launch: &Launch, nodes: u32) {
        let (device, own) = (self.device, self.lanes[lane]);
        let each = device.on_device(launch);
        let gaps = f64::from(nodes - 1) * device.machine.graph_gap;
        let first = self.host + device.is("launch_latency");
        let ready = if own.began { first.max(own.end + own.gap) } else { first };
        let filled = device.filled(launch);
        let begin = self.room(ready, filled);
        let end = begin + f64::from(nodes) * each + gaps;
        // Nobody asks for a time before the earliest lane's end.
        let past = self.lanes.iter().map(|lane| lane.end).fold(f64::INFINITY, f64::min);
        self.running.retain(|(end, _)| *end > past);
        self.running.push((end, filled));
        let gap = device.machine.stream_gap;
        self.lanes[lane] = Lane { end, gap, kernel: true, began: true };
    }

    /// The earliest time from `ready` on at which a part of the SMs is free.
    fn room(&self, ready: f64, filled: f64) -> f64 {
        let taken = |at: f64| -> f64 {
            self.running.iter().filter(|(end, _)| *end > at).map(|(_, filled)| filled).sum()
        };
        let ends = self.running.iter().map(|(end, _)| *end).filter(|end| *end > ready);
        let mut times: Vec<f64> = std::iter::once(ready).chain(ends).collect();
        times.sort_by(f64::total_cmp);
        let free = times.iter().copied().find(|at| taken(*at) + filled <= 1.0 + 1e-9);
        free.unwrap_or(ready)
    }

    fn copy(&mut self, lane: usize, (from, to): (Place, Place), bytes: u64, blocks: bool) {
        let engine = self.device.engine(from, to);
        let moving = bytes as f64 / engine.rate.as_bytes_per_s();
        let setup = engine.setup.as_seconds();
        let alone = match blocks {
            true => engine.call.as_seconds().max(setup + moving),
            false => setup + moving,
        };
        let which = usize::from(to != Place::Device);
        let ready = self.host.max(self.lanes[lane].end).max(self.engines[which]);
        let end = ready + alone;
        self.engines[which] = end;
        self.lanes[lane] = Lane { end, gap: 0.0, kernel: false, began: true };
        let staged = [from, to].iter().any(|at| matches!(at, Place::Pageable | Place::Untouched));
        if blocks || staged {
            self.host = end;
        }
    }
}

impl Simulated {
    /// What a kernel takes on the device; an empty one the time of its slot.
    fn on_device(&self, launch: &Launch) -> f64 {
        match launch.kernel {
            Kernel::Nothing => self.machine.block_turnover,
            _ => self.kernel(launch),
        }
    }

    /// What a step takes on the device with nothing beside it.
    fn alone_on_device(&self, step: &ProbeStep) -> f64 {
        match *step {
            ProbeStep::Launch(launch) => self.on_device(&launch),
            ProbeStep::Graph { launch, nodes } => f64::from(nodes) * self.on_device(&launch),
            ProbeStep::Copy { from, to, bytes } | ProbeStep::BlockingCopy { from, to, bytes } => {
                self.copy(from, to, bytes)
            }
            ProbeStep::Record(_) | ProbeStep::Wait(_) => 0.0,
        }
    }

    /// The part of the SMs that a kernel fills, above 0 to 1.
    fn filled(&self, launch: &Launch) -> f64 {
        let all = f64::from(self.facts.sms) * f64::from(self.facts.threads_per_sm);
        (f64::from(launch.blocks) * f64::from(launch.threads) / all).clamp(1e-6, 1.0)
    }
}
