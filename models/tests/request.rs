//! Laws of requests: what they must hold whatever their numbers are.

use models::cluster::Cluster;
use models::gpu::kernel::Kernel;
use models::input::Source;
use models::name::resolver::{Order, Resolver};
use models::outcome::{Fidelity, Outcome, Step};
use models::predict::predict;
use models::transfer::{Connection, Request, Transfer};
use sim::{Bytes, Time};

use super::batch::{assert_alone, lanes};
use super::fixture;

/// The pair of nodes with CoreDNS on the second and a cache of names on the first.
pub(crate) fn cluster(installed: u32) -> Cluster {
    let more = format!(
        "[[pod]]\nname = \"coredns\"\nnode = \"node-b\"\n\
         [[pod]]\nname = \"node-cache\"\nnode = \"node-a\"\ncni = \"host\"\n\
         [[service]]\nname = \"kube-dns\"\npods = [\"coredns\"]\nproxy = \"iptables\"\n\
         installed = {installed}\n"
    );
    let pair = fixture::PAIR.replace("CNI", "vxlan");
    let pair = pair.replace("installed = 1000", &format!("installed = {installed}"));
    let source = Source::new("t.toml", pair + &more);
    Cluster::assemble("t", &source, &fixture::library(), &[]).unwrap_or_else(|e| panic!("{e}"))
}

pub(crate) fn reply(change: impl FnOnce(&mut Request)) -> Transfer {
    let pod = Resolver::of_pod("default", "cluster.local");
    let mut request = Request {
        service: "web".into(),
        name: "web".into(),
        namespace: "default".into(),
        message: Bytes::kib(64),
        ndots: pod.ndots,
        order: Order::Parallel,
        timeout_s: pod.timeout_s,
        attempts: pod.attempts,
        dns: "kube-dns".into(),
        node_cache: None,
        node_hz: 0.1,
        others_hz: 1.0,
        loss: 0.0,
        started: false,
        addresses: 1,
    };
    change(&mut request);
    let (read, written) = (Bytes::mib(64), Bytes::mib(1));
    Transfer {
        connection: Connection::New,
        kernel: Some(Kernel { read, written, ..Kernel::IDLE }),
        request: Some(request),
        ..fixture::transfer("gpu-b", "client", Bytes::mib(1))
    }
}

fn asked(cluster: &Cluster, transfer: &Transfer, fidelity: Fidelity, seed: u64) -> Outcome {
    let outcomes = predict(cluster, std::slice::from_ref(transfer), fidelity, seed);
    outcomes.unwrap_or_else(|error| panic!("{error}")).remove(0)
}

fn step(outcome: &Outcome, step: Step) -> f64 {
    let here = outcome.steps.iter().filter(|time| time.step == step);
    here.map(|time| time.span).sum::<Time>().as_seconds()
}

/// Caches that live longer in one lane than in another, or not at all.
#[test]
fn a_batch_of_requests_is_what_they_are_alone() {
    let lanes = lanes(&cluster(1000), 6, 1);
    let cache = |r: &mut Request| (r.node_cache, r.loss) = (Some("node-cache".into()), 0.2);
    let outside = |r: &mut Request| r.name = "web.default.svc.cluster.local".into();
    for asked in [reply(|_| {}), reply(cache), reply(outside)] {
        assert_alone(&lanes, &[asked]);
    }
}

#[test]
fn steps_and_life_sum_to_the_completion_to_the_picosecond() {
    let cluster = cluster(1000);
    let cache = |r: &mut Request| (r.node_cache, r.loss) = (Some("node-cache".into()), 0.2);
    for transfer in [reply(|_| {}), reply(cache), reply(|r| r.addresses = 50)] {
        for fidelity in [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk] {
            for seed in 0..5 {
                let outcome = asked(&cluster, &transfer, fidelity, seed);
                let life: Time = outcome.life.iter().map(|interval| interval.span).sum();
                let steps: Time = outcome.steps.iter().map(|time| time.span).sum();
                assert_eq!(life, outcome.completion, "{fidelity:?}");
                assert_eq!(steps, outcome.completion, "{fidelity:?}");
                let names: Vec<Step> = outcome.steps.iter().map(|time| time.step).collect();
                assert_eq!(names, Step::ALL, "each step once, in order");
            }
        }
    }
}

