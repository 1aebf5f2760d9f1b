//! `batches.csv`: one row per server of batches.

use serde::{Deserialize, Serialize};

use super::{OfPoint, OfWorkloads};
use crate::estimate::Estimate;
use crate::workload::digest::BatchDigest;

/// A server of batches.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct BatchRow {
    pub(crate) order: usize,
    pub(crate) batch: String,
    pub(crate) size: u32,
    pub(crate) batches: u64,
    pub(crate) members: u64,
    pub(crate) members_per_batch: Estimate,
    pub(crate) wait_s: Estimate,
    pub(crate) service_s: Estimate,
    pub(crate) busy_ratio: Estimate,
}

impl OfWorkloads for BatchRow {
    const FILE: &'static str = "batches.csv";

    fn rows(of: &OfPoint<'_>) -> Vec<BatchRow> {
        let row = |(order, batch): (usize, &BatchDigest)| BatchRow {
            order,
            batch: batch.name.clone(),
            size: batch.size,
            batches: batch.batches,
            members: batch.members,
            members_per_batch: batch.members_mean,
            wait_s: batch.wait_s,
            service_s: batch.service_s,
            busy_ratio: batch.busy,
        };
        of.digest.batches.iter().enumerate().map(row).collect()
    }
}
