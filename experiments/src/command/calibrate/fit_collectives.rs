//! `podpath calibrate fit collectives`: what steps and bytes of NCCL cost.

use std::path::PathBuf;

use calibration_data::collective::PROFILE;
use calibration_data::coverage::{Coverage, Covered};
use calibration_data::family::Family;
use calibration_data::file::DataFile;
use calibration_data::quantile::quantile;
use calibration_fit::collectives::{Options, Residual, leave_out, run as fit};
use clap::Args;
use models::input::InputError;
use serde_json::{Value, json};

use super::{print_estimates, read, tell, write};
use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::overview::percent;

/// Costs of collectives, from rows with the columns of nccl_tests.csv, nccl_one_node.csv
/// or peer_matrices.csv
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The rows, instead of the published ones that ship
    #[arg(long, value_name = "FILE.csv", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Predict every system from a fit that has not seen it
    #[arg(long)]
    leave_one_out: bool,
    /// The folder of profiles to write collective/nccl.csv and posterior/nccl.csv into
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut options = Options::shipped()?;
    if !arguments.data.is_empty() {
        let files = arguments.data.iter().map(|path| read(path));
        options.data = files.collect::<Result<Vec<DataFile>, InputError>>()?;
    }
    if arguments.leave_one_out {
        console.note("fitting once per system, which takes a while");
        let residuals = leave_out(&options)?;
        print(&residuals, console)?;
        return tell(&[], residuals.iter().map(residual).collect(), None, console);
    }
    let fit = fit(&options)?;
    print_estimates(&fit.estimates, console)?;
    console.print("\n")?;
    print(&fit.residuals, console)?;
    let out = arguments.out.as_deref();
    write(out, "posterior", PROFILE, &fit.posterior)?;
    let file = write(out, "collective", PROFILE, &fit.profile)?;
    tell(&fit.estimates, fit.residuals.iter().map(residual).collect(), file, console)
}

/// Systems by family with the median error of each, and the median over systems.
fn print(residuals: &[Residual], console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&["family", "system", "rows", "median error", "90th percentile"]);
    let mut summary = Sheet::new(&["family", "systems", "median of medians", "in 90 %", "width"]);
    for family in Family::ALL {
        let of_family: Vec<&Residual> = residuals.iter().filter(|r| r.family == family).collect();
        let mut systems: Vec<&str> = of_family.iter().map(|row| row.system.as_str()).collect();
        systems.sort_unstable();
        systems.dedup();
        let mut medians = Vec::new();
        for system in &systems {
            let own = of_family.iter().filter(|row| row.system == *system);
            let errors: Vec<f64> = own.map(|row| row.relative_error().abs()).collect();
            medians.push(quantile(&errors, 0.5));
            sheet.add_row([
                family.name().into(),
                (*system).into(),
                number(errors.len()),
                number(percent(quantile(&errors, 0.5))),
                number(percent(quantile(&errors, 0.9))),
            ]);
        }
        let covered: Vec<Covered<'_>> = of_family.iter().map(|row| covered(row)).collect();
        let Some(own) = Coverage::of(&covered) else { continue };
        summary.add_row([
            family.name().into(),
            number(systems.len()),
            number(percent(quantile(&medians, 0.5))),
            number(percent(own.coverage_90)),
            number(format!("{:.2} ×", own.median_width)),
        ]);
    }
    console.print_table(sheet)?;
    console.print("\n")?;
    console.print_table(summary)
}

fn covered(row: &Residual) -> Covered<'_> {
    let (low, high) = row.interval;
    Covered { cluster: &row.system, measured: row.measured, low, high }
}

fn residual(row: &Residual) -> Value {
    json!({
        "family": row.family.name(),
        "system": row.system,
        "label": row.label,
        "unit": row.unit,
        "measured": row.measured,
        "predicted": row.predicted,
        "rel_error": row.relative_error(),
        "predicted_low": row.interval.0,
        "predicted_high": row.interval.1,
    })
}
