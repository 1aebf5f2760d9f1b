//! `podpath run`: runs experiments and writes their results.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use models::input::InputError;
use models::outcome::Fidelity;
use models::predict::Stop;
use serde_json::{Value, json};

use crate::console::Console;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::interval::{causes, compared};
use crate::output::Staging;
use crate::plot::manifest::Manifest;
use crate::plot::run::Run;
use crate::run::{Ask, Changes};
use crate::{
    effect, interrupt, manifest, overview, plot, provenance, record, report, shipped, sweep,
    workload,
};

const EXAMPLES: &str = "\
Examples:
  podpath run quickstart                       the shipped experiment
  podpath run experiments/quickstart.toml      the same from its file
  podpath run a.toml b.toml --out results      into results/a-name and results/b-name
  podpath run my.toml --fidelity closed,chunk  the same points at two fidelities
  podpath run my.toml --json | jq .experiments[0].rows

What a file may say: podpath schema --fields.

DIR receives runs.csv, summary.csv, taken.csv, returned.csv, life.csv, parameters.csv,
manifest.json, plots/ and report.html, steps.csv if requests were asked for, and together.csv if
points have several transfers, widening.csv if anything is uncertain, and comparisons.csv if there
are several topologies; of workloads, it receives workloads.csv, workload_runs.csv,
resources.csv and windows.csv instead of the first five, workload_comparisons.csv instead of
comparisons.csv, and it takes three to four times as long with intervals, since draws are simulated
too. Files are written at the end, all or none. Plots are SVG, and PNG as well where there are at
most 1000 points or --png asks for it. Where there are more than 4000 results, plots and report show
some 2000 and say so; tables have all.
Ctrl-C stops within a point too and writes those that are finished, of more than 1000 results the
tables alone; a second one stops at once.";

/// Of more results than this, an interrupted run leaves tables and no report: that would take
/// longer than somebody waits who has asked it to stop.
const REPORTED_MAX: usize = 1_000;
/// With more points than this, figures are PNG files only if that is asked for.
const PNG_POINTS_MAX: usize = 1_000;

/// Run experiments: tables, plots and a report of how much each topology reaches, and why
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Experiment files, or names of shipped experiments
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// The folder for results [default: results/NAME]; with several files, a folder in it for each
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Threads to use; the results do not depend on it [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// The seed of all chance, instead of the file's
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// How finely to compute, instead of the file's; several are compared
    #[arg(long, value_name = "LEVEL", value_delimiter = ',')]
    fidelity: Vec<Level>,
    /// Plots as PNG files too, however many points there are
    #[arg(long)]
    png: bool,
    /// Weigh no changes: returned.csv is left without rows, and sweeps are several times as fast
    #[arg(long)]
    no_changes: bool,
    /// Do not say how sure predictions are: the columns `…_predicted_…` stay empty
    #[arg(long)]
    no_intervals: bool,
}

/// A fidelity as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Level {
    /// Static shares and sums
    Closed,
    /// The engine: max-min flows
    Flow,
    /// Units that queue
    Chunk,
}

impl From<Level> for Fidelity {
    fn from(level: Level) -> Fidelity {
        match level {
            Level::Closed => Fidelity::Closed,
            Level::Flow => Fidelity::Flow,
            Level::Chunk => Fidelity::Chunk,
        }
    }
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if let Some(threads) = arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        pool.build_global().map_err(|error| Failure::run("starting threads", error))?;
    }
    // All files are judged before the first is run: bad input writes nothing.
    let mut tasks = Vec::new();
    for file in &arguments.files {
        let experiment = read(file, arguments)?;
        let plan = experiment.plan()?;
        tasks.push((folder(arguments, &experiment.name), experiment, plan));
    }
    check_folders(&tasks)?;
    interrupt::listen()?;
    let mut told = Vec::new();
    let mut stopped = false;
    for (out, experiment, plan) in &tasks {
        told.extend(run_one(out, experiment, plan, (arguments, console))?);
        stopped = interrupt::asked();
        if stopped {
            break;
        }
    }
    console.print_json(&json!({ "experiments": told, "complete": !stopped }))?;
    // The object above already says that it is partial; nothing may follow it.
    if stopped { Err(Failure::Interrupted) } else { Ok(()) }
}

