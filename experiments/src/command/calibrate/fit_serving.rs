//! `podpath calibrate fit serving`: what no file tells of served requests.

use std::path::PathBuf;

use calibration_data::published::{self, SERVING};
use calibration_data::serving::{FIT_DAYS, requests, shipped_stages, stages};
use calibration_fit::serving::fit;
use clap::Args;
use models::function::Keep;
use models::input::InputError;
use serde_json::json;

use super::write;
use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::file;
use crate::overview::percent;

/// Inference times, pool and keep-alive, from rows with the columns of gpu_requests.csv
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The requests, instead of those that ship; may be packed with gzip
    #[arg(long, value_name = "FILE.csv")]
    data: Option<PathBuf>,
    /// Stage times, instead of those that ship
    #[arg(long, value_name = "FILE.csv")]
    stages: Option<PathBuf>,
    /// How many days from the first on are looked at; the others are left to judge
    #[arg(long, value_name = "N", default_value_t = FIT_DAYS)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=200))]
    days: u32,
    /// The name of the fit
    #[arg(long, value_name = "NAME", default_value = "genai-2026")]
    name: String,
    /// The folder to write serving/NAME.csv into
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What the lines of the file say of where they come from.
const SOURCE: &str = "podpath calibrate fit serving";

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if arguments.name.is_empty() || !arguments.name.chars().all(plain) {
        let problem = format!("`{}` is no name of a file", arguments.name);
        return Err(InputError::new("--name", problem).help("letters, digits, - and _").into());
    }
    let data = match &arguments.data {
        Some(path) => file::table(path, "--data")?,
        None => published::table(SERVING)?,
    };
    let stages = match &arguments.stages {
        Some(path) => stages(&file::table(path, "--stages")?)?,
        None => shipped_stages()?,
    };
    let read = requests(&data)?;
    let found = fit(&read.of_days(1, arguments.days), &stages)?;
    let mut sheet = Sheet::new(&["load", "pool", "keep-alive", "off by", "cold", ""]);
    for own in &found.all {
        sheet.add_row([
            own.fitted.cold_load.as_str().into(),
            number(own.fitted.pool),
            number(kept(own.fitted.keep)),
            number(percent(own.off)),
            number(percent(own.cold)),
            (if *own == found.best { "taken" } else { "" }).into(),
        ]);
    }
    console.print_table(sheet)?;
    let best = &found.best.fitted;
    console.print(&format!(
        "\ninference: ({} s + {} s × steps × images) × the factor of the model, \
         × {} with adapters\n",
        best.base, best.per_step, best.adapters
    ))?;
    let text = best.text(SOURCE);
    let file = write(arguments.out.as_deref(), "serving", &arguments.name, &text)?;
    match &file {
        Some(file) => console.print(&format!("\nwritten to {}\n", file.display()))?,
        None => console.note("nothing was written; --out DIR writes the fit"),
    }
    let candidates = found.all.iter().map(|own| {
        json!({
            "cold_load": own.fitted.cold_load,
            "pool": own.fitted.pool,
            "keep_alive_s": kept(own.fitted.keep),
            "mean_abs_ln_ratio": own.off,
            "cold_share": own.cold,
        })
    });
    console.print_json(&json!({
        "days": arguments.days,
        "base_s": best.base,
        "per_step_s": best.per_step,
        "adapters_factor": best.adapters,
        "pool": best.pool,
        "keep_alive_s": kept(best.keep),
        "cold_load": best.cold_load,
        "candidates": candidates.collect::<Vec<_>>(),
        "file": file,
    }))
}

/// A keep-alive \[s\].
fn kept(keep: Keep) -> String {
    match keep {
        Keep::For(time) => time.as_seconds().to_string(),
        Keep::Forever | Keep::Histogram => "forever".into(),
    }
}
