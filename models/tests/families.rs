//! What counted tables make, settings of them, and what does not fit.

use std::sync::Arc;

use models::cluster::Setting;
use models::input::Source;
use models::topology;
use serde_spanned::Spanned;

use crate::counted::{assembled, content, whole};
use crate::fixture::library;

/// Two nodes of eight GPUs, and a pod for all GPUs of each.
const NODES: &str = r#"
[[node]]
name = "node"
host = "host"
cni = "host"
count = 2
[[pcie_switch]]
name = "sw"
node = "node"
pcie = "slot"
count = 4
numas = [0, 0, 1, 1]
[[gpu]]
name = "gpu"
node = "node"
profile = "gpu"
pcie = "slot"
under = "sw"
count = 2
[[nic]]
name = "nic"
node = "node"
profile = "nic"
pcie = "slot"
under = "sw"
count = 2
mtu = 9000
[[switch]]
name = "rail"
latency = "1 us"
count = 8
[[cable]]
between = ["nic", "rail"]
rate = "40 Gbit/s"
latency = "10 ns"
pattern = "rails"
[[pod]]
name = "worker"
node = "node"
limits = { "nvidia.com/gpu" = 8 }
"#;

#[test]
fn a_pod_holds_as_many_whole_gpus_as_it_asks_for() {
    let by_limits = whole(NODES);
    let limits = "limits = { \"nvidia.com/gpu\" = 8 }";
    let by_family = whole(&NODES.replace(limits, "gpus = [\"gpu\"]"));
    assert_eq!(content(by_limits.clone()), content(by_family));
    for (own, gpu) in [("worker-0/gpu-0", "gpu-0-0"), ("worker-1/gpu-7", "gpu-1-7")] {
        assert_eq!(by_limits.places[own], by_limits.places[gpu]);
    }
    let copies = |pod: &str| {
        let at = by_limits.places[pod];
        let hops = by_limits.graph.edges_directed(at, petgraph::Direction::Incoming);
        hops.filter(|hop| hop.weight().kind == "device-to-host copy").count()
    };
    assert_eq!([copies("worker-0"), copies("worker-1")], [8, 8]);
    // Three of the GPUs of the first node by name, and the rest to a second pod of it.
    let text = NODES.replace(&format!("node = \"node\"\n{limits}"), "node = \"node-0\"\nGPUS");
    let two = text.replace("GPUS", "gpus = [\"gpu-0-1\", \"gpu-0-5\", \"gpu-0-7\"]")
        + "[[pod]]\nname = \"rest\"\nnode = \"node-0\"\nlimits = { \"nvidia.com/gpu\" = 5 }\n";
    let two = whole(&two);
    assert_eq!(two.places["worker/gpu-1"], two.places["gpu-0-5"]);
    assert_eq!(two.places["rest/gpu-1"], two.places["gpu-0-2"]);
}

#[test]
fn numas_and_switches_are_by_number_within_the_node() {
    let cluster = whole(NODES);
    for (gpu, numa) in [("nic-0-0", 0), ("nic-0-3", 0), ("nic-1-4", 1), ("nic-1-7", 1)] {
        assert_eq!(cluster.graph[cluster.places[gpu]].numa, Some(numa), "{gpu}");
    }
    let wire = |name: &str| cluster.links.iter().any(|link| link.name == name);
    assert!(wire("nic-1-7→rail-7") && wire("nic-0-0→rail-0") && !wire("nic-0-1→rail-0"));
}

