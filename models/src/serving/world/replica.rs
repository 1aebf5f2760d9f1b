//! A replica of a pool.

use std::collections::VecDeque;

use sim::Time;

/// A series of steps with the same sequences.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// Its number: an event of another one is stale.
    pub(super) number: u32,
    pub(super) from: Time,
    /// How many steps.
    pub(super) steps: u32,
    /// What the first takes, and how much longer each takes than the one before \[s\].
    pub(super) first: f64,
    pub(super) growth: f64,
    /// Prompts in it, each with the tokens that are computed; then it has one step.
    pub(super) prompts: Vec<(u32, u32)>,
}

impl Run {
    /// When so many of its steps have ended.
    pub(super) fn until(&self, steps: u32) -> Time {
        let steps = f64::from(steps);
        let all = steps * self.first + self.growth * steps * (steps - 1.0) / 2.0;
        self.from + Time::from_seconds(all)
    }
}

/// A replica: what waits for it, and what it works on.
#[derive(Clone, Debug)]
pub(super) struct Replica {
    pub(super) pool: u32,
    pub(super) is_ready: bool,
    /// It takes no more requests, and stops when it has none.
    pub(super) is_stopping: bool,
    pub(super) queue: VecDeque<u32>,
    /// Requests whose prompts are being computed, and those that are being answered.
    pub(super) prompts: Vec<u32>,
    pub(super) answers: Vec<u32>,
    /// Tokens that they have room for.
    pub(super) taken: u64,
    pub(super) run: Option<Run>,
    pub(super) runs: u32,
    /// Handovers that wait for room here, in order.
    pub(super) wished: VecDeque<u32>,
    /// Handovers on their way here.
    pub(super) coming: u32,
    /// Prompts of it that are computed and not handed over.
    pub(super) leaving: u32,
    /// When its thread that posts pieces is free.
    pub(super) poster: Time,
}

impl Replica {
    pub(super) fn new(pool: u32, is_ready: bool) -> Replica {
        Replica {
            pool,
            is_ready,
            is_stopping: false,
            queue: VecDeque::new(),
            prompts: Vec::new(),
            answers: Vec::new(),
            taken: 0,
            run: None,
            runs: 0,
            wished: VecDeque::new(),
            coming: 0,
            leaving: 0,
            poster: Time::ZERO,
        }
    }

    /// Whether it takes requests.
    pub(super) fn takes(&self) -> bool {
        self.is_ready && !self.is_stopping
    }

    /// Sequences in work.
    pub(super) fn working(&self) -> usize {
        self.prompts.len() + self.answers.len()
    }

    /// Requests that it has.
    pub(super) fn load(&self) -> usize {
        self.queue.len() + self.working() + self.wished.len() + self.coming as usize
    }

    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        self.load() == 0 && self.leaving == 0
    }
}
