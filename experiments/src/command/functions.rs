//! `podpath functions`: calls of functions on pods, from a trace or as a file describes them.

mod asked;
mod described;
mod digest;
mod tables;
mod traced;

use std::path::PathBuf;

use clap::Args;
use models::input::InputError;

use crate::console::Console;
use crate::failure::Failure;
use crate::functions;
use crate::output::Staging;
use crate::{plot, report};
use tables::Outcome;

const EXAMPLES: &str = "\
Examples:
  podpath functions genai                                 the requests of 23 days that ship
  podpath functions genai --days 8-23 --pool 8,16,64 --keep-alive '10 min,forever'
  podpath functions genai --pool 16 --faster 1,10         a network that loads ten times faster
  podpath functions my-requests.csv.gz --stages my-stages.csv --fit my-fit.csv --out results/mine
  podpath functions invocations.csv --cold-start 'lognormal(2 s, 0.5)' --pool 100 --models-per-gpu 8
  podpath functions invocations_per_function_md.anon.d01.csv --durations function_durations.csv \\
      --cold-start '1 s' --keep-alive 'histogram,10 min'
  podpath functions function-pods --out results/pods      a cluster: who spoils whom, and a Gantt
  podpath functions my.toml --json | jq '.functions[0].cold_percent'

INPUT is a trace, which may be packed with gzip, or a file of functions in TOML. A trace is known by
its columns: arrival_s,status,execution_s,images,steps,model,loras (served requests: a function for
each model); app,func,end_timestamp,duration (Azure Functions 2021); or HashOwner,HashApp,
HashFunction,Trigger,1 … 1440 (2019, with --durations). Of served requests the load times are those
of --stages, and inference, pool and keep-alive those of --fit: `podpath calibrate fit serving`.
A file of functions has tables [[gpu]], [[function]] and [[source]]; with `topology` what stages
move shares the links of that cluster with the results. See README.md, Functions on pods.

A call is cold if it waited for the start of its instance. Keep-alive: a time, forever (until the
room is needed) or histogram (Shahrad et al. 2020). Lists are separated by commas, and each of their
values is run with each of the others.";

/// Run calls of functions on GPU pods: cold starts, keep-alive, pools, and who spoils whom
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A trace or a file of functions, or the name of one that ships: genai, function-pods
    input: String,
    /// The days of served requests to report, counted from one; earlier ones are run as well
    #[arg(long, value_name = "FROM-TO")]
    days: Option<String>,
    /// GPUs, each with one call in work at a time
    #[arg(long, value_name = "LIST")]
    pool: Option<String>,
    /// How long an idle instance is kept
    #[arg(long, value_name = "LIST")]
    keep_alive: Option<String>,
    /// How much faster models, adapters and cold starts are loaded than measured
    #[arg(long, value_name = "LIST")]
    faster: Option<String>,
    /// How many functions a GPU has room for
    #[arg(long, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    models_per_gpu: Option<u32>,
    /// How long a call may take
    #[arg(long, value_name = "TIME")]
    limit: Option<String>,
    /// Stage times of served requests, instead of those that ship
    #[arg(long, value_name = "FILE.csv")]
    stages: Option<PathBuf>,
    /// What was fitted of served requests, instead of what ships
    #[arg(long, value_name = "FILE.csv")]
    fit: Option<PathBuf>,
    /// How long a start takes, for the traces of Azure, which do not say
    #[arg(long, value_name = "TIME")]
    cold_start: Option<String>,
    /// The durations that belong to invocations of Azure 2019
    #[arg(long, value_name = "FILE.csv")]
    durations: Option<PathBuf>,
    /// Seeds to run, each with draws of its own
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// The seed that the others follow from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write tables, plots and a report into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Arguments {
    /// Options that only traces have, with whether each is given.
    fn of_traces(&self) -> [(&'static str, bool); 9] {
        [
            ("--days", self.days.is_some()),
            ("--pool", self.pool.is_some()),
            ("--keep-alive", self.keep_alive.is_some()),
            ("--faster", self.faster.is_some()),
            ("--models-per-gpu", self.models_per_gpu.is_some()),
            ("--limit", self.limit.is_some()),
            ("--stages", self.stages.is_some()),
            ("--fit", self.fit.is_some()),
            ("--cold-start", self.cold_start.is_some()),
        ]
    }
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    // What cannot be written is known before anything is run.
    let staging = arguments.out.as_deref().map(Staging::new).transpose()?;
    let (ships, _) = functions::shipped(&arguments.input);
    let outcome = match ships || arguments.input.ends_with(".toml") {
        true => {
            if let Some((option, _)) = arguments.of_traces().iter().find(|(_, given)| *given) {
                return Err(InputError::new(*option, "has no effect on a file of functions")
                    .help("the value in the file, or a trace as INPUT")
                    .into());
            }
            described::run(arguments)?
        }
        false => traced::run(arguments, console)?,
    };
    let Outcome { about, answer, .. } = &outcome;
    console.print(&format!("{about}\n{answer}\n\n"))?;
    console.print_table(outcome.sheet())?;
    for sheet in outcome.more_sheets() {
        console.print("\n")?;
        console.print_table(sheet)?;
    }
    if let (Some(staging), Some(folder)) = (staging, &arguments.out) {
        outcome.write(staging.path())?;
        let figures = plot::functions(staging.path());
        let figures = figures.map_err(|e| Failure::run("drawing the figures", e))?;
        report::functions(staging.path(), about, std::slice::from_ref(answer), &figures)
            .map_err(|e| Failure::run("writing the report", e))?;
        staging.commit(false)?;
        console.note(&format!("tables, plots and report.html in {}", folder.display()));
    }
    console.print_json(&outcome.json())
}
