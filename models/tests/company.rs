//! Several unlike things at once: what each gets, at every fidelity, and what all get together.

use models::cluster::Cluster;
use models::input::Source;
use models::outcome::{Fidelity, Outcome};
use models::predict::{occupancy, predict, predict_from};
use models::transfer::{Connection, Mode, Transfer, Transport};
use sim::{Bytes, Time};

use crate::fixture::{PAIR, cluster, library, transfer};

const FIDELITIES: [Fidelity; 3] = [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk];

fn outcomes(cluster: &Cluster, transfers: &[Transfer], fidelity: Fidelity) -> Vec<Outcome> {
    predict(cluster, transfers, fidelity, 7).unwrap_or_else(|error| panic!("{error}"))
}

/// The pair of nodes with a third one, all on one switch, two GPUs and a card below one PCIe switch
/// on the first.
fn three(cni: &str) -> Cluster {
    let below = "[[pcie_switch]]\nname = \"sw\"\nnode = \"node-a\"\npcie = \"slot\"\n";
    let text = PAIR
        .replace("CNI", cni)
        .replacen("[[gpu]]", &format!("{below}[[gpu]]\nunder = \"sw\""), 1)
        .replacen("[[nic]]", "[[nic]]\nunder = \"sw\"", 1);
    let more = format!(
        "[[node]]\nname = \"node-c\"\nhost = \"host\"\ncni = \"{cni}\"\n\
         [[nic]]\nname = \"nic-c\"\nnode = \"node-c\"\nprofile = \"nic\"\npcie = \"slot\"\n\
         mtu = 9000\n\
         [[cable]]\nbetween = [\"nic-c\", \"tor\"]\nrate = \"40 Gbit/s\"\nlatency = \"10 ns\"\n\
         [[gpu]]\nname = \"gpu-c\"\nnode = \"node-c\"\nprofile = \"gpu\"\npcie = \"slot\"\n\
         [[pod]]\nname = \"third\"\nnode = \"node-c\"\ngpu = \"gpu-c\"\n\
         [[gpu]]\nname = \"gpu-a2\"\nnode = \"node-a\"\nprofile = \"gpu\"\npcie = \"slot\"\n\
         under = \"sw\"\n\
         [[pod]]\nname = \"second\"\nnode = \"node-a\"\ngpu = \"gpu-a2\"\n"
    );
    let source = Source::new("three.toml", text + &more);
    Cluster::assemble("three", &source, &library(), &[]).unwrap_or_else(|error| panic!("{error}"))
}

fn tcp(from: &str, to: &str, streams: u32) -> Transfer {
    Transfer { streams, ..transfer(from, to, Bytes::gib(1)) }
}

fn udp(from: &str, to: &str, streams: u32) -> Transfer {
    Transfer { transport: Transport::Udp, ..tcp(from, to, streams) }
}

fn rdma(from: &str, to: &str) -> Transfer {
    Transfer { mode: Mode::GpuDirect, ..tcp(from, to, 1) }
}

fn piped(from: &str, to: &str, streams: u32) -> Transfer {
    let mode = Mode::Overlapped { chunk: Bytes::mib(1), buffers: 4 };
    Transfer { mode, ..tcp(from, to, streams) }
}

/// Pairs that contend for something: a cable, a PCIe link, a core, a memory.
fn pairs() -> Vec<(&'static str, Transfer, Transfer)> {
    vec![
        ("TCP and datagrams on one cable", tcp("client", "server", 4), udp("client", "server", 2)),
        ("TCP and RDMA on one cable", tcp("client", "server", 8), rdma("gpu-a", "gpu-b")),
        ("one stream and eight", tcp("client", "server", 1), tcp("second", "server", 8)),
        ("a copy and RDMA on one PCIe link", tcp("gpu-a", "client", 1), rdma("gpu-a2", "gpu-b")),
        ("a copy and a pipeline", tcp("gpu-a2", "second", 1), piped("gpu-a", "gpu-b", 8)),
        ("a pipeline and TCP", piped("gpu-a", "gpu-b", 4), tcp("second", "server", 4)),
        ("two senders, one receiver", tcp("client", "server", 8), tcp("third", "server", 8)),
        ("datagrams from elsewhere", tcp("client", "server", 8), udp("third", "server", 2)),
        ("RDMA from two nodes", rdma("gpu-a", "gpu-b"), rdma("gpu-c", "gpu-b")),
    ]
}

/// Messages that are under way for as long as each other, by what the closed form says of each.
fn lasting(cluster: &Cluster, pair: [&Transfer; 2]) -> [Transfer; 2] {
    let long = pair.map(|asked| Transfer { message: Bytes::gib(16), ..asked.clone() });
    let both = outcomes(cluster, &long, Fidelity::Closed);
    let mut sized = long;
    for (asked, outcome) in sized.iter_mut().zip(both) {
        // Whole chunks: the last is like the others.
        let mib = outcome.sent.as_bytes_per_s() * 0.4 / f64::from(1 << 20);
        asked.message = Bytes::mib(mib.round() as u64);
    }
    sized
}

