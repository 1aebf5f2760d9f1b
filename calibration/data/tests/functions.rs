//! Movements of functions on pods over a shipped cluster: as the engine moves them, and who is
//! booked for what.

use calibration_data::shipped;
use models::cluster::Cluster;
use models::function::{Graph, Movement, Mover};
use models::outcome::Fidelity;
use models::predict::predict;
use models::transfer::Transfer;
use sim::{Bytes, Seed, Time};

fn cluster() -> Cluster {
    Cluster::named("function-pods", shipped(), &[]).unwrap()
}

fn movement(from: &str, to: &str, mib: u64) -> Movement {
    let transfer = Transfer::message(from, to, Bytes::mib(mib));
    Movement { name: format!("{from} to {to}"), transfers: vec![Some(transfer)] }
}

/// When movements that begin at zero have ended \[s\].
fn ends(graph: &mut Graph<'_>, movements: &[u32]) -> Vec<f64> {
    for (tag, movement) in (0..).zip(movements) {
        graph.begin(Time::ZERO, *movement, 0, tag);
    }
    let mut ends = vec![0.0; movements.len()];
    loop {
        let next = graph.next();
        if next == Time::MAX {
            return ends;
        }
        let mut done = Vec::new();
        graph.advance(next, &mut done);
        done.into_iter().for_each(|tag| ends[tag as usize] = next.as_seconds());
    }
}

/// Alone and together, movements take what the engine says that transfers take.
#[test]
fn movements_take_what_transfers_take() {
    let cluster = cluster();
    let all = [
        movement("registry", "worker-0", 512),
        movement("worker-0", "gpu-0", 512),
        movement("gpu-1", "client", 256),
        movement("store", "gpu-0", 64),
        movement("gpu-0", "client", 1),
    ];
    let own: Vec<Transfer> = all.iter().map(|own| own.transfers[0].clone().unwrap()).collect();
    for (at, transfer) in (0..).zip(&own) {
        let one = predict(&cluster, std::slice::from_ref(transfer), Fidelity::Flow, 1).unwrap();
        let mut graph = Graph::new(&cluster, &all, Seed::new(1)).unwrap();
        let (found, expected) = (ends(&mut graph, &[at])[0], one[0].completion.as_seconds());
        assert!((found / expected - 1.0).abs() < 1e-6, "{at}: expected {expected}, found {found}");
        assert!(graph.spoiled().is_empty(), "{at}: nobody else was there");
        assert!(graph.used().iter().all(|own| own.part <= 1.0 + 1e-9));
    }
}

/// Two that share a card are both slower, each books what it loses to the other, and what they lose
/// is what they take longer.
#[test]
fn what_is_lost_is_booked_to_who_took_it() {
    let cluster = cluster();
    let all = [movement("gpu-0", "client", 512), movement("gpu-1", "client", 512)];
    let alone: Vec<f64> = (0..2)
        .map(|at| ends(&mut Graph::new(&cluster, &all, Seed::new(1)).unwrap(), &[at])[0])
        .collect();
    let mut graph = Graph::new(&cluster, &all, Seed::new(1)).unwrap();
    let together = ends(&mut graph, &[0, 1]);
    for at in 0..2 {
        let lost: f64 =
            graph.spoiled().iter().filter(|own| own.victim == at).map(|own| own.seconds).sum();
        let longer = together[at as usize] - alone[at as usize];
        assert!(longer > 0.1 * alone[at as usize], "{at}: {together:?} {alone:?}");
        assert!((lost / longer - 1.0).abs() < 0.02, "{at}: lost {lost}, longer by {longer}");
    }
    assert!(graph.spoiled().iter().all(|own| own.victim != own.culprit));
}

/// Who is stopped leaves room for the others, and holds nothing of what it had.
#[test]
fn what_is_stopped_leaves_room() {
    let cluster = cluster();
    let all = [movement("gpu-0", "client", 512), movement("gpu-1", "client", 512)];
    let alone = ends(&mut Graph::new(&cluster, &all, Seed::new(1)).unwrap(), &[0])[0];
    let mut graph = Graph::new(&cluster, &all, Seed::new(1)).unwrap();
    (0..2).for_each(|tag| graph.begin(Time::ZERO, tag as u32, 0, tag));
    graph.stop(Time::ZERO, 1);
    let mut done = Vec::new();
    while graph.next() < Time::MAX {
        let next = graph.next();
        graph.advance(next, &mut done);
        if done.len() == 1 {
            assert!((next.as_seconds() / alone - 1.0).abs() < 1e-6, "{next} {alone}");
        }
    }
    assert_eq!(done, [0]);
}
