//! Incast with finite buffers: collapse by timeouts, and what ECN and PFC do about it.

use models::cluster::Cluster;
use models::input::Source;
use models::outcome::{Cause, Fidelity, Outcome};
use models::predict::predict;
use models::transfer::{Mode, Transfer};
use sim::Bytes;

use crate::fixture::library;

/// Payload of a segment: an MTU of 1500 without the headers of TCP and IP.
const SEGMENT: f64 = 1448.0;
const BLOCK: u64 = 256 << 10;

/// Nodes with a card of 1 Gbit/s each and a fabric.
fn cluster(nodes: usize, fabric: &str) -> Cluster {
    let text = format!(
        "[[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"host\"\ncount = {nodes}\n\
         [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\nmtu = 1500\n\
         [[pod]]\nname = \"pod\"\nnode = \"node\"\n\
         [[fabric]]\nname = \"f\"\ncards = [\"nic\"]\nrate = \"1 Gbit/s\"\nlatency = \"0 ns\"\n\
         switch_latency = \"0 ns\"\nunfairness = 0.0\n{fabric}\n"
    );
    let source = Source::new("c.toml", text);
    Cluster::assemble("c", &source, &library(), &[]).unwrap_or_else(|error| panic!("{error}"))
}

const SWITCH: &str = "kind = \"single-switch\"";

fn block(from: usize, to: usize) -> Transfer {
    Transfer::message(format!("pod-{from}"), format!("pod-{to}"), Bytes::new(BLOCK))
}

/// From so many to the first.
fn senders(many: usize) -> Vec<Transfer> {
    (1..=many).map(|from| block(from, 0)).collect()
}

fn outcomes(cluster: &Cluster, transfers: &[Transfer], fidelity: Fidelity) -> Vec<Outcome> {
    predict(cluster, transfers, fidelity, 1).unwrap_or_else(|error| panic!("{error}"))
}

/// When the last block of so many is there \[s\].
fn last(fabric: &str, many: usize, fidelity: Fidelity) -> f64 {
    let found = outcomes(&cluster(many + 1, fabric), &senders(many), fidelity);
    found.iter().map(|outcome| outcome.completion.as_seconds()).fold(0.0, f64::max)
}

#[test]
fn goodput_collapses_by_one_timeout_where_windows_do_not_fit() {
    // Four segments of each flow: 11 flows fit into 64 KiB, and twice as many into twice that.
    for (buffer, most) in [("64 KiB", 11), ("128 KiB", 22), ("256 KiB", 45)] {
        let size = buffer.split(' ').next().unwrap().parse::<f64>().unwrap() * 1024.0;
        assert_eq!((size / (4.0 * SEGMENT)) as usize, most, "{buffer}");
        let fabric = format!("{SWITCH}\nbuffer = \"{buffer}\"");
        for fidelity in [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk] {
            for (many, timeouts) in [(most, 0.0), (most + 1, 1.0)] {
                let found = last(&fabric, many, fidelity) - last(SWITCH, many, fidelity);
                let off = (found - 0.2 * timeouts).abs();
                assert!(off < 1e-6, "{buffer} {many} {fidelity:?}: {found}");
            }
        }
        // n S ÷ (n S ÷ C + RTO).
        let (many, whole) = ((most + 1) as f64, last(&fabric, most + 1, Fidelity::Flow));
        let bytes = many * BLOCK as f64;
        let carried = last(SWITCH, most + 1, Fidelity::Flow);
        let expected = bytes / (carried + 0.2);
        assert!((bytes / whole / expected - 1.0).abs() < 1e-6, "{buffer}");
    }
}

#[test]
fn a_timeout_is_booked_to_the_cable_where_it_happened() {
    let fabric = format!("{SWITCH}\nbuffer = \"16 KiB\"");
    let found = outcomes(&cluster(9, &fabric), &senders(8), Fidelity::Flow);
    for outcome in &found {
        let sum: sim::Time = outcome.life.iter().map(|interval| interval.span).sum();
        assert_eq!(sum, outcome.completion);
        let waited = outcome.life.iter().find(|i| i.cause == Cause::Queueing && i.kind == "wire");
        let waited = waited.expect("it is a queue");
        assert!(waited.span.as_seconds() > 0.19 && waited.hop.contains("nic-0"), "{waited:?}");
    }
}

#[test]
fn short_messages_rdma_and_lone_flows_wait_for_no_timer() {
    let fabric = format!("{SWITCH}\nbuffer = \"16 KiB\"");
    let cluster = cluster(9, &fabric);
    let none = |transfers: &[Transfer]| {
        let found = outcomes(&cluster, transfers, Fidelity::Flow);
        found.iter().all(|outcome| outcome.completion.as_seconds() < 0.1)
    };
    assert!(none(&senders(1)));
    let short = |transfer| Transfer { message: Bytes::new(1_000), ..transfer };
    assert!(none(&senders(8).into_iter().map(short).collect::<Vec<_>>()));
    let mode = Mode::Rdma { chunk: Bytes::new(BLOCK), buffers: 1 };
    let rdma = |transfer| Transfer { mode, ..transfer };
    assert!(none(&senders(8).into_iter().map(rdma).collect::<Vec<_>>()));
    assert!(!none(&senders(8)));
}

