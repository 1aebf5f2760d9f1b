//! The columns by which tables are known.

use super::{Family, Table};

/// Every kind of table, and the columns that it has.
pub(super) const TABLES: &[(Table, &[&str])] = &[
    (
        Table::Pcie,
        &[
            "gen",
            "lanes",
            "addr_bits",
            "mps_bytes",
            "mrrs_bytes",
            "payload_bytes",
            "raw_gbit_s",
            "tlp_layer_gbit_s",
            "write_gbit_s",
            "read_gbit_s",
            "bidirectional_gbit_s",
        ],
    ),
    (
        Table::Cni,
        &[
            "cni",
            "pod_mtu_bytes",
            "test",
            "test_meaning",
            "runs",
            "goodput_bit_s_median",
            "goodput_bit_s_min",
            "goodput_bit_s_max",
            "client_system_cpu",
            "client_user_cpu",
            "server_system_cpu",
            "server_user_cpu",
            "tcp_retransmits_median",
            "udp_lost_percent_median",
        ],
    ),
    (
        Table::Gpu(Family::GpuStream),
        &[
            "gpu",
            "kernel",
            "block_size_threads",
            "total_threads",
            "occupancy_percent",
            "bandwidth_gb_s",
        ],
    ),
    (
        Table::Gpu(Family::GpuLatency),
        &["gpu", "iterations", "clock_mhz", "working_set_kib", "latency_ns", "latency_cycles"],
    ),
    (
        Table::Gpu(Family::GpuCache),
        &["gpu", "benchmark", "data_set_kib", "total_data_kib", "bandwidth_gb_s", "spread_percent"],
    ),
    (
        Table::Gpu(Family::GpuSmallKernels),
        &[
            "gpu",
            "launch_mode",
            "elements_f64",
            "traffic_kib",
            "block_size_threads",
            "bandwidth_gb_s",
        ],
    ),
    (
        Table::Gpu(Family::GpuMemcpy),
        &["gpu", "direction", "host_memory", "size_kib", "time_ms", "bandwidth_gb_s"],
    ),
    (
        Table::Collectives,
        &[
            "nodes",
            "gpus_per_node",
            "gpu",
            "intra",
            "nic",
            "nic_gbit",
            "nics_per_node",
            "transport",
            "collective",
            "bytes",
            "time_us",
            "algbw_GBps",
        ],
    ),
    (Table::OneNode, &["gpu", "gpus", "intra", "collective", "bytes", "time_us"]),
    (Table::PeerMatrix, &["machine", "kind", "p2p", "gpu", "from", "to", "value", "unit"]),
    (Table::Placement, &crate::placement::COLUMNS),
    (Table::Serving, &crate::serving::COLUMNS),
];
