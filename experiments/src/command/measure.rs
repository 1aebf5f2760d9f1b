//! `podpath measure`: carries an experiment out on real kernel networking.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use calibration_lab::net::host::HostFacts;
use calibration_lab::net::round::{self, Readings, Rounds, Task};
use clap::Args;
use models::input::InputError;
use serde_json::{Value, json};

use super::token::TokenFile;
use crate::console::Console;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::figures::Figures;
use crate::output::Staging;
use crate::record::Keyed;
use crate::{interrupt, lab, manifest, measure, overview, record, shipped};

const EXAMPLES: &str = "\
Examples:
  podpath measure experiments/lab.toml                     results/lab-measured
  podpath measure my.toml --repetitions 9 --seconds 2      more rounds, longer transfers
  podpath measure my.toml --json | jq .rows
  podpath measure my.toml --peer pod-b     the same transfers to a machine that runs `respond`

Nodes and pods become network namespaces of this machine, cables virtual pairs (root is needed);
nothing leaves the machine, and everything is removed in the end. DIR receives runs.csv and
summary.csv with the columns of `podpath run`, and cpu.csv. Ctrl-C writes what is finished.";

/// Carry an experiment out on real kernel networking, with the tables of `run`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// An experiment file, or the name of a shipped experiment
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    pub(super) how: How,
    /// The folder for results [default: results/NAME-measured]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// How an experiment is carried out, where the command line says otherwise than the file.
#[derive(Debug, Args)]
pub(super) struct How {
    /// Rounds through all points, instead of the file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    repetitions: Option<u16>,
    /// How long each transfer is repeated in a round in seconds, instead of the file's
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u16).range(1..=60))]
    seconds: Option<u16>,
    /// Send to the podpath that runs `podpath respond` on this machine or pod, over whatever
    /// network is between, instead of building the topology here
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(super) peer: Option<String>,
    #[command(flatten)]
    token: TokenFile,
    /// Refuse results from a GPU unless there is one here; else a timed host copy stands in for it
    #[arg(long)]
    require_gpu: bool,
}

/// An experiment that has been carried out.
pub(super) struct Measured {
    pub(super) experiment: Experiment,
    pub(super) plan: Plan,
    pub(super) rounds: Rounds,
    pub(super) readings: Vec<Readings>,
    /// Of the tasks beside it.
    pub(super) beside: Vec<Readings>,
    /// The machine that it was sent to, if not to namespaces of this one.
    pub(super) peer: Option<String>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let (experiment, plan) = read(&arguments.file)?;
    let out = arguments.out.clone();
    let out =
        out.unwrap_or_else(|| Path::new("results").join(format!("{}-measured", experiment.name)));
    let staging = Staging::new(&out)?;
    let Some(measured) = carry_out(experiment, plan, Vec::new(), &arguments.how, console)? else {
        return Err(Failure::Interrupted);
    };
    let (manifest, rows) = write(staging.path(), &measured, console)?;
    staging.commit(false)?;
    let partial = manifest["complete"] == false;
    if partial {
        console.print("PARTIAL: stopped before all rounds were through\n")?;
    }
    console.print(&format!("results in {}\n", out.display()))?;
    console.print_json(&json!({
        "out": out, "manifest": manifest, "rows": rows, "complete": !partial,
    }))?;
    if interrupt::asked() { Err(Failure::Interrupted) } else { Ok(()) }
}

/// Reads and lays out an experiment.
pub(super) fn read(file: &str) -> Result<(Experiment, Plan), InputError> {
    let experiment = shipped::read(file)?;
    experiment.only_transfers("measure")?;
    experiment.no_collectives("measure")?;
    let plan = experiment.plan()?;
    Ok((experiment, plan))
}

