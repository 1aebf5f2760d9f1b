//! What became of a scenario.

use serde::{Deserialize, Serialize};
use sim::Time;
use sim::stats::Histogram;

use super::observe::Observed;
use crate::cluster::LinkUnit;
use crate::run::traffic::CONFIDENCE;

/// What became of a scenario on one cluster, in one replication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// A report for each workload, in order.
    pub workloads: Vec<WorkloadReport>,
    /// The links and pools that were used: links in the order of the cluster, then pools.
    pub resources: Vec<ResourceReport>,
    /// The servers of batches, in order.
    pub batches: Vec<BatchReport>,
    /// How many events it took.
    pub events: u64,
}

/// What became of a workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkloadReport {
    /// Runs that began.
    pub arrived: u64,
    /// Runs that ended.
    pub completed: u64,
    /// Runs that were given up because they lasted too long.
    pub late: u64,
    /// Attempts after the first.
    pub retried: u64,
    /// Of those that ended, how many were left out as warm-up.
    pub left_out: u64,
    /// Whether the rest is steady, as far as can be told: always, where the warm-up was given.
    pub settled: bool,
    /// The time that rates and levels are means over \[s\].
    pub span_s: f64,
    /// Runs that began a second, over that time [1/s].
    pub offered_hz: f64,
    /// Runs that ended a second, over that time [1/s].
    pub carried_hz: f64,
    /// Runs in flight, in the mean over that time.
    pub in_flight_mean: f64,
    /// The most runs that were in flight.
    pub in_flight_most: u64,
    /// How long the runs took that count, if there are any.
    pub completion: Option<Completion>,
}

/// What became of the batches of a server that began in the time that counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchReport {
    /// Its name.
    pub name: String,
    /// The most members of one.
    pub size: u32,
    /// How many there were.
    pub batches: u64,
    /// How many members they had in all.
    pub members: u64,
    /// How long members waited for their batch to begin, in the mean \[s\].
    pub wait_s: f64,
    /// How long a batch was served, in the mean \[s\].
    pub service_s: f64,
    /// The part of the time that batches were served.
    pub busy: f64,
}

/// A figure with an interval that holds the true value with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// The figure of this replication \[s\].
    pub value: f64,
    /// The lower end, if so few runs tell one \[s\].
    pub low: Option<f64>,
    /// The upper end, likewise \[s\].
    pub high: Option<f64>,
}

/// How long runs took. The interval of the mean is that of batch means ([`sim::stats::Batches`]);
/// those of quantiles are order statistics ([`Histogram::quantile_interval`]), as many as the
/// batches say that the runs are worth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// How many runs.
    pub count: u64,
    /// The mean.
    pub mean: Quantile,
    /// The quantiles [`Completion::QUANTILES`].
    pub quantiles: [Quantile; 4],
    /// The shortest \[s\].
    pub min_s: f64,
    /// The longest \[s\].
    pub max_s: f64,
}

impl Completion {
    /// Which quantiles are told.
    pub const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

    pub(super) fn of(observed: &Observed) -> Option<Completion> {
        let sample: &Histogram = &observed.completion;
        let interval = observed.batches().interval(CONFIDENCE);
        let worth = observed.batches().worth();
        let mean = Quantile {
            value: sample.mean()?,
            low: interval.map(|interval| interval.low().max(0.0)),
            high: interval.map(|interval| interval.high()),
        };
        let quantile = |q: f64| {
            let (low, high) = sample.quantile_interval(q, CONFIDENCE, worth);
            Quantile { value: sample.quantile(q).unwrap_or(0.0), low, high }
        };
        Some(Completion {
            count: sample.count(),
            mean,
            quantiles: Completion::QUANTILES.map(quantile),
            min_s: sample.min()?,
            max_s: sample.max()?,
        })
    }
}

/// How a link or a pool was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceReport {
    /// Its name.
    pub name: String,
    /// What a link carries; none for a pool.
    pub unit: Option<LinkUnit>,
    /// Of a link, what it does a second; of a pool, its slots.
    pub capacity: f64,
    /// Over the time that counts.
    pub whole: Window,
    /// Over all the time, bit by bit.
    pub windows: Vec<Window>,
}

/// How a link or a pool was used over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// When it begins.
    pub begin: Time,
    /// When it ends.
    pub end: Time,
    /// The part that was in use.
    pub busy: f64,
    /// How many waited, in the mean: those in line for a pool; moves that a link holds back, each
    /// by the part of its rate that it lacks.
    pub waiting: f64,
}
