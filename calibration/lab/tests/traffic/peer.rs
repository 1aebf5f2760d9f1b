//! A pair over loopback: every load, another version, and clients that misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use calibration_lab::traffic::peer::{Peer, Responder, Token};
use calibration_lab::traffic::{
    Amount, Bulk, Connecting, End, HostCopy, HostMemory, Messages, Method, Produced, Protocol,
    RoundTrips, Tool, TrafficError, requirements,
};
use sim::Bytes;

use super::needs::lacks;
use super::{GO, lasting, message};

const PATIENCE: Duration = Duration::from_secs(5);

/// Responds on loopback while `work` runs; what the responder told.
fn served(work: impl FnOnce(&str)) -> Vec<String> {
    served_with(None, work)
}

fn served_with(token: Option<Token>, work: impl FnOnce(&str)) -> Vec<String> {
    let here = SocketAddrV4::new([127, 0, 0, 1].into(), 0);
    let responder = Responder::listen(here, token).expect("a port");
    let address = responder.address().to_string();
    let stop = AtomicBool::new(false);
    let told = Mutex::new(Vec::new());
    let tell = |line: &str| told.lock().expect("no panic").push(line.to_owned());
    let outcome = thread::scope(|scope| {
        let (lines, told) = (&told, &tell);
        scope.spawn(|| responder.run(&stop, &|line| told(line)).expect("it responds"));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&address)));
        // A session that begins is told, and so is its end, which a busy machine sees later.
        let open = || {
            let told = lines.lock().expect("no panic");
            let ended = told.iter().filter(|line| line.contains(" ended")).count();
            told.len() > 2 * ended
        };
        let begun = Instant::now();
        while open() && begun.elapsed() < PATIENCE {
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
    Peer::connect(&End::loopback(), (address, None), &[0], PATIENCE, &GO)
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
            for connection in [Connecting::Warm, Connecting::Each] {
                let load = RoundTrips { protocol, connection, count: 50, ..RoundTrips::default() };
                let sample = peer.round_trips(&load, &GO).expect("round trips");
                assert_eq!(sample.latency.count as u64 + sample.lost, 50);
            }
        }
        for connection in [Connecting::Warm, Connecting::Each] {
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
        let mut peer =
            Peer::connect(&from, (address, None), &[0], PATIENCE, &GO).expect("a session");
        let amount = Amount::Duration(Duration::from_secs(1));
        for streams in [1, 2] {
            let load = Bulk { amount, streams, tool: Tool::Iperf3, ..Bulk::default() };
            let sample = peer.bulk(&load, &GO).expect("iperf3");
            assert_eq!(sample.method, Method::Iperf3 { processes: streams });
        }
    });
}

/// A client that says nothing is in nobody's way: neither before its hello, nor in a session, nor
/// once it has asked for a load that it does not send.
#[test]
fn a_silent_client_blocks_nobody() {
    served(|address| {
        let _nothing = TcpStream::connect(address).expect("it listens");
        let _session = connect(address).expect("a session");
        let mut loading = TcpStream::connect(address).expect("it listens");
        loading.write_all(HELLO).expect("written");
        let load = RoundTrips { patience: Duration::from_secs(1), ..RoundTrips::default() };
        let ask = serde_json::json!({ "Receive": {
            "load": { "RoundTrips": load }, "cores": [], "processes": 1,
        }});
        loading.write_all(format!("{ask}\n").as_bytes()).expect("written");
        let mut said = BufReader::new(&loading).lines();
        assert!(said.nth(1).expect("an answer").expect("text").contains("Ready"));
        // Its second of patience passes, and then it is the next one's turn.
        let mut peer = connect(address).expect("a session beside three others");
        peer.round_trips(&RoundTrips::default(), &GO).expect("round trips");
        let said = said.next().expect("an answer").expect("text");
        assert!(said.contains("nothing happened for 1 s"), "{said}");
    });
}

#[test]
fn there_are_sixteen_sessions_and_no_more() {
    served(|address| {
        let mut peers: Vec<Peer> = (0..16).map(|_| connect(address).expect("a session")).collect();
        let told = connect(address).expect_err("one too many").to_string();
        assert_eq!(told, "the peer has 16 sessions already; try again later");
        drop(peers.pop());
        let begun = Instant::now();
        while connect(address).is_err() {
            assert!(begun.elapsed() < PATIENCE, "one has ended");
        }
    });
}

