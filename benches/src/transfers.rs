//! N nodes around one switch with N / 2 transfers at once: assembly, prediction and attribution.
//!
//! Twice: each pair by itself, and all into one node, where everybody meets everybody.

use std::fmt::Write as _;
use std::hint::black_box;

use models::cluster::Cluster;
use models::input::Source;
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::predict::{advise, predict};
use models::transfer::Transfer;
use sim::Bytes;

use crate::measure::seconds;
use crate::table::Table;

const HOST: &str = include_str!("../../calibration/profiles/host/bench-2024.csv");
const NIC: &str = include_str!("../../calibration/profiles/nic/generic-40g.csv");
const PCIE: &str = include_str!("../../calibration/profiles/pcie/gen3-x8.csv");
const CNI: &str = "about = \"the host's network\"\nsource = \"bench\"\npod = []\nnode = []\n";

/// Prints CPU seconds for growing N.
pub fn times(table: &mut Table) {
    println!("N nodes with N / 2 transfers of 64 MiB, CPU seconds");
    println!("     N   pattern    assembly    prediction    attribution");
    for nodes in [10, 100, 1000, 10_000] {
        for incast in [false, true] {
            let mut cluster = None;
            let assembly = seconds(|| cluster = Some(assembled(nodes)));
            let cluster = cluster.expect("it was just assembled");
            let transfers = transfers(nodes, incast);
            let prediction = seconds(|| {
                let outcomes = predict(&cluster, &transfers, Fidelity::Flow, 1);
                black_box(outcomes.expect("they are possible"));
            });
            let attribution = seconds(|| {
                black_box(advise(&cluster, &transfers, 1).expect("they are possible"));
            });
            let pattern = if incast { "into one" } else { "in pairs" };
            println!(
                "{nodes:>6}   {pattern}    {assembly:>8.3}    {prediction:>10.3}    \
                 {attribution:>11.3}"
            );
            for (what, seconds) in [("prediction", prediction), ("attribution", attribution)] {
                table.add(format!("{what}, {nodes} nodes {pattern}"), seconds.into(), "s", "");
            }
        }
    }
}

/// A transfer of half of the nodes, each to another of the other half, or all to the last node.
pub fn transfers(nodes: usize, incast: bool) -> Vec<Transfer> {
    let transfer = |n: usize| {
        let to = if incast { nodes - 1 } else { n + nodes / 2 };
        Transfer::message(format!("p{n}"), format!("p{to}"), Bytes::mib(64))
    };
    (0..nodes / 2).map(transfer).collect()
}

/// So many nodes around one switch, a pod on each.
pub fn assembled(nodes: usize) -> Cluster {
    let mut library = Library::new();
    library.add(Kind::Host, "bench-2024", Source::new("host.csv", HOST));
    library.add(Kind::Nic, "generic-40g", Source::new("nic.csv", NIC));
    library.add(Kind::Pcie, "gen3-x8", Source::new("pcie.csv", PCIE));
    library.add(Kind::Cni, "host", Source::new("host.toml", CNI));
    crate::hops::add(&mut library);
    let mut text = "[[switch]]\nname = \"tor\"\nlatency = \"1 us\"\n".to_owned();
    for n in 0..nodes {
        write!(
            text,
            "[[node]]\nname = \"n{n}\"\nhost = \"bench-2024\"\ncni = \"host\"\n\
             [[nic]]\nname = \"c{n}\"\nnode = \"n{n}\"\nprofile = \"generic-40g\"\n\
             pcie = \"gen3-x8\"\nmtu = 9000\n\
             [[cable]]\nbetween = [\"c{n}\", \"tor\"]\nrate = \"40 Gbit/s\"\n\
             latency = \"10 ns\"\n\
             [[pod]]\nname = \"p{n}\"\nnode = \"n{n}\"\n"
        )
        .expect("text");
    }
    let cluster = Cluster::assemble("bench", &Source::new("bench.toml", text), &library, &[]);
    cluster.unwrap_or_else(|error| panic!("{error}"))
}
