//! `taken.csv`: one row per hop that takes some of the line rate.

use serde::{Deserialize, Serialize};

use super::OfTransfer;
use crate::digest::{Digest, Taken};
use crate::estimate::Estimate;

/// What a hop takes.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct TakenRow {
    pub(crate) order: usize,
    pub(crate) hop: String,
    pub(crate) kind: String,
    pub(crate) taken_bit_s: Estimate,
    pub(crate) taken_ratio: f64,
    pub(crate) reference_bit_s: f64,
    pub(crate) goodput_bit_s: f64,
}

impl OfTransfer for TakenRow {
    const FILE: &'static str = "taken.csv";

    fn rows(digest: &Digest) -> Vec<TakenRow> {
        let row = |(order, taken): (usize, &Taken)| TakenRow {
            order,
            hop: taken.hop.clone(),
            kind: taken.kind.clone(),
            taken_bit_s: taken.bit_s,
            taken_ratio: taken.bit_s.mean / digest.reference_bit_s,
            reference_bit_s: digest.reference_bit_s,
            goodput_bit_s: digest.left_bit_s,
        };
        digest.taken.iter().enumerate().map(row).collect()
    }
}
