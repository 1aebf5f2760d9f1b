//! Who is blamed: the bottleneck, the time by hop and what hops take name one culprit, and what is
//! alike is blamed alike.

use models::cluster::Cluster;
use models::input::Source;
use models::library::Kind;
use models::outcome::{Cause, Fidelity, Outcome};
use models::predict::predict;
use models::transfer::{Mode, Transfer};
use sim::{Bytes, Time};

use crate::fixture::{HOST, PAIR, cluster, library, transfer};

fn outcomes(cluster: &Cluster, transfers: &[Transfer], fidelity: Fidelity) -> Vec<Outcome> {
    predict(cluster, transfers, fidelity, 7).unwrap_or_else(|error| panic!("{error}"))
}

fn lost_at(outcome: &Outcome, hop: &str) -> Time {
    let here = outcome.life.iter().filter(|i| i.hop == hop && i.cause != Cause::LineRate);
    here.map(|interval| interval.span).sum()
}

/// The hop at which most time is lost.
fn slowest(outcome: &Outcome) -> &str {
    let lost = outcome.life.iter().filter(|interval| interval.cause != Cause::LineRate);
    lost.max_by_key(|interval| lost_at(outcome, &interval.hop)).map_or("", |i| i.hop.as_str())
}

fn most_taken(outcome: &Outcome) -> &str {
    let most = outcome.taken.iter().max_by(|a, b| a.bytes_per_s.total_cmp(&b.bytes_per_s));
    most.map_or("", |taken| taken.hop.as_str())
}

