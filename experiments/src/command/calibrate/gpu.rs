//! `podpath calibrate gpu`: the profile of the GPU at hand, or of what was measured elsewhere.

mod archived;
mod kept;
mod others;
mod outcome;

use std::path::{Path, PathBuf};

use calibration_gpu::device::Device;
use calibration_gpu::evaluate::evaluate;
use calibration_gpu::raw::Stated;
use calibration_gpu::simulated::{Simulated, plain, plausible};
use calibration_gpu::{Campaign, Cuda, Facts, GpuError, Opening, campaign, driver_is_there};
use clap::Args;
use models::input::InputError;
use models::library::Kind;
use models::pcie::Port;
use sim::Seed;

use super::judge;
use crate::console::Console;
use crate::failure::Failure;
use crate::{interrupt, span};

use kept::Kept;

/// The slot of a simulated device.
const SIMULATED_SLOT: &str = "gen4-x16";

const EXAMPLES: &str = "\
Examples:
  podpath calibrate gpu                                   print the profile
  podpath calibrate gpu --pcie gen5-x16 --name my-h100 --place 'rack 7, 2025-05-01' --out profiles
  podpath calibrate gpu --budget 4min                     what decides most, in four minutes
  podpath calibrate gpu --import podpath-gpu.tar.gz       what .ci/gpu measured on another machine
  podpath calibrate gpu --import bw.json --import smi.xml --base a100-40-pcie --pcie gen4-x16
  podpath calibrate gpu --simulate 1                      try it without a GPU
  podpath calibrate gpu --judge --budget 4min             measure what profiles are judged by

The NVIDIA driver is opened when the command runs. Nothing of CUDA is needed to build, and nothing
but the driver to measure: the kernels ship as PTX.
--import takes an archive (or the folder it was unpacked into), the raw.jsonl of a calibration, and
the output of nvbandwidth, nvidia-smi -q -x, nvidia-smi topo -m or -p2p, and nccl-tests, as they
print it or as people post it.";

/// Measure a GPU: launches, memory levels, copies, sharing; or import what was measured elsewhere
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The number of the device
    #[arg(long, value_name = "N", default_value_t = 0)]
    device: usize,
    /// The PCIe profile of the slot that it is in [default: what NVML tells, or the import;
    /// gen4-x16 with --simulate]
    #[arg(long, value_name = "PROFILE")]
    pcie: Option<String>,
    /// The name of the profile [default: my-gpu, or that of the import]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Where and when it is measured, for the source column [default: this machine]
    #[arg(long, value_name = "TEXT")]
    place: Option<String>,
    /// How often each figure is measured; the median is taken
    #[arg(long, value_name = "N", default_value_t = 21,
          value_parser = clap::value_parser!(u16).range(5..=1001))]
    repetitions: u16,
    /// How long measuring may take, such as 4min: what decides most goes first
    #[arg(long, value_name = "TIME", value_parser = span::seconds)]
    budget: Option<f64>,
    /// Measure although other processes are on the GPU
    #[arg(long)]
    even_if_busy: bool,
    /// Compile the kernels with NVRTC, and do not take the PTX that ships
    #[arg(long)]
    nvrtc: bool,
    /// Take over what was measured, by podpath or other programs, instead of measuring
    #[arg(long, value_name = "FILE", conflicts_with = "simulate")]
    import: Vec<PathBuf>,
    /// The shipped GPU whose profile is completed by what other programs measured
    #[arg(long, value_name = "PROFILE", requires = "import")]
    base: Option<String>,
    /// Make an archive of a folder of measurements, and write it to the file --out
    #[arg(long, value_name = "DIR", requires = "out", conflicts_with_all = ["import", "simulate"])]
    pack: Option<PathBuf>,
    /// Calibrate a simulated device, with chance from this seed: it says so everywhere
    #[arg(long, value_name = "SEED")]
    simulate: Option<u64>,
    /// Measure the judging set, which no fit sees, instead of calibrating
    #[arg(long, conflicts_with_all = ["import", "pack", "pcie"])]
    judge: bool,
    /// The folder of profiles to write gpu/NAME.csv into; with --judge that of judging.csv, with
    /// --pack the archive
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The folder for readings, points and findings as tables, plots and report.html [default:
    /// calibrate-gpu in --out, or results/calibrate-gpu]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
}

impl Arguments {
    /// How a real device is opened.
    const fn opening(&self) -> Opening {
        Opening { nvrtc: self.nvrtc, even_if_busy: self.even_if_busy }
    }

    /// The folder for everything but the profile.
    fn results(&self) -> PathBuf {
        let beside = || self.out.as_deref().unwrap_or(Path::new("results")).join("calibrate-gpu");
        self.results.clone().unwrap_or_else(beside)
    }