#[test]
fn a_kept_connection_needs_neither_name_nor_handshake() {
    let cluster = cluster(1000);
    let new = asked(&cluster, &reply(|_| {}), Fidelity::Flow, 1);
    let kept = Transfer { connection: Connection::Warm, ..reply(|_| {}) };
    let kept = asked(&cluster, &kept, Fidelity::Flow, 1);
    let spared = |s| (step(&kept, s), step(&new, s) > 0.0);
    assert_eq!(spared(Step::Resolve), (0.0, true));
    assert_eq!(spared(Step::Connect), (0.0, true));
    assert_eq!(step(&kept, Step::Kernel), step(&new, Step::Kernel));
    assert!(kept.completion < new.completion);
}

#[test]
fn the_first_packet_walks_half_of_the_rules_in_each_question_and_in_the_handshake() {
    let few = asked(&cluster(1), &reply(|_| {}), Fidelity::Closed, 1);
    let many = asked(&cluster(2001), &reply(|_| {}), Fidelity::Closed, 1);
    let more = |s| step(&many, s) - step(&few, s);
    // 1000 rules more at 100 ns each; one round of questions, one SYN.
    for (s, expected) in [(Step::Resolve, 100e-6), (Step::Connect, 100e-6), (Step::Send, 0.0)] {
        assert!((more(s) - expected).abs() < 1e-9, "{s:?}: {} s more", more(s));
    }
}

#[test]
fn a_missing_dot_costs_three_more_rounds() {
    let cluster = cluster(1000);
    let resolve = |name: &str, ndots| {
        let transfer = reply(|r| (r.name, r.ndots) = (name.into(), ndots));
        step(&asked(&cluster, &transfer, Fidelity::Closed, 1), Step::Resolve)
    };
    let whole = "web.default.svc.cluster.local";
    let one = resolve(&format!("{whole}."), 5);
    assert_eq!(resolve(whole, 1), one);
    let four = resolve(whole, 5);
    // The names that are tried in vain are longer; a byte costs less than a nanosecond.
    assert!((four / one - 4.0).abs() < 0.01, "{} times", four / one);
}

#[test]
fn a_name_that_may_be_outside_asks_outside() {
    let cluster = cluster(1000);
    // Two dots with ndots 1: tried as it stands first, which nobody inside can deny.
    let transfer = reply(|r| (r.name, r.ndots) = ("web.default.svc".into(), 1));
    let outcome = asked(&cluster, &transfer, Fidelity::Closed, 1);
    let forward = outcome.life.iter().filter(|interval| interval.hop == "coredns/forward");
    let forward: Time = forward.map(|interval| interval.span).sum();
    // 2 ms, unless the answer is in the cache: 1.1 questions a second, 30 s of life.
    let expected = 2e-3 * (1.0 - 33.0 / 34.0);
    assert!((forward.as_seconds() - expected).abs() < 1e-9, "{forward}");
}

#[test]
fn drawn_requests_have_the_mean_of_the_closed_form() {
    let cluster = cluster(1000);
    let changes: [fn(&mut Request); 2] =
        [|r| r.loss = 0.05, |r| (r.node_cache, r.others_hz) = (Some("node-cache".into()), 0.05)];
    for change in changes {
        let transfer = reply(change);
        let expected = step(&asked(&cluster, &transfer, Fidelity::Closed, 1), Step::Resolve);
        let n = 4000;
        let drawn = |seed| step(&asked(&cluster, &transfer, Fidelity::Flow, seed), Step::Resolve);
        let mean = (0..n).map(drawn).sum::<f64>() / n as f64;
        assert!((mean / expected - 1.0).abs() < 0.1, "{mean} s, not {expected} s");
    }
}

#[test]
fn an_answer_that_does_not_fit_a_datagram_is_asked_for_again_over_tcp() {
    let cluster = cluster(1000);
    let resolve = |addresses| {
        let transfer = reply(|r| r.addresses = addresses);
        step(&asked(&cluster, &transfer, Fidelity::Closed, 1), Step::Resolve)
    };
    // 12 + 31 + 4 bytes of question leave room for 29 addresses of 16 bytes in 512.
    assert!(resolve(29) < 1.01 * resolve(1));
    assert!(resolve(30) > 1.8 * resolve(29), "{} and {} s", resolve(30), resolve(29));
}
