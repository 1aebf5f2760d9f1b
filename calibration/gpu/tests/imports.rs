//! What people post of nvbandwidth, `nvidia-smi` and nccl-tests is read, and what is not read is
//! named with what to give instead. Where each file is from is in `import/SOURCES.md`.

use std::collections::BTreeSet;
use std::path::Path;

use calibration_gpu::import::{Imported, TopoConnection, read};
use models::input::{InputError, Source};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn import(name: &str) -> Result<Imported, InputError> {
    let text = std::fs::read_to_string(folder().join(name)).expect("a file");
    read(&Source::new(name, text))
}

/// Files of tables of what lies between devices: how many devices, rows that are cut off, and what
/// lies between the first and the last device.
const TOPOLOGIES: [(&str, usize, usize, &str); 10] = [
    ("topo-a100-nc96-nv12.txt", 4, 0, "SYS"),
    ("topo-a100-pxb-pairs.txt", 8, 0, "SYS"),
    ("topo-a6000-nv4.txt", 3, 0, "NODE"),
    ("topo-b300-ansi.txt", 17, 0, "SYS"),
    ("topo-dgx2-nv6-first4.txt", 26, 22, "SYS"),
    ("topo-dgxh100-truncated.txt", 20, 6, "SYS"),
    ("topo-gb10-capped.txt", 5, 4, "NODE"),
    ("topo-gh200.txt", 3, 0, "SYS"),
    ("topo-mp-h100-12nic.txt", 20, 0, "SYS"),
    ("topo-p100-soc.txt", 2, 0, "SYS"),
];

#[test]
fn tables_of_topologies_are_read_as_far_as_they_go() {
    for (name, devices, missing, last) in TOPOLOGIES {
        let imported = import(name).unwrap_or_else(|error| panic!("{error}"));
        let notes = imported.notes();
        let Imported::Topology(topology) = imported else { panic!("{name}") };
        assert_eq!((topology.devices.len(), topology.missing), (devices, missing), "{name}");
        assert_eq!(
            topology.connections[0][devices - 1].map(TopoConnection::name).as_deref(),
            Some(last)
        );
        assert_eq!(topology.connections[devices - 1][0], topology.connections[0][devices - 1]);
        assert_eq!(notes.len(), usize::from(missing > 0), "{name}: {notes:?}");
        assert!(!topology.cores[0].is_empty(), "{name}");
    }
    let Ok(Imported::Topology(h100)) = import("topo-mp-h100-12nic.txt") else { panic!("a table") };
    assert_eq!((h100.cores[0].as_str(), h100.node[4]), ("0,2,4,6,8,10", Some(1)));
    let Ok(Imported::Peers(peers)) = import("topo-p2p-rw-5090.txt") else { panic!("a table") };
    assert_eq!(peers.states[0], [None, Some("gpu not supported")]);
}

