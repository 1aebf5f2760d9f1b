//! `returned.csv`: one row per change.

use serde::{Deserialize, Serialize};

use super::OfTransfer;
use crate::digest::{Digest, Returned};

/// What a change brings.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ReturnedRow {
    pub(crate) rank: usize,
    pub(crate) change: String,
    pub(crate) feasible: bool,
    pub(crate) goodput_bit_s: f64,
    pub(crate) gain_ratio: f64,
    pub(crate) requires: String,
    pub(crate) gives_up: String,
}

impl OfTransfer for ReturnedRow {
    const FILE: &'static str = "returned.csv";

    fn rows(digest: &Digest) -> Vec<ReturnedRow> {
        let row = |(rank, returned): (usize, &Returned)| ReturnedRow {
            rank,
            change: returned.change.clone(),
            feasible: returned.feasible,
            goodput_bit_s: returned.goodput_bit_s,
            gain_ratio: returned.gain_ratio,
            requires: returned.requires.clone(),
            gives_up: returned.gives_up.clone(),
        };
        digest.returned.iter().enumerate().map(row).collect()
    }
}
