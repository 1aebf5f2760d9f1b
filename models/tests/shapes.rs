//! Nodes by shape, access control of PCIe switches, and the cards that GPUs use.

use models::cluster::{Cluster, Setting};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::predict::predict;
use models::transfer::{Mode, Transfer};
use sim::Bytes;

use crate::fixture::library;

const BOX: &str = "about = \"a box\"\n\
    [[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"host\"\n\
    [[pcie_switch]]\nname = \"sw\"\nnode = \"node\"\npcie = \"slot\"\ncount = 2\n\
    [[gpu]]\nname = \"gpu\"\nnode = \"node\"\nprofile = \"gpu\"\npcie = \"slot\"\nunder = \"sw\"\n\
    count = 2\n\
    [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\nunder = \"sw\"\n\
    mtu = 9000\n\
    [[pod]]\nname = \"pod\"\nnode = \"node\"\ngpus = [\"gpu\"]\n";

const TWO: &str = "[[node]]\nname = \"a\"\ncount = 2\nshape = \"box\"\ncni = \"host\"\n\
    [[fabric]]\nname = \"f\"\nkind = \"single-switch\"\ncards = [\"a-nic\"]\n\
    rate = \"100 Gbit/s\"\nlatency = \"10 ns\"\nswitch_latency = \"1 us\"\n";

fn books() -> Library {
    let mut library = library();
    library.add(Kind::Topology, "box", Source::new("box.toml", BOX));
    library
}

fn assembled(text: &str, settings: &[Setting]) -> Result<Cluster, InputError> {
    Cluster::assemble("two", &Source::new("two.toml", text), &books(), settings)
}

