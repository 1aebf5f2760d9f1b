//! `podpath calibrate gpu`: the profile of the GPU at hand, or of what others measured on one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use calibration::gpu::device::Device;
use calibration::gpu::import::{self, Imported, Overlay, overlay};
use calibration::gpu::simulated::{Simulated, plain, plausible};
use calibration::gpu::{Cuda, GpuError, Measured, campaign, driver_is_there, profile, table};
use clap::Args;
use models::input::{InputError, Source};
use models::library::Kind;
use models::pcie::Port;
use serde_json::json;
use sim::Seed;

use super::{judge, write};
use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::output::Staging;
use crate::{file, plot, report, span};

const EXAMPLES: &str = "\
Examples:
  podpath calibrate gpu --pcie gen4-x16                   print the profile
  podpath calibrate gpu --pcie gen5-x16 --name my-h100 --place 'rack 7, 2025-05-01' --out profiles
  podpath calibrate gpu --import bw.json --import smi.xml --base a100-40-pcie --pcie gen4-x16
  podpath calibrate gpu --simulate 1 --pcie gen4-x16      try it without a GPU
  podpath calibrate gpu --judge --budget 4min             measure what profiles are judged by

The NVIDIA driver and NVRTC are opened when the command runs; nothing of CUDA is needed to build.
--import takes the output of nvbandwidth -j, nvidia-smi -q -x, nvidia-smi topo -m and nccl-tests.";

/// Measure a GPU: launches, memory levels, copies, sharing; or import what others measured
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The number of the device
    #[arg(long, value_name = "N", default_value_t = 0)]
    device: usize,
    /// The PCIe profile of the slot that it is in; needed wherever a profile is made
    #[arg(long, value_name = "PROFILE")]
    pcie: Option<String>,
    /// The name of the profile
    #[arg(long, value_name = "NAME", default_value = "my-gpu")]
    name: String,
    /// Where and when it is measured, for the source column
    #[arg(long, value_name = "TEXT", default_value = "this machine")]
    place: String,
    /// How often each figure is measured; the median is taken
    #[arg(long, value_name = "N", default_value_t = 21,
          value_parser = clap::value_parser!(u16).range(5..=1001))]
    repetitions: u16,
    /// Read measurements of other programs instead of measuring
    #[arg(long, value_name = "FILE", conflicts_with = "simulate")]
    import: Vec<PathBuf>,
    /// The shipped GPU whose profile is completed by what is imported
    #[arg(long, value_name = "PROFILE", requires = "import")]
    base: Option<String>,
    /// Calibrate a simulated device, with chance from this seed: it says so everywhere
    #[arg(long, value_name = "SEED")]
    simulate: Option<u64>,
    /// Measure the judging set, which no fit sees, instead of calibrating
    #[arg(long, conflicts_with_all = ["import", "pcie"])]
    judge: bool,
    /// How long --judge may take, such as 4min: what tells most goes first
    #[arg(long, value_name = "TIME", value_parser = span::seconds, requires = "judge")]
    budget: Option<f64>,
    /// The folder of profiles to write gpu/NAME.csv into; with --judge that of judging.csv
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The folder for readings, points and findings as CSV, plots and report.html
    #[arg(long, value_name = "DIR", default_value = "results/calibrate-gpu")]
    results: PathBuf,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if arguments.name.is_empty() || !arguments.name.chars().all(plain) {
        return Err(InputError::new("--name", format!("`{}` names no file", arguments.name))
            .help("letters, digits, `-` and `_`")
            .into());
    }
    if arguments.judge {
        return judged(arguments, console);
    }
    match arguments.import.is_empty() {
        true => measure(arguments, console),
        false => take_over(arguments, console),
    }
}

fn measure(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    // Where there is nothing to measure, that is what the user has to hear first.
    if arguments.pcie.is_none() && arguments.simulate.is_none() && !driver_is_there() {
        return Err(failure(GpuError::NoDriver));
    }
    let port = port(arguments)?;
    let mut device = open(arguments.simulate, arguments.device)?;
    match arguments.simulate {
        Some(_) => console.note("a SIMULATED device: nothing is measured"),
        None => console.note("measuring; other work on the GPU disturbs it"),
    }
    if let Some(why) = device.silent() {
        console.note(&format!("power, memory clock and throttling stay unknown: {why}"));
    }
    let repetitions = usize::from(arguments.repetitions);
    let measured = campaign::run(device.as_mut(), repetitions, &mut |probe| {
        console.note(&format!("{}: {}", probe.name, probe.about));
    });
    let measured = measured.map_err(failure)?;
    let text = profile(&measured, &port, &arguments.place)?;
    results(&arguments.results, &measured)?;
    print_findings(&measured, console)?;
    tell(arguments, &text, console)
}

