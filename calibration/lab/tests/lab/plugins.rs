//! Pods attached by the CNI project's own plug-ins.

use std::net::{IpAddr, SocketAddr};

use calibration_lab::namespace::{Lab, Wiring};
use serde_json::json;

use crate::fixture::{cannot_build, goodput, left, library, pair, reach, said, talk, topology};

fn wiring(text: &str) -> Wiring {
    Wiring::with_plugins(&topology(text), &library()).unwrap_or_else(|error| panic!("{error}"))
}

/// A lab with plug-ins; none, if this machine lacks something that it needs.
fn build(text: &str, name: &str) -> Option<Lab> {
    let wiring = wiring(text);
    if cannot_build([&wiring]) {
        return None;
    }
    Some(Lab::build(&wiring, name).unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// Attaches pods to each network, and has them reach each other.
fn plug_ins_attach_pods(networks: &[&str]) {
    for cni in networks {
        let name = format!("plug_{cni}");
        let Some(lab) = build(&pair(cni, "mtu = 1500", "40 Gbit/s"), &name) else { return };
        lab.check().unwrap_or_else(|error| panic!("{cni}: {error}"));
        for (from, to) in [("pod-a", "pod-b"), ("pod-b", "pod-a"), ("pod-a", "beside")] {
            reach(&lab, from, to).unwrap_or_else(|error| panic!("{cni}: {error}"));
        }
        let pod = lab.pod("pod-a").unwrap();
        let link = said(&pod.netns, &["ip", "-o", "link", "show", "eth0"]);
        assert!(link.contains(&format!("mtu {} ", pod.mtu)), "{cni}: {link}");
        lab.detach().unwrap_or_else(|error| panic!("{cni}: {error}"));
        assert!(lab.check().is_err(), "{cni}: a pod that is detached is not as it was left");
        lab.down().unwrap();
        assert_eq!(left(&name), Vec::<String>::new());
        let state = format!("/run/podpath/{}-{name}.d", std::process::id());
        assert!(!std::path::Path::new(&state).exists(), "{state}");
    }
}

#[test]
fn plug_ins_attach_pods_that_reach_each_other() {
    plug_ins_attach_pods(&["bridge", "routed"]);
}

#[test]
fn plug_ins_attach_pods_to_macvlan_devices() {
    plug_ins_attach_pods(&["macvlan"]);
}

#[test]
fn plug_ins_attach_pods_to_tunnels() {
    plug_ins_attach_pods(&["vxlan", "calico"]);
}

#[test]
fn the_plug_in_bandwidth_limits_a_pod() {
    let text = pair("bridge", "mtu = 1500", "40 Gbit/s") + "rate = \"200 Mbit/s\"\n";
    let Some(lab) = build(&text, "plugrate") else { return };
    let expected = 200e6 * 1448.0 / 1514.0;
    for (from, to) in [("beside", "pod-b"), ("pod-b", "beside")] {
        let found = goodput(&lab, from, to, expected);
        assert!((found / expected - 1.0).abs() < 0.1, "{from} → {to}: {found} bit/s");
    }
}

#[test]
fn the_plug_in_portmap_leads_from_a_nodes_port_to_a_pod() {
    let mut wiring = wiring(&pair("bridge", "mtu = 1500", "40 Gbit/s"));
    let plugged = wiring.plugged.iter_mut().find(|it| it.pod == wiring.pods["pod-a"].space);
    let chain = &mut plugged.unwrap().chain;
    let portmap = chain.iter_mut().find(|plugin| plugin["type"] == "portmap").unwrap();
    let mapping = json!({ "hostPort": 8080, "containerPort": 5201, "protocol": "tcp" });
    portmap["runtimeConfig"] = json!({ "portMappings": [mapping] });
    if cannot_build([&wiring]) {
        return;
    }
    let lab = Lab::build(&wiring, "plugport").unwrap();
    let node = wiring.spaces.iter().find(|space| space.name == "node-a").unwrap();
    let card = node.devices.iter().find(|device| device.name == "nic0").unwrap();
    let at = SocketAddr::new(IpAddr::V4(card.addresses[0].0), 8080);
    talk(&lab.pod("pod-b").unwrap(), &lab.pod("pod-a").unwrap(), at, 5201, 10_000).unwrap();
}

#[test]
fn offloads_are_switched_off_on_what_plug_ins_made() {
    let text = pair("bridge", "mtu = 1500\noffloads = false", "40 Gbit/s");
    let Some(lab) = build(&text, "plugoff") else { return };
    let off = "tcp-segmentation-offload: off";
    let pod = said(&lab.pod("pod-a").unwrap().netns, &["ethtool", "-k", "eth0"]);
    assert!(pod.contains(off), "{pod}");
    let node = lab.netns("node-a").unwrap();
    let links = said(node, &["ip", "-br", "link", "show", "type", "veth"]);
    let outer = links.split_whitespace().find(|word| word.starts_with("veth")).unwrap();
    let outer = said(node, &["ethtool", "-k", outer.split('@').next().unwrap()]);
    assert!(outer.contains(off), "{outer}");
}

#[test]
fn what_no_plug_in_does_is_refused() {
    let text = pair("two-bridges", "mtu = 1500", "40 Gbit/s");
    let error = Wiring::with_plugins(&topology(&text), &library()).unwrap_err().to_string();
    assert!(error.contains("no plug-in attaches pods as `two-bridges` does"), "{error}");
}

#[test]
fn a_plug_in_that_refuses_is_quoted_and_nothing_is_left() {
    let mut wiring = wiring(&pair("bridge", "mtu = 1500", "40 Gbit/s"));
    if cannot_build([&wiring]) {
        return;
    }
    wiring.plugged[0].chain[0]["ipam"]["ranges"] = json!([[{ "subnet": "nonsense" }]]);
    let error = Lab::build(&wiring, "plugbad").unwrap_err();
    assert_eq!(left("plugbad"), Vec::<String>::new());
    let text = error.to_string();
    assert!(text.starts_with("the CNI plug-in `bridge` failed: "), "{text}");
}
