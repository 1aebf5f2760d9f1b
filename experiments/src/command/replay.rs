//! `podpath replay`: what was recorded or scheduled elsewhere, carried out on a topology.

mod loggops;
mod ranks;
mod tables;

use std::path::{Path, PathBuf};

use calibration::trace::{self, Imported};
use clap::Args;
use models::cluster::Cluster;
use models::input::InputError;
use models::library::Library;
use models::quantity::parse_bytes;
use models::replay::{Report, on_cluster, on_loggops};
use serde_json::json;
use sim::Bytes;

use super::show::setting;
use crate::console::Console;
use crate::experiment::Topology;
use crate::failure::Failure;
use crate::library;
use crate::output::Staging;

const EXAMPLES: &str = "\
Examples:
  podpath replay job.goal --topology case-seven-workers       ranks at its pods, in order
  podpath replay job.goal --topology flannel --ranks server,client
  podpath replay job.goal --topology my.toml --ranks ranks.csv
  podpath replay job.goal --loggops                           LogGOPSim's model and numbers
  podpath replay job.goal --loggops 'L=5 us, o=200 ns, g=5 ns, G=0.04 ns/B, O=0 ns/B, S=256 KiB'
  podpath replay job.goal.gz --topology flannel --out results/job
  podpath replay step.pt.trace.json.gz --topology quickstart-vxlan --ranks gpu-b
  podpath replay job.goal --topology flannel --json | jq .completion_s

FILE: a GOAL schedule as text, or as LogGOPSim's txt2bin writes it, or what the PyTorch profiler
recorded of a process with one GPU; packed with gzip or not. At most 512 MiB unpacked and a million
operations.
An operation begins when all that it requires has ended. Computation takes its recorded time and
keeps its cpu busy. A message goes over a connection of its own pair of ranks, which is open, and
shares links and cores with whatever else is under way. The send of a message of at most --eager
bytes ends at once; that of a longer one when the message has arrived and its receive is posted.
Of a recorded program, copies between host and device are priced anew; all else keeps its time, and
the notes say what that is.
--ranks: `pods` (`gpus` for a recorded program) of the topology in order, names with commas between
them, or a CSV file with the columns rank and place.";

/// Replay a trace on a topology: completion, time by rank and kind, and what decides it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The trace
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The name of a topology, or the path of its file
    #[arg(long, value_name = "TOPOLOGY", required_unless_present = "loggops")]
    topology: Option<String>,
    /// Where the ranks are
    #[arg(long, value_name = "PLACES", requires = "topology")]
    ranks: Option<String>,
    /// The largest message whose send ends at once
    #[arg(long, value_name = "BYTES", requires = "topology")]
    eager: Option<String>,
    /// Instead of a topology: the LogGOPS model, with numbers of your own
    #[arg(
        long,
        value_name = "NUMBERS",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with = "topology"
    )]
    loggops: Option<String>,
    /// Change a setting of the topology
    #[arg(long, value_name = "TABLE.KEY=VALUE", requires = "topology")]
    set: Vec<String>,
    /// A folder with profiles of your own
    #[arg(long, value_name = "DIR")]
    profiles: Option<PathBuf>,
    /// The seed: which receive queue each connection is hashed to
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write tables into this folder: ranks, kinds, path, links and operations
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What carried the trace.
struct Carrier {
    /// In words.
    name: String,
    report: Report,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let imported = trace::open(&arguments.file, "FILE")?;
    let told = |(operation, error): (Option<usize>, InputError)| match operation {
        Some(operation) => imported.fault(operation, error),
        None => error,
    };
    let carrier = match &arguments.loggops {
        Some(numbers) => {
            let numbers = loggops::parse(numbers)?;
            let report = on_loggops(&imported.traced, &numbers).map_err(told)?;
            Carrier { name: format!("LogGOPS {}", loggops::told(&numbers)), report }
        }
        None => {
            let cluster = cluster(arguments)?;
            let places = ranks::places(arguments.ranks.as_deref(), &cluster, &imported.traced)?;
            let eager = eager(arguments)?;
            let report = on_cluster(&imported.traced, &cluster, &places, eager, arguments.seed);
            Carrier { name: cluster.name.clone(), report: report.map_err(told)? }
        }
    };
    let Carrier { name, report } = &carrier;
    console.print(&tables::headline(&imported, name, report))?;
    for sheet in tables::sheets(report) {
        console.print("\n")?;
        console.print_table(sheet)?;
    }
    if let Some(folder) = &arguments.out {
        let staging = Staging::new(folder)?;
        tables::write(staging.path(), &imported, report)?;
        staging.commit()?;
        console.note(&format!("tables in {}", folder.display()));
    }
    console.print_json(&as_json(&imported, name, report))
}

fn cluster(arguments: &Arguments) -> Result<Cluster, InputError> {
    let mut library: Library = calibration::shipped().clone();
    if let Some(folder) = &arguments.profiles {
        library::add_folder(&mut library, folder)?;
    }
    let settings = arguments.set.iter().map(|text| setting(text));
    let settings = settings.collect::<Result<Vec<_>, _>>()?;
    let name = arguments.topology.as_deref().expect("clap requires it");
    Topology::find(name, "--topology", Some(Path::new("")), &library)?.assemble(&library, &settings)
}

fn eager(arguments: &Arguments) -> Result<Bytes, InputError> {
    match &arguments.eager {
        None => Ok(models::replay::LogGops::default().eager),
        Some(text) => parse_bytes(text)
            .map_err(|error| InputError::new("--eager", error.problem).help(error.help)),
    }
}

fn as_json(imported: &Imported, carrier: &str, report: &Report) -> serde_json::Value {
    json!({
        "format": imported.format,
        "on": carrier,
        "completion_s": report.completion.as_seconds(),
        "recorded_s": imported.recorded.map(|time| time.as_seconds()),
        "notes": imported.notes,
        "operations": imported.traced.operations.len(),
        "steps": report.steps,
        "kinds": report.kinds.iter().map(tables::kind_json).collect::<Vec<_>>(),
        "ranks": report.ranks.iter().enumerate().map(tables::rank_json).collect::<Vec<_>>(),
        "path": report.path.iter().map(|interval| json!({
            "where": interval.hop,
            "kind": interval.kind,
            "cause": interval.cause,
            "time_s": interval.span.as_seconds(),
        })).collect::<Vec<_>>(),
        "links": report.links.iter().map(|(link, busy)| json!({
            "link": link,
            "busy_ratio": busy,
        })).collect::<Vec<_>>(),
    })
}
