//! `life.csv`: one row per hop and cause of time.

use serde::{Deserialize, Serialize};

use super::OfTransfer;
use crate::digest::Digest;
use crate::estimate::Estimate;
use crate::life::Spent;
use crate::record::word;

/// The time that passes at a hop for one reason.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct LifeRow {
    pub(crate) order: usize,
    pub(crate) hop: String,
    pub(crate) kind: String,
    pub(crate) cause: String,
    pub(crate) time_s: Estimate,
    pub(crate) share_ratio: f64,
}

impl OfTransfer for LifeRow {
    const FILE: &'static str = "life.csv";

    fn rows(digest: &Digest) -> Vec<LifeRow> {
        let row = |(order, spent): (usize, &Spent)| LifeRow {
            order,
            hop: spent.hop.clone(),
            kind: spent.kind.clone(),
            cause: word(&spent.cause),
            time_s: spent.time_s,
            share_ratio: spent.share,
        };
        digest.life.iter().enumerate().map(row).collect()
    }
}
