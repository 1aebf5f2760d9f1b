//! A pair over loopback: every load, another version, and clients that misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use calibration::traffic::peer::{Peer, listen, serve};
use calibration::traffic::{
    Amount, Bulk, Connection, End, HostCopy, HostMemory, Messages, Method, Produced, Protocol,
    RoundTrips, Tool, TrafficError, requirements,
};
use sim::Bytes;

use super::needs::lacks;
use super::{GO, lasting, message};

const PATIENCE: Duration = Duration::from_secs(5);

/// Serves on loopback while `work` runs; what the server told.
fn served(work: impl FnOnce(&str)) -> Vec<String> {
    let listener = listen(SocketAddrV4::new([127, 0, 0, 1].into(), 0)).expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let stop = AtomicBool::new(false);
    let told = Mutex::new(Vec::new());
    let tell = |line: &str| told.lock().expect("no panic").push(line.to_owned());
    let outcome = thread::scope(|scope| {
        let (lines, told) = (&told, &tell);
        scope.spawn(|| serve(&listener, &stop, &|line| told(line)).expect("it serves"));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&address)));
        // A session that begins is told, and so is its end, which a busy machine sees later.
        let begun = Instant::now();
        while lines.lock().expect("no panic").len() % 2 == 1 && begun.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
        outcome
    });
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
    told.into_inner().expect("no panic")
}

fn connect(address: &str) -> Result<Peer, TrafficError> {
    Peer::connect(&End::loopback(), address, &[0], PATIENCE, &GO)
}

#[test]
fn a_pair_carries_every_load() {
    let told = served(|address| {
        let mut peer = connect(address).expect("a session");
        let load = message(Protocol::Tcp, 2, 3_000_001, 1 << 16);
        let sample = peer.bulk(&load, &GO).expect("TCP");
        assert_eq!((sample.bytes_received, sample.method), (Bytes::new(3_000_001), Method::Peer));
        assert!(!sample.cpu.peer_cores.is_empty(), "{sample:?}");
        // The kernel counts processor time in ticks of up to 10 ms: a short transfer may take none.
        let sample = peer.bulk(&lasting(Protocol::Tcp, 2, 400), &GO).expect("TCP");
        assert!(sample.cpu.receiver.total_s() > 0.0, "{sample:?}");
        let sample = peer.bulk(&lasting(Protocol::Udp, 2, 200), &GO).expect("UDP");
        let datagrams = sample.datagrams.expect("UDP");
        assert!(datagrams.received > 0 && datagrams.received <= datagrams.sent, "{sample:?}");
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            for connection in [Connection::Warm, Connection::Each] {
                let load = RoundTrips { protocol, connection, count: 50, ..RoundTrips::default() };
                let sample = peer.round_trips(&load, &GO).expect("round trips");
                assert_eq!(sample.latency.count as u64 + sample.lost, 50);
            }
        }
        for connection in [Connection::Warm, Connection::Each] {
            let load = Messages { connection, ..Messages::default() };
            let sample = peer.messages(&load, &GO).expect("messages");
            assert!(sample.half_round_trip_s > Some(0.0), "{sample:?}");
            assert_eq!(sample.bytes_received, sample.bytes_sent);
        }
        let mut producer = HostCopy::new(HostMemory::Pinned, Bytes::mib(16));
        let sample = peer.produced(&Produced::default(), &mut producer, &GO).expect("results");
        assert!(sample.half_round_trip_s > Some(0.0) && sample.times.count == 20);
    });
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].ends_with(" ended"), "{told:?}");
}

#[test]
fn a_pair_runs_iperf3() {
    if lacks(&requirements()) {
        return;
    }
    served(|address| {
        let from = End { cores: vec![0, 0], ..End::loopback() };
        let mut peer = Peer::connect(&from, address, &[0], PATIENCE, &GO).expect("a session");
        let amount = Amount::Duration(Duration::from_secs(1));
        for streams in [1, 2] {
            let load = Bulk { amount, streams, tool: Tool::Iperf3, ..Bulk::default() };
            let sample = peer.bulk(&load, &GO).expect("iperf3");
            assert_eq!(sample.method, Method::Iperf3 { processes: streams });
        }
    });
}

/// One at a time: the second waits in vain, and is heard once the first has gone.
#[test]
fn a_second_client_is_told_to_wait() {
    served(|address| {
        let first = connect(address).expect("a session");
        let patience = Duration::from_millis(500);
        let second = Peer::connect(&End::loopback(), address, &[], patience, &GO);
        let error = second.expect_err("one at a time").to_string();
        assert!(error.ends_with("it serves one session at a time"), "{error}");
        drop(first);
        connect(address).expect("now it is free");
    });
}

