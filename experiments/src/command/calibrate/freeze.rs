//! `podpath calibrate freeze`: what a profile says of the judging set, written down once.

use std::path::{Path, PathBuf};
use std::process::Command;

use calibration_gpu::judge::{frozen, predict};
use clap::Args;
use models::input::InputError;
use serde_json::json;

use crate::console::Console;
use crate::failure::Failure;
use crate::output::write_file;

const EXAMPLES: &str = "\
Examples:
  podpath calibrate freeze h100-80-sxm --pcie gen5-x16 --host two-socket-2021

It writes DIR/GPU.csv, and never over a file that is there: what was predicted before a measurement
cannot be improved after it. It runs in a checkout whose files are committed, because the head of
the file names the commit.";

/// Write down what a GPU's profile predicts for the judging set, once
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The shipped GPU profiles
    #[arg(required = true, value_name = "GPU")]
    gpus: Vec<String>,
    /// The PCIe profile of the slot
    #[arg(long, value_name = "PROFILE")]
    pcie: String,
    /// The profile of the host
    #[arg(long, value_name = "PROFILE")]
    host: String,
    /// The folder of frozen predictions
    #[arg(long, value_name = "DIR", default_value = "calibration/data/frozen")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let path = |gpu: &String| arguments.out.join(format!("{gpu}.csv"));
    if let Some(there) = arguments.gpus.iter().map(path).find(|path| path.exists()) {
        let problem =
            format!("`{}` is there, and a frozen file is never written anew", there.display());
        return Err(InputError::new("--out", problem).help("another folder").into());
    }
    let (commit, date) = commit()?;
    let mut texts = Vec::new();
    for gpu in &arguments.gpus {
        let subject = predict::Subject {
            library: calibration_data::shipped().clone(),
            gpu: gpu.clone(),
            pcie: arguments.pcie.clone(),
            host: arguments.host.clone(),
        };
        console.note(&format!("predicting the judging set for {gpu}"));
        let predictions = predict::predict(&subject)?;
        let said = predictions.iter().filter(|prediction| prediction.said.is_ok()).count();
        texts.push((gpu, frozen::text(&subject, &predictions, &commit, &date)?, said));
    }
    let mut files = Vec::new();
    for (gpu, text, said) in texts {
        let file = path(gpu);
        write_file(&file, &text)?;
        console.print(&format!("{said} cases predicted, frozen in {}\n", file.display()))?;
        files.push(json!({ "gpu": gpu, "file": file, "predicted": said }));
    }
    console.print_json(&json!({ "commit": commit, "date": date, "files": files }))
}

/// The commit that is checked out, and its day.
fn commit() -> Result<(String, String), InputError> {
    let changed = git(&["status", "--porcelain", "--untracked-files=no"])?;
    if !changed.is_empty() {
        return Err(InputError::new("freeze", "files of this checkout differ from its commit")
            .help("commit first: the head of a frozen file names the code that predicted"));
    }
    let told = git(&["show", "--no-patch", "--format=%H %cs", "HEAD"])?;
    let (commit, date) = told.split_once(' ').unwrap_or((&told, ""));
    Ok((commit.to_owned(), date.to_owned()))
}

fn git(arguments: &[&str]) -> Result<String, InputError> {
    let output = Command::new("git").args(arguments).current_dir(Path::new(".")).output();
    let fault = |problem: String| {
        InputError::new("freeze", problem).help("run it in a checkout of the repository")
    };
    let output = output.map_err(|error| fault(format!("git cannot be run: {error}")))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(fault("this is no checkout of a git repository".into())),
    }
}
