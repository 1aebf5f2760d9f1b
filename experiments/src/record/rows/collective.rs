//! `collectives.csv`: what nccl-tests would print of the collectives of a run, one row each.
//!
//! Bus bandwidth is the algorithm bandwidth times what of the bytes crosses the link of a rank
//! (nccl-tests, `PERFORMANCE.md`), so that it can be held beside the bandwidth of hardware.

use models::predict::{Together, together};
use models::transfer::Transfer;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::experiment::Plan;

/// A collective.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct CollectiveRow {
    pub(crate) collective: String,
    pub(crate) ranks: u32,
    pub(crate) nodes: u32,
    pub(crate) algorithm: String,
    pub(crate) protocol: String,
    pub(crate) network: String,
    pub(crate) size_b: u64,
    pub(crate) time_us: Option<f64>,
    pub(crate) algbw_gb_s: f64,
    pub(crate) busbw_gb_s: f64,
    pub(crate) busbw_predicted_median_gb_s: Option<f64>,
    pub(crate) busbw_predicted_low_gb_s: Option<f64>,
    pub(crate) busbw_predicted_high_gb_s: Option<f64>,
    pub(crate) ideal_busbw_gb_s: f64,
    pub(crate) most_taken_by: String,
}

impl CollectiveRow {
    /// The table's file.
    pub(crate) const FILE: &str = "collectives.csv";
    /// The key columns that name a transfer of a point. What was asked of NCCL is none: it stands
    /// beside what NCCL took.
    pub(crate) const KEYS: [&str; 5] = ["experiment", "point", "topology", "transfer", "fidelity"];

    /// The rows of a point's collectives, each with the number of its transfer.
    pub(crate) fn of(plan: &Plan, point: usize, digests: &[Digest]) -> Vec<(usize, CollectiveRow)> {
        let point = plan.point(point);
        if point.transfers.iter().all(|transfer| transfer.group.is_none()) {
            return Vec::new();
        }
        let cluster = &plan.worlds[point.world].cluster;
        let transfers = point.transfers.iter().zip(digests).enumerate();
        let rows = transfers.filter_map(|(at, (transfer, digest))| {
            Some((at, row(&together(cluster, transfer)?, transfer, digest)))
        });
        rows.collect()
    }
}

fn row(together: &Together, transfer: &Transfer, digest: &Digest) -> CollectiveRow {
    let bus = Bus::of(together, digest);
    CollectiveRow {
        collective: together.collective.to_owned(),
        ranks: together.ranks,
        nodes: together.nodes,
        algorithm: together.algorithm.to_owned(),
        protocol: together.protocol.to_owned(),
        network: together.network.unwrap_or_default().to_owned(),
        size_b: transfer.message.get(),
        time_us: digest.completion_s.map(|time| 1e6 * time.mean),
        algbw_gb_s: bus.algorithm_gb_s,
        busbw_gb_s: bus.gb_s,
        busbw_predicted_median_gb_s: bus.predicted.map(|ends| ends[0]),
        busbw_predicted_low_gb_s: bus.predicted.map(|ends| ends[1]),
        busbw_predicted_high_gb_s: bus.predicted.map(|ends| ends[2]),
        ideal_busbw_gb_s: bus.ideal_gb_s,
        most_taken_by: digest.most_taken().map_or(String::new(), |(kind, _)| kind.to_owned()),
    }
}

/// Bandwidths as nccl-tests counts them, in GB/s.
pub(crate) struct Bus {
    pub(crate) algorithm_gb_s: f64,
    pub(crate) gb_s: f64,
    /// Median, low and high of what is predicted.
    pub(crate) predicted: Option<[f64; 3]>,
    /// What its line would carry.
    pub(crate) ideal_gb_s: f64,
}

impl Bus {
    pub(crate) fn of(together: &Together, digest: &Digest) -> Bus {
        let algorithm = digest.goodput_bit_s.mean / 8e9;
        let bus = |bit_s: f64| together.bus_factor * bit_s / 8e9;
        Bus {
            algorithm_gb_s: algorithm,
            gb_s: together.bus_factor * algorithm,
            predicted: digest.sure.as_ref().map(|sure| {
                let ends = sure.goodput_bit_s;
                [ends.median, ends.low, ends.high].map(bus)
            }),
            ideal_gb_s: bus(digest.reference_bit_s),
        }
    }
}
