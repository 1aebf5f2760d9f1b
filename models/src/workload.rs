//! Workloads: what runs again and again over time, and what becomes of it.
//!
//! ```text
//!  scenario ─► templates (plans, priced once) ─┐
//!              sources (when runs begin)       ├► the engine, max-min flows ─► report
//!              pools of the user's own         ┘   (runs in a slab)
//! ```
//!
//! A plan is a template. A run of it is a start time, a number and a block of counters that is used
//! again when the run has ended, so memory grows with what is in flight and not with what has
//! ended; what has ended is in histograms. Everything that chance decides in a run is named after
//! the seed, the workload and the number of the run, and does not depend on the order of events.

mod check;
mod observe;
mod report;
mod simulate;

use std::sync::Arc;

use sim::{Dist, Time};

use crate::transfer::Transfer;

pub use crate::run::traffic::Control;
pub use check::check;
pub(crate) use check::pairs;
pub(crate) use observe::Observed;
pub use report::{
    BatchReport, Completion, Quantile, Report, ResourceReport, Window, WorkloadReport,
};
pub use simulate::simulate;

/// What runs over time on one cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Pools beside those of the cluster.
    pub pools: Vec<Pool>,
    /// Servers of batches.
    pub batches: Vec<Batch>,
    /// What runs.
    pub workloads: Vec<Workload>,
}

/// Some number of equal slots that steps take and give back, first come, first served.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// How many there are.
    pub slots: u32,
    /// What a slot needs before it is of use, if anything.
    pub set_up: Option<SetUp>,
}

/// What makes a cold slot warm. Whoever is granted it waits for that, and holds it meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct SetUp {
    /// How long it takes \[s\].
    pub takes: Dist,
    /// How long a slot that nobody holds stays warm.
    pub keep: Time,
}

/// A server that serves runs together: it collects them until there are enough or the first has
/// waited long enough, first come, first served, and serves one batch at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Its name.
    pub name: String,
    /// The most runs of a batch; at least one.
    pub size: u32,
    /// How long the first one waits for others.
    pub wait: Time,
    /// How long a batch takes, whoever is in it \[s\].
    pub service: Dist,
    /// How much longer it takes for each member.
    pub per_member: Time,
}

/// One kind of work, and when runs of it begin.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Its name.
    pub name: String,
    /// What a run does.
    pub work: Work,
    /// When runs begin.
    pub arrivals: Arrivals,
    /// When no more begin.
    pub stop: Stop,
    /// How long a run may last, if not for ever.
    pub limit: Option<Limit>,
    /// What is left out of the statistics.
    pub warm_up: WarmUp,
}

/// How long a run may last. One that lasts longer is cut off: its moves stop, what it holds of
/// pools goes back, turns of a server that were asked for are served for nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Each attempt, from its beginning.
    pub after: Time,
    /// How often it is begun in all before it is given up.
    pub attempts: u32,
}

/// What a run does.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// A transfer, with its request and reply if it has them.
    Transfer {
        /// The transfer.
        transfer: Box<Transfer>,
        /// What its message is multiplied by in each run. The price per byte stays that of the
        /// transfer's own message, which should be the mean.
        size: Option<Dist>,
    },
    /// Steps, each after those that it names.
    Steps(Vec<Step>),
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// What it does.
    pub does: Does,
    /// The steps that have to have ended, by their numbers.
    pub after: Vec<usize>,
    /// The part of the runs in which it happens; in the others it takes no time.
    pub chance: f64,
    /// How often it is done, one after the other.
    pub repeat: u32,
}

impl Step {
    /// The transfer that it is, or whose kernel it is.
    pub(crate) fn transfer(&self) -> Option<&Transfer> {
        match &self.does {
            Does::Transfer { transfer, .. } | Does::Kernel(transfer) => Some(transfer),
            Does::Wait(_) | Does::Take(_) | Does::Give(_) | Does::Batch(_) => None,
        }
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// Time passes \[s\].
    Wait(Dist),
    /// It takes a slot of a pool, or waits for one.
    Take(usize),
    /// It gives a slot back.
    Give(usize),
    /// A transfer, as in [`Work::Transfer`].
    Transfer {
        /// The transfer.
        transfer: Box<Transfer>,
        /// What its message is multiplied by in each run.
        size: Option<Dist>,
    },
    /// It is served with others by a server of batches.
    Batch(usize),
    /// The kernel that makes a transfer's result.
    Kernel(Box<Transfer>),
}

/// When runs begin.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// As many as [`Stop::count`] says, or one, at an instant.
    At(Time),
    /// One every so often, from the beginning on.
    Every(Time),
    /// Independently of each other, so many a second on average.
    Poisson {
        /// Arrivals a second [1/s].
        rate_hz: f64,
    },
    /// Clients that each wait for the end of their run and think for a while before the next.
    Closed {
        /// How many there are.
        clients: u32,
        /// How long they think \[s\].
        think: Dist,
    },
    /// At these instants, which ascend.
    Trace(Arc<[Time]>),
    /// Whenever a run of another workload ends.
    After(usize),
}

/// When no more runs begin: what comes first. What has begun is always brought to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stop {
    /// At an instant.
    pub until: Option<Time>,
    /// After so many.
    pub count: Option<u64>,
    /// When the 95 % interval of the mean completion is at most this part of the mean to each side.
    pub precision: Option<f64>,
}

/// What is left out of the statistics at the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WarmUp {
    /// Runs that begin before this instant.
    Until(Time),
    /// As many as the rule MSER-5 finds ([`sim::stats::warm_up`]).
    Found,
}