#[test]
fn a_node_has_what_its_shape_has() {
    let cluster = assembled(TWO, &[]).unwrap();
    let names = ["a-gpu-0-0", "a-gpu-1-3", "a-nic-1-1", "a-pod-0", "f-switch"];
    assert!(names.iter().all(|name| cluster.places.contains_key(*name)));
    assert_eq!((cluster.gpus.len(), cluster.nics.len()), (8, 4));
    // By hand it is the same.
    let by_hand = TWO.replace("shape = \"box\"\n", "host = \"host\"\n")
        + &BOX[BOX.find("[[pcie_switch]]").unwrap()..]
            .replace("node = \"node\"", "node = \"a\"")
            .replace("\"sw\"", "\"a-sw\"")
            .replace("\"gpu\"\nnode", "\"a-gpu\"\nnode")
            .replace("gpus = [\"gpu\"]", "gpus = [\"a-gpu\"]")
            .replace("\"nic\"\nnode", "\"a-nic\"\nnode")
            .replace("\"pod\"\nnode", "\"a-pod\"\nnode");
    let written = assembled(&by_hand, &[]).unwrap();
    let places = |cluster: &Cluster| {
        let mut names: Vec<String> =
            cluster.graph.node_weights().map(|place| place.name.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(places(&cluster), places(&written));
    assert_eq!(cluster.graph.edge_count(), written.graph.edge_count());
}

#[test]
fn settings_reach_into_shapes() {
    let mtu = Setting::new("nic.a-nic.mtu", 1500);
    let cluster = assembled(TWO, &[mtu]).unwrap();
    assert!(cluster.nics.values().all(|nic| nic.mtu == Bytes::new(1500)));
    let other = assembled(TWO, &[Setting::new("node.a.shape", "boxx")]).unwrap_err();
    assert_eq!(
        (other.field.as_str(), other.problem.as_str()),
        ("node.a.shape", "no topology is called `boxx`")
    );
}

#[test]
fn what_is_no_node_is_no_shape() {
    let wrong = |shape: &str| {
        let mut library = books();
        library.add(Kind::Topology, "odd", Source::new("odd.toml", shape));
        let text = TWO.replace("\"box\"", "\"odd\"");
        let source = Source::new("two.toml", text);
        Cluster::assemble("two", &source, &library, &[]).unwrap_err().problem
    };
    assert_eq!(wrong(TWO), "`odd` has a `fabric`");
    assert_eq!(wrong("include = [\"box\"]"), "`odd` has a `include`");
    assert_eq!(wrong("[[pod]]\nname = \"p\"\nnode = \"n\"\n"), "`odd` has 0 nodes");
    let counted = BOX.replace("name = \"node\"\nhost", "name = \"node\"\ncount = 2\nhost");
    assert_eq!(wrong(&counted), "`odd` counts its node");
}

/// From GPU 3 of the first node to GPU 3 of the second \[Gbit/s\].
fn direct(cluster: &Cluster, pairs: &[[&str; 2]]) -> Vec<f64> {
    let transfer = |[from, to]: &[&str; 2]| Transfer {
        mode: Mode::GpuDirect,
        ..Transfer::message(*from, *to, Bytes::gib(4))
    };
    let transfers: Vec<Transfer> = pairs.iter().map(transfer).collect();
    let outcomes = predict(cluster, &transfers, Fidelity::Flow, 1).unwrap();
    outcomes.iter().map(|outcome| outcome.goodput.as_gbit_s()).collect()
}

#[test]
fn a_gpu_uses_the_card_below_its_switch() {
    let cluster = assembled(TWO, &[]).unwrap();
    let apart = direct(&cluster, &[["a-gpu-0-0", "a-gpu-1-0"], ["a-gpu-0-3", "a-gpu-1-3"]]);
    let alone = direct(&cluster, &[["a-gpu-0-3", "a-gpu-1-3"]]);
    // Each by its own card: neither slows the other down.
    assert!(apart.iter().all(|rate| (rate / alone[0] - 1.0).abs() < 1e-6), "{apart:?} {alone:?}");
    let same = direct(&cluster, &[["a-gpu-0-2", "a-gpu-1-2"], ["a-gpu-0-3", "a-gpu-1-3"]]);
    assert!(same.iter().all(|rate| (rate / alone[0] - 0.5).abs() < 1e-3), "{same:?} {alone:?}");
}

/// On rails the way over the spines is as long as that over another GPU and its card, which no
/// packet takes.
#[test]
fn gpudirect_crosses_rails_by_cables_alone() {
    let rails = "kind = \"rail-optimised\"\ncards_per_leaf = 2\nspines = 1";
    let cluster = assembled(&TWO.replace("kind = \"single-switch\"", rails), &[]).unwrap();
    let [across, along] = [["a-gpu-0-0", "a-gpu-1-3"], ["a-gpu-0-0", "a-gpu-1-1"]];
    let rates = direct(&cluster, &[across]);
    assert!((rates[0] / direct(&cluster, &[along])[0] - 1.0).abs() < 1e-3, "{rates:?}");
}

#[test]
fn redirected_accesses_share_the_uplink_both_ways() {
    let slow = TWO.replace("100 Gbit/s", "1 Tbit/s");
    let text = |acs: &str| {
        let mut library = books();
        let shape = BOX.replace(
            "pcie = \"slot\"\ncount = 2\n[[gpu",
            &format!("pcie = \"slot\"\ncount = 2\nacs = \"{acs}\"\n[[gpu"),
        );
        library.add(Kind::Topology, "box", Source::new("box.toml", shape));
        let source = Source::new("two.toml", slow.as_str());
        Cluster::assemble("two", &source, &library, &[]).unwrap()
    };
    let both = [["a-gpu-0-0", "a-gpu-1-0"], ["a-gpu-1-1", "a-gpu-0-1"]];
    let (direct_way, redirected) = (text("direct"), text("redirect"));
    let [free, bound] =
        [&direct_way, &redirected].map(|cluster| direct(cluster, &both).iter().sum::<f64>());
    // One sends through the switch's uplink and back, the other receives so: each direction of the
    // uplink carries both.
    assert!((bound / free - 0.5).abs() < 0.05, "{bound} of {free}");
}
