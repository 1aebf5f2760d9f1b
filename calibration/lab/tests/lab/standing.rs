//! Labs that really stand: every test makes namespaces, looks, and finds nothing left behind.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use calibration_lab::namespace::{Lab, Wiring};

use crate::fixture::{arrives, cannot_build, end, goodput, left, pair, reach, said, talk, wiring};

/// Builds each network, and has pods reach each other within and between nodes.
fn pods_reach_each_other(networks: &[&str]) {
    let of = |cni: &&str| wiring(&pair(cni, "mtu = 1500", "40 Gbit/s"));
    let wirings: Vec<Wiring> = networks.iter().map(of).collect();
    if cannot_build(&wirings) {
        return;
    }
    for (cni, wiring) in networks.iter().zip(&wirings) {
        let name = format!("net_{cni}").replace('-', "_");
        let lab = Lab::build(wiring, &name).unwrap_or_else(|error| panic!("{cni}: {error}"));
        for (from, to) in [("pod-a", "pod-b"), ("pod-b", "pod-a"), ("pod-a", "beside")] {
            reach(&lab, from, to).unwrap_or_else(|error| panic!("{cni}: {error}"));
        }
        lab.down().unwrap();
        assert_eq!(left(&name), Vec::<String>::new());
    }
}

#[test]
fn pods_of_bridges_and_routes_reach_each_other() {
    let networks = ["host-network", "bridge", "routed", "flat", "two-bridges", "three-routes"];
    pods_reach_each_other(&networks);
}

#[test]
fn pods_of_tunnels_reach_each_other() {
    pods_reach_each_other(&["vxlan", "routed-vxlan", "calico"]);
}

#[test]
fn pods_of_macvlan_devices_reach_each_other() {
    pods_reach_each_other(&["macvlan"]);
}

#[test]
fn pods_behind_filter_tables_reach_each_other() {
    pods_reach_each_other(&["policy"]);
}

/// What pods may send between nodes on a wire of 1500 bytes.
fn the_path_carries(cases: &[(&str, u32)]) {
    let of = |case: &(&str, u32)| wiring(&pair(case.0, "mtu = 1500", "40 Gbit/s"));
    let wirings: Vec<Wiring> = cases.iter().map(of).collect();
    if cannot_build(&wirings) {
        return;
    }
    for ((cni, mtu), wiring) in cases.iter().zip(&wirings) {
        let lab = Lab::build(wiring, &format!("mtu_{cni}")).unwrap();
        let (from, to) = (end(&lab, "pod-a"), end(&lab, "pod-b"));
        assert_eq!(from.mtu, *mtu, "{cni}");
        // The pod's own link is widened, so that what refuses the packet is the way.
        let node = lab.netns("node-a").unwrap();
        let links = said(node, &["ip", "-br", "link"]);
        let outer = links.split_whitespace().find(|word| word.starts_with("veth")).unwrap();
        let outer = outer.split('@').next().unwrap();
        said(node, &["ip", "link", "set", outer, "mtu", "9000"]);
        said(&from.netns, &["ip", "link", "set", "eth0", "mtu", "9000"]);
        assert!(arrives(&from, &to, *mtu as usize), "{cni}: {mtu} bytes");
        assert!(!arrives(&from, &to, *mtu as usize + 1), "{cni}: {} bytes", mtu + 1);
    }
}

#[test]
fn the_path_carries_packets_of_the_models_size_and_not_one_byte_more() {
    the_path_carries(&[("bridge", 1500), ("routed", 1500)]);
}

#[test]
fn a_tunnel_carries_packets_of_the_models_size_and_not_one_byte_more() {
    the_path_carries(&[("vxlan", 1450), ("calico", 1450)]);
}

#[test]
fn a_tunnel_carries_what_crosses_it() {
    let wiring = wiring(&pair("vxlan", "mtu = 1500", "40 Gbit/s"));
    if cannot_build([&wiring]) {
        return;
    }
    let lab = Lab::build(&wiring, "tunnel").unwrap();
    let node = lab.netns("node-a").unwrap();
    let sent = || {
        let device = said(node, &["ip", "-br", "link", "show", "type", "vxlan"]);
        let device = device.split_whitespace().next().unwrap().to_owned();
        let line = said(node, &["grep", &device, "/proc/net/dev"]);
        line.split_whitespace().nth(9).unwrap().parse::<u64>().unwrap()
    };
    reach(&lab, "pod-a", "beside").unwrap();
    assert_eq!(sent(), 0, "what stays in the node stays out of the tunnel");
    reach(&lab, "pod-a", "pod-b").unwrap();
    assert!(sent() > 300_000, "{} bytes", sent());
}