/// `--judge`: the judging set.
fn judged(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut device = open(arguments.simulate, arguments.device)?;
    let asked = judge::Asked {
        device: arguments.device,
        simulated: arguments.simulate.is_some(),
        repetitions: usize::from(arguments.repetitions),
        budget_s: arguments.budget,
        out: arguments.out.as_deref(),
    };
    judge::run(device.as_mut(), &asked, console)
}

/// `podpath calibrate judge-process`: one of the processes that the judging set asks for.
pub(super) fn judge_process(arguments: &judge::Process) -> Result<(), Failure> {
    judge::process(open(arguments.simulate, arguments.device)?.as_mut())
}

fn open(simulate: Option<u64>, device: usize) -> Result<Box<dyn Device>, Failure> {
    match simulate {
        Some(seed) => Ok(Box::new(Simulated::new(plain(), plausible(), Seed::new(seed))?)),
        None => Ok(Box::new(Cuda::open(device).map_err(failure)?)),
    }
}

fn port(arguments: &Arguments) -> Result<Port, InputError> {
    let Some(pcie) = &arguments.pcie else {
        return Err(InputError::new("--pcie", "is missing")
            .help("the PCIe profile of the GPU's slot, such as `gen4-x16`"));
    };
    let named = calibration::shipped().profile(Kind::Pcie, pcie);
    let named = named.map_err(|error| InputError { field: "--pcie".into(), ..error })?;
    Port::from_profile(&named)
}

/// Writes readings, points, findings, plots and report.
fn results(folder: &Path, measured: &Measured) -> Result<(), Failure> {
    let staging = results_folder(folder)?;
    let stage = staging.path();
    let tables = [
        ("readings.csv", table::readings(measured)),
        ("points.csv", table::points(measured)),
        ("findings.csv", table::findings(measured)),
    ];
    for (name, text) in tables {
        let failed = |error| Failure::run(format!("writing {name}"), error);
        std::fs::write(stage.join(name), text).map_err(failed)?;
    }
    let figures = plot::calibration(stage).map_err(|e| Failure::run("drawing the plots", e))?;
    report::calibration(stage, &figures).map_err(|e| Failure::run("writing the report", e))?;
    staging.commit()
}

fn results_folder(folder: &Path) -> Result<Staging, InputError> {
    Staging::new(folder).map_err(|error| InputError { field: "--results".into(), ..error })
}

fn print_findings(measured: &Measured, console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&["parameter", "value", "unit", "95 % interval"]);
    for found in &measured.findings {
        sheet.add_row([
            found.parameter.clone().into(),
            number(plot::words::number(found.value)),
            found.unit.into(),
            comfy_table::Cell::new(format!(
                "{} – {}",
                plot::words::number(found.low),
                plot::words::number(found.high)
            )),
        ]);
    }
    console.print_table(sheet)
}

/// `--import`: tables of what others measured, and a profile where there is one to complete.
fn take_over(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let read = |path: &PathBuf| -> Result<(Arc<Source>, Imported), InputError> {
        let source = file::read_text(path, "--import")?;
        let imported = import::read(&source)?;
        Ok((source, imported))
    };
    let imported: Result<Vec<_>, InputError> = arguments.import.iter().map(read).collect();
    let imported = imported?;
    let text = match &arguments.base {
        None => None,
        Some(base) => {
            let base = calibration::shipped().profile(Kind::Gpu, base);
            let base = base.map_err(|error| InputError { field: "--base".into(), ..error })?;
            let port = port(arguments)?;
            let device = arguments.device;
            let with = Overlay { imported: &imported, device, base: &base, port: &port };
            Some(overlay(&with)?)
        }
    };
    let staging = results_folder(&arguments.results)?;
    let failed = |error| Failure::run("writing imported.csv", error);
    std::fs::write(staging.path().join("imported.csv"), import::table(&imported))
        .map_err(failed)?;
    staging.commit()?;
    match text {
        Some(text) => tell(arguments, &text, console),
        None => {
            console.note("--base PROFILE completes a shipped profile with what was imported");
            console.print(&format!("written to {}\n", arguments.results.display()))?;
            console.print_json(&json!({ "results": arguments.results }))
        }
    }
}

/// Writes or prints the profile.
fn tell(arguments: &Arguments, text: &str, console: &Console) -> Result<(), Failure> {
    match write(arguments.out.as_deref(), "gpu", &arguments.name, text)? {
        Some(file) => console.print(&format!("written to {}\n", file.display()))?,
        None => console.print(text)?,
    }
    console.print(&format!("\nresults in {}\n", arguments.results.display()))?;
    let (name, results) = (&arguments.name, &arguments.results);
    console.print_json(&json!({ "name": name, "profile": text, "results": results }))
}

/// What has to be installed or named otherwise is for the user to mend: exit code 2.
fn failure(error: GpuError) -> Failure {
    match error {
        GpuError::NoDevice { .. } => InputError::new("--device", error.to_string()).into(),
        GpuError::NoDriver | GpuError::NoCompiler => {
            InputError::new("calibrate gpu", error.to_string()).into()
        }
        error => Failure::run("measuring the GPU", error),
    }
}
