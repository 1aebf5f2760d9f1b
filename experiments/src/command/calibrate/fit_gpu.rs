//! `podpath calibrate fit gpu`: a GPU's execution model from rows of microbenchmarks.

use std::path::PathBuf;

use calibration_data::family::{Table, recognise};
use calibration_data::file::DataFile;
use calibration_data::filter::Filter;
use calibration_data::published::published;
use calibration_fit::gpu;
use clap::Args;
use models::input::InputError;
use serde_json::json;

use super::{print_estimates, read, tell};
use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::output::write_file;
use crate::overview::percent;

const EXAMPLES: &str = "\
Examples:
  podpath calibrate fit gpu --gpu a40
  podpath calibrate fit gpu --gpu a40 --data gpu_stream_vs_occupancy.csv \\
      --rows 'kernel in (init, read, scale)' --out my-a40.csv
  podpath validate --profile my-a40.csv --against gpu_stream_vs_occupancy.csv

The search begins at the data sheet of the GPU. A table that lacks a column of the expression is
fitted whole; `row` is the number of a row, so `row % 3 = 1` is every third.";

/// A GPU's execution model, from rows with the columns of the published GPU tables
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The GPU: a shipped profile, or as a table calls it
    #[arg(long, value_name = "NAME")]
    gpu: String,
    /// The rows, instead of the published ones that ship
    #[arg(long, value_name = "FILE.csv", num_args = 1..)]
    data: Vec<PathBuf>,
    /// The rows to fit: `kernel in (init, read, scale)`
    #[arg(long, value_name = "EXPRESSION")]
    rows: Option<String>,
    /// The profile to write
    #[arg(long, value_name = "PROFILE.csv")]
    out: Option<PathBuf>,
    /// The file to write how its lines hang together: profiles/posterior/NAME.csv beside the
    /// profile in profiles/gpu/NAME.csv
    #[arg(long, value_name = "FILE.csv")]
    posterior: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let data = match arguments.data.is_empty() {
        true => about_gpus()?,
        false => {
            let files = arguments.data.iter().map(|path| read(path));
            files.collect::<Result<Vec<DataFile>, InputError>>()?
        }
    };
    let rows = arguments.rows.as_deref().map(Filter::parse).transpose()?;
    let fit = gpu::run(&gpu::Options { gpu: arguments.gpu.clone(), data, rows })?;
    print_estimates(&fit.estimates, console)?;
    print_errors(&fit.residuals, console)?;
    if let Some(path) = &arguments.out {
        write_file(path, &fit.profile)?;
    }
    if let Some(path) = &arguments.posterior {
        write_file(path, &fit.posterior)?;
    }
    let residuals = fit.residuals.iter().map(|row| {
        json!({
            "family": row.family.name(),
            "label": row.label,
            "measured": row.measured,
            "predicted": row.predicted,
        })
    });
    tell(&fit.estimates, residuals.collect(), arguments.out.clone(), console)
}

/// The published tables about GPUs.
fn about_gpus() -> Result<Vec<DataFile>, InputError> {
    let mut files = published()?;
    files.retain(|file| matches!(recognise(file), Ok(Table::Gpu(_))));
    Ok(files)
}

/// How well the fit describes its own rows, by family.
fn print_errors(residuals: &[gpu::Residual], console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&["family", "rows fitted", "median error", "90th percentile"]);
    let mut families: Vec<_> = residuals.iter().map(|row| row.family).collect();
    families.sort_unstable();
    families.dedup();
    for family in families {
        let own = residuals.iter().filter(|row| row.family == family);
        let mut errors: Vec<f64> =
            own.map(|row| (row.predicted / row.measured - 1.0).abs()).collect();
        errors.sort_by(f64::total_cmp);
        let at = |part: f64| percent(errors[((errors.len() - 1) as f64 * part).round() as usize]);
        sheet.add_row([
            family.name().into(),
            number(errors.len()),
            number(at(0.5)),
            number(at(0.9)),
        ]);
    }
    console.print("\n")?;
    console.print_table(sheet)
}
