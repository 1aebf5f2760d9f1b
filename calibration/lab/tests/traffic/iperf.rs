//! iperf3, where it is installed.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use calibration_lab::traffic::{
    Amount, Bulk, End, Method, Protocol, Tool, TrafficError, bulk, requirements,
};
use sim::{Bytes, Rate};

use super::GO;
use super::needs::lacks;

fn second() -> Bulk {
    Bulk { amount: Amount::Duration(Duration::from_secs(1)), tool: Tool::Iperf3, ..Bulk::default() }
}

#[test]
fn a_process_per_core_carries_the_streams() {
    if lacks(&requirements()) {
        return;
    }
    let any = End::loopback();
    let one = End { cores: vec![0], ..End::loopback() };
    let two = End { cores: vec![0, 0], ..End::loopback() };
    for (end, streams, zero_copy, processes) in
        [(&any, 3, false, 1), (&one, 3, true, 1), (&two, 3, false, 2), (&two, 1, false, 1)]
    {
        let load = Bulk { streams, zero_copy, ..second() };
        let sample = bulk(end, end, &load, &GO).expect("loopback");
        assert_eq!(sample.method, Method::Iperf3 { processes });
        assert!((0.9..1.5).contains(&sample.seconds), "{sample:?}");
        assert!(sample.bytes_received <= sample.bytes_sent && sample.datagrams.is_none());
        assert!(sample.cpu.sender.total_s() > 0.0 && sample.cpu.receiver.total_s() > 0.0);
        assert!(sample.retransmits.is_some());
        let goodput = sample.bytes_received.as_f64() / sample.seconds;
        let ratio = sample.goodput.as_bytes_per_s() / goodput;
        assert!((ratio - 1.0).abs() < 0.05, "{sample:?}");
    }
}

#[test]
fn datagrams_are_counted_and_paced() {
    if lacks(&requirements()) {
        return;
    }
    let here = End::loopback();
    let write = Bytes::new(1000);
    let pace = Some(Rate::bytes_per_s(4e6));
    let load = Bulk { protocol: Protocol::Udp, streams: 2, write, pace, ..second() };
    let sample = bulk(&here, &here, &load, &GO).expect("loopback");
    let datagrams = sample.datagrams.expect("UDP");
    assert!((3_000..5_000).contains(&datagrams.sent), "{sample:?}");
    assert_eq!(sample.bytes_sent.get(), datagrams.sent * 1000);
    assert_eq!(sample.bytes_received.get(), datagrams.received * 1000);
    assert!(datagrams.loss_ratio() < 0.5);
}

#[test]
fn what_iperf3_says_is_told() {
    if lacks(&requirements()) {
        return;
    }
    let here = End::loopback();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let target = match taken.local_addr().expect("an address") {
        std::net::SocketAddr::V4(address) => Some(address),
        std::net::SocketAddr::V6(_) => None,
    };
    drop(taken);
    let patience = Duration::from_secs(2);
    let error = bulk(&here, &here, &Bulk { target, patience, ..second() }, &GO);
    let error = error.expect_err("nobody is there").to_string();
    assert!(error.contains("unable to connect to server"), "{error}");
}

/// A server that accepts and says nothing.
#[test]
fn a_silent_server_ends_in_time() {
    if lacks(&requirements()) {
        return;
    }
    let here = End::loopback();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let std::net::SocketAddr::V4(target) = listener.local_addr().expect("an address") else {
        unreachable!("bound to an IPv4 address");
    };
    let load = Bulk { target: Some(target), patience: Duration::from_millis(500), ..second() };
    let error = bulk(&here, &here, &load, &GO).expect_err("it says nothing");
    assert!(
        matches!(error, TrafficError::Overrun { .. } | TrafficError::Program { .. }),
        "{error}"
    );
}

const VICTIM: &str = "PODPATH_TEST_PORT";

#[test]
#[ignore = "not a test: killing_podpath_leaves_no_server runs it and kills it"]
fn victim() {
    let Some(port) = std::env::var(VICTIM).ok().and_then(|port| port.parse().ok()) else { return };
    let amount = Amount::Duration(Duration::from_secs(60));
    let here = End::loopback();
    let _ = bulk(&here, &here, &Bulk { amount, port, ..second() }, &GO);
}

#[test]
fn killing_podpath_leaves_no_server() {
    if lacks(&requirements()) {
        return;
    }
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        free.local_addr().expect("an address").port().to_string()
    };
    let mut podpath = Command::new(std::env::current_exe().expect("this test"))
        .args(["--ignored", "--exact", "iperf::victim"])
        .env(VICTIM, &port)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this test runs");
    assert!(eventually(|| processes(&port) == 2), "server and client never ran");
    podpath.kill().expect("it runs");
    podpath.wait().expect("it was killed");
    assert!(eventually(|| processes(&port) == 0), "iperf3 outlived podpath");
}

fn eventually(holds: impl Fn() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(20) {
        if holds() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

/// How many iperf3 processes serve or use a port.
fn processes(port: &str) -> usize {
    let argument = format!("\0--port\0{port}\0");
    let lines = fs::read_dir("/proc").expect("/proc").flatten();
    let lines = lines.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).into_owned())
        .filter(|line| line.contains("iperf3\0") && line.contains(&argument))
        .count()
}
