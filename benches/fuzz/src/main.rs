//! Feeds podpath what nobody would write, and holds its answers against laws.
//!
//! ```text
//! cargo run --package podpath-fuzz -- --seconds 300
//! cargo run --package podpath-fuzz -- --target cluster --seconds 60 --seed 7
//! cargo run --package podpath-fuzz -- --target rows --replay results/fuzz/rows-1a2b3c4d5e6f7081
//! ```
//!
//! ```text
//!   supervisor ──► worker, one process per target ──► corpus ─► mutate ─► target ─► verdict
//!       ▲                  │    watched by a thread for its time, and bounded in memory   │
//!       └── findings ──────┴───────────────── panics, broken laws, hangs, aborts ◄────────┘
//! ```
//!
//! It runs on stable Rust. What guides it is what podpath says: an input that is refused for a new
//! reason, or comes to a new kind of result, is kept and mutated further. Built with
//! `RUSTFLAGS='-C instrument-coverage --cfg podpath_coverage'`, branches that were never taken
//! guide it as well.

mod budget;
mod corpus;
mod coverage;
mod exemplar;
mod finding;
mod laws;
mod mutate;
mod supervisor;
mod table;
mod target;
mod targets;
mod verdict;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use target::{TARGETS, Target};

/// Fuzz podpath: every parser that a user can feed, and what is run after parsing
#[derive(Debug, Parser)]
#[command(name = "fuzz", max_term_width = 100)]
struct Arguments {
    /// Wall time for all targets together, which share it evenly
    #[arg(long, value_name = "N", default_value = "60", value_parser = seconds)]
    seconds: f64,
    /// The targets to run [default: all]
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Decides which inputs are tried
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Targets that run side by side [default: one per core]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// The most processor time that an input may take before it counts as a hang
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    limit: u64,
    /// The folder for inputs that were found
    #[arg(long, value_name = "DIR", default_value = "results/fuzz")]
    out: PathBuf,
    /// Run the one target on this file, or on every file of this folder, and say what comes of it
    #[arg(long, value_name = "FILE", requires = "target")]
    replay: Option<PathBuf>,
    /// Print one JSON object instead of the table
    #[arg(long)]
    json: bool,
    /// List the targets
    #[arg(long)]
    list: bool,
    /// What the supervisor starts: the number of the first input
    #[arg(long, hide = true)]
    work_from: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let targets = match chosen(&arguments.target) {
        Ok(targets) => targets,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    if arguments.list {
        targets.iter().for_each(|target| println!("{:12} {}", target.name, target.about));
        return ExitCode::SUCCESS;
    }
    let outcome = match (&arguments.replay, arguments.work_from) {
        (Some(path), _) => worker::replay(targets[0], path, arguments.limit),
        (None, Some(from)) => worker::work(targets[0], &arguments, from).map(|()| true),
        (None, None) => supervisor::run(&targets, &arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::from(2)
        }
    }
}

/// A time above zero.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.0..1e7).contains(seconds));
    seconds.ok_or_else(|| "expected a number of seconds, up to 10 million".to_owned())
}

/// The targets of these names; all where none is named.
fn chosen(names: &[String]) -> Result<Vec<&'static Target>, String> {
    if names.is_empty() {
        return Ok(TARGETS.iter().collect());
    }
    let find = |name: &String| {
        TARGETS.iter().find(|target| target.name == name).ok_or_else(|| {
            let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            format!("no target is called `{name}`; there are: {}", known.join(", "))
        })
    };
    names.iter().map(find).collect()
}
