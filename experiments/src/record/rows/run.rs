//! `runs.csv`: one row per replication.

use serde::{Deserialize, Serialize};

use super::OfTransfer;
use crate::digest::{Digest, Replication};

/// A replication.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RunRow {
    pub(crate) replication: usize,
    pub(crate) goodput_bit_s: f64,
    pub(crate) completion_s: Option<f64>,
    pub(crate) sent_bit_s: f64,
    pub(crate) loss_ratio: f64,
    pub(crate) reference_bit_s: f64,
    pub(crate) reference_link: String,
    pub(crate) busiest_link: String,
    pub(crate) busiest_ratio: f64,
    pub(crate) service_s: Option<f64>,
    pub(crate) queueing_s: Option<f64>,
    pub(crate) window_s: Option<f64>,
    pub(crate) propagation_s: Option<f64>,
    pub(crate) line_rate_s: Option<f64>,
}

impl OfTransfer for RunRow {
    const FILE: &'static str = "runs.csv";

    fn rows(digest: &Digest) -> Vec<RunRow> {
        let row = |(replication, r): (usize, &Replication)| {
            let [service_s, queueing_s, window_s, propagation_s, line_rate_s] = r.seconds;
            RunRow {
                replication,
                goodput_bit_s: r.goodput_bit_s,
                completion_s: r.completion_s,
                sent_bit_s: r.sent_bit_s,
                loss_ratio: r.loss_ratio,
                reference_bit_s: r.reference_bit_s,
                reference_link: r.reference_link.clone(),
                busiest_link: r.busiest_link.clone(),
                busiest_ratio: r.busiest_ratio,
                service_s,
                queueing_s,
                window_s,
                propagation_s,
                line_rate_s,
            }
        };
        digest.replications.iter().enumerate().map(row).collect()
    }
}
