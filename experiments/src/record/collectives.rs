//! `collectives.csv`: what nccl-tests would print of the collectives of a run, one row each.
//!
//! Bus bandwidth is the algorithm bandwidth times what of the bytes crosses the link of a rank
//! (nccl-tests, `PERFORMANCE.md`), so that it can be held beside the bandwidth of hardware.

use models::predict::{Together, together};

use super::{keys, optional};
use crate::digest::Digest;
use crate::experiment::Plan;

/// The file.
pub(super) const FILE: &str = "collectives.csv";

/// The key columns that name a transfer of a point.
const OF_TRANSFER: [&str; 5] = ["experiment", "point", "topology", "transfer", "fidelity"];

/// The columns behind the keys.
const COLUMNS: [&str; 15] = [
    "collective",
    "ranks",
    "nodes",
    "algorithm",
    "protocol",
    "network",
    "size_b",
    "time_us",
    "algbw_gb_s",
    "busbw_gb_s",
    "busbw_predicted_median_gb_s",
    "busbw_predicted_low_gb_s",
    "busbw_predicted_high_gb_s",
    "ideal_busbw_gb_s",
    "most_taken_by",
];

/// The names of its columns.
pub(super) fn header(plan: &Plan) -> Vec<String> {
    let added = plan.columns.iter().map(String::as_str).filter(|name| !COLUMNS.contains(name));
    OF_TRANSFER.into_iter().chain(added).chain(COLUMNS).map(str::to_owned).collect()
}

/// Whether a key column of a run is one here; what was asked of NCCL stands beside what it took.
fn is_key(plan: &Plan, name: &str) -> bool {
    let added = plan.columns.iter().any(|own| own == name) && !COLUMNS.contains(&name);
    OF_TRANSFER.contains(&name) || added
}

/// The rows of a point's collectives, whose transfers have `cells` as their keys.
pub(super) fn rows(
    plan: &Plan,
    point: usize,
    cells: &[Vec<String>],
    digests: &[Digest],
) -> Vec<Vec<String>> {
    let point = plan.point(point);
    if point.transfers.iter().all(|transfer| transfer.group.is_none()) {
        return Vec::new();
    }
    let (cluster, names) = (&plan.worlds[point.world].cluster, keys(plan));
    let mut rows = Vec::new();
    for ((transfer, cells), digest) in point.transfers.iter().zip(cells).zip(digests) {
        let Some(together) = together(cluster, transfer) else { continue };
        let own = names.iter().zip(cells).filter(|(key, _)| is_key(plan, key));
        let mut row: Vec<String> = own.map(|(_, cell)| cell.clone()).collect();
        let bus = Bus::of(&together, digest);
        row.extend([
            together.collective.to_owned(),
            together.ranks.to_string(),
            together.nodes.to_string(),
            together.algorithm.to_owned(),
            together.protocol.to_owned(),
            together.network.unwrap_or_default().to_owned(),
            transfer.message.get().to_string(),
            optional(digest.completion_s.map(|time| 1e6 * time.mean)),
            bus.algorithm_gb_s.to_string(),
            bus.gb_s.to_string(),
            optional(bus.predicted.map(|ends| ends[0])),
            optional(bus.predicted.map(|ends| ends[1])),
            optional(bus.predicted.map(|ends| ends[2])),
            bus.ideal_gb_s.to_string(),
            digest.most_taken().map_or(String::new(), |(kind, _)| kind.to_owned()),
        ]);
        rows.push(row);
    }
    rows
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
