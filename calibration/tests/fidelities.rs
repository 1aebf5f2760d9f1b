//! On every shipped topology: closed form, flows and units agree in steady state.

use models::cluster::{Cluster, PlaceKind};
use models::library::Kind;
use models::outcome::Fidelity;
use models::predict::predict;
use models::transfer::{Mode, Transfer};
use sim::Bytes;

/// How far two fidelities may be apart.
const BOUND: f64 = 0.02;

/// The ends to ask about: the first and the last pod, and the same for GPUs where there are two.
fn ends(cluster: &Cluster) -> Vec<(String, String)> {
    [PlaceKind::PodMemory, PlaceKind::DeviceMemory]
        .into_iter()
        .filter_map(|kind| {
            let places = cluster.graph.node_weights().filter(|place| place.kind == kind);
            let mut names: Vec<String> = places.map(|place| place.name.to_string()).collect();
            names.sort_unstable();
            let (first, last) = (names.first()?, names.last()?);
            (first != last).then(|| (first.to_string(), last.to_string()))
        })
        .collect()
}

fn question(from: &str, to: &str, streams: u32, mode: Mode) -> Transfer {
    Transfer { streams, mode, ..Transfer::message(from, to, Bytes::mib(64)) }
}

#[test]
fn three_fidelities_agree_on_every_shipped_topology() {
    let library = calibration::shipped();
    let (mut asked, mut complaints) = (0, Vec::new());
    for name in library.names(Kind::Topology) {
        // A file that only completes others is no topology of its own.
        let Ok(cluster) = Cluster::named(name, library, &[]) else { continue };
        for (from, to) in ends(&cluster) {
            let overlapped = Mode::Overlapped { chunk: Bytes::mib(1), buffers: 2 };
            for (streams, mode) in [(1, Mode::Serial), (8, Mode::Serial), (1, overlapped)] {
                let transfer = question(&from, &to, streams, mode);
                let goodput = |fidelity| {
                    let outcomes =
                        predict(&cluster, std::slice::from_ref(&transfer), fidelity, 1).ok()?;
                    Some(outcomes[0].goodput.as_gbit_s())
                };
                let Some(flow) = goodput(Fidelity::Flow) else { continue };
                asked += 1;
                for fidelity in [Fidelity::Closed, Fidelity::Chunk] {
                    let other = goodput(fidelity).expect("what one fidelity solves, all do");
                    if (other / flow - 1.0).abs() > BOUND {
                        complaints.push(format!(
                            "{name} {from} → {to}, {streams} streams, {mode:?}: \
                             {fidelity:?} {other:.2}, flow {flow:.2} Gbit/s"
                        ));
                    }
                }
            }
        }
    }
    println!("{asked} questions, {} disagreements", complaints.len());
    assert!(asked > 100, "only {asked} questions were asked");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}