#[test]
fn settings_reach_all_a_family_or_one_member() {
    let one = Setting::new("nic.nic-1-7.mtu", 1500);
    let (family, all) = (Setting::new("nic.nic.mtu", 1500), Setting::new("nic.mtu", 1500));
    let mtu = |settings: &[Setting], nic: &str| {
        let cluster = assembled(NODES, settings).unwrap();
        cluster.nics[&cluster.places[nic]].mtu.get()
    };
    assert_eq!(
        ["nic-1-6", "nic-1-7"].map(|nic| mtu(std::slice::from_ref(&one), nic)),
        [9000, 1500]
    );
    assert_eq!(mtu(&[family], "nic-1-6"), 1500);
    assert_eq!(mtu(&[all], "nic-0-0"), 1500);
    let more = assembled(NODES, &[Setting::new("node.count", 5)]).unwrap();
    assert_eq!((more.hosts.len(), more.nics.len()), (5, 40));
    let told = assembled(NODES, &[Setting::new("node.node-1.count", 5)]).unwrap_err().to_string();
    assert!(told.starts_with("node.node-1.count: one of many has no such field"), "{told}");
}

#[test]
fn a_setting_gives_the_cluster_of_a_file_that_says_so() {
    let settings = [Setting::new("nic.mtu", 1500), Setting::new("cable.rate", "10 Gbit/s")];
    let edited = NODES.replace("9000", "1500").replace("40 Gbit/s", "10 Gbit/s");
    assert_eq!(content(assembled(NODES, &settings).unwrap()), content(whole(&edited)));
    assert_ne!(content(whole(NODES)), content(whole(&edited)));
}

#[test]
fn an_error_after_a_setting_points_at_what_is_wrong() {
    let settings = [Setting::new("nic.mtu", 1500)];
    let broken = NODES.replace("\"slot\"\ncount = 4", "\"slt\"\ncount = 4");
    let told = assembled(&broken, &settings).unwrap_err().to_string();
    assert!(told.starts_with("t.toml:10: pcie: no pcie is called `slt`"), "{told}");
    let experiment = Source::new("e.toml", "[set]\nnic.mtu = 10\n");
    let set = Setting::new("nic.mtu", 10).at(&experiment, 6..13);
    let told = assembled(NODES, &[set]).unwrap_err().to_string();
    assert!(told.starts_with("e.toml:2: nic.mtu: 10 bytes is no MTU (576 to"), "{told}");
    let wrong = |key: &str, value: &str| {
        assembled(NODES, &[Setting::new(key, value)]).unwrap_err().to_string()
    };
    let told = wrong("nic.mtv", "a");
    assert_eq!(told, "nic.mtv: a nic has no field `mtv` (did you mean `mtu`?)");
    let told = wrong("nic.mtu", "a");
    assert_eq!(told, "nic.mtu: invalid type: string \"a\", expected u32");
    let told = wrong("nix.mtu", "a");
    assert_eq!(told, "nix.mtu: a topology has no table `nix` (did you mean `nic`?)");
    let told = wrong("cable.between", "nic");
    assert_eq!(told, "cable.between: invalid type: string, expected a list");
}

