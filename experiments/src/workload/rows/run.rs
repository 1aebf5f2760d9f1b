//! `workload_runs.csv`: one row per replication and workload.

use models::workload::WorkloadReport;
use serde::{Deserialize, Serialize};

use super::{Completions, OfPoint, OfWorkloads};
use crate::estimate::Estimate;
use crate::workload::digest::figures;

/// A workload in one replication.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct WorkloadRunRow {
    pub(crate) workload: String,
    pub(crate) replication: usize,
    pub(crate) arrived: u64,
    pub(crate) completed: u64,
    pub(crate) late: u64,
    pub(crate) retried: u64,
    pub(crate) left_out: u64,
    pub(crate) counted: u64,
    pub(crate) settled: bool,
    pub(crate) span_s: f64,
    pub(crate) offered_hz: f64,
    pub(crate) carried_hz: f64,
    pub(crate) in_flight_mean: f64,
    pub(crate) in_flight_most: u64,
    #[serde(rename = "")]
    pub(crate) completions: Completions,
    pub(crate) completion_s_min: Option<f64>,
    pub(crate) completion_s_max: Option<f64>,
}

impl OfWorkloads for WorkloadRunRow {
    const FILE: &'static str = "workload_runs.csv";

    fn rows(of: &OfPoint<'_>) -> Vec<WorkloadRunRow> {
        let workloads = of.names.iter().zip(&of.digest.workloads);
        let rows = workloads.flat_map(|(name, digest)| {
            let runs = of.digest.replications.iter().zip(&digest.runs);
            runs.map(|(replication, run)| row(name, *replication, run))
        });
        rows.collect()
    }
}

fn row(name: &str, replication: usize, run: &WorkloadReport) -> WorkloadRunRow {
    let completion = run.completion.as_ref();
    let figures = completion
        .map(figures)
        .map(|all| all.map(|one| Estimate { mean: one.value, low: one.low, high: one.high }));
    WorkloadRunRow {
        workload: name.to_owned(),
        replication,
        arrived: run.arrived,
        completed: run.completed,
        late: run.late,
        retried: run.retried,
        left_out: run.left_out,
        counted: completion.map_or(0, |completion| completion.count),
        settled: run.settled,
        span_s: run.span_s,
        offered_hz: run.offered_hz,
        carried_hz: run.carried_hz,
        in_flight_mean: run.in_flight_mean,
        in_flight_most: run.in_flight_most,
        completions: Completions::of(figures),
        completion_s_min: completion.map(|completion| completion.min_s),
        completion_s_max: completion.map(|completion| completion.max_s),
    }
}
