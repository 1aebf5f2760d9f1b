//! `podpath calibrate`: from measurements to profiles.

mod fit_collectives;
mod fit_gpu;
mod fit_serving;
mod freeze;
mod gpu;
mod judge;
pub(super) mod net;
pub(super) mod probes;

use std::path::{Path, PathBuf};

use calibration_data::family::Family;
use calibration_data::file::DataFile;
use calibration_data::published;
use calibration_fit::posterior::Estimate;
use calibration_fit::{cni, memcpy};
use clap::{Args, Subcommand};
use models::input::InputError;
use serde_json::{Value, json};

use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::file;
use crate::output::write_file;
use crate::overview::percent;

const EXAMPLES: &str = "\
Examples:
  podpath calibrate fit cni                    hop costs of the shipped benchmark rows
  podpath calibrate fit cni --leave-one-out    the error on each set-up by a fit without it
  podpath calibrate fit cni --out my-profiles  write my-profiles/host/bench-2024.csv
  podpath calibrate fit memcpy --data my.csv --out my-profiles
  podpath calibrate fit gpu --gpu a40 --data rows.csv --rows 'kernel in (init, read, scale)' \
      --out a40.csv                            what a GPU's kernels cost
  podpath calibrate fit collectives            steps and bytes of NCCL, by runs of nccl-tests
  podpath calibrate fit serving                inference, pool and keep-alive of served requests
  podpath calibrate gpu --pcie gen4-x16        measure the GPU at hand
  podpath calibrate net --quick                measure the network stack at hand

`podpath run` takes profiles of your own from the folder that an experiment names as `profiles`.";

/// Make profiles from measurements
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Fit costs to published or measured rows; the same rows give the same bytes
    #[command(after_help = EXAMPLES)]
    Fit {
        #[command(subcommand)]
        what: What,
    },
    Gpu(gpu::Arguments),
    Net(net::Arguments),
    Freeze(freeze::Arguments),
    /// One of two processes that `calibrate gpu --judge` starts
    #[command(hide = true)]
    JudgeProcess(judge::Process),
}

