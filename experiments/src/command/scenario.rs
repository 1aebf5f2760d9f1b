//! `podpath scenario`: language models that are served, and training jobs.

mod tables;

use std::path::Path;

use clap::Args;
use models::input::{InputError, Source};
use serde_json::json;

use crate::console::Console;
use crate::failure::Failure;
use crate::file;
use crate::near::Home;
use crate::output::Staging;
use crate::scenario::{self, Scenario, Told};
use crate::{plot, report};

const EXAMPLES: &str = "\
Examples:
  podpath scenario serving-handover               prefill on one node, decode on another
  podpath scenario training-step --out results/t  a training step on five container networks
  podpath scenario my.toml --draws 0              nothing drawn: no intervals
  podpath scenario my.toml --json | jq '.variants[0].ttft_p99_s'
  podpath validate --field                        what people reported, these files included

INPUT is a file in TOML. With tables [[pool]] a language model is served: requests pass [[hop]]s,
are prefilled and decoded in steps, and with pools that do \"prefill\" and \"decode\" their keys and
values are handed over, at a stated rate or over the links of a topology; [[stage]]s are what a
start of a replica takes, and `scaling` starts replicas. With a table [job] steps of data-parallel
training are run, with gradients that are reduced beside the backward pass. [sweep] and [[variant]]
vary values. A value may say how sure it is: \"2 us (1 us to 10 us)\", the ends of a 90 % interval.
See README.md, Models that are served and trained.";

/// Serve a language model on GPU pods, or train one: where the time goes, and what wins it back
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A file, or the name of one that ships: serving-handover, training-step
    input: String,
    /// Draws of all that is uncertain, from which intervals are told; 0 for none
    #[arg(long, value_name = "N", default_value_t = 40)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1000))]
    draws: u32,
    /// The seed that all draws follow from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write tables, plots and a report into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<std::path::PathBuf>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    // What cannot be written is known before anything is run.
    let staging = arguments.out.as_deref().map(Staging::new).transpose()?;
    let path = Path::new(&arguments.input);
    let source = match scenario::shipped(&arguments.input).filter(|_| !path.exists()) {
        Some(text) => Source::new(format!("shipped:{}.toml", arguments.input), text),
        None => file::read_text(path, "INPUT").map_err(|error| hinted(error, &arguments.input))?,
    };
    let home = Home::Disk(path.parent().unwrap_or(Path::new("")).to_owned());
    let own = Scenario::read(&source, home, calibration_data::shipped())?;
    let runs = own.variants.len() as u64 * u64::from(arguments.draws + 1);
    let bar = console.progress(runs, "runs");
    let one = |variant| own.run(variant, (arguments.seed, arguments.draws), &|| bar.inc(1));
    let told = own.variants.iter().map(one).collect::<Result<Vec<Told>, InputError>>();
    bar.finish_and_clear();
    let told = told?;
    let (about, answer) = (tables::about(&own, arguments.draws), tables::answer(&own, &told));
    console.print(&format!("{about}\n{answer}\n\n"))?;
    console.print_table(tables::sheet(&own, &told))?;
    for sheet in tables::more(&own, &told) {
        console.print("\n")?;
        console.print_table(sheet)?;
    }
    if !own.cause.is_empty() {
        console.print(&format!("\n{}\n", own.cause))?;
    }
    if let (Some(staging), Some(folder)) = (staging, &arguments.out) {
        tables::write(&own, &told, staging.path())?;
        let figures = plot::scenario(staging.path());
        let figures = figures.map_err(|e| Failure::run("drawing the figures", e))?;
        report::scenario(staging.path(), &about, std::slice::from_ref(&answer), &figures)
            .map_err(|e| Failure::run("writing the report", e))?;
        staging.commit(false)?;
        console.note(&format!("tables, plots and report.html in {}", folder.display()));
    }
    let variants = own.variants.iter().zip(&told);
    let variants: Vec<_> =
        variants.map(|(variant, told)| tables::json(&own, variant, told)).collect();
    console.print_json(&json!({
        "name": own.name,
        "answer": answer,
        "cause": own.cause,
        "variants": variants,
        "reported": tables::reported_json(&own, &told),
    }))
}

/// The error about a file that is not there, which may be meant as a shipped one.
fn hinted(error: InputError, name: &str) -> InputError {
    match scenario::meant(name) {
        Some(meant) if !name.ends_with(".toml") => error.help(format!("did you mean `{meant}`?")),
        _ => error,
    }
}
