//! What a lab would build, without building it: texts under review, and refusals.

use calibration_data::shipped;
use calibration_lab::namespace::{Act, Wiring, steps};
use models::library::Kind;
use models::topology;

use crate::fixture::{library, pair, wiring};

/// The steps of a wiring as one text.
fn script(wiring: &Wiring) -> String {
    let name = |space: usize| wiring.spaces[space].name.clone();
    let mut text = String::new();
    for step in steps(wiring, &name) {
        let space = step.space.map_or("(outside)".into(), name);
        match step.act {
            Act::Run { command, input } => {
                text += &format!("# {space}: {}\n{input}", command.join(" "));
            }
            Act::Plug(at) => {
                let plugged = &wiring.plugged[at];
                let (pod, node) = (name(plugged.pod), name(plugged.node));
                text += &format!("# {node}: plug-ins attach {pod} as {}\n", plugged.address);
                for plugin in &plugged.chain {
                    text += &format!("{plugin}\n");
                }
            }
            Act::Sysctl(settings) => {
                text += &format!("# {space}: /proc/sys/net\n");
                for (name, value) in settings {
                    text += &format!("{name} = {value}\n");
                }
            }
        }
    }
    text
}

#[test]
fn scripts_are_as_reviewed() {
    let service = "[[service]]\nname = \"web\"\npods = [\"pod-b\"]\nproxy = \"nftables\"\n";
    let cases = [
        ("host-network", pair("host-network", "mtu = 9000", "10 Gbit/s")),
        ("bridge", pair("bridge", "mtu = 1500", "1 Gbit/s") + "rate = \"100 Mbit/s\"\n"),
        ("vxlan", pair("vxlan", "mtu = 1500\ntunnel_offloads = false", "40 Gbit/s")),
        ("routed", pair("routed", "mtu = 1500\noffloads = false", "40 Gbit/s")),
        ("macvlan", pair("macvlan", "mtu = 1500", "40 Gbit/s")),
        ("three-routes", pair("three-routes", "mtu = 1500", "40 Gbit/s") + service),
    ];
    let built = cases.map(|(name, text)| (name, wiring(&text)));
    let text = pair("calico", "mtu = 1500", "40 Gbit/s") + "rate = \"1 Gbit/s\"\n";
    let plugged = Wiring::with_plugins(&crate::fixture::topology(&text), &library()).unwrap();
    for (name, wiring) in built.into_iter().chain([("plug-ins", plugged)]) {
        let path = format!("{}/tests/lab/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let found = script(&wiring);
        if std::env::var_os("PODPATH_WRITE_GOLDEN").is_some() {
            std::fs::write(&path, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, expected, "{path}; PODPATH_WRITE_GOLDEN=1 writes it anew");
    }
}

#[test]
fn every_shipped_topology_is_built_or_refused_by_the_hop_that_is_at_fault() {
    let library = shipped();
    let (mut built, mut refused) = (0, 0);
    for name in library.names(Kind::Topology) {
        let source = library.source(Kind::Topology, name).unwrap();
        let Ok(topology) = topology::load(source, library, &[]) else { continue };
        match Wiring::of(&topology, library) {
            Ok(wiring) => {
                assert_eq!(wiring.pods.len(), topology.pods.len(), "{name}");
                built += 1;
            }
            Err(error) => {
                let text = error.to_string();
                let hops = ["ovs", "ebpf", "wireguard", "ipsec", "ipip", "vpp", "sriov", "dpdk"];
                let named = hops.iter().any(|hop| text.contains(&format!("`{hop}")));
                let told = (named && text.contains("which no lab can build"))
                    || text.contains("a lab installs one Service of a kind of proxy")
                    || text.contains("closes a loop of switches");
                // A part that other topologies include has NICs of nodes that it does not define.
                assert!(told || text.contains("no node is called"), "{name}: {text}");
                refused += 1;
            }
        }
    }
    assert!(built >= 15, "{built} built, {refused} refused");
}

#[test]
fn what_no_lab_can_build_is_refused_where_it_stands() {
    let good = pair("bridge", "mtu = 1500", "40 Gbit/s");
    let cases = [
        (
            "cni = \"bridge\"",
            "cni = \"wireguard\"",
            "`wireguard` has the hop `wireguard`, which no",
        ),
        ("cni = \"bridge\"", "cni = \"ebpf\"", "`ebpf` has the hop `ebpf`, which no lab can build"),
        ("cni = \"bridge\"", "cni = \"brige\"", "no cni is called `brige`"),
        ("\"nic-a\", \"tor\"", "\"nic-a\", \"tr\"", "no nic, switch or forwarder is called `tr`"),
        ("\"nic-b\", \"tor\"", "\"nic-a\", \"tor\"", "`nic-a` has a cable already"),
        ("node = \"node-a\"\nprofile", "node = \"node-x\"\nprofile", "no node is called `node-x`"),
    ];
    for (from, to, expected) in cases {
        assert!(good.contains(from), "{from}");
        let text = good.replacen(from, to, 1);
        let error = refusal(&text);
        assert!(error.contains("test.toml:") && error.contains(expected), "{to}: {error}");
    }
    let more = [
        (
            "[[switch]]\nname = \"s2\"\nlatency = \"1 us\"\n\
             [[cable]]\nbetween = [\"tor\", \"s2\"]\nrate = \"1 Gbit/s\"\nlatency = \"1 us\"\n\
             [[cable]]\nbetween = [\"tor\", \"s2\"]\nrate = \"1 Gbit/s\"\nlatency = \"1 us\"\n",
            "closes a loop of switches",
        ),
        ("cni = \"host-network\"\nrate = \"1 Gbit/s\"\n", "has no interface to limit"),
        ("cni = \"macvlan\"\nrate = \"1 Gbit/s\"\n", "a macvlan device cannot be limited"),
        ("cni = \"host-network\"\noffloads = false\n", "has no interface of its own"),
        (
            "[[service]]\nname = \"web\"\npods = [\"pod-b\"]\nproxy = \"ebpf\"\n",
            "no lab can install the proxy `ebpf`",
        ),
        (
            "[[forwarder]]\nname = \"f\"\nhost = \"bench-2024\"\nkind = \"hub\"\n",
            "`hub` is no kind of forwarder",
        ),
    ];
    for (added, expected) in more {
        let error = refusal(&(good.clone() + added));
        assert!(error.contains("test.toml:") && error.contains(expected), "{added}: {error}");
    }
}

/// Why a topology cannot be wired.
fn refusal(text: &str) -> String {
    let topology = crate::fixture::topology(text);
    Wiring::of(&topology, &library()).expect_err(text).to_string()
}

#[test]
fn a_pods_packets_are_as_large_as_the_model_says() {
    let mtu = |text: &str, pod: &str| wiring(text).pods[pod].mtu;
    assert_eq!(mtu(&pair("vxlan", "mtu = 9000", "40 Gbit/s"), "pod-a"), 8950);
    assert_eq!(mtu(&pair("calico", "mtu = 1500", "40 Gbit/s"), "pod-a"), 1450);
    assert_eq!(mtu(&pair("host-network", "mtu = 1400", "40 Gbit/s"), "pod-a"), 1400);
    let own = pair("bridge", "mtu = 9000", "40 Gbit/s") + "mtu = 1400\n";
    assert_eq!((mtu(&own, "beside"), mtu(&own, "pod-a")), (1400, 9000));
}
