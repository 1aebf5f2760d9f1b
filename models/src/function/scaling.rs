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
pub(crate) enum Scaler {
    PerCall,
    Concurrency(concurrency::State),
    Queue(queue::State),
}

/// What a scaler sees of its function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Seen {
    /// Calls that wait.
    pub(crate) waiting: u32,
    /// Calls in work.
    pub(crate) working: u32,
    /// Instances that are ready.
    pub(crate) ready: u32,
    /// Instances that are there, ready or not.
    pub(crate) live: u32,
}

impl Scaler {
    pub(crate) fn new(scaling: &Scaling) -> Scaler {
        match scaling {
            Scaling::PerCall => Scaler::PerCall,
            Scaling::Concurrency(own) => Scaler::Concurrency(concurrency::State::new(*own)),
            Scaling::Queue(own) => Scaler::Queue(queue::State::new(*own)),
        }
    }

    /// How often it looks; none if it is called by calls alone.
    pub(crate) fn every(&self) -> Option<Time> {
        match self {
            Scaler::PerCall => None,
            Scaler::Concurrency(_) => Some(concurrency::TICK),
            Scaler::Queue(own) => Some(own.every()),
        }
    }

    /// Notes that calls came or went.
    pub(crate) fn note(&mut self, now: Time, seen: Seen) {
        if let Scaler::Concurrency(own) = self {
            own.note(now, seen.waiting + seen.working);
        }
    }

    /// How many instances there should be, when it looks.
    pub(crate) fn desired(&mut self, now: Time, seen: Seen) -> u32 {
        match self {
            Scaler::PerCall => seen.live,
            Scaler::Concurrency(own) => own.desired(now, seen),
            Scaler::Queue(own) => own.desired(now, seen),
        }
    }

    /// Whether the first call starts an instance at once, without waiting for the next look.
    pub(crate) fn wakes_at_once(&self) -> bool {
        matches!(self, Scaler::Concurrency(_))
    }
}
