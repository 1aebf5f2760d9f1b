//! Counted tables: the same clusters as by hand, in fewer lines; and what does not fit.

use models::cluster::{Cluster, Setting};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::predict::predict;
use proptest::prelude::*;
use sim::Bytes;

use crate::fixture::{HOST, library, transfer};

/// A library whose host has two sockets.
fn two_sockets() -> Library {
    let lines = "socket_link_bandwidth,20,GB/s,,,assumed,t\nsocket_link_latency,100,ns,,,assumed,t";
    let mut library = library();
    library.add(Kind::Host, "host", Source::new("host.csv", format!("{HOST}{lines}\n")));
    library
}

fn assembled(text: &str, settings: &[Setting]) -> Result<Cluster, InputError> {
    Cluster::assemble("t", &Source::new("t.toml", text), &two_sockets(), settings)
}

fn whole(text: &str) -> Cluster {
    assembled(text, &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// How cards are cabled to the switches above them.
#[derive(Clone, Copy, Debug)]
enum Fabric {
    /// All to one.
    Tor,
    /// So many in turn to a leaf, and leaves to spines in a mesh.
    Leaves { per: usize, spines: usize },
    /// Rails: of so many nodes, cards of one number to one leaf.
    Rails { per: usize },
}

/// A cluster of equal nodes; what is `None` is not counted.
#[derive(Clone, Debug)]
struct Shape {
    nodes: Option<usize>,
    switches: Option<usize>,
    gpus: Option<usize>,
    nics: Option<usize>,
    fabric: Fabric,
    nvlink: bool,
}

fn shape() -> impl Strategy<Value = Shape> {
    let some = |most: usize| proptest::option::of(1..=most);
    let fabric = prop_oneof![
        Just(Fabric::Tor),
        (1..4usize, 1..3usize).prop_map(|(per, spines)| Fabric::Leaves { per, spines }),
        (1..4usize).prop_map(|per| Fabric::Rails { per }),
    ];
    (some(4), some(3), some(3), some(2), fabric, any::<bool>()).prop_map(
        |(nodes, switches, gpus, nics, fabric, nvlink)| {
            let shape = Shape { nodes, switches, gpus, nics, fabric, nvlink };
            let counted = nodes.is_some() && (switches.is_some() || nics.is_some());
            match fabric {
                // Rails need several cards in each of several nodes.
                Fabric::Rails { .. } if !counted => Shape { fabric: Fabric::Tor, ..shape },
                _ => shape,
            }
        },
    )
}

impl Shape {
    fn rows(&self) -> usize {
        self.nodes.unwrap_or(1)
    }

    /// How many there are in a node of what there are so many of below a switch; none if it is
    /// counted nowhere.
    fn each(&self, below: Option<usize>) -> Option<usize> {
        match (self.switches, below) {
            (None, None) => None,
            (switches, below) => Some(switches.unwrap_or(1) * below.unwrap_or(1)),
        }
    }

    fn cards(&self) -> usize {
        self.rows() * self.each(self.nics).unwrap_or(1)
    }

    fn leaves(&self) -> usize {
        match self.fabric {
            Fabric::Tor => 1,
            Fabric::Leaves { per, .. } => self.cards().div_ceil(per),
            Fabric::Rails { per } => self.rows().div_ceil(per) * self.each(self.nics).unwrap_or(1),
        }
    }

    /// The first half of so many on NUMA node 0, the rest on node 1.
    fn numa(at: usize, of: usize) -> usize {
        usize::from(2 * at >= of.max(2))
    }

    /// The name of number `number` in node `row`.
    fn name(&self, stem: &str, row: usize, number: usize, each: Option<usize>) -> String {
        let mut name = stem.to_owned();
        if self.nodes.is_some() {
            name += &format!("-{row}");
        }
        if each.is_some() {
            name += &format!("-{number}");
        }
        name
    }

    /// The file with counts.
    fn counted(&self) -> String {
        let count = |count: Option<usize>| {
            count.map_or(String::new(), |count| format!("count = {count}\n"))
        };
        let numas = |each: Option<usize>| match each {
            None => String::new(),
            Some(each) => {
                let all = (0..each).map(|at| Shape::numa(at, each)).collect::<Vec<_>>();
                format!("numas = {all:?}\n")
            }
        };
        let mut text = format!(
            "[[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"vxlan\"\n{}\
             [[pcie_switch]]\nname = \"sw\"\nnode = \"node\"\npcie = \"slot\"\n{}{}\
             [[gpu]]\nname = \"gpu\"\nnode = \"node\"\nprofile = \"gpu\"\npcie = \"slot\"\n\
             under = \"sw\"\n{}\
             [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\n\
             under = \"sw\"\nmtu = 9000\n{}\
             [[pod]]\nname = \"pod\"\nnode = \"node\"\ngpu = \"gpu\"\n{}\
             [[service]]\nname = \"web\"\npods = [\"pod\"]\nproxy = \"iptables\"\n",
            count(self.nodes),
            count(self.switches),
            numas(self.switches),
            count(self.gpus),
            count(self.nics),
            numas(self.each(self.gpus)),
        );
        let switch = |name: &str, count: &str| {
            format!("[[switch]]\nname = \"{name}\"\nlatency = \"1 us\"\n{count}")
        };
        let cable = |ends: &str, rest: &str| {
            format!(
                "[[cable]]\nbetween = [{ends}]\nrate = \"40 Gbit/s\"\nlatency = \"1 us\"\n{rest}"
            )
        };
        let leaves = format!("count = {}\n", self.leaves());
        // Where a single card is at an end, there is nothing to be said of the way.
        let several = self.nodes.is_some() || self.each(self.nics).is_some();
        let per = |per: usize| if several { format!("per = {per}\n") } else { String::new() };
        match self.fabric {
            Fabric::Tor => text += &(switch("leaf", "") + &cable("\"nic\", \"leaf\"", "")),
            Fabric::Leaves { per: each, spines } => {
                text += &switch("leaf", &leaves);
                text += &switch("spine", &format!("count = {spines}\n"));
                text += &cable("\"nic\", \"leaf\"", &per(each));
                text += &cable("\"leaf\", \"spine\"", "pattern = \"mesh\"\n");
            }
            Fabric::Rails { per: nodes } => {
                text += &switch("leaf", &leaves);
                text +=
                    &cable("\"leaf\", \"nic\"", &format!("pattern = \"rails\"\n{}", per(nodes)));
            }
        }
        if self.nvlink && self.each(self.gpus).is_some_and(|each| each > 1) {
            text += "[[nvlink]]\nbetween = [\"gpu\", \"gpu\"]\nrate = \"300 GB/s\"\n\
                     latency = \"1 us\"\n";
        }
        text
    }

    /// The same written out.
    fn by_hand(&self) -> String {
        let mut text = String::new();
        let (gpus, nics) = (self.gpus.unwrap_or(1), self.nics.unwrap_or(1));
        let (gpus_each, nics_each) = (self.each(self.gpus), self.each(self.nics));
        let mut pods = Vec::new();
        for row in 0..self.rows() {
            let node = self.name("node", row, 0, None);
            text += &format!("[[node]]\nname = \"{node}\"\nhost = \"host\"\ncni = \"vxlan\"\n");
            for s in 0..self.switches.unwrap_or(1) {
                let sw = self.name("sw", row, s, self.switches);
                let numa = Shape::numa(s, self.switches.unwrap_or(1));
                text += &format!(
                    "[[pcie_switch]]\nname = \"{sw}\"\nnode = \"{node}\"\npcie = \"slot\"\n"
                );
                if self.switches.is_some() {
                    text += &format!("numa = {numa}\n");
                }
                for g in s * gpus..(s + 1) * gpus {
                    let gpu = self.name("gpu", row, g, gpus_each);
                    let pod = self.name("pod", row, g, gpus_each);
                    let numa = Shape::numa(g, gpus_each.unwrap_or(1));
                    text += &format!(
                        "[[gpu]]\nname = \"{gpu}\"\nnode = \"{node}\"\nprofile = \"gpu\"\n\
                         pcie = \"slot\"\nunder = \"{sw}\"\n\
                         [[pod]]\nname = \"{pod}\"\nnode = \"{node}\"\ngpu = \"{gpu}\"\n\
                         numa = {numa}\n"
                    );
                    pods.push(format!("\"{pod}\""));
                }
                for n in s * nics..(s + 1) * nics {
                    let nic = self.name("nic", row, n, nics_each);
                    text += &format!(
                        "[[nic]]\nname = \"{nic}\"\nnode = \"{node}\"\nprofile = \"nic\"\n\
                         pcie = \"slot\"\nunder = \"{sw}\"\nmtu = 9000\n"
                    );
                    text += &self.cable_by_hand(row, n, &nic);
                }
            }
            let width = gpus_each.filter(|_| self.nvlink).unwrap_or(1);
            for (a, b) in (0..width).flat_map(|a| (a + 1..width).map(move |b| (a, b))) {
                let [a, b] = [a, b].map(|g| self.name("gpu", row, g, gpus_each));
                text += &format!(
                    "[[nvlink]]\nbetween = [\"{a}\", \"{b}\"]\nrate = \"300 GB/s\"\n\
                     latency = \"1 us\"\n"
                );
            }
        }
        text + &self.fabric_by_hand()
            + &format!(
                "[[service]]\nname = \"web\"\npods = [{}]\nproxy = \"iptables\"\n",
                pods.join(", ")
            )
    }

    fn cable_by_hand(&self, row: usize, n: usize, nic: &str) -> String {
        let each = self.each(self.nics).unwrap_or(1);
        let ends = match self.fabric {
            Fabric::Tor => format!("\"{nic}\", \"leaf\""),
            Fabric::Leaves { per, .. } => {
                format!("\"{nic}\", \"leaf-{}\"", (row * each + n) / per)
            }
            Fabric::Rails { per } => format!("\"leaf-{}\", \"{nic}\"", row / per * each + n),
        };
        format!("[[cable]]\nbetween = [{ends}]\nrate = \"40 Gbit/s\"\nlatency = \"1 us\"\n")
    }

    fn fabric_by_hand(&self) -> String {
        let switch = |name: String| format!("[[switch]]\nname = \"{name}\"\nlatency = \"1 us\"\n");
        if let Fabric::Tor = self.fabric {
            return switch("leaf".into());
        }
        let mut text: String =
            (0..self.leaves()).map(|leaf| switch(format!("leaf-{leaf}"))).collect();
        if let Fabric::Leaves { spines, .. } = self.fabric {
            text.extend((0..spines).map(|spine| switch(format!("spine-{spine}"))));
            let pairs = (0..self.leaves()).flat_map(|l| (0..spines).map(move |s| (l, s)));
            text.extend(pairs.map(|(leaf, spine)| {
                format!(
                    "[[cable]]\nbetween = [\"leaf-{leaf}\", \"spine-{spine}\"]\n\
                     rate = \"40 Gbit/s\"\nlatency = \"1 us\"\n"
                )
            }));
        }
        text
    }
}

/// All that a cluster is, but for how its file counted it.
fn content(mut cluster: Cluster) -> String {
    cluster.families.clear();
    format!("{cluster:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_counted_is_what_would_be_written_by_hand(shape in shape()) {
        let (counted, by_hand) = (whole(&shape.counted()), whole(&shape.by_hand()));
        let gpus: Vec<String> = counted.gpus.keys().map(|at| counted.graph[*at].name.to_string()).collect();
        if let [first, .., last] = &gpus[..] {
            let asked = [transfer(first, last, Bytes::mib(1))];
            let [a, b] = [&counted, &by_hand].map(|c| predict(c, &asked, Fidelity::Flow, 1));
            prop_assert_eq!(format!("{a:?}"), format!("{b:?}"));
        }
        prop_assert_eq!(content(counted), content(by_hand));
    }
}

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
    assert_eq!(["nic-1-6", "nic-1-7"].map(|nic| mtu(&[one.clone()], nic)), [9000, 1500]);
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
