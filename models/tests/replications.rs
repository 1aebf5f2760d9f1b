//! Replications that share work say what each says by itself, and what is told without the life of
//! a plan is what its life tells.

use models::cluster::{Batch, Cluster};
use models::outcome::Fidelity;
use models::predict::{Replications, advise, predict, reached};
use models::transfer::{HostMemory, Mode, Transfer};
use proptest::prelude::*;
use sim::{Bytes, Rate};

use crate::fixture::{MILLISECOND, cluster, transfer};
use crate::generated::{question, solved};

/// Seeds of which several draw the same.
const SEEDS: std::ops::Range<u64> = 0..6;

/// Asks for all seeds of one question, and for each by itself.
fn assert_same(cluster: &Cluster, transfers: &[Transfer], fidelity: Fidelity) {
    let on = &|| false;
    let mut all = Replications::new(cluster, transfers, fidelity, on).unwrap();
    for seed in SEEDS {
        let shared = all.outcomes(seed).unwrap().expect("nobody stops it");
        let alone = predict(cluster, transfers, fidelity, seed).unwrap();
        assert_eq!(*shared, alone, "seed {seed} at {fidelity:?} of {transfers:?}");
        let shared = all.advice(seed, |_| true).unwrap().expect("nobody stops it");
        let alone = advise(cluster, transfers, seed).unwrap();
        assert_eq!(shared, alone, "changes, seed {seed} of {transfers:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn replications_that_share_work_say_what_each_says_alone((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for fidelity in [Fidelity::Closed, Fidelity::Flow] {
            assert_same(&cluster, &transfers, fidelity);
        }
    }
}

#[test]
fn streams_that_are_hashed_otherwise_are_told_by_their_own_cores() {
    let cluster = cluster("vxlan");
    let mut cores = Vec::new();
    for streams in [1, 2, 4, 8] {
        let one = Transfer { streams, ..transfer("gpu-a", "gpu-b", Bytes::mib(4)) };
        let asked = [one.clone(), Transfer { host_memory: HostMemory::Pageable, ..one }];
        for fidelity in [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk] {
            assert_same(&cluster, &asked[..1], fidelity);
            assert_same(&cluster, &asked, fidelity);
        }
        let on = &|| false;
        let mut all = Replications::new(&cluster, &asked[..1], Fidelity::Closed, on).unwrap();
        for seed in SEEDS {
            let outcomes = all.outcomes(seed).unwrap().unwrap();
            let used = outcomes[0].utilisation.iter().map(|used| used.link.clone());
            cores.push(used.filter(|link| link.starts_with("node-b/core")).collect::<Vec<_>>());
        }
    }
    cores.sort();
    cores.dedup();
    assert!(cores.len() > 8, "the draws differ: {cores:?}");
}

#[test]
fn an_answer_is_drawn_for_each_replication() {
    let cluster = cluster("vxlan");
    let reply =
        Transfer { reply: Some(Bytes::kib(4)), ..transfer("client", "server", Bytes::mib(1)) };
    assert_same(&cluster, &[reply], Fidelity::Flow);
}

/// The best of the chunk sizes and buffers that are tried, by the whole life of each.
fn best_overlap(cluster: &Cluster, asked: &Transfer, seed: u64) -> Rate {
    let clusters = std::slice::from_ref(cluster);
    let batch = Batch::new(clusters).unwrap();
    let mut best: Option<Rate> = None;
    for chunk in [64, 256, 1024, 4096, 16384].map(Bytes::kib) {
        if chunk >= asked.message {
            continue;
        }
        for buffers in [2, 4] {
            let mode = Mode::Overlapped { chunk, buffers };
            let tried = [Transfer { mode, ..asked.clone() }];
            let goodput = reached(&batch, &tried, seed).unwrap()[0][0].goodput;
            best = best.filter(|best| *best >= goodput).or(Some(goodput));
        }
    }
    best.expect("some chunk is smaller")
}

#[test]
fn chunks_that_go_alike_are_multiplied_to_the_bit() {
    let mut compared = 0;
    for name in ["host", "veth", "vxlan", "routed-vxlan", "wireguard"] {
        let cluster = cluster(name);
        for streams in [1, 3, 8] {
            // Whole chunks, a last one that is smaller, and a few.
            for bytes in [1 << 20, (1 << 20) + 12_345, 64 << 20, (300 << 20) + 1, 1 << 30] {
                for kernel in [None, Some(MILLISECOND)] {
                    let message = Bytes::new(bytes);
                    let one = transfer("gpu-a", "gpu-b", message);
                    let asked = Transfer { streams, kernel, ..one };
                    let changes = advise(&cluster, std::slice::from_ref(&asked), 3).unwrap();
                    let told = changes[0].iter().find(|change| {
                        change.change.starts_with("overlap copies with ")
                            && change.change.ends_with(" buffers")
                    });
                    let Some(told) = told else { continue };
                    assert_eq!(told.goodput, best_overlap(&cluster, &asked, 3), "{asked:?}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 60, "only {compared} were compared");
}

#[test]
fn what_is_stopped_says_nothing() {
    let cluster = cluster("vxlan");
    let asked = [Transfer { streams: 8, ..transfer("gpu-a", "gpu-b", Bytes::gib(1)) }];
    for fidelity in [Fidelity::Closed, Fidelity::Chunk] {
        let mut all = Replications::new(&cluster, &asked, fidelity, &|| true).unwrap();
        assert!(all.outcomes(1).unwrap().is_none(), "{fidelity:?}");
        assert!(all.advice(1, |_| true).unwrap().is_none(), "{fidelity:?}");
    }
}
