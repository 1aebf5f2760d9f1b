//! Replicas that are alike, and who of them takes a request.

use sim::Time;

use super::startup::Start;
use super::steps::Steps;
use crate::function::Scaling;

/// What replicas of a pool do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Prompts and answers.
    Both,
    /// Prompts: the answer is another pool's.
    Prefill,
    /// Answers to prompts that were handed over.
    Decode,
}

/// Which replica takes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balance {
    /// The one with fewest requests, the first of those.
    Least,
    /// Each in turn.
    RoundRobin,
    /// Whoever has room takes the next of all that wait (flow control at a gateway).
    Shared,
}

/// What comes into a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Batching {
    /// Whoever waits joins at the next step (Orca, OSDI 2022), prompts in chunks.
    Continuous {
        /// The most tokens of a step, of prompts and answers together.
        tokens: u32,
    },
    /// Requests are gathered, and answered whole before the next ones are taken.
    Fixed {
        /// The most that are gathered.
        size: u32,
        /// How long the first of them waits for others.
        wait: Time,
    },
}

/// A pool of replicas.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// What its replicas do.
    pub role: Role,
    /// What a step takes.
    pub steps: Steps,
    /// What comes into a step.
    pub batching: Batching,
    /// The most sequences that a replica works on at once.
    pub sequences: u32,
    /// Tokens whose keys and values a replica has room for; any number if it is none.
    pub room: Option<u64>,
    /// Who takes a request.
    pub balance: Balance,
    /// Replicas that are there when the run begins, and never fewer.
    pub least: u32,
    /// Whether those have to be started first.
    pub cold: bool,
    /// There are never more.
    pub most: u32,
    /// When they are started and stopped, unless there are always as many.
    pub scaling: Option<Scaling>,
    /// What a start takes.
    pub start: Start,
}

impl Pool {
    /// One replica that costs nothing and takes whatever comes.
    pub fn new(name: impl Into<String>, role: Role) -> Pool {
        Pool {
            name: name.into(),
            role,
            steps: Steps::default(),
            batching: Batching::Continuous { tokens: 8192 },
            sequences: 256,
            room: None,
            balance: Balance::Least,
            least: 1,
            cold: false,
            most: 1,
            scaling: None,
            start: Start::default(),
        }
    }
}