/// What a server answers to raw bytes.
fn raw(address: &str, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).expect("it listens");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time-out");
    // It may hang up before everything is written.
    let _ = socket.write_all(bytes);
    let _ = socket.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

const HELLO: &[u8] = b"{\"Hello\":{\"version\":1}}\n";

#[test]
fn another_version_is_refused_in_one_sentence() {
    let told = served(|address| {
        let answer = raw(address, b"{\"Hello\":{\"version\":7}}\n");
        assert_eq!(answer, "{\"Refused\":\"speaks version 1 of the peer protocol, not 7\"}\n",);
    });
    assert!(told[1].contains("speaks version 1 of the peer protocol, not 7"), "{told:?}");
}

#[test]
fn what_a_client_must_not_say_ends_its_session_and_no_other() {
    let long = vec![b'x'; 10 << 20];
    let deep = [b"[".repeat(60_000), b"\n".to_vec()].concat();
    let lines: [&[u8]; 9] = [
        b"",
        b"\n",
        b"{\"Hello\"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xfe\x00\n",
        b"{\"Hello\":{\"version\":-1}}\n",
        b"\"Done\"\n",
        &deep,
        &long,
    ];
    let told = served(|address| {
        for line in lines {
            assert_eq!(raw(address, line), "", "{:?}", &line[..line.len().min(30)]);
            let again = [HELLO, line].concat();
            let answer = raw(address, &again);
            assert!(answer.starts_with("{\"Hello\":"), "{answer}");
            assert_eq!(answer.lines().count(), 1, "{answer}");
        }
        connect(address).expect("it still serves");
    });
    assert!(told.iter().any(|line| line.contains("sent a line of over 65536 bytes")), "{told:?}");
    assert!(told.iter().all(|line| line.len() < 400), "{told:?}");
}

/// Loads that ask for the moon are refused, and the session goes on.
#[test]
fn impossible_loads_are_refused() {
    served(|address| {
        let socket = TcpStream::connect(address).expect("it listens");
        let mut answers = BufReader::new(socket.try_clone().expect("a clone")).lines();
        let mut say = |line: &str| {
            (&socket).write_all(line.as_bytes()).expect("written");
            answers.next().expect("an answer").expect("UTF-8")
        };
        say("{\"Hello\":{\"version\":1}}\n");
        let load = serde_json::to_value(RoundTrips::default()).expect("JSON");
        for (field, value) in [
            ("request", serde_json::json!(u64::MAX)),
            ("reply", serde_json::json!(1u64 << 40)),
            ("count", serde_json::json!(u64::MAX)),
            ("patience", serde_json::json!({ "secs": u64::MAX, "nanos": 0 })),
        ] {
            let mut load = load.clone();
            load[field] = value;
            let ask = serde_json::json!({ "Receive": {
                "load": { "RoundTrips": load }, "cores": [], "processes": 1,
            }});
            let answer = say(&format!("{ask}\n"));
            assert!(answer.starts_with("{\"Refused\":\"could not receive: "), "{field}: {answer}");
        }
        let bulk = Bulk { streams: usize::MAX, ..message(Protocol::Tcp, 1, 1, 1) };
        let ask = serde_json::json!({ "Receive": {
            "load": { "Bulk": bulk }, "cores": [usize::MAX], "processes": usize::MAX,
        }});
        assert!(say(&format!("{ask}\n")).contains("streams; 1 to 128 are possible"));
    });
}

/// A client that is killed in the middle: its receiver ends, and the next client is served.
#[test]
fn a_client_that_dies_in_the_middle_is_forgotten() {
    let begin = Instant::now();
    let told = served(|address| {
        let stop = AtomicBool::new(false);
        let mut peer = connect(address).expect("a session");
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(200));
                stop.store(true, Ordering::Relaxed);
            });
            let error = peer.bulk(&lasting(Protocol::Tcp, 1, 60_000), &stop);
            assert!(matches!(error, Err(TrafficError::Stopped)), "{error:?}");
        });
        drop(peer);
        connect(address).expect("it still serves");
    });
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(told.len() >= 3, "{told:?}");
}

/// A server that says nothing, nonsense, or goes away.
#[test]
fn a_server_that_misbehaves_is_an_error_in_time() {
    for (says, expected) in [
        ("", "the peer ended the session without a word"),
        ("nonsense\n", "the peer said what is not understood"),
        ("{\"Ready\":{\"ports\":[1]}}\n", "the peer said what was not asked for: Ready"),
        ("{\"Refused\":\"has no time\"}\n", "the peer has no time"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut socket, _) = listener.accept().expect("a client");
                let mut hello = String::new();
                let _ = BufReader::new(&socket).read_line(&mut hello);
                let _ = socket.write_all(says.as_bytes());
            });
            let error = connect(&address).expect_err("misbehaves").to_string();
            assert!(error.starts_with(expected), "{error}");
        });
    }
}
