//! Topologies, and what the tests ask of standing labs.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use calibration_data::shipped;
use calibration_lab::namespace::{Lab, PodEnd, Wiring, check, inside};
use models::input::Source;
use models::library::{Kind, Library};
use models::topology::{self, Topology};

use crate::needs::lacks;

pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// Whether this machine lacks something that one of these labs needs.
pub(crate) fn cannot_build<'a>(wirings: impl IntoIterator<Item = &'a Wiring>) -> bool {
    wirings.into_iter().any(|wiring| lacks(&check(wiring)))
}

pub(crate) fn library() -> Library {
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

pub(crate) fn topology(text: &str) -> Topology {
    let source = Source::new("test.toml", text);
    topology::load(&source, &library(), &[]).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn wiring(text: &str) -> Wiring {
    Wiring::of(&topology(text), &library()).unwrap_or_else(|error| panic!("{error}"))
}

/// Two nodes on one switch, a pod on each, and a second pod on the first.
pub(crate) fn pair(cni: &str, nic: &str, rate: &str) -> String {
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

pub(crate) fn end(lab: &Lab, pod: &str) -> PodEnd {
    lab.pod(pod).unwrap_or_else(|| panic!("no pod {pod}"))
}

/// A listener on `port`, which the listener before may not have left yet.
fn bound(port: u16) -> TcpListener {
    let begin = std::time::Instant::now();
    loop {
        match TcpListener::bind(("0.0.0.0", port)) {
            Ok(listener) => return listener,
            Err(error) => assert!(begin.elapsed() < PATIENCE, "port {port}: {error}"),
        }
        thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Sends some bytes over TCP from one pod to an address behind which `to` listens.
pub(crate) fn talk(
    from: &PodEnd,
    to: &PodEnd,
    at: SocketAddr,
    port: u16,
    bytes: usize,
) -> Result<(), String> {
    let listener = inside(&to.netns, || bound(port));
    let listener = listener.map_err(|e| e.to_string())?;
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut received = Vec::new();
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
        stream.read_to_end(&mut received).map(|_| received.len())
    });
    let connected = inside(&from.netns, || TcpStream::connect_timeout(&at, PATIENCE));
    let mut stream = match connected.map_err(|e| e.to_string())? {
        Ok(stream) => stream,
        Err(error) => return Err(format!("{} → {at}: {error}", from.netns)),
    };
    stream.write_all(&vec![7; bytes]).map_err(|e| e.to_string())?;
    drop(stream);
    match server.join().expect("no panic") {
        Ok(arrived) if arrived == bytes => Ok(()),
        other => Err(format!("{} → {at}: {other:?} arrived", from.netns)),
    }
}

pub(crate) fn reach(lab: &Lab, from: &str, to: &str) -> Result<(), String> {
    let (from, to) = (end(lab, from), end(lab, to));
    talk(&from, &to, SocketAddr::new(IpAddr::V4(to.address), 5201), 5201, 300_000)
}

/// Whether a datagram that makes an IP packet of `size` bytes, which nobody may cut, arrives.
pub(crate) fn arrives(from: &PodEnd, to: &PodEnd, size: usize) -> bool {
    let bind = |end: &PodEnd| inside(&end.netns, || UdpSocket::bind((end.address, 0)));
    let (sender, receiver) = (bind(from).unwrap().unwrap(), bind(to).unwrap().unwrap());
    receiver.set_read_timeout(Some(Duration::from_millis(400))).unwrap();
    sender.send_to(&vec![1; size - 28], receiver.local_addr().unwrap()).unwrap();
    let mut buffer = vec![0; 70_000];
    receiver.recv(&mut buffer).is_ok_and(|received| received == size - 28)
}

/// A program in a namespace, found where labs find it: root's folders may not be on the path.
pub(crate) fn within(netns: &str, command: &[&str]) -> Command {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin:/usr/bin:/bin";
    let mut ip = Command::new("ip");
    ip.args(["netns", "exec", netns]).args(command).env("PATH", path);
    ip
}

/// What a program says in a namespace.
pub(crate) fn said(netns: &str, command: &[&str]) -> String {
    let output = within(netns, command).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Namespaces of this process's lab `name` that are there.
pub(crate) fn left(name: &str) -> Vec<String> {
    left_by(std::process::id(), name)
}

/// Namespaces of a process's lab `name` that are there.
pub(crate) fn left_by(pid: u32, name: &str) -> Vec<String> {
    let prefix = format!("podpath-{pid}-{name}-");
    let entries = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(&prefix)).collect();
    names.sort();
    names
}

/// Bit/s at which 12 Mbyte arrive: the best of some, until one is within 10 % of what is expected.
/// Other work on the machine, or a loss early on, makes one slower; nothing makes one faster than a
/// limit.
pub(crate) fn goodput(lab: &Lab, from: &str, to: &str, expected: f64) -> f64 {
    let (from, to) = (end(lab, from), end(lab, to));
    let at = SocketAddr::new(IpAddr::V4(to.address), 5201);
    let bytes = 12_000_000;
    // What the bucket holds at first passes at once; a transfer before the others empties it.
    talk(&from, &to, at, 5201, 1_000_000).unwrap();
    let run = || {
        let begin = Instant::now();
        talk(&from, &to, at, 5201, bytes).unwrap();
        8.0 * bytes as f64 / begin.elapsed().as_secs_f64()
    };
    let mut best = 0.0;
    for _ in 0..10 {
        best = run().max(best);
        if best > 0.9 * expected {
            break;
        }
    }
    best
}
