//! `steps.csv`: one row per step of a request.

use serde::{Deserialize, Serialize};

use super::OfTransfer;
use crate::digest::{Digest, StepDigest};
use crate::estimate::Estimate;

/// What the table calls all steps together.
pub(crate) const WHOLE: &str = "whole";

/// How long a step takes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct StepRow {
    pub(crate) order: usize,
    pub(crate) step: String,
    pub(crate) time_s: Estimate,
    pub(crate) time_s_p50: f64,
    pub(crate) time_s_p99: f64,
    pub(crate) share_ratio: f64,
}

impl OfTransfer for StepRow {
    const FILE: &'static str = "steps.csv";

    fn rows(digest: &Digest) -> Vec<StepRow> {
        let row = |(order, step): (usize, &StepDigest)| StepRow {
            order,
            step: step.step.map_or(WHOLE, models::outcome::Step::name).to_owned(),
            time_s: step.time_s,
            time_s_p50: step.median_s,
            time_s_p99: step.p99_s,
            share_ratio: step.share,
        };
        digest.steps.iter().enumerate().map(row).collect()
    }
}
