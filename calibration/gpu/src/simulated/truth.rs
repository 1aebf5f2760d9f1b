//! What is true of the simulated devices that podpath brings along.

use std::collections::BTreeMap;

use super::super::facts::Facts;

/// What is true of a simulated device: its parameters in base units (s, B/s, B, Hz, 1).
pub type Truth = BTreeMap<&'static str, f64>;

const PLAUSIBLE: [(&str, f64); 74] = [
    ("sm_clock", 1.38e9),
    ("launch_latency", 4.1e-6),
    ("launch_round_trip", 7.3e-6),
    ("launch_interval", 2.2e-6),
    ("block_interval", 1.6e-9),
    ("l1_latency", 24e-9),
    ("l2_latency", 190e-9),
    ("dram_latency", 410e-9),
    ("shared_latency", 17e-9),
    ("dram_bandwidth", 1.38e12),
    ("dram_loaded_latency", 560e-9),
    ("l2_bandwidth", 3.9e12),
    ("l2_loaded_latency", 240e-9),
    ("l1_bandwidth", 15e12),
    ("l1_loaded_latency", 40e-9),
    ("shared_bandwidth", 17e12),
    ("shared_loaded_latency", 33e-9),
    ("access_granule", 32.0),
    ("bank_conflict", 1.45e-9),
    ("atomic_one_word_interval", 0.71e-9),
    ("atomic_own_word_interval", 0.02e-9),
    ("atomic_line_interval", 5.3e-9),
    ("atomic_scattered_interval", 0.025e-9),
    ("atomic_latency", 330e-9),
    ("single_efficiency", 0.87),
    ("barrier_latency", 14e-9),
    ("barrier_per_warp", 1.5e-9),
    ("copy_setup", 9e-6),
    ("copy_gap", 2.8e-6),
    ("copy_call", 13e-6),
    ("copy_to_device_rate", 24.1e9),
    ("copy_to_host_rate", 25.3e9),
    ("copy_to_device_pageable_rate", 11e9),
    ("copy_to_host_pageable_rate", 9.4e9),
    ("copy_to_device_write_combined_rate", 24.6e9),
    ("copy_within_rate", 610e9),
    ("copy_peer_rate", 21e9),
    ("copy_from_peer_rate", 19.4e9),
    ("copy_to_host_latency", 12.1e-6),
    ("copy_to_device_pageable_latency", 10.4e-6),
    ("copy_to_host_pageable_latency", 14.8e-6),
    ("copy_to_device_write_combined_latency", 12.7e-6),
    ("copy_within_latency", 9.9e-6),
    ("copy_peer_latency", 17.5e-6),
    ("copy_from_peer_latency", 18.3e-6),
    ("peer_duplex_efficiency", 0.93),
    ("peer_read_rate", 18.2e9),
    ("peer_read_latency", 1420e-9),
    ("copy_duplex_efficiency", 0.86),
    ("copy_compute_overlap", 0.94),
    ("copy_to_host_compute_overlap", 0.91),
    ("copy_to_host_memory_overlap", 0.83),
    ("copy_engines_one_way", 1.6),
    ("copy_engines_both_ways", 2.7),
    ("mapped_read_rate", 20.5e9),
    ("mapped_write_rate", 23.2e9),
    ("mapped_read_latency", 1150e-9),
    ("node0.copy_to_device_rate", 24.1e9),
    ("node0.copy_to_host_rate", 25.3e9),
    ("node1.copy_to_device_rate", 19.7e9),
    ("node1.copy_to_host_rate", 17.2e9),
    ("share_streams_cost", 0.97),
    ("share_memory_cost", 0.21),
    ("turn_quantum", 2.1e-3),
    ("turn_switch", 190e-6),
    // `dram_bandwidth` as a part of the peak of `plain`.
    ("dram_efficiency", 1.38e12 / 1555.2e9),
    ("block_turnover", 290e-9),
    ("load_port", 58e9),
    ("store_port", 27e9),
    ("dram_turnaround", 0.085),
    ("queueing", 7.5),
    // What is left of `launch_interval` without a turnover.
    ("stream_gap", 1.91e-6),
    ("graph_gap", 0.83e-6),
    ("event_wait", 2.6e-6),
];

/// Parameters of the size that GPUs of data centres have; `sms` scales what all SMs do together.
/// They are nobody's measurements.
pub fn plausible() -> Truth {
    BTreeMap::from(PLAUSIBLE)
}

/// A device of 108 SMs and 40 GiB, as a driver would describe it.
pub fn plain() -> Facts {
    Facts {
        name: "108 SMs, 40 GiB".into(),
        capability: (8, 0),
        sms: 108,
        clock_khz: 1_410_000,
        memory_clock_khz: 1_215_000,
        memory_bus_bits: 5120,
        memory: 40 << 30,
        copy_engines: 3,
        l2: 40 << 20,
        shared_per_sm: 164 << 10,
        threads_per_sm: 2048,
        nodes: vec![0, 1],
        peer: true,
        peer_loads: true,
        pcie: None,
        driver: None,
        simulated: true,
    }
}