#[test]
fn three_fidelities_agree_on_what_each_of_two_gets() {
    let mut wrong = Vec::new();
    for cni in ["host", "vxlan"] {
        let cluster = three(cni);
        for (what, a, b) in pairs() {
            let both = lasting(&cluster, [&a, &b]);
            let rates = FIDELITIES.map(|fidelity| {
                let outcomes = outcomes(&cluster, &both, fidelity);
                outcomes.iter().map(|o| o.goodput.as_gbit_s()).collect::<Vec<f64>>()
            });
            let [closed, flow, chunk] = rates;
            for (which, ((closed, flow), chunk)) in closed.iter().zip(&flow).zip(&chunk).enumerate()
            {
                let near = |x: &f64| (x / flow - 1.0).abs() < 0.02;
                if !near(closed) || !near(chunk) {
                    wrong.push(format!(
                        "{what} ({cni}), {}: closed {closed:.2}, flow {flow:.2}, chunk {chunk:.2}",
                        which + 1
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// One port and one PCIe link carry four kinds of traffic at once.
#[test]
fn four_kinds_of_traffic_never_carry_more_than_their_links() {
    let cluster = three("veth");
    let all = [
        tcp("client", "server", 8),
        udp("second", "server", 4),
        tcp("gpu-a", "client", 1),
        rdma("gpu-a2", "gpu-b"),
    ];
    for fidelity in FIDELITIES {
        let outcomes = outcomes(&cluster, &all, fidelity);
        let on_cable: f64 = [0, 1, 3].iter().map(|&at| outcomes[at].goodput.as_gbit_s()).sum();
        // Goodputs are over each one's own time; none is above what is left of the cable then.
        for outcome in &outcomes {
            for used in &outcome.utilisation {
                assert!(used.busy <= 1.0 + 1e-6, "{fidelity:?}: {used:?}");
            }
        }
        let longest = outcomes.iter().map(|outcome| outcome.completion).max().unwrap();
        let moved: f64 = [0, 1, 3]
            .iter()
            .map(|&at| all[at].message.as_f64() * (1.0 - outcomes[at].loss_ratio))
            .sum();
        let gbit_s = moved * 8e-9 / longest.as_seconds();
        assert!(gbit_s < 40.0, "{fidelity:?}: {gbit_s} Gbit/s, {on_cable}");
        if fidelity != Fidelity::Closed {
            for (link, most) in occupancy(&cluster, &all, fidelity, 7).unwrap() {
                assert!(most <= 1.0 + 1e-9, "{fidelity:?}: {link} at {most}");
            }
        }
    }
}

/// Datagrams from elsewhere take what they are offered of the receiver's cable; TCP has the rest.
#[test]
fn datagrams_come_first_on_a_cable_that_does_not_hold_them_back() {
    let cluster = three("host");
    let flood = udp("third", "server", 2);
    let alone = outcomes(&cluster, std::slice::from_ref(&flood), Fidelity::Flow).remove(0);
    let beside = [tcp("client", "server", 8), flood];
    for fidelity in FIDELITIES {
        let both = outcomes(&cluster, &beside, fidelity);
        let (tcp, udp) = (both[0].goodput.as_gbit_s(), both[1].goodput.as_gbit_s());
        let near = (udp / alone.goodput.as_gbit_s() - 1.0).abs() < 0.02;
        assert!(near, "{fidelity:?}: {udp} beside TCP, {} alone", alone.goodput);
        assert!(tcp + udp < 40.0, "{fidelity:?}: {tcp} + {udp}");
    }
}

/// A connection is opened once, however many chunks it carries: 64 MiB over 40 ms of round trip.
#[test]
fn a_connection_is_opened_once() {
    let far = PAIR.replace("CNI", "host").replacen("10 ns", "20 ms", 1);
    let source = Source::new("far.toml", far);
    let cluster = Cluster::assemble("far", &source, &library(), &[]).unwrap();
    let seconds = |connection, mode| {
        let asked = Transfer { connection, mode, ..transfer("client", "server", Bytes::mib(64)) };
        outcomes(&cluster, &[asked], Fidelity::Flow)[0].completion.as_seconds()
    };
    let whole = seconds(Connection::New, Mode::Serial) - seconds(Connection::Warm, Mode::Serial);
    // A handshake, and ten segments that double until 6 MiB of window are full.
    assert!((0.04..0.04 * 12.0).contains(&whole), "{whole}");
    for kib in [64, 256, 1024] {
        let mode = Mode::Overlapped { chunk: Bytes::kib(kib), buffers: 2 };
        let opening = seconds(Connection::New, mode) - seconds(Connection::Warm, mode);
        assert!((opening / whole - 1.0).abs() < 0.01, "{kib} KiB: {opening} s, not {whole} s");
    }
}

/// A transfer that begins when another has ended has the cable to itself.
#[test]
fn who_comes_later_meets_nobody_who_has_gone() {
    let cluster = cluster("host");
    let asked = tcp("client", "server", 8);
    let alone = outcomes(&cluster, std::slice::from_ref(&asked), Fidelity::Flow)[0].completion;
    for (start, slower) in [(alone, false), (Time::ZERO, true)] {
        let both = [asked.clone(), asked.clone()];
        let starts = [Time::ZERO, start];
        let later = predict_from(&cluster, &both, &starts, Fidelity::Flow, 7).unwrap();
        let slowed = later[1].completion > alone + alone;
        assert_eq!(later[1].completion > alone + Time::from_us(1), slower, "{slowed}");
    }
}
