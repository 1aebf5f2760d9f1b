//! `podpath replay`: what was recorded or scheduled elsewhere, carried out on a topology.

mod asked;
mod head;
mod loggops;
mod ranks;
mod steps;
mod tables;

use std::path::{Path, PathBuf};

use calibration_data::trace::{self, Imported};
use clap::Args;
use models::cluster::Cluster;
use models::input::InputError;
use models::library::Library;
use models::replay::{Report, on_cluster, on_loggops, transfers};
use serde_json::json;

use super::show::setting;
use crate::console::Console;
use crate::experiment::Topology;
use crate::failure::Failure;
use crate::library;
use crate::near::Near;
use crate::output::{Staging, write_file};

const EXAMPLES: &str = "\
Examples:
  podpath replay job.goal --topology case-seven-workers       ranks at its pods, in order
  podpath replay job.goal --topology flannel --ranks server,client
  podpath replay job.goal --topology my.toml --ranks ranks.csv
  podpath replay job.goal --loggops                           LogGOPSim's model and numbers
  podpath replay job.goal --loggops 'L=5 us, o=200 ns, g=5 ns, G=0.04 ns/B, O=0 ns/B, S=256 KiB'
  podpath replay job.goal.gz --topology flannel --out results/job
  podpath replay step.pt.trace.json.gz --topology quickstart-vxlan --ranks gpu-b
  podpath replay step.*.et --topology my.toml --recorded      a Chakra trace, a file a rank
  podpath replay job.goal --topology flannel --steps job.toml
                                                              an experiment file for `podpath run`
  podpath replay job.goal --topology flannel --json | jq .completion_s

FILE: a GOAL schedule as text, or as LogGOPSim's txt2bin writes it; or one file a rank of what the
PyTorch profiler recorded of a process with one GPU, or of a Chakra execution trace as protobuf or
JSON; packed with gzip or not. Each at most 512 MiB unpacked, and a million operations in all. Files
are of the ranks that their names (`job.3.et`) or contents say, else in the order given.
An operation begins when all that it requires has ended. Computation takes its recorded time and
keeps its cpu busy. A message goes over a connection of its own pair of ranks, which is open, and
shares links and cores with whatever else is under way. The send of a message of at most --eager
bytes ends at once; that of a longer one when the message has arrived and its receive is posted.
Of a recorded program, copies between host and device are priced anew; all else keeps its time, and
the notes say what that is. Ranks at the same place share its copy engines, links and cores; kernels
of two ranks on one GPU keep their recorded times, and a message between two ranks at one place is
refused, since nothing says what it costs: give each rank a pod of its own.
--ranks: `pods` (`gpus` for a recorded program) of the topology in order, names with commas between
them, or a CSV file with the columns rank and place.";

/// Replay a trace on a topology: completion, time by rank and kind, and what decides it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The trace: one file, or one for each rank
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The name of a topology, or the path of its file
    #[arg(long, value_name = "TOPOLOGY", required_unless_present = "loggops")]
    topology: Option<String>,
    /// Where the ranks are
    #[arg(long, value_name = "PLACES", requires = "topology")]
    ranks: Option<String>,
    /// The largest message whose send ends at once
    #[arg(long, value_name = "BYTES", requires = "topology")]
    eager: Option<String>,
    /// Give the collectives of a Chakra trace their recorded times
    #[arg(long)]
    recorded: bool,
    /// What a node of a Chakra trace takes whose duration is missing or zero
    #[arg(long, value_name = "TIME")]
    missing_duration: Option<String>,
    /// Multiply the recorded times of kernels: one number, or one for each rank
    #[arg(long, value_name = "FACTORS")]
    scale_kernels: Option<String>,
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
    /// Write an experiment file of steps that does the same, for `podpath run`
    #[arg(long, value_name = "FILE", requires = "topology")]
    steps: Option<PathBuf>,
    /// Write tables into this folder: ranks, kinds, path, links and operations
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What carried the trace.
struct Carrier {
    /// In words.
    name: String,
    report: Report,
    /// The experiment file that does the same, and how many steps it has.
    steps: Option<(String, u64)>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let imported = imported(arguments)?;
    let told = |(operation, error): (Option<usize>, InputError)| match operation {
        Some(operation) => imported.fault(operation, error),
        None => error,
    };
    let carrier = match &arguments.loggops {
        Some(numbers) => {
            let numbers = loggops::parse(numbers)?;
            let report = on_loggops(&imported.traced, &numbers).map_err(told)?;
            Carrier { name: format!("LogGOPS {}", loggops::told(&numbers)), report, steps: None }
        }
        None => {
            let cluster = cluster(arguments)?;
            let places = ranks::places(arguments.ranks.as_deref(), &cluster, &imported.traced)?;
            let eager = asked::eager(arguments)?;
            let report = on_cluster(&imported.traced, &cluster, &places, eager, arguments.seed);
            let report = report.map_err(told)?;
            let steps = arguments.steps.as_deref().map(|path| {
                let moved = transfers(&imported.traced, &cluster, &places)?;
                let head = head::head(arguments, &imported, path);
                steps::written(&imported.traced, &moved, eager, &head)
            });
            Carrier { name: cluster.name.clone(), report, steps: steps.transpose()? }
        }
    };
    let Carrier { name, report, steps } = &carrier;
    console.print(&tables::headline(&imported, name, report))?;
    for sheet in tables::sheets(report) {
        console.print("\n")?;
        console.print_table(sheet)?;
    }
    if let Some(folder) = &arguments.out {
        let staging = Staging::new(folder)?;
        tables::write(staging.path(), &imported, report)?;
        staging.commit(false)?;
        console.note(&format!("tables in {}", folder.display()));
    }
    if let (Some(path), Some((text, count))) = (&arguments.steps, steps) {
        write_file(path, text).map_err(|failure| match failure {
            Failure::Input(error) => InputError { field: "--steps".into(), ..*error }.into(),
            other => other,
        })?;
        console.note(&format!("{count} steps in {}: `podpath run` it", path.display()));
    }
    console.print_json(&as_json(&imported, name, report))
}

/// The trace, with its kernels as fast as is asked.
fn imported(arguments: &Arguments) -> Result<Imported, InputError> {
    let mut imported = trace::open(&arguments.files, "FILE", &asked::reading(arguments)?)?;
    if let Some(factors) = asked::scales(arguments, imported.traced.ranks)? {
        let text = arguments.scale_kernels.as_deref().unwrap_or_default();
        let kernels = imported.traced.scale_kernels(&factors);
        if kernels == 0 {
            return Err(InputError::new("--scale-kernels", "has no effect: there is no kernel")
                .help("a replay without it"));
        }
        imported.notes.push(format!("{kernels} kernels take their recorded time × {text}."));
    }
    Ok(imported)
}

fn cluster(arguments: &Arguments) -> Result<Cluster, InputError> {
    let mut library: Library = calibration_data::shipped().clone();
    if let Some(folder) = &arguments.profiles {
        library::add_folder(&mut library, folder)?;
    }
    let settings = arguments.set.iter().map(|text| setting(text));
    let settings = settings.collect::<Result<Vec<_>, _>>()?;
    let name = arguments.topology.as_deref().expect("clap requires it");
    Topology::find(name, "--topology", Near::Disk(Path::new("")), &library)?
        .assemble(&library, &settings)
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
