//! From what happened when to what needed what.
//!
//! | edge | where it comes from |
//! | --- | --- |
//! | a call after the call before it on its thread | recorded; the gap between them is kept |
//! | an operation after its call, and the delay from the call's beginning | `correlation`; kept |
//! | an operation after the one before it in its stream | recorded: streams are in order |
//! | an operation after an event of another stream | `cuda_sync`, if it was recorded |
//! | a call after an operation of the GPU | inferred: the call that synchronises ended after it |

use std::collections::{BTreeMap, HashMap};

use models::gpu::copy::Direction;
use models::input::InputError;
use models::replay::{Does, Kind, Need, Operation};
use models::transfer::HostMemory;
use sim::{Bytes, Time};

use super::super::notes::Notes;
use super::event::{Event, What};
use super::since;

/// Operations, the number of the event of each, what is to be said, and how long it took.
type Told = (Vec<Operation>, Vec<u64>, Notes, Time);

/// A time that something is kept for: shorter ones are rounding.
const KEPT: Time = Time::from_ps(500);

/// The events of a trace in the order of time.
pub(super) struct Timeline<'a> {
    events: Vec<Event<'a>>,
    first_us: f64,
}

/// An operation of the GPU that has been placed.
#[derive(Clone, Copy)]
struct OnGpu {
    operation: u32,
    /// Of the call that launched it.
    correlation: u64,
    end: Time,
}

/// What has been placed so far.
#[derive(Default)]
struct Placed {
    operations: Vec<Operation>,
    events: Vec<u64>,
    /// By correlation: the operation with which a call begins, and when that was.
    calls: HashMap<u64, (u32, Time)>,
    streams: BTreeMap<i64, Vec<OnGpu>>,
    delays: u64,
    by_events: u64,
    synchronised: u64,
    collectives: u64,
    without_call: u64,
    within: u64,
}

