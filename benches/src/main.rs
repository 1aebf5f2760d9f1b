//! The engine of podpath beside other engines, measured in one run on one machine.
//!
//! ```text
//! cargo run --release -- all           everything below but the last, and one table of it
//! cargo run --release -- hold          the agenda on the hold model, beside three others
//! cargo run --release -- increments    the agenda on other distributions of delays
//! cargo run --release -- fat-tree      flows on fat trees, beside published SimGrid rates
//! cargo run --release -- crowd         many flows at once on 1024 hosts, and one that comes or goes
//! cargo run --release -- alike         many flows that take few ways, and one that comes or goes
//! cargo run --release -- gpu           kernels at three levels, and a day of an 8-GPU node
//! cargo run --release -- transfers     N nodes with N / 2 transfers, attribution included
//! cargo run --release -- assembly      ten thousand nodes: time and memory
//! cargo run --release -- batch         64 draws of parameters as one batch and one by one
//! cargo run --release -- placement     a cluster that each scheduler fills once
//! cargo run --release -- guard         fails where cost grows too fast, or memory is allocated
//! ```

mod alike;
mod assembly;
mod batch;
mod crowd;
mod fat_tree;
mod gpu;
mod guard;
mod hold;
mod hops;
mod increments;
mod measure;
mod placement;
mod table;
mod transfers;
mod tree;

use std::process::ExitCode;

use table::Table;

/// Measures something, and adds rows to the table.
type Benchmark = fn(&mut Table);

const BENCHMARKS: [(&str, Benchmark); 10] = [
    ("hold", hold::peers),
    ("increments", hold::distributions),
    ("fat-tree", fat_tree::rates),
    ("crowd", crowd::times),
    ("alike", alike::times),
    ("gpu", gpu::times),
    ("transfers", transfers::times),
    ("assembly", assembly::times),
    ("batch", batch::times),
    ("placement", placement::times),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let is_known = |name: &&String| {
        ["all", "guard"].contains(&name.as_str()) || BENCHMARKS.iter().any(|(own, _)| own == name)
    };
    if let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
        let names: Vec<&str> = BENCHMARKS.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        eprintln!("no benchmark is called `{unknown}`; there are: {names}, all and guard");
        return ExitCode::from(2);
    }
    let all = wanted.is_empty() || wanted.iter().any(|name| name == "all");
    let mut table = Table::default();
    for (name, benchmark) in BENCHMARKS {
        if all || wanted.iter().any(|given| given == name) {
            benchmark(&mut table);
        }
    }
    table.print();
    if wanted.iter().any(|name| name == "guard") && !guard::holds() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