fn read(file: &str, arguments: &Arguments) -> Result<Experiment, InputError> {
    let mut experiment = shipped::read(file)?;
    experiment.seed = arguments.seed.unwrap_or(experiment.seed);
    let mut levels = arguments.fidelity.clone();
    levels.sort();
    levels.dedup();
    if !levels.is_empty() {
        let levels: Vec<Fidelity> = levels.into_iter().map(Fidelity::from).collect();
        experiment.at_fidelities(&levels);
    }
    Ok(experiment)
}

fn folder(arguments: &Arguments, name: &str) -> PathBuf {
    match &arguments.out {
        Some(out) if arguments.files.len() == 1 => out.clone(),
        Some(out) => out.join(name),
        None => Path::new("results").join(name),
    }
}

fn check_folders(tasks: &[(PathBuf, Experiment, Plan)]) -> Result<(), InputError> {
    for (at, (out, experiment, _)) in tasks.iter().enumerate() {
        if tasks[..at].iter().any(|(other, ..)| other == out) {
            let problem = format!("two experiments are called `{}`", experiment.name);
            return Err(InputError::new("name", problem)
                .help("each experiment of one call needs a name of its own"));
        }
    }
    Ok(())
}

/// Runs one experiment; tells what `--json` says of it, or nothing if no point was finished.
fn run_one(
    out: &Path,
    experiment: &Experiment,
    plan: &Plan,
    (arguments, console): (&Arguments, &Console),
) -> Result<Option<Value>, Failure> {
    if experiment.load.is_some() {
        return run_over_time(out, experiment, plan, (arguments, console));
    }
    let changes = if arguments.no_changes { Changes::None } else { Changes::All };
    let staging = Staging::new(out)?;
    let bar = console.progress(plan.points.len() as u64, &experiment.name);
    let ask = Ask { changes, intervals: !arguments.no_intervals };
    let how = (ask, &interrupt::asked as Stop<'_>);
    let results = sweep::computed(experiment, plan, staging.path(), how, &|| bar.inc(1));
    bar.finish_and_clear();
    let results = results?;
    let keyed = record::keyed(experiment, plan, &results);
    if keyed.is_empty() {
        console.note("stopped before the first point was finished; nothing was written");
        return Ok(None);
    }
    let done = keyed.len() / experiment.transfers.len();
    let mut manifest = manifest::manifest(experiment, plan, done, &keyed)?;
    let stage = staging.path();
    write_provenance(stage, experiment, plan, &manifest)?;
    compared::write(stage, experiment, plan, &keyed)?;
    let wide = widening(stage, experiment, plan, ask.intervals)?;
    draw(stage, &mut manifest, keyed.len(), arguments.png || plan.points.len() <= PNG_POINTS_MAX)?;
    staging.commit()?;
    let widest = causes::sentence(experiment, plan, &wide);
    tell(out, &manifest, plan, (&keyed, widest), console)?;
    for note in effect::all(experiment, plan, &keyed) {
        console.note(&format!("note: {note}"));
    }
    if !console.json {
        return Ok(None);
    }
    let rows: Vec<Value> = keyed.iter().map(|k| overview::row(plan, k)).collect();
    Ok(Some(json!({ "out": out, "manifest": manifest, "rows": rows })))
}

/// Draws the figures and writes the report of so many results. What is left out because the user
/// does not wait for it makes the run incomplete, as its manifest then says.
fn draw(stage: &Path, manifest: &mut Value, results: usize, png: bool) -> Result<(), Failure> {
    let drawing = |error| Failure::run("drawing the figures", error);
    let waits = || !interrupt::asked() || results <= REPORTED_MAX;
    if waits() {
        let run = Run::read(stage).map_err(drawing)?;
        let mut read = Manifest::read(stage).map_err(drawing)?;
        let figures = plot::of_run(stage, &run, &read, png, &interrupt::asked).map_err(drawing)?;
        if interrupt::asked() {
            read.whole["complete"] = false.into();
        }
        if waits() {
            report::of_transfers(stage, &run, &read, &figures)
                .map_err(|error| Failure::run("writing the report", error))?;
        }
    }
    if interrupt::asked() {
        manifest["complete"] = false.into();
        write_manifest(stage, manifest)?;
    }
    Ok(())
}

/// Runs one experiment with workloads, likewise.
fn run_over_time(
    out: &Path,
    experiment: &Experiment,
    plan: &Plan,
    (arguments, console): (&Arguments, &Console),
) -> Result<Option<Value>, Failure> {
    let staging = Staging::new(out)?;
    let intervals = !arguments.no_intervals;
    let tasks = plan.points.len() as u64 * workload::simulations(experiment, intervals);
    let bar = console.parts(tasks * workload::PARTS, &experiment.name);
    let stop = interrupt::asked;
    let results = workload::run(experiment, plan, intervals, stop, |parts| bar.inc(parts));
    bar.finish_and_clear();
    let results = results?;
    let keyed = workload::keyed(experiment, plan, &results);
    if keyed.is_empty() {
        console.note("stopped before the first replication was finished; nothing was written");
        return Ok(None);
    }
    let whole = keyed
        .iter()
        .filter(|keyed| keyed.digest.replications.len() == experiment.repetitions as usize);
    let manifest = manifest::manifest(experiment, plan, whole.count(), &[])?;
    let stage = staging.path();
    workload::write_all(stage, experiment, plan, &keyed)?;
    write_provenance(stage, experiment, plan, &manifest)?;
    let wide = widening(stage, experiment, plan, intervals)?;
    report::workloads(stage).map_err(|e| Failure::run("writing the report", e))?;
    staging.commit()?;
    let (table, left_out) = workload::overview(experiment, &keyed);
    console.print_table(table)?;
    if left_out > 0 {
        let rest = out.join("workloads.csv");
        console.print(&format!("{left_out} more rows in {}\n", rest.display()))?;
    }
    if let Some(batches) = workload::batches(experiment, &keyed) {
        console.print_table(batches)?;
    }
    if let Some(widest) = causes::sentence(experiment, plan, &wide) {
        console.print(&format!("{widest}\n"))?;
    }
    tell_rest(out, &manifest, console)?;
    for note in effect::of_ways(plan) {
        console.note(&format!("note: {note}"));
    }
    let rows: Vec<Value> = keyed.iter().map(|k| workload::row(experiment, k)).collect();
    Ok(Some(json!({ "out": out, "manifest": manifest, "rows": rows })))
}

/// What makes intervals wide, where there are any, which is written into the stage as well.
fn widening(
    stage: &Path,
    experiment: &Experiment,
    plan: &Plan,
    intervals: bool,
) -> Result<Vec<causes::Wide>, Failure> {
    let wide = if intervals { causes::of(experiment, plan, &interrupt::asked)? } else { None };
    let wide = wide.unwrap_or_default();
    causes::write(stage, experiment, plan, &wide)?;
    Ok(wide)
}

/// Writes what the results stand on.
fn write_provenance(
    stage: &Path,
    experiment: &Experiment,
    plan: &Plan,
    manifest: &Value,
) -> Result<(), Failure> {
    provenance::write(stage, experiment, plan)?;
    write_manifest(stage, manifest)
}

fn write_manifest(stage: &Path, manifest: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(manifest)
        .map_err(|error| Failure::run("writing the manifest", error))?;
    let path = stage.join("manifest.json");
    std::fs::write(path, text + "\n").map_err(|e| Failure::run("writing the manifest", e))
}

/// Prints the table and where the rest is.
fn tell(
    out: &Path,
    manifest: &Value,
    plan: &Plan,
    (keyed, widest): (&[record::Keyed<'_>], Option<String>),
    console: &Console,
) -> Result<(), Failure> {
    let (table, left_out) = overview::overview(plan, keyed);
    console.print_table(table)?;
    if left_out > 0 {
        console
            .print(&format!("{left_out} more rows in {}\n", out.join("summary.csv").display()))?;
    }
    if let Some(widest) = widest {
        console.print(&format!("{widest}\n"))?;
    }
    let reported = Manifest::of(manifest.clone()).reported();
    if let Some(table) = overview::reported::table(&reported) {
        console.print("\n")?;
        console.print_table(table)?;
    }
    tell_rest(out, manifest, console)
}

/// Says whether the results are whole, and where they are.
fn tell_rest(out: &Path, manifest: &Value, console: &Console) -> Result<(), Failure> {
    if manifest["complete"] == false {
        let (done, all) = (&manifest["points_done"], &manifest["points_planned"]);
        console.print(&format!("PARTIAL: stopped after {done} of {all} points\n"))?;
    }
    console.print(&format!("results in {}\n", out.display()))
}
