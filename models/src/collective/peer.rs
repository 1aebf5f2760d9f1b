//! Copies from one GPU to another of its machine, and inside one.

use super::Costs;
use super::costs::Medium;

/// Two GPUs, or one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peers {
    /// Nominal bandwidth of device memory, in GB/s.
    pub memory_gb_s: f64,
    /// What NCCL counts for a slot one way, in GB/s.
    pub slot_gb_s: f64,
    /// The wire rate of the NVLinks between the two one way, in GB/s; none where there is none.
    pub link_gb_s: Option<f64>,
    /// How many other GPUs there are.
    pub others: u32,
    /// Whether they reach each other without host memory.
    pub direct: bool,
    /// Whether it is one GPU.
    pub local: bool,
}

/// What copies between them reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Copied {
    /// One way, in GB/s.
    pub one_way_gb_s: f64,
    /// The sum of both ways at once, in GB/s.
    pub both_ways_gb_s: f64,
    /// The sum from one to all others, in GB/s.
    pub to_all_gb_s: f64,
    /// The latency of a write \[µs\].
    pub latency_us: f64,
    /// The factors within which 90 % of systems lie, of latencies and of rates.
    pub doubts: (f64, f64),
}

/// Predicts copies between two GPUs: each way gets a part of the nominal rate of its slowest link.
pub fn copied(costs: &Costs, peers: &Peers) -> Copied {
    let own = &costs.peer;
    let (one, both, latency_us) = match (peers.local, peers.direct, peers.link_gb_s) {
        (true, ..) => (peers.memory_gb_s * own.local, 1.0, own.latency_us),
        (false, true, Some(link)) => (link * own.nvlink, own.both_ways, own.latency_us),
        (false, true, None) => (peers.slot_gb_s * own.pcie, own.both_ways, own.latency_us),
        // Through host memory one copy waits for the other.
        (false, false, _) => {
            (peers.slot_gb_s * own.staged, own.staged_both_ways, own.staged_latency_us)
        }
    };
    let all = match (peers.direct, peers.link_gb_s) {
        (true, Some(_)) => f64::from(peers.others),
        _ => 1.0,
    };
    let doubt = costs.doubt(Medium::Peer);
    Copied {
        one_way_gb_s: one,
        both_ways_gb_s: one * both,
        to_all_gb_s: one * all,
        latency_us,
        doubts: (doubt.latency, doubt.rate),
    }
}
