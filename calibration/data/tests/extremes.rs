//! Every line of a profile at the ends of what it may be: it is refused in a sentence, or what is
//! predicted is a number.

use calibration_data::collective::{PROFILE, Run, read};
use calibration_data::published::table;
use calibration_data::shipped;
use models::cluster::Cluster;
use models::collective::Costs;
use models::gpu::kernel::Kernel;
use models::input::InputError;
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::predict::{check, predict};
use models::profile::unit;
use models::transfer::{Mode, Transfer, Transport};
use sim::Bytes;

/// A network with tunnels and Services, and one that a card passes by the host.
const TOPOLOGIES: [&str; 3] = ["quickstart-vxlan", "quickstart-wireguard", "quickstart-sriov"];

fn transfers() -> Vec<Transfer> {
    let between = |from: &str, to: &str| Transfer::message(from, to, Bytes::mib(4));
    let kernel = Kernel {
        read: Bytes::mib(8),
        written: Bytes::mib(4),
        flop: 1e6,
        threads: 1 << 16,
        ..Kernel::IDLE
    };
    vec![
        between("client", "server"),
        Transfer { transport: Transport::Udp, ..between("client", "server") },
        Transfer { kernel: Some(kernel), ..between("gpu-a", "gpu-b") },
        Transfer { mode: Mode::GpuDirect, ..between("gpu-a", "gpu-b") },
    ]
}

/// What is asked of a cluster with one line set, at every fidelity; transfers that it cannot carry
/// even as it is are passed over.
fn asked(library: &Library, topology: &str, possible: &[Transfer]) -> Result<(), InputError> {
    let cluster = Cluster::named(topology, library, &[])?;
    for transfer in possible {
        for fidelity in [Fidelity::Closed, Fidelity::Flow] {
            let transfers = std::slice::from_ref(transfer);
            check(&cluster, transfers, fidelity)?;
            let outcome = &predict(&cluster, transfers, fidelity, 1)?[0];
            let rate = outcome.goodput.as_bytes_per_s();
            assert!(rate.is_finite() && rate > 0.0, "{outcome:?}");
        }
    }
    Ok(())
}

#[test]
fn every_line_at_its_ends_is_a_number_or_a_sentence() {
    let (mut numbers, mut sentences) = (0, 0);
    for topology in TOPOLOGIES {
        let base = Cluster::named(topology, shipped(), &[]).expect("it is shipped");
        let can = |transfer: &Transfer| {
            check(&base, std::slice::from_ref(transfer), Fidelity::Flow).is_ok()
        };
        let possible: Vec<Transfer> = transfers().into_iter().filter(can).collect();
        assert!(possible.len() >= 2, "{topology}");
        for (of, lines) in &base.read {
            let profile = shipped().profile(of.0, &of.1).expect("it is shipped");
            for row in profile.rows().iter().filter(|row| lines.contains(&row.parameter)) {
                let (_, dimension, _) = unit(&row.unit).expect("it is shipped");
                let largest = dimension.largest().0;
                for value in [0.0, largest * 1e-24, largest * 1e-6, largest] {
                    let mut library = shipped().clone();
                    let set = library.set(of.0, &of.1, &row.parameter, value);
                    match set.and_then(|()| asked(&library, topology, &possible)) {
                        Ok(()) => numbers += 1,
                        Err(error) => {
                            assert!(error.help.is_some(), "{} {value}: {error}", row.parameter);
                            sentences += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(numbers > 300 && sentences > 30, "{numbers} numbers, {sentences} sentences");
    assert!(Kind::ALL.len() == 11, "a new kind of profile has ends as well");
}

/// The costs of collectives are in no cluster: runs of nccl-tests are asked.
#[test]
fn every_cost_of_collectives_at_its_ends_is_a_number_or_a_sentence() {
    let profile = shipped().profile(Kind::Collective, PROFILE).expect("it is shipped");
    let file = table("nccl_tests.csv").expect("it is shipped");
    let runs: Vec<Run> = file.rows().filter_map(|row| read(&row).unwrap().run.ok()).collect();
    let (mut numbers, mut sentences) = (0, 0);
    for row in profile.rows() {
        let (_, dimension, _) = unit(&row.unit).expect("it is shipped");
        let largest = dimension.largest().0;
        for value in [0.0, largest * 1e-24, largest * 1e-6, largest] {
            match profile.with(&row.parameter, value).and_then(|moved| Costs::read(&moved)) {
                Ok(costs) => {
                    let predicted = runs.iter().map(|run| run.predict(&costs).value);
                    let bad =
                        predicted.filter(|value| !(value.is_finite() && *value > 0.0)).count();
                    assert_eq!(bad, 0, "{} {value}", row.parameter);
                    numbers += 1;
                }
                Err(error) => {
                    assert!(error.help.is_some(), "{} {value}: {error}", row.parameter);
                    sentences += 1;
                }
            }
        }
    }
    assert!(numbers > 150 && sentences > 30, "{numbers} numbers, {sentences} sentences");
}
