//! Counted tables: the same clusters as by hand, in fewer lines.

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

pub(crate) fn assembled(text: &str, settings: &[Setting]) -> Result<Cluster, InputError> {
    Cluster::assemble("t", &Source::new("t.toml", text), &two_sockets(), settings)
}

pub(crate) fn whole(text: &str) -> Cluster {
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
pub(crate) fn content(mut cluster: Cluster) -> String {
    cluster.families.clear();
    format!("{cluster:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_counted_is_what_would_be_written_by_hand(shape in shape()) {
        let (counted, by_hand) = (whole(&shape.counted()), whole(&shape.by_hand()));
        let gpus = counted.gpus.keys().map(|at| counted.graph[*at].name.to_string());
        let gpus: Vec<String> = gpus.collect();
        if let [first, .., last] = &gpus[..] {
            let asked = [transfer(first, last, Bytes::mib(1))];
            let [a, b] = [&counted, &by_hand].map(|c| predict(c, &asked, Fidelity::Flow, 1));
            prop_assert_eq!(format!("{a:?}"), format!("{b:?}"));
        }
        prop_assert_eq!(content(counted), content(by_hand));
    }
}
