//! The numeric fields of topology and experiment files.

use std::sync::Arc;

use super::entries::{Entry, cast};
use super::scene::{Cast, Change, Scene};

/// A field with its scene and what it is set to there.
type Move = (&'static str, &'static str, &'static str);

/// Numeric fields of topologies: setting, scene, value. A name between table and key picks one
/// table.
const TOPOLOGY: [Move; 32] = [
    ("pcie_switch.numa", "copies", "1"),
    ("gpu.gpu-b.numa", "copies", "0"),
    ("gpu.replicas", "side-by-side", "3"),
    ("gpu.quantum", "turns", "1 ms"),
    ("gpu.switch", "turns", "1 ms"),
    ("nic.mtu", "tcp", "9000"),
    ("nic.nic-a.numa", "tcp", "1"),
    ("nic.offloads", "tcp", "false"),
    ("nic.tunnel_offloads", "tcp", "false"),
    ("pod.active_thread_percentage", "side-by-side", "20.0"),
    ("pod.mtu", "tcp", "1000"),
    ("pod.a.numa", "peer", "1"),
    ("pod.offloads", "tcp", "false"),
    ("pod.rate", "tcp", "1 Gbit/s"),
    ("pod.burst", "limited", "1 MiB"),
    ("switch.latency", "tcp", "5 us"),
    ("cable.rate", "tcp", "1 Gbit/s"),
    ("cable.rate_back", "tcp", "1 Gbit/s"),
    ("cable.loss", "far", "0.001"),
    ("cable.latency", "tcp", "1 us"),
    ("fabric.oversubscription", "fabric", "2.0"),
    ("fabric.rate", "fabric", "500 Mbit/s"),
    ("fabric.uplink_rate", "fabric", "250 Mbit/s"),
    ("fabric.latency", "fabric", "1 us"),
    ("fabric.switch_latency", "fabric", "5 us"),
    ("fabric.unfairness", "fabric", "0.0"),
    ("fabric.buffer", "fabric", "1 KiB"),
    ("fault.rate", "fabric", "100 Mbit/s"),
    ("nvlink.rate", "nvswitch", "10 GB/s"),
    ("nvlink.links", "nvswitch", "1"),
    ("nvlink.latency", "nvswitch", "2 us"),
    ("service.installed", "service", "5000"),
];

/// Numeric fields of transfers and requests: name, scene, value.
const TRANSFER: [Move; 25] = [
    ("message", "tcp", "512 KiB"),
    ("write", "tcp", "16 KiB"),
    ("reply", "tcp", "1 KiB"),
    ("streams", "crowd", "8"),
    ("chunk", "kernels", "2 MiB"),
    ("buffers", "pipeline", "1"),
    ("offered", "udp", "100 Mbit/s"),
    ("marshalled", "tcp", "1 GB/s"),
    ("rails", "together", "1"),
    ("socket_threads", "sockets", "4"),
    ("kernel_read", "kernels", "128 MiB"),
    ("kernel_written", "kernels", "128 MiB"),
    ("kernel_flop", "arithmetic", "2e12"),
    ("kernel_threads", "kernels", "65536"),
    ("kernel_block", "kernels", "1024"),
    ("kernel_count", "launches", "9"),
    ("kernel_host_time", "launches", "1 ms"),
    ("request.message", "request", "1 MiB"),
    ("request.ndots", "request", "0"),
    ("request.timeout", "lossy-request", "1 s"),
    ("request.attempts", "lossy-request", "5"),
    ("request.node_rate", "lossy-request", "0.0001"),
    ("request.others_rate", "bare-name", "100.0"),
    ("request.loss", "lossy-request", "0.9"),
    ("request.addresses", "request", "1000"),
];

/// A figure that somebody reported, and a range.
const REPORTED: &str = "[[reported]]\nvalue = \"9 Gbit/s\"\nsource = \"https://example.org\"\n\
                        text = \"a figure\"\n[transfer]";
const UP_TO: &str = "[[reported]]\nvalue = \"1 Gbit/s\"\nup_to = \"9 Gbit/s\"\n\
                     source = \"https://example.org\"\ntext = \"a range\"\n[transfer]";
const PERCENTILE: &str = "[[reported]]\npercentile = 90\nvalue = \"1 s\"\n\
                          source = \"https://example.org\"\ntext = \"a percentile\"\n[transfer]";

/// Fields of an experiment that are of no transfer: name, scene, the text that has the field, and
/// what takes its place.
const EXPERIMENT: [(&str, &str, &str, &str); 9] = [
    ("repetitions", "tcp", "repetitions = 1", "repetitions = 2"),
    ("seed", "lossy-request", "seed = 1", "seed = 2"),
    ("measure.seconds", "tcp", "[transfer]", "[measure]\nseconds = 2\n[transfer]"),
    ("measure.repetitions", "tcp", "[transfer]", "[measure]\nrepetitions = 2\n[transfer]"),
    ("measure.sender_cores", "tcp", "[transfer]", "[measure]\nsender_cores = [2]\n[transfer]"),
    ("measure.receiver_cores", "tcp", "[transfer]", "[measure]\nreceiver_cores = [3]\n[transfer]"),
    ("reported.value", "tcp", "[transfer]", REPORTED),
    ("reported.up_to", "tcp", "[transfer]", UP_TO),
    ("reported.percentile", "lossy-request", "[transfer]", PERCENTILE),
];

/// Every field.
pub(super) fn all() -> Vec<Entry> {
    let of_topologies = TOPOLOGY.into_iter().map(|(key, scene, value)| {
        let change = Change::Set(format!("{key}={value}"));
        entry("topology", key, value, scene, change)
    });
    let of_transfers = TRANSFER.into_iter().map(|(name, scene, value)| {
        entry("experiment", name, value, scene, Change::Set(format!("{name}={value}")))
    });
    let of_experiments = EXPERIMENT.into_iter().map(|(name, scene, from, to)| {
        let value = to.lines().find(|line| line.contains(" = ")).unwrap_or(to);
        entry("experiment", name, value, scene, Change::Text(from, to))
    });
    of_topologies.chain(of_transfers).chain(of_experiments).collect()
}

fn entry(origin: &str, name: &str, value: &str, scene: &str, change: Change) -> Entry {
    let cast = match scene {
        // A tunnel, which has a pod side that can be limited, and offloads of its own.
        "tcp" | "limited" => Cast { hop: Some("vxlan".into()), ..cast() },
        "nvswitch" | "together" | "sockets" | "kernels" | "launches" | "turns" | "side-by-side" => {
            Cast { gpu: "a100-40-pcie".into(), ..cast() }
        }
        _ => cast(),
    };
    let scene = Scene::new(scene, &cast).unwrap_or_else(|| panic!("{scene} cannot be played"));
    Entry {
        origin: origin.into(),
        name: name.into(),
        value: "as the scene has it".into(),
        tries: vec![(value.into(), change)],
        scenes: vec![Arc::new(scene)],
    }
}

#[cfg(test)]
mod tests {
    use models::cluster::Cluster;
    use models::input::Source;
    use models::topology::TABLES;

    use super::*;
    use crate::experiment::{Experiment, Field};

    /// Fields that are names, words or lists of them; those that say how many there are of a thing,
    /// which give other things and no other price; and `copied`, which is yes or no.
    const WORDS: [&str; 36] = [
        "name",
        "node",
        "host",
        "cni",
        "profile",
        "pcie",
        "under",
        "sharing",
        "mig",
        "gpu",
        "gpus",
        "limits",
        "between",
        "pods",
        "proxy",
        "kind",
        "copied",
        "count",
        "numas",
        "per",
        "pattern",
        "congestion_control",
        "spread",
        "queue",
        "cards",
        "at",
        "acs",
        "shape",
        "rdma",
        "cards_per_leaf",
        "spines",
        "uplinks",
        "ports",
        "levels",
        "leaves_per_group",
        "global_links",
    ];

    /// The fields that a table knows, as the error about an unknown one lists them.
    fn known(table: &str) -> Vec<String> {
        let source = Source::new("t.toml", format!("[[{table}]]\nqqqqqqqq = 1\n"));
        let error = Cluster::assemble("t", &source, calibration_data::shipped(), &[]).unwrap_err();
        let help = error.help.expect("a list of fields");
        let list = help.strip_prefix("one of: ").unwrap_or_else(|| panic!("{table}: {help}"));
        list.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn every_numeric_field_of_a_topology_is_moved() {
        for table in TABLES.iter().copied() {
            for field in known(table) {
                let moved = TOPOLOGY.iter().any(|(key, ..)| {
                    key.split('.').next() == Some(table) && key.rsplit('.').next() == Some(&field)
                });
                let word = WORDS.contains(&field.as_str());
                assert!(moved != word, "{table}.{field}: moved {moved}, word {word}");
            }
        }
    }

    #[test]
    fn every_numeric_field_of_a_transfer_is_moved_in_the_order_of_the_list() {
        let numeric = Field::of_transfers().filter(|field| !field.is.is_of_words());
        let moved = TRANSFER.iter().map(|(name, ..)| *name);
        assert!(moved.eq(numeric.map(|field| field.name)));
    }

    #[test]
    fn every_field_of_the_table_measure_is_moved() {
        let schema = Experiment::schema();
        let fields = schema["$defs"]["RawMeasure"]["properties"].as_object().expect("fields");
        for field in fields.keys().filter(|field| *field != "pods") {
            let name = format!("measure.{field}");
            assert!(EXPERIMENT.iter().any(|(known, ..)| *known == name), "{name}");
        }
    }
}
