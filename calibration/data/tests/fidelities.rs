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
    let library = calibration_data::shipped();
    let (mut asked, mut bound_by_memory, mut complaints) = (0, 0, Vec::new());
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
                    let outcome = &outcomes[0];
                    let busiest =
                        outcome.utilisation.iter().max_by(|a, b| a.busy.total_cmp(&b.busy));
                    let parts = ["memory", "/peer-writes", "/peer-reads"];
                    let is_part = |link: &str| parts.iter().any(|part| link.contains(part));
                    let by_memory = busiest.is_some_and(|own| is_part(&own.link));
                    Some((outcome.goodput.as_gbit_s(), by_memory))
                };
                let Some((flow, by_memory)) = goodput(Fidelity::Flow) else { continue };
                asked += 1;
                for fidelity in [Fidelity::Closed, Fidelity::Chunk] {
                    let (other, _) = goodput(fidelity).expect("what one fidelity solves, all do");
                    // Units do not queue for what the kernel's own copies move through memory, and
                    // hide an engine's gap between copies where it waits for the sockets' link.
                    if fidelity == Fidelity::Chunk && by_memory && other > flow {
                        bound_by_memory += 1;
                        continue;
                    }
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
    println!(
        "{asked} questions, {} disagreements, {bound_by_memory} bound by memory, which chunk level \
         leaves out",
        complaints.len()
    );
    assert!(bound_by_memory < 10, "{bound_by_memory}");
    assert!(asked > 100, "only {asked} questions were asked");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}