/// Carries it out, and the tasks `beside` it in the same rounds; nothing, if it was stopped before
/// anything was finished.
pub(super) fn carry_out(
    experiment: Experiment,
    plan: Plan,
    beside: Vec<Task>,
    how: &How,
    console: &Console,
) -> Result<Option<Measured>, Failure> {
    if how.token.is_given() && how.peer.is_none() {
        let problem = "is for a peer, and none is named";
        return Err(InputError::new("--token-file", problem).help("--peer HOST").into());
    }
    let token = how.peer.as_ref().map(|_| how.token.read()).transpose()?.flatten();
    let mut tasks = measure::tasks(&experiment, &plan, how.peer.is_some())?;
    let own = tasks.len();
    tasks.extend(beside);
    let mut rounds = measure::rounds(&experiment);
    rounds.repetitions = how.repetitions.map_or(rounds.repetitions, u32::from);
    rounds.seconds = how.seconds.map_or(rounds.seconds, u32::from);
    check_gpus(&experiment, &plan, how, console)?;
    interrupt::listen()?;
    if how.peer.is_none() {
        lab::ready()?;
    }
    let bar = console.progress(u64::from(rounds.repetitions) * tasks.len() as u64, "measure");
    let done = || bar.inc(1);
    let stop = interrupt::flag();
    let readings = match &how.peer {
        Some(host) => round::carry_out_to((host, token.as_ref()), &tasks, &rounds, stop, &done),
        None => round::carry_out(&tasks, &rounds, &experiment.library, stop, &done),
    };
    bar.finish_and_clear();
    let mut readings = readings.map_err(lab::failure)?;
    let beside = readings.split_off(own);
    if readings.iter().all(Vec::is_empty) {
        console.note("stopped before the first point was finished; nothing was written");
        return Ok(None);
    }
    let peer = how.peer.clone();
    Ok(Some(Measured { experiment, plan, rounds, readings, beside, peer }))
}

/// Says aloud that a host copy stands in for a GPU's, or refuses to let it.
fn check_gpus(
    experiment: &Experiment,
    plan: &Plan,
    how: &How,
    console: &Console,
) -> Result<(), InputError> {
    let from_gpu = plan.points().any(|point| {
        let cluster = &plan.worlds[point.world].cluster;
        let gpu = |at| cluster.gpus.contains_key(at);
        let from_gpu = |from: &str| cluster.places.get(from).is_some_and(gpu);
        point.transfers.iter().any(|transfer| from_gpu(&transfer.from))
    });
    if !from_gpu || calibration_gpu::driver_is_there() {
        return Ok(());
    }
    if how.require_gpu {
        return Err(InputError::new("--require-gpu", "there is no NVIDIA driver on this machine")
            .help(format!("without it, `{}` is carried out with a host copy", experiment.name)));
    }
    console.note("there is no GPU here: a timed host copy stands in for its copy to the host");
    Ok(())
}

/// Writes the tables; the manifest, and the rows for `--json`.
fn write(
    folder: &Path,
    measured: &Measured,
    console: &Console,
) -> Result<(Value, Vec<Value>), Failure> {
    let Measured { experiment, plan, rounds, readings, peer, .. } = measured;
    let results = measure::digests(experiment, plan, readings)?;
    let finished = results.iter().enumerate().filter_map(|(at, of)| Some((at, of.as_ref()?)));
    let keyed = record::keyed(experiment, plan, finished.clone());
    let mut figures = Figures::new(experiment);
    finished.clone().for_each(|(at, digests)| figures.add(at, digests));
    let done = (finished.count(), &figures);
    let mut manifest = manifest::manifest(experiment, plan, done, &keyed)?;
    let whole = readings.iter().all(|of| of.len() == rounds.repetitions as usize);
    manifest["complete"] = whole.into();
    manifest["measured"] = json!({
        "machine": HostFacts::here().told(),
        "peer": peer,
        "rounds": rounds.repetitions,
        "seconds": rounds.seconds,
        "sender_cores": rounds.pins.senders,
        "receiver_cores": rounds.pins.readers,
        "pods": experiment.measure.pods,
    });
    let mut tables = record::Tables::of_measurement(folder, plan)?;
    for keyed in &keyed {
        tables.write(&record::measured_rows(&keyed.cells, keyed.digest))?;
    }
    tables.finish()?;
    measure::write_cpu(folder, plan, &keyed, readings)?;
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|error| Failure::run("writing the manifest", error))?;
    std::fs::write(folder.join("manifest.json"), text + "\n")
        .map_err(|error| Failure::run("writing the manifest", error))?;
    let all: Vec<(usize, usize)> = keyed.iter().map(|of| (of.point, of.transfer)).collect();
    let chosen: HashSet<_> = overview::chosen(experiment, plan, all).into_iter().collect();
    let is_chosen = |of: &&Keyed<'_>| chosen.contains(&(of.point, of.transfer));
    let printed: Vec<Keyed<'_>> = keyed.iter().filter(is_chosen).cloned().collect();
    console.print_table(overview::overview(plan, &printed))?;
    if printed.len() < keyed.len() {
        let left_out = keyed.len() - printed.len();
        console.print(&format!("{left_out} more rows in summary.csv\n"))?;
    }
    Ok((manifest, keyed.iter().map(|k| overview::row(plan, k)).collect()))
}
