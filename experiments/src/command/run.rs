//! `podpath run`: runs experiments and writes their results.

mod compute;
pub(super) mod finish;
mod shard;
mod told;
mod transfers;
mod workloads;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use models::input::InputError;
use models::outcome::Fidelity;

use crate::console::Console;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::journal::{Options, Shard};
use crate::{interrupt, shipped};
pub(super) use told::All;
use told::Told;

const EXAMPLES: &str = "\
Examples:
  podpath run quickstart                       the shipped experiment
  podpath run experiments/quickstart.toml      the same from its file
  podpath run a.toml b.toml --out results      into results/a-name and results/b-name
  podpath run my.toml --fidelity closed,chunk  the same points at two fidelities
  podpath run my.toml --json | jq .experiments[0].rows
  podpath run my.toml --shard 2/7              the second of seven parts; podpath merge joins them
  podpath run my.toml --shard slurm/7          the part of this task of a Slurm array of 1-7

What a file may say: podpath schema --fields.

DIR receives runs.csv, summary.csv, taken.csv, returned.csv, life.csv, parameters.csv,
manifest.json, plots/ and report.html, steps.csv if requests were asked for, and together.csv if
points have several transfers, widening.csv if anything is uncertain, and comparisons.csv if there
are several topologies; of workloads, it receives workloads.csv, workload_runs.csv,
resources.csv and windows.csv instead of the first five, workload_comparisons.csv instead of
comparisons.csv, and it takes three to four times as long with intervals, since draws are simulated
too. Plots are SVG, and PNG as well where there are at most 1000 points or --png asks for it. Where
there are more than 4000 results, plots and report show some 2000 and say so; tables have all.

Points are kept in DIR.partial from the moment on at which they are finished, and DIR gets all files
at the end in one step. A run that is killed goes on where it was when it is started again. Ctrl-C
stops within a point too and writes those that are finished, of more than 1000 results the tables
alone; started again, it goes on as well. A second Ctrl-C stops at once. Files in DIR that podpath
did not write stay.

With --shard I/N, DIR/shard-I-of-N receives the points of the I-th of N parts, and
`podpath merge DIR` makes the same files of all of them as one run would.";

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
    /// Tables as Parquet files too, with typed columns; only where podpath was built with
    /// `--features parquet`
    #[arg(long)]
    parquet: bool,
    /// Begin anew, whatever is unfinished in DIR.partial
    #[arg(long)]
    fresh: bool,
    /// Run one of N parts, I from 1 to N; I may be `slurm`, for the SLURM_ARRAY_TASK_ID of an array
    /// 1-N, or `kubernetes`, for the JOB_COMPLETION_INDEX of an Indexed Job
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
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

/// An experiment that is to be run, or has been.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    /// What was called: a file, or the name of a shipped experiment.
    pub(super) file: &'a str,
    pub(super) experiment: &'a Experiment,
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options,
    /// Whether figures are PNG files too, however many points there are.
    pub(super) png: bool,
    /// Whether tables are Parquet files too.
    pub(super) parquet: bool,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if let Some(threads) = arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        pool.build_global().map_err(|error| Failure::run("starting threads", error))?;
    }
    check_parquet(arguments.parquet)?;
    let options = &arguments.options();
    // All files are judged before the first is run: bad input writes nothing.
    let mut tasks = Vec::new();
    for file in &arguments.files {
        let experiment = read(file, options)?;
        let plan = experiment.plan()?;
        tasks.push((folder(arguments, &experiment.name), file, experiment, plan));
    }
    check_folders(&tasks)?;
    interrupt::listen()?;
    let mut experiments: Vec<Told<'_>> = Vec::new();
    let mut stopped = false;
    for (out, file, experiment, plan) in &tasks {
        let (png, parquet) = (arguments.png, arguments.parquet);
        let job = Job { file, experiment, plan, options, png, parquet };
        experiments.extend(compute::run_one(
            out,
            job,
            (arguments.shard, arguments.fresh),
            console,
        )?);
        stopped = interrupt::asked();
        if stopped {
            break;
        }
    }
    console.print_json(&All { experiments, complete: !stopped })?;
    // The object above already says that it is partial; nothing may follow it.
    if stopped { Err(Failure::Interrupted) } else { Ok(()) }
}

impl Arguments {
    fn options(&self) -> Options {
        let mut fidelity = self.fidelity.clone();
        fidelity.sort();
        fidelity.dedup();
        Options {
            seed: self.seed,
            fidelity: fidelity.into_iter().map(Fidelity::from).collect(),
            changes: !self.no_changes,
            intervals: !self.no_intervals,
        }
    }
}

/// The experiment in a file, or the shipped one of that name, with what arguments say instead.
///
/// # Errors
/// If something is wrong with it.
pub(super) fn read(file: &str, options: &Options) -> Result<Experiment, InputError> {
    let mut experiment = shipped::read(file)?;
    experiment.seed = options.seed.unwrap_or(experiment.seed);
    if !options.fidelity.is_empty() {
        experiment.at_fidelities(&options.fidelity);
    }
    Ok(experiment)
}

fn folder(arguments: &Arguments, name: &str) -> PathBuf {
    let whole = match &arguments.out {
        Some(out) if arguments.files.len() == 1 => out.clone(),
        Some(out) => out.join(name),
        None => Path::new("results").join(name),
    };
    arguments.shard.map_or(whole.clone(), |shard| whole.join(shard.folder()))
}

/// Refuses Parquet files where podpath was built without them.
pub(super) fn check_parquet(asked: bool) -> Result<(), InputError> {
    if asked && !cfg!(feature = "parquet") {
        return Err(InputError::new("--parquet", "this podpath was built without Parquet files")
            .help("cargo build --release --features parquet"));
    }
    Ok(())
}

fn check_folders(tasks: &[(PathBuf, &String, Experiment, Plan)]) -> Result<(), InputError> {
    for (at, (out, _, experiment, _)) in tasks.iter().enumerate() {
        if tasks[..at].iter().any(|(other, ..)| other == out) {
            let problem = format!("two experiments are called `{}`", experiment.name);
            return Err(InputError::new("name", problem)
                .help("each experiment of one call needs a name of its own"));
        }
    }
    Ok(())
}
