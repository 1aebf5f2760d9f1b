//! The engine of podpath beside other engines, measured in one run on one machine.
//!
//! ```text
//! cargo run --release -- hold          the agenda on the hold model, beside three others
//! cargo run --release -- increments    the agenda on other distributions of delays
//! cargo run --release -- fat-tree      flows on fat trees, beside published SimGrid rates
//! cargo run --release -- crowd         many flows at once on 1024 hosts, and one that comes or goes
//! cargo run --release -- gpu           kernels at three levels, and a day of an 8-GPU node
//! cargo run --release -- transfers     N nodes with N / 2 transfers, attribution included
//! cargo run --release -- assembly      ten thousand nodes: time and memory
//! cargo run --release -- batch         64 draws of parameters as one batch and one by one
//! ```

mod assembly;
mod batch;
mod crowd;
mod fat_tree;
mod gpu;
mod hold;
mod hops;
mod increments;
mod measure;
mod transfers;
mod tree;

use std::process::ExitCode;

use peak_alloc::PeakAlloc;

/// Counts bytes, for the memory of a flow.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants = |name: &str| wanted.is_empty() || wanted.iter().any(|given| given == name);
    const NAMES: [&str; 8] =
        ["hold", "increments", "fat-tree", "crowd", "gpu", "transfers", "assembly", "batch"];
    if let Some(unknown) = wanted.iter().find(|given| !NAMES.contains(&given.as_str())) {
        eprintln!("no benchmark is called `{unknown}`; there are: {}", NAMES.join(", "));
        return ExitCode::from(2);
    }
    if wants("hold") {
        hold::peers();
    }
    if wants("increments") {
        hold::distributions();
    }
    if wants("fat-tree") {
        fat_tree::rates(&MEMORY);
    }
    if wants("crowd") {
        crowd::times(&MEMORY);
    }
    if wants("gpu") {
        gpu::times();
    }
    if wants("transfers") {
        transfers::times();
    }
    if wants("assembly") {
        assembly::times(&MEMORY);
    }
    if wants("batch") {
        batch::times();
    }
    ExitCode::SUCCESS
}
