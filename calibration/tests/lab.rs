//! Labs that really stand: every test here makes namespaces, looks, and finds nothing left behind.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::Duration;

use calibration::lab::{Lab, PodEnd, Wiring, inside, requirements};
use calibration::shipped;
use models::input::Source;
use models::library::{Kind, Library};
use models::topology::{self, Topology};

const PATIENCE: Duration = Duration::from_secs(3);

/// Whether labs can be built here; says so aloud if not.
fn can_build() -> bool {
    match requirements() {
        Ok(()) => true,
        Err(reason) => {
            eprintln!("skipped: {reason}");
            false
        }
    }
}

fn library() -> Library {
    let mut library = shipped().clone();
    let cni = |pod: &str, node: &str| {
        format!("about = \"a\"\nsource = \"b\"\npod = {pod}\nnode = {node}\nproxy = \"iptables\"\n")
    };
    let all = [
        ("flat", cni("[\"veth\", \"bridge\"]", "[]")),
        ("two-bridges", cni("[\"veth\", \"bridge\", \"veth\", \"bridge\"]", "[\"route\"]")),
        ("three-routes", cni("[\"veth\"]", "[\"route\", \"veth\", \"route\", \"route\"]")),
        ("policy", cni("[\"veth\", \"bridge\"]", "[\"netfilter\", \"route\", \"netfilter\"]")),
        ("routed-vxlan", cni("[\"veth\"]", "[\"route\", \"vxlan\"]")),
    ];
    for (name, text) in all {
        library.add(Kind::Cni, name, Source::new(name, text));
    }
    library
}

fn topology(text: &str) -> Topology {
    let source = Source::new("test.toml", text);
    topology::load(&source, &library(), &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn wiring(text: &str) -> Wiring {
    Wiring::of(&topology(text), &library()).unwrap_or_else(|error| panic!("{error}"))
}

/// Two nodes on one switch, a pod on each, and a second pod on the first.
fn pair(cni: &str, nic: &str, rate: &str) -> String {
    let mut text = String::from("[[switch]]\nname = \"tor\"\nlatency = \"1 us\"\n");
    for side in ["a", "b"] {
        text += &format!(
            "[[node]]\nname = \"node-{side}\"\nhost = \"bench-2024\"\ncni = \"{cni}\"\n\
             [[nic]]\nname = \"nic-{side}\"\nnode = \"node-{side}\"\nprofile = \"generic-10g\"\n\
             pcie = \"gen3-x8\"\n{nic}\n\
             [[cable]]\nbetween = [\"nic-{side}\", \"tor\"]\nrate = \"{rate}\"\n\
             latency = \"10 ns\"\n\
             [[pod]]\nname = \"pod-{side}\"\nnode = \"node-{side}\"\n"
        );
    }
    text + "[[pod]]\nname = \"beside\"\nnode = \"node-a\"\n"
}

fn end(lab: &Lab, pod: &str) -> PodEnd {
    lab.pod(pod).unwrap_or_else(|| panic!("no pod {pod}"))
}

/// Sends some bytes over TCP from one pod to an address behind which `to` listens.
fn talk(from: &PodEnd, to: &PodEnd, at: SocketAddr, port: u16) -> Result<(), String> {
    let listener = inside(&to.netns, || TcpListener::bind(("0.0.0.0", port)).expect("a port"));
    let listener = listener.map_err(|e| e.to_string())?;
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut bytes = Vec::new();
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.read_to_end(&mut bytes).map(|_| bytes.len())
    });
    let connected = inside(&from.netns, || TcpStream::connect_timeout(&at, PATIENCE));
    let mut stream = match connected.map_err(|e| e.to_string())? {
        Ok(stream) => stream,
        Err(error) => return Err(format!("{} → {at}: {error}", from.netns)),
    };
    stream.write_all(&[7; 300_000]).map_err(|e| e.to_string())?;
    drop(stream);
    match server.join().expect("no panic") {
        Ok(300_000) => Ok(()),
        other => Err(format!("{} → {at}: {other:?} arrived", from.netns)),
    }
}

fn reach(lab: &Lab, from: &str, to: &str) -> Result<(), String> {
    let (from, to) = (end(lab, from), end(lab, to));
    talk(&from, &to, SocketAddr::new(IpAddr::V4(to.address), 5201), 5201)
}

/// Whether a datagram that makes an IP packet of `size` bytes, which nobody may cut, arrives.
fn arrives(from: &PodEnd, to: &PodEnd, size: usize) -> bool {
    let bind = |end: &PodEnd| inside(&end.netns, || UdpSocket::bind((end.address, 0)));
    let (sender, receiver) = (bind(from).unwrap().unwrap(), bind(to).unwrap().unwrap());
    receiver.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    sender.send_to(&vec![1; size - 28], receiver.local_addr().unwrap()).unwrap();
    let mut buffer = vec![0; 70_000];
    receiver.recv(&mut buffer).is_ok_and(|received| received == size - 28)
}

/// What a program says in a namespace.
fn said(netns: &str, command: &[&str]) -> String {
    let output = Command::new("ip").args(["netns", "exec", netns]).args(command).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Namespaces of this process's lab `name` that are there.
fn left(name: &str) -> Vec<String> {
    let prefix = format!("podpath-{}-{name}-", std::process::id());
    let entries = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with(&prefix)).collect()
}

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
