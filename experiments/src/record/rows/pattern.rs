//! `patterns.csv`: what the flows of each pattern of traffic reach, one row per pattern.

use models::transfer::Transfer;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Flows};
use crate::experiment::Plan;

/// A pattern of traffic.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct PatternRow {
    pub(crate) pattern: String,
    pub(crate) flows: u32,
    pub(crate) flow_size_b: u64,
    pub(crate) time_s: Option<f64>,
    pub(crate) goodput_sum_bit_s: f64,
    pub(crate) flow_goodput_least_bit_s: f64,
    pub(crate) flow_goodput_median_bit_s: f64,
    pub(crate) flow_goodput_most_bit_s: f64,
    pub(crate) ideal_sum_bit_s: f64,
    pub(crate) loss_ratio: f64,
    pub(crate) most_taken_by: String,
    pub(crate) busiest_link: String,
    pub(crate) busiest_ratio: f64,
}

impl PatternRow {
    /// The table's file.
    pub(crate) const FILE: &str = "patterns.csv";
    /// The key columns that name a transfer of a point.
    pub(crate) const KEYS: [&str; 5] = ["experiment", "point", "topology", "transfer", "fidelity"];

    /// The rows of a point's patterns, each with the number of its transfer.
    pub(crate) fn of(plan: &Plan, point: usize, digests: &[Digest]) -> Vec<(usize, PatternRow)> {
        if digests.iter().all(|digest| digest.flows.is_none()) {
            return Vec::new();
        }
        let point = plan.point(point);
        let transfers = point.transfers.iter().zip(digests).enumerate();
        let rows = transfers.filter_map(|(at, (transfer, digest))| {
            Some((at, row(transfer, digest, digest.flows?)))
        });
        rows.collect()
    }
}

fn row(transfer: &Transfer, digest: &Digest, flows: Flows) -> PatternRow {
    let name = transfer.pattern.as_ref().map_or("", |pattern| pattern.shape.name());
    PatternRow {
        pattern: name.to_owned(),
        flows: flows.count,
        flow_size_b: transfer.message.get(),
        time_s: digest.completion_s.map(|time| time.mean),
        goodput_sum_bit_s: digest.goodput_bit_s.mean,
        flow_goodput_least_bit_s: flows.least_bit_s,
        flow_goodput_median_bit_s: flows.median_bit_s,
        flow_goodput_most_bit_s: flows.most_bit_s,
        ideal_sum_bit_s: digest.reference_bit_s,
        loss_ratio: digest.loss_ratio.mean,
        most_taken_by: digest.most_taken().map_or(String::new(), |(kind, _)| kind.to_owned()),
        busiest_link: digest.busiest_link().to_owned(),
        busiest_ratio: digest.replications[0].busiest_ratio,
    }
}
