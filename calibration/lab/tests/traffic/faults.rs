//! What goes wrong at the other end, and a user who stops: an error in bounded time.

use std::io::Read;
use std::net::{SocketAddr, SocketAddrV4, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use calibration_lab::traffic::{
    Amount, Bulk, End, HostCopy, HostMemory, Messages, Order, Produced, Protocol, RoundTrips,
    TrafficError, bulk, messages, produced, requirements, round_trips,
};
use sim::Bytes;

use super::needs::lacks;
use super::{GO, lasting, message};

const PATIENCE: Duration = Duration::from_millis(500);

/// A listener that is connected to and never accepts.
fn deaf() -> (TcpListener, SocketAddrV4) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = v4(listener.local_addr().expect("an address"));
    (listener, address)
}

fn v4(address: SocketAddr) -> SocketAddrV4 {
    match address {
        SocketAddr::V4(address) => address,
        SocketAddr::V6(_) => unreachable!("bound to an IPv4 address"),
    }
}

/// Every kind of TCP transfer against one address; each must fail.
fn all_fail(target: SocketAddrV4, patience: Duration, expected: &dyn Fn(&TrafficError) -> bool) {
    let here = End::loopback();
    let to = Some(target);
    let bytes = Bytes::mib(64);
    let load = Bulk { target: to, patience, ..message(Protocol::Tcp, 1, bytes.get(), 1 << 17) };
    let round_trip = RoundTrips { target: to, patience, ..RoundTrips::default() };
    let copied = Produced { bytes, target: to, patience, ..Produced::default() };
    let mut producer = HostCopy::new(HostMemory::Pinned, bytes);
    let sent = Messages { bytes, target: to, patience, ..Messages::default() };
    // One that did not end would hang here.
    let results = [
        bulk(&here, &here, &load, &GO).map(|_| ()),
        messages(&here, &here, &sent, &GO).map(|_| ()),
        round_trips(&here, &here, &round_trip, &GO).map(|_| ()),
        produced(&here, &here, &copied, &mut producer, &GO).map(|_| ()),
    ];
    for (at, result) in results.into_iter().enumerate() {
        let error = result.expect_err("the other end is at fault");
        assert!(expected(&error), "{at}: {error}");
    }
}

#[test]
fn a_server_that_never_accepts() {
    let (_listener, target) = deaf();
    all_fail(target, PATIENCE, &|error| matches!(error, TrafficError::Silent { .. }));
}

#[test]
fn a_server_that_accepts_and_never_reads() {
    let (listener, target) = deaf();
    // The thread hands them back, so that they stay open.
    let held =
        thread::spawn(move || (0..4).map_while(|_| listener.accept().ok()).collect::<Vec<_>>());
    all_fail(target, PATIENCE, &|error| matches!(error, TrafficError::Silent { .. }));
    assert_eq!(held.join().expect("no panic").len(), 4);
}

#[test]
fn a_server_that_is_not_there() {
    let (listener, target) = deaf();
    drop(listener);
    let refused =
        |error: &TrafficError| error.to_string().starts_with("connecting: Connection ref");
    all_fail(target, Duration::from_secs(20), &|error| refused(error));
}

#[test]
fn a_peer_that_dies_in_the_middle() {
    let (listener, target) = deaf();
    thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            // Some of it, then gone: with unread data the kernel resets the connection.
            let _ = socket.read_exact(&mut [0; 1]);
        }
    });
    let died = |error: &TrafficError| {
        matches!(error, TrafficError::System { .. } | TrafficError::Died { .. })
    };
    all_fail(target, Duration::from_secs(20), &died);
}

#[test]
fn datagrams_that_nobody_takes() {
    let here = End::loopback();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let target = Some(v4(socket.local_addr().expect("an address")));
    let load = Bulk { target, patience: PATIENCE, ..lasting(Protocol::Udp, 1, 100) };
    let error = bulk(&here, &here, &load, &GO).expect_err("nobody takes them");
    assert!(matches!(error, TrafficError::NothingReceived { sent } if sent > 0), "{error}");
    let timeout = Duration::from_millis(50);
    let protocol = Protocol::Udp;
    let load =
        RoundTrips { protocol, target, timeout, patience: PATIENCE, ..RoundTrips::default() };
    let result = round_trips(&here, &here, &load, &GO);
    assert!(matches!(result, Err(TrafficError::Silent { .. })), "{result:?}");
}

/// A server that answers every other request.
#[test]
fn lost_replies_are_counted() {
    let here = End::loopback();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let target = Some(v4(socket.local_addr().expect("an address")));
    thread::spawn(move || {
        let mut buffer = [0; 64];
        for number in 0.. {
            let Ok((size, peer)) = socket.recv_from(&mut buffer) else { break };
            if number % 2 == 0 {
                let _ = socket.send_to(&buffer[..size], peer);
            }
        }
    });
    let load = RoundTrips {
        protocol: Protocol::Udp,
        request: Bytes::new(16),
        reply: Bytes::new(16),
        timeout: Duration::from_millis(20),
        count: 20,
        warm_up: 0,
        target,
        ..RoundTrips::default()
    };
    let sample = round_trips(&here, &here, &load, &GO).expect("every other reply");
    assert_eq!((sample.latency.count, sample.lost), (10, 10), "{sample:?}");
}

/// Runs `work` and stops it after 200 ms: it would otherwise end by itself, after a minute.
fn stopped<T>(work: impl FnOnce(&AtomicBool) -> Result<T, TrafficError>) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(200));
            stop.store(true, Ordering::Relaxed);
        });
        let Err(error) = work(&stop) else { panic!("it ended by itself") };
        assert!(matches!(error, TrafficError::Stopped), "{error}");
    });
}

#[test]
fn a_user_who_stops_is_heard() {
    let here = End::loopback();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        stopped(|stop| bulk(&here, &here, &lasting(protocol, 2, 60_000), stop));
        let load = RoundTrips { protocol, count: 5_000_000, ..RoundTrips::default() };
        stopped(|stop| round_trips(&here, &here, &load, stop));
    }
    let slow =
        Bulk { pace: Some(sim::Rate::bytes_per_s(10.0)), ..lasting(Protocol::Udp, 1, 60_000) };
    stopped(|stop| bulk(&here, &here, &slow, stop));
    let load = Messages { count: 1_000_000, ..Messages::default() };
    stopped(|stop| messages(&here, &here, &load, stop));
    let bytes = Bytes::mib(8);
    for order in [Order::Serial, Order::Overlapped { chunk: Bytes::mib(1), buffers: 2 }] {
        let load = Produced { bytes, order, count: 100_000, ..Produced::default() };
        let mut producer = HostCopy::new(HostMemory::Untouched, bytes);
        stopped(|stop| produced(&here, &here, &load, &mut producer, stop));
    }
    // Also while it waits for a server that is silent.
    let (_listener, target) = deaf();
    let load = Bulk { target: Some(target), ..message(Protocol::Tcp, 1, 1 << 26, 1 << 20) };
    stopped(|stop| bulk(&here, &here, &load, stop));
}

#[test]
fn a_user_who_stops_iperf3_is_heard() {
    if lacks(&requirements()) {
        return;
    }
    let here = End::loopback();
    let load = Bulk { amount: Amount::Duration(Duration::from_secs(60)), ..Bulk::default() };
    stopped(|stop| bulk(&here, &here, &load, stop));
}
