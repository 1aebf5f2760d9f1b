//! `summary.csv`: one row per point and transfer.

use serde::{Deserialize, Serialize};

use super::OfTransfer;
use crate::digest::Digest;
use crate::estimate::Estimate;
use crate::row::{Ends, Means};

/// All replications of a transfer together.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct SummaryRow {
    pub(crate) replications: usize,
    pub(crate) goodput_bit_s: Estimate,
    pub(crate) completion_s: Means,
    pub(crate) sent_bit_s: Estimate,
    pub(crate) loss_ratio: Estimate,
    pub(crate) reference_bit_s: f64,
    pub(crate) reference_link: String,
    pub(crate) of_reference_ratio: f64,
    pub(crate) busiest_link: String,
    pub(crate) most_taken_by: String,
    pub(crate) most_taken_ratio: Option<f64>,
    pub(crate) best_change: String,
    pub(crate) best_gain_ratio: Option<f64>,
    pub(crate) busiest_ratio: f64,
    pub(crate) busiest_others: u64,
    pub(crate) goodput_share_ratio: f64,
    pub(crate) goodput_bit_s_predicted: Ends,
    pub(crate) completion_s_predicted: Ends,
}

impl OfTransfer for SummaryRow {
    const FILE: &'static str = "summary.csv";

    fn rows(digest: &Digest) -> Vec<SummaryRow> {
        let most = digest.most_taken();
        let best = digest.best_change();
        let first = &digest.replications[0];
        let sure = digest.sure.as_ref();
        vec![SummaryRow {
            replications: digest.replications.len(),
            goodput_bit_s: digest.goodput_bit_s,
            completion_s: digest.completion_s.into(),
            sent_bit_s: digest.sent_bit_s,
            loss_ratio: digest.loss_ratio,
            reference_bit_s: digest.reference_bit_s,
            reference_link: digest.reference_link.clone(),
            of_reference_ratio: digest.goodput_bit_s.mean / digest.reference_bit_s,
            busiest_link: digest.busiest_link().to_owned(),
            most_taken_by: most.map_or(String::new(), |(kind, _)| kind.to_owned()),
            most_taken_ratio: most.map(|(_, ratio)| ratio),
            best_change: best.map_or(String::new(), |best| best.change.clone()),
            best_gain_ratio: best.map(|best| best.gain_ratio),
            busiest_ratio: first.busiest_ratio,
            busiest_others: u64::from(first.busiest_others),
            goodput_share_ratio: digest.share_ratio,
            goodput_bit_s_predicted: sure.map(|sure| sure.goodput_bit_s).into(),
            completion_s_predicted: sure.and_then(|sure| sure.completion_s).into(),
        }]
    }
}
