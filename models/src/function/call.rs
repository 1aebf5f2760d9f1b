//! A call of a function, and what became of it.

use sim::Time;

use super::scene::STAGES;

/// A call from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    /// When it arrives.
    pub arrives: Time,
    /// The function, by its number.
    pub function: u32,
    /// What has to be loaded for this call alone, such as an adapter; drawn if it is not given.
    pub load: Option<Time>,
    /// How long it works; drawn if it is not given.
    pub work: Option<Time>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its result has arrived.
    Answered,
    /// Its time limit was over.
    OverTime,
    /// Its memory grew over the limit, and its instance was killed.
    OutOfMemory,
    /// Nothing lay ahead any more, and it still waited.
    Waiting,
}

/// What became of a call. Times that were never reached are [`Time::MAX`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Story {
    /// The function.
    pub function: u32,
    /// The first call of its chain: itself, if it came from outside.
    pub root: u32,
    /// When it arrived.
    pub arrived: Time,
    /// When the gateway had let it through.
    pub queued: Time,
    /// When an instance took it.
    pub begun: Time,
    /// When what it needs was loaded, and its work began.
    pub loaded: Time,
    /// When its work was done.
    pub worked: Time,
    /// When it ended.
    pub ended: Time,
    /// Of the time from `queued` to `begun`, what passed in each stage of the start of the instance
    /// that took it.
    pub starting: [Time; STAGES],
    /// Whether its instance was not ready when the gateway had let it through.
    pub cold: bool,
    /// How it ended.
    pub end: End,
}

impl Story {
    /// From its arrival to its end.
    pub fn latency(&self) -> Time {
        self.ended.saturating_sub(self.arrived)
    }

    /// How long it waited without an instance that was starting for it.
    pub fn waited(&self) -> Time {
        let begun = self.begun.min(self.ended);
        let starting: Time = self.starting.into_iter().sum();
        begun.saturating_sub(self.queued).saturating_sub(starting)
    }
}
