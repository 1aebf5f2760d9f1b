//! Labs that really stand: every test makes namespaces, looks, and finds nothing left behind.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use calibration::lab::Lab;

use crate::fixture::{arrives, can_build, end, goodput, left, pair, reach, said, talk, wiring};

#[test]
fn pods_of_every_network_reach_each_other_within_and_between_nodes() {
    if !can_build() {
        return;
    }
    let networks = [
        "host-network",
        "bridge",
        "routed",
        "vxlan",
        "macvlan",
        "calico",
        "flat",
        "two-bridges",
        "three-routes",
        "policy",
        "routed-vxlan",
    ];
    for (number, cni) in networks.into_iter().enumerate() {
        let name = format!("net{number}");
        let lab = Lab::build(&wiring(&pair(cni, "mtu = 1500", "40 Gbit/s")), &name)
            .unwrap_or_else(|error| panic!("{cni}: {error}"));
        for (from, to) in [("pod-a", "pod-b"), ("pod-b", "pod-a"), ("pod-a", "beside")] {
            reach(&lab, from, to).unwrap_or_else(|error| panic!("{cni}: {error}"));
        }
        lab.down().unwrap();
        assert_eq!(left(&name), Vec::<String>::new());
    }
}

#[test]
fn the_path_carries_packets_of_the_models_size_and_not_one_byte_more() {
    if !can_build() {
        return;
    }
    // What pods may send between nodes on a wire of 1500 bytes.
    let cases = [("bridge", 1500), ("routed", 1500), ("vxlan", 1450), ("calico", 1450)];
    for (number, (cni, mtu)) in cases.into_iter().enumerate() {
        let wiring = wiring(&pair(cni, "mtu = 1500", "40 Gbit/s"));
        let lab = Lab::build(&wiring, &format!("mtu{number}")).unwrap();
        let (from, to) = (end(&lab, "pod-a"), end(&lab, "pod-b"));
        assert_eq!(from.mtu, mtu, "{cni}");
        // The pod's own link is widened, so that what refuses the packet is the way.
        let node = lab.netns("node-a").unwrap();
        let links = said(node, &["ip", "-br", "link"]);
        let outer = links.split_whitespace().find(|word| word.starts_with("veth")).unwrap();
        let outer = outer.split('@').next().unwrap();
        said(node, &["ip", "link", "set", outer, "mtu", "9000"]);
        said(&from.netns, &["ip", "link", "set", "eth0", "mtu", "9000"]);
        assert!(arrives(&from, &to, mtu as usize), "{cni}: {mtu} bytes");
        assert!(!arrives(&from, &to, mtu as usize + 1), "{cni}: {} bytes", mtu + 1);
    }
}

