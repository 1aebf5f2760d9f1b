//! Ten thousand nodes, assembled: time and memory, by the number of nodes and of GPUs in each.

use std::hint::black_box;

use allocation_counter::measure;
use models::cluster::Cluster;
use models::input::Source;
use models::library::{Kind, Library};

use crate::measure::seconds;
use crate::table::Table;

const HOST: &str = include_str!("../../calibration/profiles/host/bench-2024.csv");
const NIC: &str = include_str!("../../calibration/profiles/nic/generic-40g.csv");
const SLOT: &str = include_str!("../../calibration/profiles/pcie/gen3-x8.csv");
const GPU: &str = include_str!("../../calibration/profiles/gpu/a100-40-pcie.csv");
const GPU_SLOT: &str = include_str!("../../calibration/profiles/pcie/gen4-x16.csv");
const CNI: &str = include_str!("../../calibration/profiles/cni/calico.toml");

/// Prints CPU seconds and memory for growing clusters.
pub fn times(table: &mut Table) {
    println!("Assembly: a node has GPUs, and a card and a pod for each of them");
    println!(" nodes   GPUs each   CPU seconds   MB at its peak   MB kept");
    let library = library();
    let mut earlier = 0.0;
    for (nodes, gpus) in [(1000, 1), (10_000, 1), (1000, 8), (10_000, 8)] {
        let text = text(nodes, gpus);
        let source = Source::new("bench.toml", text);
        let (mut cluster, mut time) = (None, 0.0);
        let memory = measure(|| {
            time = seconds(|| {
                cluster = Some(Cluster::assemble("bench", &source, &library, &[]));
            });
        });
        let cluster = cluster.expect("it was assembled").unwrap_or_else(|error| panic!("{error}"));
        let (peak, kept) = (memory.bytes_max as f64 / 1e6, memory.bytes_current as f64 / 1e6);
        println!("{nodes:>6}   {gpus:>9}   {time:>11.3}   {peak:>14.1}   {kept:>7.1}");
        black_box(cluster);
        table.add(format!("assembly, {nodes} nodes of {gpus} GPUs"), time.into(), "s", "");
        if nodes == 1000 {
            earlier = time;
        } else {
            table.grown((1000.0, f64::from(nodes)), (earlier, time));
        }
    }
}

fn library() -> Library {
    let mut library = Library::new();
    library.add(Kind::Host, "bench-2024", Source::new("host.csv", HOST));
    library.add(Kind::Nic, "generic-40g", Source::new("nic.csv", NIC));
    library.add(Kind::Pcie, "gen3-x8", Source::new("slot.csv", SLOT));
    library.add(Kind::Gpu, "a100-40-pcie", Source::new("gpu.csv", GPU));
    library.add(Kind::Pcie, "gen4-x16", Source::new("gpu-slot.csv", GPU_SLOT));
    library.add(Kind::Cni, "calico", Source::new("calico.toml", CNI));
    crate::hops::add(&mut library);
    library
}

fn text(nodes: u32, gpus: u32) -> String {
    format!(
        "[[node]]\nname = \"node\"\nhost = \"bench-2024\"\ncni = \"calico\"\ncount = {nodes}\n\
         [[gpu]]\nname = \"gpu\"\nnode = \"node\"\nprofile = \"a100-40-pcie\"\n\
         pcie = \"gen4-x16\"\ncount = {gpus}\n\
         [[nic]]\nname = \"nic\"\nnode = \"node\"\nprofile = \"generic-40g\"\npcie = \"gen3-x8\"\n\
         mtu = 9000\ncount = {gpus}\n\
         [[pod]]\nname = \"pod\"\nnode = \"node\"\ngpu = \"gpu\"\n\
         [[switch]]\nname = \"tor\"\nlatency = \"1 us\"\n\
         [[cable]]\nbetween = [\"nic\", \"tor\"]\nrate = \"40 Gbit/s\"\nlatency = \"10 ns\"\n"
    )
}