    /// What the user says of the device, beside what was said before and what it tells itself.
    fn stated(&self, before: &Stated, facts: Option<&Facts>) -> Stated {
        let given = |text: &Option<String>, before: &str, default: &str| match (text, before) {
            (Some(text), _) => text.clone(),
            (None, "") => default.to_owned(),
            (None, before) => before.to_owned(),
        };
        let told = facts.and_then(|facts| facts.pcie);
        let told = told.map(|(generation, lanes)| format!("gen{generation}-x{lanes}"));
        let simulated = self.simulate.map(|_| SIMULATED_SLOT.to_owned());
        Stated {
            name: given(&self.name, &before.name, "my-gpu"),
            place: given(&self.place, &before.place, "this machine"),
            pcie: self.pcie.clone().or_else(|| before.pcie.clone()).or(told).or(simulated),
        }
    }
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name = arguments.name.as_deref().unwrap_or("my-gpu");
    if name.is_empty() || !name.chars().all(plain) {
        return Err(InputError::new("--name", format!("`{name}` names no file"))
            .help("letters, digits, `-` and `_`")
            .into());
    }
    if arguments.judge {
        return judged(arguments, console);
    }
    match (&arguments.pack, &arguments.import[..]) {
        (Some(folder), _) => archived::pack(arguments, folder, console),
        (None, []) => measure(arguments, console),
        (None, [path]) if archived::is_one(path) => archived::take_over(arguments, path, console),
        (None, _) => others::take_over(arguments, console),
    }
}

fn measure(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if arguments.pcie.is_some() {
        port(arguments.pcie.as_deref())?;
    }
    // Where there is nothing to measure, that is what the user has to hear, and no missing slot.
    if arguments.simulate.is_none() && !driver_is_there() {
        return Err(failure(GpuError::NoDriver));
    }
    let mut device = open(arguments.simulate, arguments.device, &arguments.opening())?;
    let stated = arguments.stated(&Stated::default(), Some(device.facts()));
    port(stated.pcie.as_deref())?;
    match arguments.simulate {
        Some(_) => console.note("a SIMULATED device: nothing is measured"),
        None => console.note("measuring; other work on the GPU disturbs it"),
    }
    if let Some(why) = device.silent() {
        console.note(&format!("power, memory clock and throttling stay unknown: {why}"));
    }
    interrupt::listen()?;
    let repetitions = usize::from(arguments.repetitions);
    let plan = Campaign { repetitions, budget_s: arguments.budget };
    let mut kept = Kept::new(&arguments.results(), &plan, &stated, console);
    let raw = campaign::measure(device.as_mut(), &plan, &mut kept).map_err(failure)?;
    let measured = evaluate(raw);
    outcome::tell(arguments, &measured, &stated, console)?;
    if interrupt::asked() { Err(Failure::Interrupted) } else { Ok(()) }
}

/// `--judge`: the judging set.
fn judged(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let mut device = open(arguments.simulate, arguments.device, &arguments.opening())?;
    let asked = judge::Asked {
        device: arguments.device,
        nvrtc: arguments.nvrtc,
        simulated: arguments.simulate.is_some(),
        repetitions: usize::from(arguments.repetitions),
        budget_s: arguments.budget,
        out: arguments.out.as_deref(),
    };
    judge::run(device.as_mut(), &asked, console)
}

/// `podpath calibrate judge-process`: one of the processes that the judging set asks for.
pub(super) fn judge_process(arguments: &judge::Process) -> Result<(), Failure> {
    // The process that started this one is on the GPU too.
    let opening = Opening { nvrtc: arguments.nvrtc, even_if_busy: true };
    judge::process(open(arguments.simulate, arguments.device, &opening)?.as_mut())
}

fn open(
    simulate: Option<u64>,
    device: usize,
    opening: &Opening,
) -> Result<Box<dyn Device>, Failure> {
    match simulate {
        Some(seed) => Ok(Box::new(Simulated::new(plain(), plausible(), Seed::new(seed))?)),
        None => Ok(Box::new(Cuda::open(device, opening).map_err(failure)?)),
    }
}

fn port(pcie: Option<&str>) -> Result<Port, InputError> {
    let Some(pcie) = pcie else {
        return Err(InputError::new("--pcie", "is missing")
            .help("the PCIe profile of the GPU's slot, such as `gen4-x16`"));
    };
    let named = calibration_data::shipped().profile(Kind::Pcie, pcie);
    let named = named.map_err(|error| InputError { field: "--pcie".into(), ..error })?;
    Port::from_profile(&named)
}

/// What has to be installed or named otherwise is for the user to mend: exit code 2.
fn failure(error: GpuError) -> Failure {
    match error {
        GpuError::NoDevice { .. } => InputError::new("--device", error.to_string()).into(),
        GpuError::Budget { .. } => InputError::new("--budget", error.to_string()).into(),
        GpuError::NoDriver
        | GpuError::OldDriver { .. }
        | GpuError::NoGpu(_)
        | GpuError::Partitioned { .. }
        | GpuError::Busy { .. }
        | GpuError::NoCompiler => InputError::new("calibrate gpu", error.to_string()).into(),
        error => Failure::run("measuring the GPU", error),
    }
}