#[test]
fn what_does_not_fit_is_told_with_its_line() {
    let cases = [
        ("count = 2\n[[pcie", "count = 0\n[[pcie", "t.toml:6: count: 0 is not possible"),
        ("count = 2\n[[pcie", "count = 62500\n[[pcie", "t.toml:26: count: makes 500000 things"),
        ("count = 2\n[[pcie", "count = 4000000000\n[[pcie", "t.toml:6: count: makes 40000000"),
        ("count = 2\n[[pcie", "count = -1\n[[pcie", "t.toml:6: count: invalid value"),
        ("node = \"node\"\nlim", "node = \"node-2\"\nlim", "t.toml:39: node: there is no `node-2`"),
        ("under = \"sw\"\ncount = 2\nm", "under = \"sw-2-0\"\nm", "t.toml:25: under: there is no"),
        ("\"nic\", \"rail\"", "\"nic-0-8\", \"rail\"", "t.toml:33: between: there is no `nic-0-8"),
        ("count = 8\n", "count = 7\n", "t.toml:36: pattern: `nic` is 16 cards, `nic-0-0` to `nic-"),
        ("pattern = \"rails\"", "", "t.toml:33: between: `nic` is 16 cards, `nic-0-0` to `nic-1-7"),
        ("\"rails\"", "\"rail\"", "t.toml:36: pattern: no pattern is called `rail` (did you"),
        ("pattern = \"rails\"", "per = 3", "t.toml:36: per: `nic` is 16 cards"),
        ("pattern = \"rails\"", "per = 0", "t.toml:36: per: 0 is not possible"),
        ("\"nic\", \"rail\"", "\"nic\", \"rail-0\"", "t.toml:36: pattern: has no effect where an"),
        ("[0, 0, 1, 1]", "[0, 1]", "t.toml:12: numas: has 2 entries where a node has 4 PCIe swi"),
        ("count = 4\n", "numa = 1\ncount = 4\n", "t.toml:13: numas: stands beside `numa`"),
        ("gpu\" = 8", "gpu\" = 9", "t.toml:40: limits: node `node-0` has 8 of 9 to give"),
        ("gpu\" = 8", "gpu\" = 0", "t.toml:40: limits: 0 of `nvidia.com/gpu` is not possible"),
        ("limits = {", "gpus = []\n#", "t.toml:40: gpus: is an empty list"),
        ("limits = {", "gpus = [\"gpu-0-9\"]\n#", "t.toml:40: gpus: there is no `gpu-0-9`"),
        (
            "limits = {",
            "gpus = [\"gpu\"]\nlimits = {\"nvidia.com/gpu\"=2}#",
            "t.toml:41: limits: 2 of",
        ),
        ("name = \"rail\"", "name = \"nic\"", "t.toml:21: name: `nic` is the name of something el"),
        ("name = \"worker\"", "name = \"gpu\"", "t.toml:38: name: `gpu` is the name of something"),
    ];
    let mut wrong = Vec::new();
    for (from, to, expected) in cases {
        assert!(NODES.contains(from), "{from}");
        let told = assembled(&NODES.replacen(from, to, 1), &[]).unwrap_err().to_string();
        if !told.starts_with(expected) {
            wrong.push(format!("{to}: {told}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_family_where_one_thing_is_due_says_how_its_members_are_called() {
    let told = whole(NODES).endpoint("transfer.from", "worker").unwrap_err().to_string();
    let expected = "transfer.from: `worker` is 2 pods, `worker-0` to `worker-1` (one of them: \
                    `worker-0`)";
    assert_eq!(told, expected);
}

#[test]
fn ten_thousand_nodes_are_written_out() {
    let more = "pattern = \"rails\"\nper = 32\n\
                [[nvlink]]\nbetween = [\"gpu\", \"gpu\"]\nlatency = \"1 us\"";
    let text = NODES.replacen("count = 2", "count = 10_000", 1);
    let text = text.replace("pattern = \"rails\"", more);
    let text = text.replace("latency = \"1 us\"\ncount = 8", "latency = \"1 us\"\ncount = 2504");
    let topology = topology::load(&Source::new("t.toml", text), &library(), &[]).unwrap();
    let sizes = [topology.gpus.len(), topology.nics.len(), topology.cables.len()];
    assert_eq!((sizes, topology.nvlinks.len()), ([80_000; 3], 280_000));
    let last = |ends: &[Spanned<String>; 2]| ends.each_ref().map(|end| end.get_ref().clone());
    let cable = last(topology.cables.last().unwrap().table.between.get_ref());
    assert_eq!(cable, ["nic-9999-7", "rail-2503"]);
    let nvlink = last(topology.nvlinks.last().unwrap().table.between.get_ref());
    assert_eq!(nvlink, ["gpu-9999-6", "gpu-9999-7"]);
}

#[test]
fn a_topology_is_parsed_once_for_all_copies_of_a_library() {
    let library = library();
    let parsed = Arc::clone(library.topology("veth").unwrap());
    assert!(Arc::ptr_eq(&parsed, library.clone().topology("veth").unwrap()));
}