/// pod ─ node ─ bridge ─ router ─ router ─ bridge ─ node ─ pod, and a spare router.
fn forwarders_lead_between(left: &str, right: &str) {
    let node = |side: &str, cni: &str| {
        format!(
            "[[node]]\nname = \"node-{side}\"\nhost = \"bench-2024\"\ncni = \"{cni}\"\n\
             [[nic]]\nname = \"nic-{side}\"\nnode = \"node-{side}\"\nprofile = \"generic-10g\"\n\
             pcie = \"gen3-x8\"\nmtu = 1500\n\
             [[pod]]\nname = \"pod-{side}\"\nnode = \"node-{side}\"\n"
        )
    };
    let forwarder = |name: &str, kind: &str| {
        format!("[[forwarder]]\nname = \"{name}\"\nhost = \"bench-2024\"\nkind = \"{kind}\"\n")
    };
    let cable = |a: &str, b: &str| {
        format!(
            "[[cable]]\nbetween = [\"{a}\", \"{b}\"]\nrate = \"40 Gbit/s\"\nlatency = \"10 ns\"\n"
        )
    };
    let mut text = node("a", left) + &node("b", right) + &forwarder("spare", "route");
    for (name, kind) in [("b1", "bridge"), ("r1", "route"), ("r2", "route"), ("b2", "bridge")] {
        text += &forwarder(name, kind);
    }
    for (a, b) in [("nic-a", "b1"), ("b1", "r1"), ("r1", "r2"), ("r2", "b2"), ("b2", "nic-b")] {
        text += &cable(a, b);
    }
    text += &cable("spare", "b2");
    let wiring = wiring(&text);
    if cannot_build([&wiring]) {
        return;
    }
    let lab = Lab::build(&wiring, &format!("fwd_{left}_{right}")).unwrap();
    reach(&lab, "pod-a", "pod-b").unwrap();
    reach(&lab, "pod-b", "pod-a").unwrap();
}

#[test]
fn forwarders_lead_from_bridged_to_routed_pods() {
    forwarders_lead_between("bridge", "routed");
}

#[test]
fn forwarders_lead_from_tunnel_to_tunnel() {
    forwarders_lead_between("vxlan", "vxlan");
}

#[test]
fn forwarders_lead_from_a_host_to_macvlan_devices() {
    forwarders_lead_between("host-network", "macvlan");
}

#[test]
fn offloads_that_are_off_are_off_everywhere_on_the_way() {
    let features = |netns: &str, device: &str| said(netns, &["ethtool", "-k", device]);
    let is_off = |text: &str, names: &[&str]| {
        names.iter().all(|name| text.contains(&format!("{name}: off")))
    };
    let all = [
        "tcp-segmentation-offload",
        "generic-segmentation-offload",
        "generic-receive-offload",
        "tx-udp-segmentation",
    ];
    let [off, tun, one] = [
        pair("vxlan", "mtu = 1500\noffloads = false", "40 Gbit/s"),
        pair("vxlan", "mtu = 1500\ntunnel_offloads = false", "40 Gbit/s"),
        pair("bridge", "mtu = 1500", "40 Gbit/s") + "offloads = false\n",
    ]
    .map(|text| wiring(&text));
    if cannot_build([&off, &tun, &one]) {
        return;
    }
    let lab = Lab::build(&off, "off").unwrap();
    for (space, device) in [("pod-a", "eth0"), ("node-a", "nic0"), ("tor", "port1")] {
        let found = features(lab.netns(space).unwrap(), device);
        assert!(is_off(&found, &all), "{space}/{device}: {found}");
    }
    lab.down().unwrap();

    let tunnel = ["tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation"];
    let lab = Lab::build(&tun, "tun").unwrap();
    let found = features(lab.netns("node-a").unwrap(), "nic0");
    assert!(is_off(&found, &tunnel) && !is_off(&found, &all[..1]), "{found}");
    let found = features(lab.netns("pod-a").unwrap(), "eth0");
    assert!(!is_off(&found, &tunnel[..1]), "{found}");
    lab.down().unwrap();

    let lab = Lab::build(&one, "one").unwrap();
    assert!(is_off(&features(lab.netns("beside").unwrap(), "eth0"), &all));
    assert!(!is_off(&features(lab.netns("pod-a").unwrap(), "eth0"), &all[..1]));
}

