//! What is kept of a point: each replication, and all of them together.

use models::cluster::LinkUnit;
use models::workload::{BatchReport, Completion, Quantile, Report, Window, WorkloadReport};

use super::sure::Sure;
use crate::estimate::Estimate;

/// All replications of a point that were finished.
#[derive(Clone, Debug)]
pub(crate) struct Digest {
    /// The numbers of the replications.
    pub(crate) replications: Vec<usize>,
    /// A digest for each workload.
    pub(crate) workloads: Vec<WorkloadDigest>,
    /// The links and pools that any of them used.
    pub(crate) resources: Vec<ResourceDigest>,
    /// A digest for each server of batches.
    pub(crate) batches: Vec<BatchDigest>,
    /// Events of all of them together, without those of draws.
    pub(crate) events: u64,
}

/// A workload over all replications.
#[derive(Clone, Debug)]
pub(crate) struct WorkloadDigest {
    /// What each replication gave.
    pub(crate) runs: Vec<WorkloadReport>,
    pub(crate) offered_hz: Estimate,
    pub(crate) carried_hz: Estimate,
    pub(crate) in_flight: Estimate,
    /// The mean, then the quantiles [`Completion::QUANTILES`] \[s\]; none if no run counts.
    pub(crate) completion_s: Option<[Estimate; 5]>,
    pub(crate) most: u64,
    pub(crate) settled: bool,
    /// What draws of what is unknown make of it, if there were any.
    pub(crate) sure: Option<Sure>,
}

/// A link or pool over all replications.
#[derive(Clone, Debug)]
pub(crate) struct ResourceDigest {
    pub(crate) name: String,
    pub(crate) unit: Option<LinkUnit>,
    pub(crate) capacity: f64,
    pub(crate) busy: Estimate,
    pub(crate) waiting: Estimate,
    /// Of the first replication.
    pub(crate) windows: Vec<Window>,
}

/// A server of batches over all replications.
#[derive(Clone, Debug)]
pub(crate) struct BatchDigest {
    pub(crate) name: String,
    /// The most members of a batch.
    pub(crate) size: u32,
    pub(crate) batches: u64,
    pub(crate) members: u64,
    /// Members of a batch, what they wait for it, and how long it is served \[s\].
    pub(crate) members_mean: Estimate,
    pub(crate) wait_s: Estimate,
    pub(crate) service_s: Estimate,
    pub(crate) busy: Estimate,
}

impl Digest {
    /// The digest of replications with their numbers, and of draws.
    pub(super) fn of(finished: &[(usize, &Report)], drawn: &[&Report]) -> Digest {
        let first = finished[0].1;
        let reports = || finished.iter().map(|(_, report)| *report);
        let workloads = (0..first.workloads.len()).map(|which| {
            let runs: Vec<WorkloadReport> =
                reports().map(|report| report.workloads[which].clone()).collect();
            let drawn: Vec<&WorkloadReport> = drawn.iter().map(|r| &r.workloads[which]).collect();
            let sure = (!drawn.is_empty()).then(|| Sure::of(&drawn));
            WorkloadDigest { sure, ..WorkloadDigest::of(runs) }
        });
        Digest {
            replications: finished.iter().map(|(number, _)| *number).collect(),
            workloads: workloads.collect(),
            resources: resources(&reports().collect::<Vec<_>>()),
            batches: (0..first.batches.len())
                .map(|which| {
                    BatchDigest::of(&reports().map(|r| &r.batches[which]).collect::<Vec<_>>())
                })
                .collect(),
            events: reports().map(|report| report.events).sum(),
        }
    }
}

impl Digest {
    /// Forgets what is only written, row by row, into tables; of what was used, the busiest stays.
    pub(crate) fn forget_rows(&mut self) {
        self.resources.iter_mut().for_each(|resource| resource.windows = Vec::new());
        let busiest = self.busiest().cloned();
        self.resources = busiest.into_iter().collect();
    }