#[test]
fn chunks_wait_once() {
    let fabric = format!("{SWITCH}\nbuffer = \"16 KiB\"");
    let chunked = |transfer| Transfer {
        mode: Mode::Overlapped { chunk: Bytes::new(BLOCK / 16), buffers: 2 },
        ..transfer
    };
    let all: Vec<Transfer> = senders(8).into_iter().map(chunked).collect();
    let whole = |fabric: &str| {
        let found = outcomes(&cluster(9, fabric), &all, Fidelity::Flow);
        found.iter().map(|outcome| outcome.completion.as_seconds()).fold(0.0, f64::max)
    };
    let found = whole(&fabric) - whole(SWITCH);
    assert!((found - 0.2).abs() < 1e-6, "{found}");
}

#[test]
fn ecn_bears_twice_the_flows_and_waits_at_its_threshold() {
    let ecn = |buffer: &str| format!("{SWITCH}\nqueue = \"ecn\"\nbuffer = \"{buffer}\"");
    for (many, timeouts) in [(22, 0.0), (23, 1.0)] {
        let found = last(&ecn("64 KiB"), many, Fidelity::Flow) - last(SWITCH, many, Fidelity::Flow);
        assert!((found - 0.2 * timeouts).abs() < 1e-6, "{many}: {found}");
    }
    // A round trip of 4 × 35 µs: a seventh of it is 20 µs.
    let far = |queue: &str| {
        let text = format!("{SWITCH}\n{queue}");
        let cluster = |fabric: &str| {
            let source = format!(
                "[[node]]\nname = \"node\"\nhost = \"host\"\ncni = \"host\"\ncount = 3\n\
                 [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"nic\"\npcie = \"slot\"\n\
                 mtu = 1500\n[[pod]]\nname = \"pod\"\nnode = \"node\"\n\
                 [[fabric]]\nname = \"f\"\ncards = [\"nic\"]\nrate = \"1 Gbit/s\"\n\
                 latency = \"35 us\"\nswitch_latency = \"0 ns\"\nunfairness = 0.0\n{fabric}\n"
            );
            let source = Source::new("c.toml", source);
            Cluster::assemble("c", &source, &library(), &[]).expect("it can be")
        };
        let found = outcomes(&cluster(&text), &senders(2), Fidelity::Flow);
        found[0].completion.as_seconds()
    };
    let found = far("queue = \"ecn\"") - far("");
    assert!((found - 20e-6).abs() < 1e-9, "{found}");
}

#[test]
fn pauses_slow_victims_to_the_pace_of_what_is_paused() {
    // Three of the first leaf send to one card of the second; a fourth sends to another card.
    let victims = |queue: &str| {
        let fabric = format!(
            "kind = \"leaf-spine\"\ncards_per_leaf = 4\nspines = 1\n\
             uplink_rate = \"10 Gbit/s\"\n{queue}"
        );
        let ends = [(0, 4), (1, 4), (2, 4), (3, 5), (6, 7)];
        // Long enough for the first super-packet to be no part of it.
        let long = |(from, to)| Transfer { message: Bytes::new(64 << 20), ..block(from, to) };
        let all = ends.map(long);
        let found = outcomes(&cluster(8, &fabric), &all, Fidelity::Flow);
        found.iter().map(|outcome| outcome.goodput.as_bytes_per_s()).collect::<Vec<_>>()
    };
    let (dropping, pausing) = (victims(""), victims("queue = \"pfc\"\nbuffer = \"1 KiB\""));
    for (at, part) in [(0, 1.0), (1, 1.0), (2, 1.0), (3, 1.0 / 3.0), (4, 1.0)] {
        let found = pausing[at] / dropping[at];
        assert!((found / part - 1.0).abs() < 0.02, "{at}: {found}, not {part}");
    }
}

#[test]
fn what_no_queue_is_is_refused() {
    for (line, field) in [
        ("queue = \"red\"", "queue"),
        ("buffer = \"0 B\"", "buffer"),
        ("buffer = \"much\"", "buffer"),
    ] {
        let text = format!(
            "[[node]]\nname = \"n\"\nhost = \"host\"\ncni = \"host\"\ncount = 2\n\
             [[nic]]\nname = \"nic\"\nnode = \"n\"\nprofile = \"nic\"\npcie = \"slot\"\n\
             mtu = 1500\n\
             [[pod]]\nname = \"pod\"\nnode = \"n\"\n\
             [[fabric]]\nname = \"f\"\nkind = \"single-switch\"\ncards = [\"nic\"]\n\
             rate = \"1 Gbit/s\"\nlatency = \"0 ns\"\nswitch_latency = \"0 ns\"\n{line}\n"
        );
        let source = Source::new("c.toml", text);
        let error = Cluster::assemble("c", &source, &library(), &[]).expect_err("it is none");
        assert_eq!(error.field, field, "{line}: {error}");
    }
}