#[test]
fn limits_of_cables_and_pods_hold() {
    let [slow, limited] = [
        pair("routed", "mtu = 1500", "200 Mbit/s"),
        pair("bridge", "mtu = 1500", "40 Gbit/s") + "rate = \"200 Mbit/s\"\n",
    ]
    .map(|text| wiring(&text));
    if cannot_build([&slow, &limited]) {
        return;
    }
    let lab = Lab::build(&slow, "slow").unwrap();
    // The link carries 1514 counted bytes for 1448 of payload.
    let expected = 200e6 * 1448.0 / 1514.0;
    for (from, to) in [("pod-a", "pod-b"), ("pod-b", "pod-a")] {
        let found = goodput(&lab, from, to, expected);
        assert!((found / expected - 1.0).abs() < 0.1, "{from} → {to}: {found} bit/s");
    }
    lab.down().unwrap();
    let lab = Lab::build(&limited, "rate").unwrap();
    for (from, to) in [("beside", "pod-b"), ("pod-b", "beside")] {
        let found = goodput(&lab, from, to, expected);
        assert!((found / expected - 1.0).abs() < 0.1, "{from} → {to}: {found} bit/s");
    }
    assert!(
        goodput(&lab, "pod-a", "pod-b", 3.0 * expected) > 2.0 * expected,
        "only one pod is limited"
    );
}

/// Each network with a Service in front of a pod of the other node, and one of the same.
fn a_service_leads_to_its_pods(networks: &[&str], proxy: &str) {
    let of = |cni: &str, backend: &str| {
        let service = format!(
            "[[service]]\nname = \"web\"\npods = [\"{backend}\"]\nproxy = \"{proxy}\"\n\
             installed = 50\n"
        );
        wiring(&(pair(cni, "mtu = 1500", "40 Gbit/s") + &service))
    };
    let mut cases = Vec::new();
    for cni in networks {
        cases.extend(["pod-b", "beside"].map(|backend| (*cni, backend, of(cni, backend))));
    }
    if cannot_build(cases.iter().map(|(_, _, wiring)| wiring)) {
        return;
    }
    for (cni, backend, wiring) in &cases {
        let lab = Lab::build(wiring, &format!("svc_{cni}_{proxy}_{backend}"))
            .unwrap_or_else(|error| panic!("{cni} {backend}: {error}"));
        let (address, port) = lab.service("web").unwrap();
        let at = SocketAddr::new(IpAddr::V4(address), port);
        let (from, to) = (end(&lab, "pod-a"), end(&lab, backend));
        if from.netns == to.netns {
            continue;
        }
        talk(&from, &to, at, port, 100_000)
            .unwrap_or_else(|error| panic!("{cni} {backend}: {error}"));
    }
}

#[test]
fn a_service_by_iptables_leads_to_its_pods() {
    a_service_leads_to_its_pods(&["bridge", "host-network"], "iptables");
}

#[test]
fn a_service_by_nftables_leads_to_its_pods() {
    a_service_leads_to_its_pods(&["bridge", "routed"], "nftables");
}

#[test]
fn a_service_by_ipvs_leads_to_its_pods() {
    a_service_leads_to_its_pods(&["bridge"], "ipvs");
}

#[test]
fn a_service_leads_through_a_tunnel_to_its_pods() {
    a_service_leads_to_its_pods(&["vxlan"], "iptables");
}

#[test]
fn forty_labs_stand_at_once() {
    let wiring = wiring(&pair("vxlan", "mtu = 1500", "1 Gbit/s"));
    if cannot_build([&wiring]) {
        return;
    }
    let begin = Instant::now();
    let labs: Vec<Lab> =
        (0..40).map(|number| Lab::build(&wiring, &format!("many{number}")).unwrap()).collect();
    let built = begin.elapsed();
    drop(labs);
    let removed = begin.elapsed() - built;
    eprintln!("40 labs of {} namespaces: {built:?}, and {removed:?}", wiring.spaces.len());
    assert_eq!(left("many0"), Vec::<String>::new());
}