    /// The resource that is in use for the greatest part of the time.
    pub(super) fn busiest(&self) -> Option<&ResourceDigest> {
        self.resources.iter().max_by(|a, b| a.busy.mean.total_cmp(&b.busy.mean))
    }
}

impl BatchDigest {
    fn of(runs: &[&BatchReport]) -> BatchDigest {
        let over = |of: fn(&BatchReport) -> f64| {
            estimate(&runs.iter().map(|run| of(run)).collect::<Vec<f64>>())
        };
        BatchDigest {
            name: runs[0].name.clone(),
            size: runs[0].size,
            batches: runs.iter().map(|run| run.batches).sum(),
            members: runs.iter().map(|run| run.members).sum(),
            members_mean: over(|run| run.members as f64 / run.batches.max(1) as f64),
            wait_s: over(|run| run.wait_s),
            service_s: over(|run| run.service_s),
            busy: over(|run| run.busy),
        }
    }
}

impl WorkloadDigest {
    fn of(runs: Vec<WorkloadReport>) -> WorkloadDigest {
        let over =
            |of: fn(&WorkloadReport) -> f64| estimate(&runs.iter().map(of).collect::<Vec<f64>>());
        let completions: Vec<Completion> = runs.iter().filter_map(|run| run.completion).collect();
        WorkloadDigest {
            offered_hz: over(|run| run.offered_hz),
            carried_hz: over(|run| run.carried_hz),
            in_flight: over(|run| run.in_flight_mean),
            completion_s: (!completions.is_empty()).then(|| together(&completions)),
            most: runs.iter().map(|run| run.in_flight_most).max().unwrap_or(0),
            settled: runs.iter().all(|run| run.settled),
            runs,
            sure: None,
        }
    }

    /// The sum of a count over all replications.
    pub(crate) fn sum(&self, of: fn(&WorkloadReport) -> u64) -> u64 {
        self.runs.iter().map(of).sum()
    }
}

/// The mean over replications of something that is never below zero.
fn estimate(values: &[f64]) -> Estimate {
    let estimate = Estimate::of(values);
    Estimate { low: estimate.low.map(|low| low.max(0.0)), ..estimate }
}

/// The figures of a completion, the mean first.
pub(super) fn figures(completion: &Completion) -> [Quantile; 5] {
    let [median, p90, p99, p999] = completion.quantiles;
    [completion.mean, median, p90, p99, p999]
}

/// The figures of several replications: means over them with Student-t intervals. One alone has
/// the intervals that its own runs give.
fn together(completions: &[Completion]) -> [Estimate; 5] {
    std::array::from_fn(|at| {
        let figures: Vec<Quantile> = completions.iter().map(|one| figures(one)[at]).collect();
        match &figures[..] {
            [one] => Estimate { mean: one.value, low: one.low, high: one.high },
            all => estimate(&all.iter().map(|one| one.value).collect::<Vec<f64>>()),
        }
    })
}

/// The resources of all reports: what one of them did not use was idle there.
fn resources(reports: &[&Report]) -> Vec<ResourceDigest> {
    let mut order: Vec<&models::workload::ResourceReport> = Vec::new();
    for resource in reports.iter().flat_map(|report| &report.resources) {
        if order.iter().all(|known| known.name != resource.name) {
            order.push(resource);
        }
    }
    let digest = |first: &&models::workload::ResourceReport| {
        let of = |report: &&Report, part: fn(&Window) -> f64| {
            let own = report.resources.iter().find(|resource| resource.name == first.name);
            own.map_or(0.0, |resource| part(&resource.whole))
        };
        let over = |part: fn(&Window) -> f64| {
            estimate(&reports.iter().map(|report| of(report, part)).collect::<Vec<f64>>())
        };
        ResourceDigest {
            name: first.name.clone(),
            unit: first.unit,
            capacity: first.capacity,
            busy: over(|window| window.busy),
            waiting: over(|window| window.waiting),
            windows: first.windows.clone(),
        }
    };
    order.iter().map(digest).collect()
}
