//! Sixty-four draws of parameters as one batch, beside sixty-four predictions one by one, in closed
//! form.

use std::hint::black_box;

use models::cluster::{Batch, Cluster, HopModel};
use models::input::Source;
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::predict::{predict, predict_batch, reached};
use models::transfer::{Mode, Transfer};
use rand::RngExt;
use sim::{Bytes, Seed};

use crate::measure::{Middle, seconds};
use crate::table::Table;

/// Draws: as many as an interval of a prediction takes.
const LANES: usize = 64;
/// Turns of each contender.
const TURNS: usize = 41;

const PROFILES: [(Kind, &str, &str); 11] = [
    (Kind::Host, "host", include_str!("../../calibration/profiles/host/bench-2024.csv")),
    (Kind::Gpu, "gpu", include_str!("../../calibration/profiles/gpu/a100-40-pcie.csv")),
    (Kind::Nic, "nic", include_str!("../../calibration/profiles/nic/generic-40g.csv")),
    (Kind::Pcie, "gen3-x8", include_str!("../../calibration/profiles/pcie/gen3-x8.csv")),
    (Kind::Pcie, "gen4-x16", include_str!("../../calibration/profiles/pcie/gen4-x16.csv")),
    (Kind::Cni, "vxlan", include_str!("../../calibration/profiles/cni/vxlan.toml")),
    (Kind::Hop, "veth", include_str!("../../calibration/profiles/hop/veth.toml")),
    (Kind::Hop, "bridge", include_str!("../../calibration/profiles/hop/bridge.toml")),
    (Kind::Hop, "route", include_str!("../../calibration/profiles/hop/route.toml")),
    (
        Kind::Hop,
        "service-iptables",
        include_str!("../../calibration/profiles/hop/service-iptables.toml"),
    ),
    (Kind::Hop, "vxlan", include_str!("../../calibration/profiles/hop/vxlan.toml")),
];

/// Prints CPU microseconds for one draw, alone and in a batch.
pub fn times(table: &mut Table) {
    let base = pair();
    let clusters: Vec<Cluster> = (0..LANES).map(|lane| drawn(&base, lane)).collect();
    let message = |from, to, mib| Transfer::message(from, to, Bytes::mib(mib));
    let mode = Mode::Overlapped { chunk: Bytes::mib(1), buffers: 2 };
    let tcp = message("client", "server", 64);
    let questions = [
        ("pod to pod", vec![tcp.clone()]),
        ("over eight streams", vec![Transfer { streams: 8, ..tcp.clone() }]),
        ("GPU to GPU, one message", vec![message("gpu-a", "gpu-b", 64)]),
        ("GPU to GPU, 64 chunks", vec![Transfer { mode, ..message("gpu-a", "gpu-b", 64) }]),
        ("four transfers at once", vec![tcp; 4]),
    ];
    println!("{LANES} draws of parameters in closed form: us for each draw (of {TURNS} turns)");
    println!(
        "{:<24} {:>23} {:>23} {:>23} {:>8}",
        "question", "one by one, outcomes", "a batch, outcomes", "a batch, times", "ratio"
    );
    for (name, asked) in questions {
        let mut samples = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..TURNS {
            let alone = seconds(|| {
                for cluster in &clusters {
                    black_box(predict(cluster, &asked, Fidelity::Closed, 1).expect("possible"));
                }
            });
            let whole = seconds(|| {
                let batch = Batch::new(&clusters).expect("one structure");
                black_box(predict_batch(&batch, &asked, 1).expect("possible"));
            });
            let brief = seconds(|| {
                let batch = Batch::new(&clusters).expect("one structure");
                black_box(reached(&batch, &asked, 1).expect("possible"));
            });
            for (sample, seconds) in samples.iter_mut().zip([alone, whole, brief]) {
                sample.push(seconds * 1e6 / LANES as f64);
            }
        }
        let [alone, whole, brief] = samples.map(Middle::of);
        let ratio = brief.median / alone.median;
        println!("{name:<24} {alone:>23} {whole:>23} {brief:>23} {ratio:>8.2}");
        table.add(format!("batch, {name} (peer: one by one)"), brief, "us/draw", "");
        table.beside(1.0 / ratio);
    }
    let check = (0..TURNS).map(|_| {
        let checked = seconds(|| drop(black_box(Batch::new(&clusters).expect("one structure"))));
        checked * 1e6 / LANES as f64
    });
    println!("of that, the check that all are of one structure: {}", Middle::of(check.collect()));
}

/// Two nodes of a CNI with a bridge and VXLAN, a GPU and a pod on each.
fn pair() -> Cluster {
    let mut library = Library::new();
    crate::hops::add(&mut library);
    for (kind, name, text) in PROFILES {
        library.add(kind, name, Source::new(format!("{name}.{}", kind.ending()), text));
    }
    let mut text = "[[switch]]\nname = \"tor\"\nlatency = \"1 us\"\n".to_owned();
    for (at, pod) in [("a", "client"), ("b", "server")] {
        text += &format!(
            "[[node]]\nname = \"node-{at}\"\nhost = \"host\"\ncni = \"vxlan\"\n\
             [[gpu]]\nname = \"gpu-{at}\"\nnode = \"node-{at}\"\nprofile = \"gpu\"\n\
             pcie = \"gen4-x16\"\n\
             [[nic]]\nname = \"nic-{at}\"\nnode = \"node-{at}\"\nprofile = \"nic\"\n\
             pcie = \"gen3-x8\"\nmtu = 9000\n\
             [[cable]]\nbetween = [\"nic-{at}\", \"tor\"]\nrate = \"40 Gbit/s\"\n\
             latency = \"10 ns\"\n\
             [[pod]]\nname = \"{pod}\"\nnode = \"node-{at}\"\ngpu = \"gpu-{at}\"\n"
        );
    }
    let cluster = Cluster::assemble("pair", &Source::new("pair.toml", text), &library, &[]);
    cluster.unwrap_or_else(|error| panic!("{error}"))
}

/// The cluster with costs that are up to a third higher or lower.
fn drawn(base: &Cluster, lane: usize) -> Cluster {
    let mut stream = Seed::new(1).stream(&format!("lane {lane}"));
    let mut draw = |value: &mut f64| *value *= 0.75 + 0.5 * stream.random::<f64>();
    let mut other = base.clone();
    for hop in other.graph.edge_weights_mut() {
        match &mut hop.model {
            HopModel::Cpu(cpu) => {
                let tcp = &mut std::sync::Arc::make_mut(&mut cpu.costs).tcp;
                [&mut tcp.per_skb, &mut tcp.per_segment, &mut tcp.per_byte]
                    .into_iter()
                    .for_each(&mut draw);
            }
            HopModel::Dma(dma) => {
                [&mut dma.setup, &mut dma.latency].into_iter().for_each(&mut draw)
            }
            HopModel::Wire(wire) => draw(&mut wire.latency),
            HopModel::Gpu(_) => {}
        }
    }
    other
}
