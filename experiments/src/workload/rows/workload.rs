//! `workloads.csv`: one row per point and workload.

use models::workload::{Work, WorkloadReport};
use serde::{Deserialize, Serialize};

use super::{Completions, OfPoint, OfWorkloads};
use crate::estimate::Estimate;
use crate::row::Ends;

/// A workload, all replications together.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct WorkloadRow {
    pub(crate) workload: String,
    pub(crate) replications: usize,
    pub(crate) arrived: u64,
    pub(crate) completed: u64,
    pub(crate) late: u64,
    pub(crate) retried: u64,
    pub(crate) left_out: u64,
    pub(crate) counted: u64,
    pub(crate) settled: bool,
    pub(crate) offered_hz: Estimate,
    pub(crate) carried_hz: Estimate,
    pub(crate) in_flight: Estimate,
    pub(crate) in_flight_most: u64,
    pub(crate) offered_bit_s: Option<f64>,
    pub(crate) carried_bit_s: Option<f64>,
    #[serde(rename = "")]
    pub(crate) times: Times,
    pub(crate) carried_hz_predicted: Ends,
    pub(crate) probability_kept_up_ratio: Option<f64>,
}

/// How long runs take, and what draws of what is unknown make of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Times {
    #[serde(rename = "")]
    pub(crate) completions: Completions,
    pub(crate) completion_s_mean_predicted: Ends,
    pub(crate) completion_s_p50_predicted: Ends,
    pub(crate) completion_s_p90_predicted: Ends,
    pub(crate) completion_s_p99_predicted: Ends,
    pub(crate) completion_s_p999_predicted: Ends,
}

impl Times {
    /// The mean and the quantiles, as draws have them.
    pub(crate) fn predicted(&self) -> [Ends; 5] {
        [
            self.completion_s_mean_predicted,
            self.completion_s_p50_predicted,
            self.completion_s_p90_predicted,
            self.completion_s_p99_predicted,
            self.completion_s_p999_predicted,
        ]
    }
}

impl OfWorkloads for WorkloadRow {
    const FILE: &'static str = "workloads.csv";

    fn rows(of: &OfPoint<'_>) -> Vec<WorkloadRow> {
        (0..of.digest.workloads.len()).map(|which| row(of, which)).collect()
    }
}

fn row(of: &OfPoint<'_>, which: usize) -> WorkloadRow {
    let digest = &of.digest.workloads[which];
    let counted = |run: &WorkloadReport| run.completion.map_or(0, |completion| completion.count);
    let bit_s = |rate: Estimate| bytes(of, which).map(|bytes| rate.mean * bytes * 8.0);
    let sure = digest.sure.as_ref();
    let ends = |at: usize| sure.and_then(|s| s.completion_s).map(|all| all[at]).into();
    WorkloadRow {
        workload: of.names[which].to_owned(),
        replications: digest.runs.len(),
        arrived: digest.sum(|run| run.arrived),
        completed: digest.sum(|run| run.completed),
        late: digest.sum(|run| run.late),
        retried: digest.sum(|run| run.retried),
        left_out: digest.sum(|run| run.left_out),
        counted: digest.sum(counted),
        settled: digest.settled,
        offered_hz: digest.offered_hz,
        carried_hz: digest.carried_hz,
        in_flight: digest.in_flight,
        in_flight_most: digest.most,
        offered_bit_s: bit_s(digest.offered_hz),
        carried_bit_s: bit_s(digest.carried_hz),
        times: Times {
            completions: Completions::of(digest.completion_s),
            completion_s_mean_predicted: ends(0),
            completion_s_p50_predicted: ends(1),
            completion_s_p90_predicted: ends(2),
            completion_s_p99_predicted: ends(3),
            completion_s_p999_predicted: ends(4),
        },
        carried_hz_predicted: sure.and_then(|sure| sure.carried_hz).into(),
        probability_kept_up_ratio: sure.map(|sure| sure.keeps_up),
    }
}

/// Payload of a run of a workload that is a transfer, in the mean \[B\].
fn bytes(of: &OfPoint<'_>, which: usize) -> Option<f64> {
    match &of.point.scenario.as_ref()?.workloads[which].work {
        Work::Transfer { transfer, size } => {
            Some(transfer.message.as_f64() * size.as_ref().map_or(1.0, sim::Dist::mean))
        }
        Work::Steps(_) => None,
    }
}