/// Two leaves of four nodes each below one spine, all cables alike: what crosses the spine shares
/// one cable up and one down.
fn leaf_spine() -> Cluster {
    let mut text = String::new();
    for switch in ["leaf0", "leaf1", "spine"] {
        text += &format!("[[switch]]\nname = \"{switch}\"\nlatency = \"1 us\"\n");
    }
    for n in 0..8 {
        let leaf = n / 4;
        text += &format!(
            "[[node]]\nname = \"n{n}\"\nhost = \"host\"\ncni = \"host\"\n\
             [[nic]]\nname = \"nic{n}\"\nnode = \"n{n}\"\nprofile = \"nic\"\npcie = \"slot\"\n\
             mtu = 9000\n\
             [[cable]]\nbetween = [\"nic{n}\", \"leaf{leaf}\"]\nrate = \"40 Gbit/s\"\n\
             latency = \"10 ns\"\n\
             [[pod]]\nname = \"p{n}\"\nnode = \"n{n}\"\n"
        );
    }
    for leaf in 0..2 {
        text += &format!(
            "[[cable]]\nbetween = [\"leaf{leaf}\", \"spine\"]\nrate = \"40 Gbit/s\"\n\
             latency = \"10 ns\"\n"
        );
    }
    let source = Source::new("leaf-spine.toml", text);
    Cluster::assemble("leaf-spine", &source, &library(), &[]).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn three_accounts_name_one_hop_of_a_crowded_spine() {
    let cluster = leaf_spine();
    let all: Vec<Transfer> = (0..4)
        .map(|n| {
            let asked = transfer(&format!("p{n}"), &format!("p{}", n + 4), Bytes::mib(256));
            Transfer { streams: 4, ..asked }
        })
        .collect();
    for outcome in outcomes(&cluster, &all, Fidelity::Flow) {
        let bottleneck = outcome.bottleneck().unwrap();
        assert!(bottleneck.link.contains("spine"), "{bottleneck:?}");
        assert!(bottleneck.busy > 0.98 && bottleneck.others == 3, "{bottleneck:?}");
        assert!((bottleneck.own / bottleneck.busy - 0.25).abs() < 0.01, "{bottleneck:?}");
        assert_eq!((slowest(&outcome), most_taken(&outcome)), ("leaf0→spine", "leaf0→spine"));
        // Three of four shares of the time are the others': nobody else is to blame.
        let lost = lost_at(&outcome, "leaf0→spine").as_seconds();
        let whole = outcome.completion.as_seconds();
        assert!((lost / whole - 0.75).abs() < 0.02, "{lost} of {whole}");
        let innocent = lost_at(&outcome, "leaf1→nic4").as_seconds();
        assert!(innocent < 0.01 * whole, "{innocent}");
    }
}

#[test]
fn hops_that_limit_alike_take_alike() {
    // The two sides cost the same: neither core is slower than the other.
    let host = HOST
        .replace("tcp.rx_per_byte,0.25", "tcp.rx_per_byte,0.1")
        .replace("vxlan.rx_per_segment,0.5", "vxlan.rx_per_segment,0.2")
        .replace("tcp.tx_per_message,2,us", "tcp.tx_per_message,0,us");
    let mut library = library();
    library.add(Kind::Host, "host", Source::new("host.csv", host));
    let cluster = Cluster::named("vxlan", &library, &[]).unwrap();
    let asked = [transfer("client", "server", Bytes::mib(64))];
    for fidelity in [Fidelity::Closed, Fidelity::Flow] {
        let outcome = outcomes(&cluster, &asked, fidelity).remove(0);
        let taken = |hop: &str| {
            let own = outcome.taken.iter().find(|taken| taken.hop == hop);
            own.map_or(0.0, |taken| taken.bytes_per_s)
        };
        for (a, b) in [("node-a/vxlan", "node-b/vxlan"), ("client/veth", "server/veth")] {
            let (a, b) = (taken(a), taken(b));
            assert!(a > 0.0 && (a / b - 1.0).abs() < 0.02, "{fidelity:?}: {a} {b}");
        }
    }
}

#[test]
fn a_resource_that_is_nearly_as_slow_takes_nearly_as_much() {
    let outcome = |rx: &str| {
        let host = HOST
            .replace("tcp.rx_per_byte,0.25", &format!("tcp.rx_per_byte,{rx}"))
            .replace("tcp.tx_per_byte,0.1", "tcp.tx_per_byte,0.3");
        let mut library = library();
        library.add(Kind::Host, "host", Source::new("host.csv", host));
        let cluster = Cluster::named("host", &library, &[]).unwrap();
        let asked = [transfer("client", "server", Bytes::gib(1))];
        outcomes(&cluster, &asked, Fidelity::Flow).remove(0)
    };
    let taken = |outcome: &Outcome, hop: &str| {
        let own = outcome.taken.iter().filter(|taken| taken.hop == hop);
        own.map(|taken| taken.bytes_per_s).sum::<f64>()
    };
    for rx in ["0.299", "0.301"] {
        let outcome = outcome(rx);
        let (a, b) = (taken(&outcome, "client/socket"), taken(&outcome, "server/socket"));
        assert!((a / b - 1.0).abs() < 0.05, "{rx}: {a} {b}");
    }
}

/// A transfer that fills its cable loses next to nothing, whoever works beside it.
#[test]
fn time_at_line_rate_is_nobodys_loss() {
    let mode = Mode::Overlapped { chunk: Bytes::mib(1), buffers: 4 };
    let piped = Transfer { streams: 8, mode, ..transfer("gpu-a", "gpu-b", Bytes::gib(1)) };
    for fidelity in [Fidelity::Closed, Fidelity::Flow] {
        let outcome = outcomes(&cluster("host"), std::slice::from_ref(&piped), fidelity).remove(0);
        let whole = outcome.completion.as_seconds();
        let line = outcome.life.iter().filter(|interval| interval.cause == Cause::LineRate);
        let line: Time = line.map(|interval| interval.span).sum();
        assert!(line.as_seconds() > 0.97 * whole, "{fidelity:?}: {line} of {whole} s");
        let socket = lost_at(&outcome, "client/socket") + lost_at(&outcome, "server/socket");
        assert!(socket.as_seconds() < 0.01 * whole, "{fidelity:?}: {socket}");
        let expected = Bytes::gib(1).as_f64() / 5e9;
        assert!((line.as_seconds() / expected - 1.0).abs() < 1e-9, "{line}");
    }
}

/// Copies that last equally long take equally much, whichever comes first.
#[test]
fn copies_before_and_behind_the_network_are_blamed_alike() {
    let asked = [transfer("gpu-a", "gpu-b", Bytes::kib(4))];
    let outcome = outcomes(&cluster("vxlan"), &asked, Fidelity::Flow).remove(0);
    let (out, back) = (lost_at(&outcome, "gpu-a/copy-out"), lost_at(&outcome, "gpu-b/copy-in"));
    assert!((out.as_seconds() / back.as_seconds() - 1.0).abs() < 0.05, "{out} {back}");
}

/// Seconds, not positions: the account does not depend on where in the file a hop stands.
#[test]
fn the_order_of_tables_changes_nothing() {
    let pair = PAIR.replace("CNI", "vxlan");
    let (nodes, rest) = pair.split_at(pair.find("[[switch]]").unwrap());
    let assembled = |text: String| {
        let source = Source::new("t.toml", text);
        Cluster::assemble("t", &source, &library(), &[]).unwrap()
    };
    let about = nodes.find("[[node]]").unwrap();
    let turned = format!("{}{rest}{}", &nodes[..about], &nodes[about..]);
    let asked = [transfer("gpu-a", "gpu-b", Bytes::mib(8))];
    let taken = |text: String| {
        let outcome = outcomes(&assembled(text), &asked, Fidelity::Flow).remove(0);
        outcome.taken.into_iter().map(|taken| (taken.hop, taken.bytes_per_s)).collect::<Vec<_>>()
    };
    for ((hop, a), (same, b)) in taken(pair.clone()).into_iter().zip(taken(turned)) {
        assert_eq!(hop, same);
        assert!((a - b).abs() < 1.0, "{hop}: {a} {b}");
    }
}

/// A plan is a value that can be read: a pipeline of any number of chunks is a handful of steps.
#[test]
fn a_pipeline_is_a_handful_of_steps() {
    let plan = |mib| {
        let mode = Mode::Overlapped { chunk: Bytes::mib(1), buffers: 2 };
        let asked = [Transfer { mode, ..transfer("gpu-a", "gpu-b", Bytes::mib(mib)) }];
        models::predict::plans(&cluster("veth"), &asked, Fidelity::Flow, 7).unwrap().remove(0)
    };
    let (few, many) = (plan(4), plan(4096));
    assert_eq!(few.steps.len(), many.steps.len());
    let text = few.to_string();
    let moves: Vec<&str> = text.lines().filter(|line| line.contains("move 1 MiB")).collect();
    assert_eq!(moves.len(), 3, "{text}");
    assert!(text.contains("4 × acquire pool"), "{text}");
    // The engine's edge to itself, and the buffers between two stages.
    assert!(text.contains("~1") && text.contains("~2"), "{text}");
}