#[test]
fn a_tunnel_carries_what_crosses_it() {
    if !can_build() {
        return;
    }
    let lab = Lab::build(&wiring(&pair("vxlan", "mtu = 1500", "40 Gbit/s")), "tunnel").unwrap();
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

#[test]
fn forwarders_route_and_bridge_between_cables() {
    if !can_build() {
        return;
    }
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
    // pod ─ node ─ bridge ─ router ─ router ─ bridge ─ node ─ pod, and a spare router.
    let between = [("b1", "bridge"), ("r1", "route"), ("r2", "route"), ("b2", "bridge")];
    for (number, (left, right)) in
        [("bridge", "routed"), ("vxlan", "vxlan"), ("host-network", "macvlan")].iter().enumerate()
    {
        let mut text = node("a", left) + &node("b", right) + &forwarder("spare", "route");
        for (name, kind) in between {
            text += &forwarder(name, kind);
        }
        for (a, b) in [("nic-a", "b1"), ("b1", "r1"), ("r1", "r2"), ("r2", "b2"), ("b2", "nic-b")] {
            text += &cable(a, b);
        }
        text += &cable("spare", "b2");
        let lab = Lab::build(&wiring(&text), &format!("fwd{number}")).unwrap();
        reach(&lab, "pod-a", "pod-b").unwrap();
        reach(&lab, "pod-b", "pod-a").unwrap();
    }
}

#[test]
fn offloads_that_are_off_are_off_everywhere_on_the_way() {
    if !can_build() {
        return;
    }
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
    let text = pair("vxlan", "mtu = 1500\noffloads = false", "40 Gbit/s");
    let lab = Lab::build(&wiring(&text), "off").unwrap();
    for (space, device) in [("pod-a", "eth0"), ("node-a", "nic0"), ("tor", "port1")] {
        let found = features(lab.netns(space).unwrap(), device);
        assert!(is_off(&found, &all), "{space}/{device}: {found}");
    }
    lab.down().unwrap();

    let tunnel = ["tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation"];
    let text = pair("vxlan", "mtu = 1500\ntunnel_offloads = false", "40 Gbit/s");
    let lab = Lab::build(&wiring(&text), "tun").unwrap();
    let found = features(lab.netns("node-a").unwrap(), "nic0");
    assert!(is_off(&found, &tunnel) && !is_off(&found, &all[..1]), "{found}");
    let found = features(lab.netns("pod-a").unwrap(), "eth0");
    assert!(!is_off(&found, &tunnel[..1]), "{found}");
    lab.down().unwrap();

    let text = pair("bridge", "mtu = 1500", "40 Gbit/s") + "offloads = false\n";
    let lab = Lab::build(&wiring(&text), "one").unwrap();
    assert!(is_off(&features(lab.netns("beside").unwrap(), "eth0"), &all));
    assert!(!is_off(&features(lab.netns("pod-a").unwrap(), "eth0"), &all[..1]));
}

#[test]
fn limits_of_cables_and_pods_hold() {
    if !can_build() {
        return;
    }
    let slow = pair("routed", "mtu = 1500", "200 Mbit/s");
    let lab = Lab::build(&wiring(&slow), "slow").unwrap();
    // The link carries 1514 counted bytes for 1448 of payload.
    let expected = 200e6 * 1448.0 / 1514.0;
    for (from, to) in [("pod-a", "pod-b"), ("pod-b", "pod-a")] {
        let found = goodput(&lab, from, to, expected);
        assert!((found / expected - 1.0).abs() < 0.1, "{from} → {to}: {found} bit/s");
    }
    lab.down().unwrap();
    let limited = pair("bridge", "mtu = 1500", "40 Gbit/s") + "rate = \"200 Mbit/s\"\n";
    let lab = Lab::build(&wiring(&limited), "rate").unwrap();
    for (from, to) in [("beside", "pod-b"), ("pod-b", "beside")] {
        let found = goodput(&lab, from, to, expected);
        assert!((found / expected - 1.0).abs() < 0.1, "{from} → {to}: {found} bit/s");
    }
    assert!(
        goodput(&lab, "pod-a", "pod-b", 3.0 * expected) > 2.0 * expected,
        "only one pod is limited"
    );
}

#[test]
fn a_service_leads_to_its_pods() {
    if !can_build() {
        return;
    }
    for (number, (cni, proxy)) in [
        ("bridge", "iptables"),
        ("bridge", "nftables"),
        ("bridge", "ipvs"),
        ("vxlan", "iptables"),
        ("routed", "nftables"),
        ("host-network", "iptables"),
    ]
    .into_iter()
    .enumerate()
    {
        for backend in ["pod-b", "beside"] {
            let service = format!(
                "[[service]]\nname = \"web\"\npods = [\"{backend}\"]\nproxy = \"{proxy}\"\n\
                 installed = 50\n"
            );
            let text = pair(cni, "mtu = 1500", "40 Gbit/s") + &service;
            let lab = match Lab::build(&wiring(&text), &format!("svc{number}{backend}")) {
                Err(error @ calibration::lab::LabError::Kernel { .. }) => {
                    eprintln!("skipped: {proxy}: {error}");
                    continue;
                }
                lab => lab.unwrap_or_else(|error| panic!("{cni} {proxy}: {error}")),
            };
            let (address, port) = lab.service("web").unwrap();
            let at = SocketAddr::new(IpAddr::V4(address), port);
            let (from, to) = (end(&lab, "pod-a"), end(&lab, backend));
            if from.netns == to.netns {
                continue;
            }
            talk(&from, &to, at, port, 100_000)
                .unwrap_or_else(|error| panic!("{cni} {proxy} {backend}: {error}"));
        }
    }
}

#[test]
fn forty_labs_are_built_in_a_few_seconds() {
    if !can_build() {
        return;
    }
    let wiring = wiring(&pair("vxlan", "mtu = 1500", "1 Gbit/s"));
    let begin = Instant::now();
    let labs: Vec<Lab> =
        (0..40).map(|number| Lab::build(&wiring, &format!("many{number}")).unwrap()).collect();
    let built = begin.elapsed();
    drop(labs);
    let removed = begin.elapsed() - built;
    eprintln!("40 labs of {} namespaces: {built:?}, and {removed:?}", wiring.spaces.len());
    assert!(begin.elapsed() < Duration::from_secs(60));
    assert_eq!(left("many0"), Vec::<String>::new());
}
