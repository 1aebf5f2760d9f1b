//! When instances are started and stopped.

mod concurrency;
mod queue;

use sim::Time;

pub use concurrency::Concurrency;
pub use queue::Queue;

/// When instances of a function are started and stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scaling {
    /// One is started for every call that none is free or starting for, as platforms do that bill
    /// by the call; keep-alive ends it.
    PerCall,
    /// As many as calls in work and waiting need on average, as Knative's autoscaler.
    Concurrency(Concurrency),
    /// As many as the queue is long, looked at every so often, as KEDA with a queue's scaler.
    Queue(Queue),
}

/// What a scaler of one function remembers.
#[derive(Clone, Debug)]
pub(super) enum Scaler {
    PerCall,
    Concurrency(concurrency::State),
    Queue(queue::State),
}

/// What a scaler sees of its function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seen {
    /// Calls that wait.
    pub(super) waiting: u32,
    /// Calls in work.
    pub(super) working: u32,
    /// Instances that are ready.
    pub(super) ready: u32,
    /// Instances that are there, ready or not.
    pub(super) live: u32,
}

impl Scaler {
    pub(super) fn new(scaling: &Scaling) -> Scaler {
        match scaling {
            Scaling::PerCall => Scaler::PerCall,
            Scaling::Concurrency(own) => Scaler::Concurrency(concurrency::State::new(*own)),
            Scaling::Queue(own) => Scaler::Queue(queue::State::new(*own)),
        }
    }

    /// How often it looks; none if it is called by calls alone.
    pub(super) fn every(&self) -> Option<Time> {
        match self {
            Scaler::PerCall => None,
            Scaler::Concurrency(_) => Some(concurrency::TICK),
            Scaler::Queue(own) => Some(own.every()),
        }
    }

    /// Notes that calls came or went.
    pub(super) fn note(&mut self, now: Time, seen: Seen) {
        if let Scaler::Concurrency(own) = self {
            own.note(now, seen.waiting + seen.working);
        }
    }

    /// How many instances there should be, when it looks.
    pub(super) fn desired(&mut self, now: Time, seen: Seen) -> u32 {
        match self {
            Scaler::PerCall => seen.live,
            Scaler::Concurrency(own) => own.desired(now, seen),
            Scaler::Queue(own) => own.desired(now, seen),
        }
    }

    /// Whether the first call starts an instance at once, without waiting for the next look.
    pub(super) fn wakes_at_once(&self) -> bool {
        matches!(self, Scaler::Concurrency(_))
    }
}