/// Files of `nvidia-smi -q -x`: memory in MiB, the clock that is taken, lanes, notes.
type Described = (&'static str, Option<u64>, Option<u64>, Option<u64>, &'static [&'static str]);
const DEVICES: [Described; 11] = [
    (
        "smi-a100-80-sxm-mig-535.xml",
        Some(81920),
        Some(1410),
        Some(16),
        &["describes 1 of the 4 GPUs", "is cut into 4 MIG instances"],
    ),
    ("smi-a10g-515-x8.xml", Some(23028), Some(1710), Some(8), &["has 8 of 16 lanes"]),
    ("smi-t4-515-x8.xml", Some(15360), Some(1590), Some(8), &["has 8 of 16 lanes"]),
    ("smi-rtx3090-v12.xml", Some(24576), None, Some(16), &["2100 MHz is a ceiling"]),
    ("smi-rtx4090-535.xml", Some(24564), None, Some(16), &["3120 MHz is a ceiling"]),
    ("smi-rtx4000sff-v13.xml", Some(20475), None, Some(16), &["3105 MHz is a ceiling"]),
    (
        "smi-v100s-passthrough-460.xml",
        Some(32510),
        None,
        Some(16),
        &["describes 1 of the 8", "1597"],
    ),
    ("smi-p100-510.xml", Some(16384), Some(1328), Some(16), &[]),
    ("smi-p400-418.xml", Some(1998), Some(1252), Some(16), &[]),
    ("smi-gtx1070ti-partial.xml", Some(4096), None, Some(16), &[]),
    ("smi-rtxpro6000-580-partial.xml", None, None, None, &[]),
];

#[test]
fn devices_are_what_they_are_in_their_slots() {
    for (name, memory, clock, lanes, says) in DEVICES {
        let imported = import(name).unwrap_or_else(|error| panic!("{error}"));
        let notes = imported.notes();
        let Imported::Devices(all) = imported else { panic!("{name}") };
        let device = &all.devices[0];
        let found = (device.memory_mib, device.boost_clock_mhz, device.lanes());
        assert_eq!(found, (memory, clock, lanes), "{name}");
        assert_eq!(notes.len(), says.len(), "{name}: {notes:?}");
        for (note, says) in notes.iter().zip(says) {
            assert!(note.contains(says), "{name}: {note}");
        }
    }
    let Ok(Imported::Devices(a100)) = import("smi-a100-80-sxm-mig-535.xml") else { panic!("XML") };
    let instance = &a100.devices[0].instances[0];
    assert_eq!((instance.name.as_str(), instance.sms), ("3/0", Some(14)));
    assert_eq!((instance.memory_mib, instance.copy_engines), (Some(19968), Some(1)));
}

#[test]
fn bandwidths_are_read_from_text_and_from_between_a_log() {
    let cases = [
        ("nvbw-v0.2-text-8x4090.txt", "host_to_device_memcpy_ce", 7, Some(26.31)),
        ("nvbw-v0.6-text-gh200.txt", "device_to_host_memcpy_ce", 0, Some(295.15)),
        ("nvbw-v0.7-dcgm-warning-line.txt", "host_to_device_memcpy_ce", 0, Some(12.3964)),
        ("nvbw-v0.8-h100-eight.json", "device_to_device_memcpy_write_ce", 1, Some(276.07)),
        (
            "nvbw-v0.8-gb200-multinode.json",
            "multinode_device_to_device_memcpy_write_ce",
            3,
            Some(25.53),
        ),
    ];
    for (name, test, column, value) in cases {
        let Imported::Copies(copies) = import(name).unwrap_or_else(|error| panic!("{error}"))
        else {
            panic!("{name}")
        };
        assert_eq!(copies.value(test, column), value, "{name}");
    }
    let failed = import("nvbw-v0.8-text-a100-failed.txt").unwrap_err();
    assert_eq!(failed.problem, "no test case has passed");
}

#[test]
fn collectives_have_their_kind_and_ranks() {
    let cases = [
        ("nccl-old-allreduce.txt", None, Some(8), 35.20),
        ("nccl-2.20-gb10-two-nodes.txt", Some("all_reduce_perf"), Some(2), 35.15),
        ("nccl-sendrecv-a40-two-nodes.txt", None, Some(2), 34.24),
        ("nccl-log-mixed-info-4090.txt", None, Some(2), 23.90),
        ("nccl-alltoall-mpi-prefixed.txt", None, None, 103.10),
        ("nccl-json-output-file.json", Some("all_reduce_perf"), Some(1), 152.70),
    ];
    for (name, test, ranks, time_us) in cases {
        let imported = import(name).unwrap_or_else(|error| panic!("{error}"));
        let Imported::Collectives(rows) = imported else { panic!("{name}") };
        assert_eq!((rows[0].test.as_deref(), rows[0].ranks), (test, ranks), "{name}");
        assert_eq!(rows[0].out_of_place.expect("it was run").time_us, time_us, "{name}");
    }
}

#[test]
fn what_is_not_read_is_named_with_what_to_give_instead() {
    let cases = [
        ("bandwidthtest-a100-gen3.txt", "bandwidthTest", "nvbandwidth -j"),
        ("p2pbandwidth-a100-nc96.txt", "p2pBandwidthLatencyTest", "nvbandwidth -j"),
        ("iperf3-3.9-tcp.json", "iperf3", "[[reported]]"),
        ("lstopo-dgx2.xml", "XML of hwloc", "nvidia-smi topo -m"),
        ("lstopo-power9-text.txt", "text of hwloc", "nvidia-smi topo -m"),
        ("nccltopo-ndv4-azure.xml", "NCCL's topology", "nvidia-smi topo -m"),
        ("kubectl-node-gpu.json", "Kubernetes", "[[gpu]]"),
        ("kubectl-node-timeslicing.yaml", "Kubernetes", "[[gpu]]"),
        ("ibstatus-ndv4.txt", "ibstatus", "[[nic]]"),
        ("ibv_devinfo-hdr.txt", "ibv_devinfo", "[[nic]]"),
        ("ethtool-azure-54g.txt", "ethtool", "[[cable]]"),
        ("lspci-vv-link-downgraded.txt", "lspci -vv", "nvidia-smi -q -x"),
        ("lspci-tv-switch.txt", "lspci -tv", "nvidia-smi topo -m"),
        ("smi-q-text-a100-40-sxm-460.txt", "nvidia-smi -q` as text", "nvidia-smi -q -x"),
    ];
    for (name, what, instead) in cases {
        let error = import(&format!("not-read/{name}")).unwrap_err();
        assert!(error.problem.contains(what), "{name}: {error}");
        assert!(error.problem.ends_with(", which is not read"), "{name}: {error}");
        assert!(error.help.is_some_and(|help| help.contains(instead)), "{name}");
    }
    let found = std::fs::read_dir(folder().join("not-read")).expect("the folder");
    let found: BTreeSet<String> = found
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    assert_eq!(found, cases.map(|(name, ..)| name.to_owned()).into());
}