#[derive(Debug, Subcommand)]
enum What {
    /// Hop costs of a host, from rows with the columns of cni_benchmark_2024.csv
    Cni {
        /// The rows, instead of the published ones that ship
        #[arg(long, value_name = "FILE.csv")]
        data: Option<PathBuf>,
        /// What is known beforehand, instead of the shipped priors
        #[arg(long, value_name = "FILE.csv")]
        priors: Option<PathBuf>,
        /// Predict every set-up from a fit that has not seen it
        #[arg(long)]
        leave_one_out: bool,
        /// The folder of profiles to write host/NAME.csv into
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// A GPU's copy engine, from rows with the columns of gpu_memcpy_h2d_v100_pcie.csv
    Memcpy {
        /// The rows, instead of the published ones that ship
        #[arg(long, value_name = "FILE.csv")]
        data: Option<PathBuf>,
        /// The folder of profiles to write gpu/NAME.csv into
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    Gpu(fit_gpu::Arguments),
    Collectives(fit_collectives::Arguments),
    Serving(fit_serving::Arguments),
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    match &arguments.action {
        Action::Fit { what } => fit(what, console),
        Action::Gpu(arguments) => gpu::run(arguments, console),
        Action::Net(arguments) => net::run(arguments, console),
        Action::Freeze(arguments) => freeze::run(arguments, console),
        Action::JudgeProcess(arguments) => gpu::judge_process(arguments),
    }
}

fn fit(what: &What, console: &Console) -> Result<(), Failure> {
    match what {
        What::Cni { data, priors, leave_one_out, out } => {
            let mut options = cni::Options::shipped()?;
            if let Some(path) = data {
                options.data = read(path)?;
            }
            if let Some(path) = priors {
                options.priors = file::read_text(path, "--priors")?;
            }
            match leave_one_out {
                true => leave_out(&options, console),
                false => fit_cni(&options, out.as_deref(), console),
            }
        }
        What::Memcpy { data, out } => {
            let data = match data {
                Some(path) => read(path)?,
                None => published::table(published::COPIES)?,
            };
            fit_memcpy(&data, out.as_deref(), console)
        }
        What::Gpu(arguments) => fit_gpu::run(arguments, console),
        What::Collectives(arguments) => fit_collectives::run(arguments, console),
        What::Serving(arguments) => fit_serving::run(arguments, console),
    }
}

fn read(path: &Path) -> Result<DataFile, InputError> {
    let source = file::read_text(path, "--data")?;
    DataFile::from_bytes(&source.name, source.text.as_bytes())
}

fn fit_cni(options: &cni::Options, out: Option<&Path>, console: &Console) -> Result<(), Failure> {
    console.note("fitting hop costs, which takes a while");
    let fit = cni::run(options)?;
    print_estimates(&fit.estimates, console)?;
    print_residuals(&fit.residuals, console)?;
    let file = write(out, "host", cni::HOST, &fit.profile)?;
    tell(&fit.estimates, fit.residuals.iter().map(residual).collect(), file, console)
}

fn leave_out(options: &cni::Options, console: &Console) -> Result<(), Failure> {
    console.note("fitting once per set-up, which takes a while");
    let residuals = cni::leave_out(options, cni::Group::SetUp)?;
    print_residuals(&residuals, console)?;
    for family in [Family::CniTcp, Family::CniUdp] {
        let Some(own) = cni::coverage(&residuals, family) else { continue };
        console.print(&format!(
            "{}: {} of rows lie in their 90 % interval ({} to {} by a bootstrap over {} set-ups), \
             median width {:.2} ×\n",
            family.name(),
            percent(own.coverage_90),
            percent(own.coverage_90_low),
            percent(own.coverage_90_high),
            own.clusters,
            own.median_width,
        ))?;
    }
    tell(&[], residuals.iter().map(residual).collect(), None, console)
}

fn fit_memcpy(data: &DataFile, out: Option<&Path>, console: &Console) -> Result<(), Failure> {
    let fit = memcpy::run(data)?;
    print_estimates(&fit.estimates, console)?;
    let mut sheet = Sheet::new(&["bytes", "measured GB/s", "predicted GB/s", "error"]);
    for row in &fit.residuals {
        let error = row.predicted / row.measured - 1.0;
        sheet.add_row([
            number(row.bytes),
            number(format!("{:.2}", row.measured)),
            number(format!("{:.2}", row.predicted)),
            number(format!("{:+.1} %", 100.0 * error)),
        ]);
    }
    console.print("\n")?;
    console.print_table(sheet)?;
    let residuals = fit.residuals.iter().map(|row| {
        json!({
            "bytes": row.bytes,
            "measured_gb_s": row.measured,
            "predicted_gb_s": row.predicted,
        })
    });
    let file = write(out, "gpu", &fit.gpu, &fit.profile)?;
    tell(&fit.estimates, residuals.collect(), file, console)
}

fn print_estimates(estimates: &[Estimate], console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&["parameter", "value", "95 % interval", "decided by"]);
    for estimate in estimates {
        let decided = match estimate.spread_ratio {
            ratio if ratio > 0.9 => "the prior: the rows say nothing".into(),
            ratio => format!("the rows, {} of the prior's spread left", percent(ratio)),
        };
        sheet.add_row([
            estimate.name.clone().into(),
            number(short(estimate.value)),
            format!("{} – {}", short(estimate.low), short(estimate.high)).into(),
            comfy_table::Cell::new(decided),
        ]);
    }
    console.print_table(sheet)
}

/// Four digits.
fn short(value: f64) -> String {
    let decimals = (3 - libm::log10(value.abs()).floor() as i32).clamp(0, 12) as usize;
    format!("{value:.decimals$}")
}

fn print_residuals(residuals: &[cni::Residual], console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&["set-up", "test", "measured Gbit/s", "predicted Gbit/s", "error"]);
    for row in residuals {
        sheet.add_row([
            row.cni.clone().into(),
            row.test.clone().into(),
            number(format!("{:.2}", row.measured / 1e9)),
            number(format!("{:.2}", row.predicted / 1e9)),
            number(format!("{:+.1} %", 100.0 * row.relative_error())),
        ]);
    }
    console.print("\n")?;
    console.print_table(sheet)
}

fn residual(row: &cni::Residual) -> Value {
    json!({
        "cni": row.cni,
        "test": row.test,
        "family": row.family.name(),
        "measured_bit_s": row.measured,
        "predicted_bit_s": row.predicted,
        "rel_error": row.relative_error(),
        "predicted_low_bit_s": row.interval.map(|interval| interval.0),
        "predicted_high_bit_s": row.interval.map(|interval| interval.1),
    })
}

/// Writes a profile into the folder of its kind below `out`.
fn write(
    out: Option<&Path>,
    kind: &str,
    name: &str,
    profile: &str,
) -> Result<Option<PathBuf>, Failure> {
    let Some(folder) = out.map(|out| out.join(kind)) else { return Ok(None) };
    let file = folder.join(format!("{name}.csv"));
    write_file(&file, profile)?;
    Ok(Some(file))
}

fn tell(
    estimates: &[Estimate],
    residuals: Vec<Value>,
    file: Option<PathBuf>,
    console: &Console,
) -> Result<(), Failure> {
    match &file {
        Some(file) => console.print(&format!("\nwritten to {}\n", file.display()))?,
        None => console.note("nothing was written; --out DIR writes the profile"),
    }
    let estimates = estimates.iter().map(|e| {
        json!({
            "parameter": e.name,
            "value": e.value,
            "low": e.low,
            "high": e.high,
            "spread_ratio": e.spread_ratio,
        })
    });
    console.print_json(&json!({
        "parameters": estimates.collect::<Vec<_>>(),
        "residuals": residuals,
        "file": file,
    }))
}
