//! Study readings: what probes find and no model reads. They stand in `findings.csv` and in the
//! report, and are not written to a profile, where a line that nothing reads would pass for one
//! that matters.

/// Each study reading, and why no model reads it. A name that begins with `nodeN` is that of every
/// NUMA node.
pub const STUDIES: [(&str, &str); 40] = [
    ("sm_clock", "the clock while the probes ran; the model takes the driver's highest"),
    ("launch_round_trip", "of launch, kernel, event and wait the model has the parts"),
    ("launch_interval", "is stream_gap and block_turnover together"),
    ("shared_latency", "the model counts passes of shared memory and no waiting for it"),
    ("dram_bandwidth", "dram_efficiency says it, from streams at every occupancy"),
    ("dram_loaded_latency", "the model has dram_latency and queueing"),
    ("l2_loaded_latency", "the model has l2_latency and queueing"),
    ("l1_bandwidth", "the model takes the bytes a cycle of the compute capability"),
    ("l1_loaded_latency", "the model has no queueing at L1"),
    ("shared_bandwidth", "the model counts passes of a cycle each"),
    ("shared_loaded_latency", "the model counts passes of shared memory and no waiting for it"),
    ("bank_conflict", "a latency; the model counts passes of a cycle each"),
    ("copy_to_device_rate", "becomes copy_to_device_efficiency"),
    ("copy_to_host_rate", "becomes copy_to_host_efficiency"),
    ("copy_to_host_latency", "the model has one copy_call for both ways"),
    ("copy_to_device_pageable_rate", "the host's profile says how a core stages"),
    ("copy_to_device_pageable_latency", "the model has one copy_call for all memory"),
    ("copy_to_host_pageable_rate", "the host's profile says how a core stages"),
    ("copy_to_host_pageable_latency", "the model has one copy_call for all memory"),
    ("copy_to_device_write_combined_rate", "no transfer has write-combined memory"),
    ("copy_to_device_write_combined_latency", "no transfer has write-combined memory"),
    ("copy_within_rate", "no transfer stays within a device"),
    ("copy_within_latency", "no transfer stays within a device"),
    ("copy_peer_rate", "the topology says what links GPUs have"),
    ("copy_peer_latency", "the topology says what links GPUs have"),
    ("copy_from_peer_rate", "the topology says what links GPUs have"),
    ("copy_from_peer_latency", "the topology says what links GPUs have"),
    ("peer_duplex_efficiency", "both ways at once follow from the links"),
    ("peer_read_rate", "no kernel of a transfer reads another GPU"),
    ("peer_read_latency", "no kernel of a transfer reads another GPU"),
    ("copy_duplex_efficiency", "both ways at once follow from the framing of the link"),
    ("copy_compute_overlap", "copies and kernels are taken to hide behind each other"),
    ("copy_to_host_compute_overlap", "copies and kernels are taken to hide behind each other"),
    ("copy_to_host_memory_overlap", "copies and kernels are taken to hide behind each other"),
    ("copy_engines_one_way", "the model has copy_engines, which the driver says"),
    ("copy_engines_both_ways", "the model has copy_engines, which the driver says"),
    ("mapped_read_latency", "no kernel of a transfer waits for mapped memory"),
    ("nodeN.copy_to_device_rate", "the host's profile has the link between sockets"),
    ("nodeN.copy_to_host_rate", "the host's profile has the link between sockets"),
    ("share_memory_cost", "follows from what kernels move through memory"),
];

/// Why no model reads a finding; none if a model does.
pub fn study(parameter: &str) -> Option<&'static str> {
    let of_node = parameter.strip_prefix("node").and_then(|rest| rest.split_once('.'));
    let name = match of_node {
        Some((node, rest)) if node.chars().all(|c| c.is_ascii_digit()) => format!("nodeN.{rest}"),
        _ => parameter.to_owned(),
    };
    STUDIES.iter().find(|(known, _)| *known == name).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_is_meant_and_nothing_else() {
        assert!(study("node12.copy_to_host_rate").is_some());
        assert!(study("nodes.copy_to_host_rate").is_none());
        assert!(study("event_wait").is_none());
    }
}