impl<'a> Timeline<'a> {
    pub(super) fn of(mut events: Vec<Event<'a>>) -> Result<Timeline<'a>, InputError> {
        // The profiler writes events as it collects them.
        events.sort_by(|a, b| a.begin_us.total_cmp(&b.begin_us).then(a.number.cmp(&b.number)));
        let gpu = |event: &&Event<'_>| !matches!(event.what, What::Call | What::Sync);
        let mut devices: Vec<u32> =
            events.iter().filter(gpu).map(|event| event.args.device.unwrap_or(0)).collect();
        devices.sort_unstable();
        devices.dedup();
        match devices.len() {
            1 => {}
            0 => {
                let problem = "there is no kernel and no copy";
                let help = "a trace with ProfilerActivity.CUDA";
                return Err(InputError::new("traceEvents", problem).help(help));
            }
            many => {
                let problem = format!("there are operations of {many} devices");
                let help = "the trace of a process with one GPU";
                return Err(InputError::new("args.device", problem).help(help));
            }
        }
        let first_us = events.first().map_or(0.0, |event| event.begin_us);
        Ok(Timeline { events, first_us })
    }

    fn span(&self, event: &Event<'_>) -> (Time, Time) {
        let begin = since(self.first_us, event.begin_us);
        let end = since(self.first_us, event.begin_us + event.length_us);
        (begin, end)
    }

    /// Places what the host did up to each operation of the GPU, and that.
    pub(super) fn operations(&self) -> Result<Told, InputError> {
        let mut placed = Placed::default();
        let last = self.events.iter().map(|event| self.span(event).1).max();
        let recorded = last.unwrap_or(Time::ZERO);
        let waits = self.waits();
        let mut threads: BTreeMap<&str, (Option<u32>, Time)> = BTreeMap::new();
        // A call ends after what it waited for, which began after the call: first all beginnings.
        let mut open: Vec<(Time, &Event<'a>)> = Vec::new();
        for event in &self.events {
            let (begin, end) = self.span(event);
            while let Some(at) = open.iter().position(|(end, _)| *end <= begin) {
                let (_, call) = open.remove(at);
                self.end_call(&mut placed, call, &mut threads);
            }
            match event.what {
                What::Call => {
                    self.begin_call(&mut placed, event, &mut threads);
                    let at = open.partition_point(|(other, _)| *other <= end);
                    open.insert(at, (end, event));
                }
                What::Sync => {}
                What::Kernel | What::Memcpy | What::Memset => {
                    self.on_gpu(&mut placed, event, &waits);
                }
            }
        }
        for (_, call) in open {
            self.end_call(&mut placed, call, &mut threads);
        }
        let notes = placed.notes(threads.len());
        Ok((placed.operations, placed.events, notes, recorded))
    }

    /// For each stream, from which correlation on it waits for which event: the stream where that
    /// was recorded, and by which call.
    fn waits(&self) -> HashMap<i64, Vec<(u64, i64, u64)>> {
        let mut waits: HashMap<i64, Vec<(u64, i64, u64)>> = HashMap::new();
        for event in self.events.iter().filter(|event| event.what == What::Sync) {
            let args = &event.args;
            if let (Some(stream), Some(from), Some(on), Some(record)) = (
                args.stream,
                args.correlation,
                args.wait_on_stream,
                args.wait_on_cuda_event_record_corr_id,
            ) && let Ok(record) = u64::try_from(record)
            {
                waits.entry(stream).or_default().push((from, on, record));
            }
        }
        waits
    }

    fn begin_call(
        &self,
        placed: &mut Placed,
        event: &Event<'a>,
        threads: &mut BTreeMap<&str, (Option<u32>, Time)>,
    ) {
        let (begin, _) = self.span(event);
        let known = threads.get(event.thread.as_str()).copied();
        let (before, until) = known.unwrap_or((None, Time::ZERO));
        let gap = begin.saturating_sub(until);
        let needs = before.map(Need::ended).into_iter().collect();
        let call = placed.work(Kind::HostGap, gap, needs, event.number);
        if let Some(correlation) = event.args.correlation {
            placed.calls.entry(correlation).or_insert((call, begin));
        }
    }

    /// The rest of a call, behind what it waited for.
    fn end_call<'e>(
        &self,
        placed: &mut Placed,
        event: &'e Event<'a>,
        threads: &mut BTreeMap<&'e str, (Option<u32>, Time)>,
    ) {
        let (begin, end) = self.span(event);
        let own = event.args.correlation.and_then(|correlation| placed.calls.get(&correlation));
        let Some(&(call, _)) = own else { return };
        let mut needs = vec![Need::ended(call)];
        let mut busy_from = begin;
        let synchronises = event.name.contains("Synchronize");
        let copies = event.name.contains("emcpy");
        for streams in placed.streams.values() {
            // The last that had ended by then: what it waited for, or the one before that.
            let at = streams.partition_point(|on_gpu| on_gpu.end <= end);
            let Some(on_gpu) = at.checked_sub(1).map(|at| streams[at]) else { continue };
            let own = Some(on_gpu.correlation) == event.args.correlation;
            if (synchronises && on_gpu.end > begin) || (copies && own) {
                needs.push(Need::ended(on_gpu.operation));
                busy_from = busy_from.max(on_gpu.end);
            }
        }
        placed.synchronised += u64::from(needs.len() > 1);
        let rest = end.saturating_sub(busy_from);
        let rest = placed.work(Kind::HostCall, rest, needs, event.number);
        threads.insert(event.thread.as_str(), (Some(rest), end));
    }

    fn on_gpu(
        &self,
        placed: &mut Placed,
        event: &Event<'a>,
        waits: &HashMap<i64, Vec<(u64, i64, u64)>>,
    ) {
        let (begin, end) = self.span(event);
        let correlation = event.args.correlation.expect("it was checked");
        let stream = event.args.stream.expect("it was checked");
        let mut needs = Vec::new();
        let mut ready = Time::ZERO;
        match placed.calls.get(&correlation) {
            Some(&(call, at)) => {
                needs.push(Need::ended(call));
                ready = at;
            }
            None => placed.without_call += 1,
        }
        let before = placed.streams.get(&stream).and_then(|all| all.last()).copied();
        if let Some(before) = before {
            needs.push(Need::ended(before.operation));
            ready = ready.max(before.end);
        }
        let last = before.map_or(0, |before| before.correlation);
        let own = waits.get(&stream).into_iter().flatten();
        for &(_, on, record) in own.filter(|(from, ..)| (last..=correlation).contains(from)) {
            let theirs = placed.streams.get(&on).into_iter().flatten();
            let event = theirs.rev().find(|other| other.correlation < record);
            if let Some(other) = event.filter(|other| other.end <= begin) {
                needs.push(Need::ended(other.operation));
                ready = ready.max(other.end);
                placed.by_events += 1;
            }
        }
        let delay = begin.saturating_sub(ready);
        if delay > KEPT {
            let delay = placed.work(Kind::LaunchDelay, delay, needs, event.number);
            needs = vec![Need::ended(delay)];
            placed.delays += 1;
        }
        let does = does(event, end.saturating_sub(begin));
        match does.kind() {
            Kind::Collective => placed.collectives += 1,
            Kind::RecordedCopy => placed.within += 1,
            _ => {}
        }
        let operation = placed.add(does, needs, event.number);
        let streams = placed.streams.entry(stream).or_default();
        streams.push(OnGpu { operation, correlation, end });
    }
}

/// What the GPU did.
fn does(event: &Event<'_>, time: Time) -> Does {
    let work = |kind| Does::Work { kind, time, on: None };
    if event.what == What::Kernel {
        let collective = event.args.collective.is_some() || event.name.starts_with("nccl");
        return work(if collective { Kind::Collective } else { Kind::Kernel });
    }
    let direction = match event.what {
        What::Memcpy if event.name.contains("HtoD") => Direction::ToDevice,
        What::Memcpy if event.name.contains("DtoH") => Direction::ToHost,
        _ => return work(Kind::RecordedCopy),
    };
    let memory = match event.name.contains("Pageable") {
        true => HostMemory::Pageable,
        false => HostMemory::Pinned,
    };
    match event.args.bytes {
        Some(bytes) if bytes > 0 => Does::Copy { direction, bytes: Bytes::new(bytes), memory },
        _ => work(Kind::RecordedCopy),
    }
}

impl Placed {
    fn add(&mut self, does: Does, needs: Vec<Need>, event: u64) -> u32 {
        self.operations.push(Operation { rank: 0, does, needs });
        self.events.push(event);
        self.operations.len() as u32 - 1
    }

    fn work(&mut self, kind: Kind, time: Time, needs: Vec<Need>, event: u64) -> u32 {
        self.add(Does::Work { kind, time, on: None }, needs, event)
    }

    fn notes(&self, threads: usize) -> Notes {
        let mut notes = Notes::default();
        notes.say(
            "Kernels keep their recorded time; copies between host and device are priced anew.",
        );
        notes.say(format!(
            "Host: what calls take and the gaps between them are kept; that its threads \
             ({threads}) wait for each other is in the gaps."
        ));
        let mut say = |count: u64, text: &str| notes.count(count, text);
        say(self.collectives, "collectives keep their recorded time, whatever the network");
        say(self.within, "copies within or between devices, and fills, keep their recorded time");
        say(self.delays, "operations began later than what is known to come before: that is kept");
        say(self.by_events, "operations wait for an event of another stream, as recorded");
        if self.by_events == 0 && self.streams.len() > 1 {
            let text = "streams have no recorded events between them: their order is in the delays";
            say(self.streams.len() as u64, text);
        }
        say(self.synchronised, "calls are taken to have waited for the GPU, from when they ended");
        say(self.without_call, "operations have no call: they begin when they were recorded to");
        notes
    }
}
