//! `podpath calibrate gpu`: the profile of the GPU at hand.

use std::path::PathBuf;

use calibration::gpu::{GpuError, Options, driver_is_there, measure, profile};
use clap::Args;
use models::input::InputError;
use models::library::Kind;
use models::pcie::Port;
use serde_json::json;

use super::write;
use crate::console::Console;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  podpath calibrate gpu --pcie gen4-x16                   print the profile
  podpath calibrate gpu --pcie gen5-x16 --name my-h100 --place 'rack 7, 2025-05-01' --out profiles

The NVIDIA driver and NVRTC are opened when the command runs; nothing of CUDA is needed to build.";

/// Measure a GPU: launch time, copy engines, and what the driver says of it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The number of the device
    #[arg(long, value_name = "N", default_value_t = 0)]
    device: usize,
    /// The PCIe profile of the slot that it is in; needed where there is a GPU
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
          value_parser = clap::value_parser!(u16).range(1..=1001))]
    repetitions: u16,
    /// The folder of profiles to write gpu/NAME.csv into
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if arguments.name.is_empty() || !arguments.name.chars().all(plain) {
        return Err(InputError::new("--name", format!("`{}` names no file", arguments.name))
            .help("letters, digits, `-` and `_`")
            .into());
    }
    let Some(pcie) = &arguments.pcie else {
        // Where there is nothing to measure, that is what the user has to hear first.
        let missing = InputError::new("--pcie", "is missing")
            .help("the PCIe profile of the GPU's slot, such as `gen4-x16`");
        return Err(if driver_is_there() { missing.into() } else { failure(GpuError::NoDriver) });
    };
    let named = calibration::shipped().profile(Kind::Pcie, pcie);
    let named = named.map_err(|error| InputError { field: "--pcie".into(), ..error })?;
    let port = Port::from_profile(&named)?;
    let repetitions = usize::from(arguments.repetitions);
    let options = Options { device: arguments.device, repetitions, ..Options::default() };
    console.note("measuring; other work on the GPU disturbs it");
    let measured = measure(&options).map_err(failure)?;
    let text = profile(&measured, &port, &arguments.place)?;
    match write(arguments.out.as_deref(), "gpu", &arguments.name, &text)? {
        Some(file) => console.print(&format!("written to {}\n", file.display()))?,
        None => console.print(&text)?,
    }
    console.print_json(&json!({ "name": arguments.name, "profile": text }))
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
