//! One seed, one result: to the last bit, and on any number of threads.

use std::thread;

use sim::{Dist, Seed};

use crate::station::Station;

/// Everything that a run says, as bytes.
fn bytes(seed: Seed) -> Vec<u8> {
    let service = Dist::LogNormal { median: 1.0, sigma: 0.5 };
    let (station, end) = Station::run(0.7, service, 2_000, seed);
    let mut bytes = end.as_ps().to_le_bytes().to_vec();
    station.stays.iter().for_each(|stay| bytes.extend(stay.to_le_bytes()));
    bytes
}

#[test]
fn threads_do_not_change_results() {
    let seeds: Vec<Seed> = (0..16).map(|index| Seed::new(9).replication(index)).collect();
    let alone: Vec<Vec<u8>> = seeds.iter().map(|&seed| bytes(seed)).collect();
    let together: Vec<Vec<u8>> = thread::scope(|scope| {
        let threads: Vec<_> = seeds.iter().map(|&seed| scope.spawn(move || bytes(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(alone == together);
    assert!(alone[0] != alone[1], "replications differ");
}