/// Two clients at once: their loads come one after the other, and both are carried.
#[test]
fn loads_of_two_clients_take_turns() {
    served(|address| {
        thread::scope(|scope| {
            let load = || lasting(Protocol::Tcp, 1, 300);
            for _ in 0..2 {
                scope.spawn(move || {
                    connect(address).expect("a session").bulk(&load(), &GO).expect("TCP")
                });
            }
        });
    });
}

#[test]
fn a_client_without_the_token_has_no_session() {
    let secret = "a token of no use".replace(' ', "-");
    let told = served_with(Token::new(&secret).ok(), |address| {
        let open = |token: Option<&str>| {
            let token = token.map(|token| Token::new(token).expect("a token"));
            let to = (address, token.as_ref());
            Peer::connect(&End::loopback(), to, &[], PATIENCE, &GO).map(drop)
        };
        open(Some(&secret)).expect("a session");
        let told = open(None).expect_err("no token").to_string();
        assert_eq!(told, "the peer asks for a token: give --token-file or PODPATH_TOKEN");
        let told = open(Some("a-token-of-no-usf")).expect_err("another").to_string();
        assert_eq!(told, "the peer has another token");
        let answer = raw(address, &[HELLO, b"\"Done\"\n"].concat());
        assert!(answer.starts_with("{\"Refused\":\"asks for a token"), "{answer}");
        assert_eq!(answer.lines().count(), 1, "{answer}");
    });
    assert!(told.iter().all(|line| !line.contains("no-us")), "{told:?}");
}

/// Beyond this machine it has to be secret; below 1024 it may not listen.
#[test]
fn where_it_may_listen() {
    let told = |address: &str| {
        Responder::listen(address.parse().expect("an address"), None)
            .expect_err(address)
            .to_string()
    };
    assert_eq!(told("0.0.0.0:0"), "others than this machine can reach it, and there is no token");
    assert_eq!(told("127.0.0.1:1023"), "port 1023 is below 1024");
    let token = Token::new("0123456789abcdef").expect("a token");
    Responder::listen("0.0.0.0:0".parse().expect("an address"), Some(token)).expect("a port");
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
            ("patience", serde_json::json!({ "secs": 3600, "nanos": 0 })),
            ("port", serde_json::json!(22)),
            ("port", serde_json::json!(1023)),
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

/// Saying that nothing is left to do keeps no session open.
#[test]
fn a_client_is_done_once_for_each_load() {
    let told = served(|address| {
        let answer = raw(address, &[HELLO, b"\"Done\"\n\"Done\"\n"].concat());
        assert_eq!(answer.lines().count(), 1, "{answer}");
    });
    assert!(told[1].contains("was done before it asked for a load"), "{told:?}");
}

/// A server that reports more than was sent, or longer than it took.
#[test]
fn impossible_figures_of_a_server_are_refused() {
    for (report, expected) in [
        (r#""bytes":1,"datagrams":0,"seconds":0.0"#, "1 bytes of 0 sent"),
        (r#""bytes":0,"datagrams":7,"seconds":0.0"#, "7 datagrams of 0 sent"),
        (r#""bytes":0,"datagrams":0,"seconds":86400.0"#, "bytes that came for 86400 s"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        thread::scope(|scope| {
            scope.spawn(|| {
                let (socket, _) = listener.accept().expect("a client");
                let mut heard = BufReader::new(&socket).lines();
                let mut answer = |text: &str| {
                    heard.next().expect("a line").expect("text");
                    (&socket).write_all(text.as_bytes()).expect("written");
                };
                answer("{\"Hello\":{\"version\":1}}\n");
                let echo = TcpListener::bind("127.0.0.1:0").expect("a port");
                let port = echo.local_addr().expect("an address").port();
                answer(&format!("{{\"Ready\":{{\"ports\":[{port}]}}}}\n"));
                let (mut client, _) = echo.accept().expect("a client");
                let mut byte = [0];
                while client.read_exact(&mut byte).is_ok() {
                    client.write_all(&byte).expect("written");
                }
                let times = r#""times":{"user_s":0.0,"system_s":0.0},"cores":[]"#;
                answer(&format!("{{\"Received\":{{{report},{times}}}}}\n"));
            });
            let mut peer = connect(&address).expect("a session");
            let load = RoundTrips { count: 3, ..RoundTrips::default() };
            let told = peer.round_trips(&load, &GO).expect_err("it cannot be").to_string();
            let whole = format!("the peer reports what cannot be: {expected}");
            assert!(told.starts_with(&whole), "{told}");
        });
    }
}

/// A client that is killed in the middle: its receiver ends, and the next client is served.
#[test]
fn a_client_that_dies_in_the_middle_is_forgotten() {
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
