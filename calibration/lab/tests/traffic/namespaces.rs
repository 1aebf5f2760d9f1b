//! Two namespaces and a cable between them; needs root.

use std::net::Ipv4Addr;
use std::process::Command;
use std::time::Duration;

use calibration_lab::namespace;
use calibration_lab::traffic::{
    Amount, Bulk, Connecting, End, HostCopy, HostMemory, Messages, Method, Order, Produced,
    Protocol, RoundTrips, bulk, messages, produced, requirements, round_trips,
};
use sim::Bytes;

use super::needs::lacks;
use super::{GO, lasting, message};

/// Two namespaces that are deleted in any case.
struct Cable {
    names: [String; 2],
}

impl Cable {
    /// None, if this machine lacks what a cable between namespaces needs.
    fn lay(test: &str) -> Option<Cable> {
        if lacks(&namespace::requirements()) {
            return None;
        }
        let names =
            ["a", "b"].map(|end| format!("podpath-test-{}-{test}-{end}", std::process::id()));
        let cable = Cable { names };
        let [a, b] = &cable.names;
        for line in [
            format!("netns add {a}"),
            format!("netns add {b}"),
            format!("link add eth0 netns {a} type veth peer name eth0 netns {b}"),
            format!("-n {a} address add 10.9.8.1/24 dev eth0"),
            format!("-n {b} address add 10.9.8.2/24 dev eth0"),
            format!("-n {a} link set eth0 up"),
            format!("-n {b} link set eth0 up"),
        ] {
            assert!(ip(&line), "ip {line}");
        }
        Some(cable)
    }

    fn ends(&self) -> (End, End) {
        let end = |at: usize, last| End {
            netns: Some(self.names[at].clone()),
            address: Ipv4Addr::new(10, 9, 8, last),
            cores: vec![0],
        };
        (end(0, 1), end(1, 2))
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for name in &self.names {
            ip(&format!("netns delete {name}"));
        }
    }
}

/// Runs `ip`, which is found where labs find it: root's folders may not be on the path.
fn ip(line: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin:/usr/bin:/bin";
    let mut ip = Command::new("ip");
    let output = ip.args(line.split_whitespace()).env("PATH", path).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn everything_crosses_from_one_namespace_to_another() {
    let Some(cable) = Cable::lay("all") else { return };
    let (from, to) = cable.ends();
    let sample = bulk(&from, &to, &message(Protocol::Tcp, 2, 10_000_000, 65_536), &GO);
    assert_eq!(sample.expect("TCP").bytes_received, Bytes::new(10_000_000));
    let sample = bulk(&from, &to, &lasting(Protocol::Udp, 1, 200), &GO).expect("UDP");
    assert!(sample.datagrams.expect("UDP").received > 0);
    for connection in [Connecting::Warm, Connecting::Each] {
        let load = Messages { connection, ..Messages::default() };
        assert_eq!(messages(&from, &to, &load, &GO).expect("messages").times.count, 20);
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            let load = RoundTrips { protocol, connection, count: 100, ..RoundTrips::default() };
            let sample = round_trips(&from, &to, &load, &GO).expect("round trips");
            assert_eq!(sample.latency.count as u64 + sample.lost, 100);
        }
    }
    let order = Order::Overlapped { chunk: Bytes::kib(256), buffers: 2 };
    let bytes = Bytes::mib(4);
    let load = Produced { bytes, order, ..Produced::default() };
    let mut producer = HostCopy::new(HostMemory::Pageable, bytes);
    produced(&from, &to, &load, &mut producer, &GO).expect("a result");
}

#[test]
fn iperf3_crosses_from_one_namespace_to_another() {
    if lacks(&requirements()) {
        return;
    }
    let Some(cable) = Cable::lay("iperf3") else { return };
    let (from, to) = cable.ends();
    let amount = Amount::Duration(Duration::from_secs(1));
    let sample = bulk(&from, &to, &Bulk { amount, ..Bulk::default() }, &GO);
    assert_eq!(sample.expect("iperf3").method, Method::Iperf3 { processes: 1 });
}

/// The addresses are reached by the cable alone: cut, nothing crosses, and the wait ends.
#[test]
fn a_cut_cable_is_a_silence() {
    let Some(cable) = Cable::lay("cut") else { return };
    let (from, to) = cable.ends();
    assert!(ip(&format!("-n {} link set eth0 down", cable.names[1])));
    let patience = Duration::from_millis(500);
    let load = Bulk { patience, ..message(Protocol::Tcp, 1, 1000, 1000) };
    let error = bulk(&from, &to, &load, &GO).expect_err("cut").to_string();
    assert!(error.contains("nothing happened for 0.5 s") || error.contains("No route"), "{error}");
}
