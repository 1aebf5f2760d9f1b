//! `podpath compare`: an experiment measured and predicted, side by side.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use calibration::net::host::{Machine, PROFILE};
use clap::Args;
use models::input::InputError;
use models::library::{Kind, Library};
use serde_json::json;

use super::measure::{How, carry_out, read};
use crate::console::Console;
use crate::failure::Failure;
use crate::output::Staging;
use crate::{compare, compare_report, file, interrupt, library};

const EXAMPLES: &str = "\
Examples:
  podpath calibrate net && podpath compare experiments/lab.toml
  podpath compare my.toml --profiles my-host/profiles --json | jq .verdict
  podpath compare my.toml --measured results/my-compared --profiles other/profiles

First `podpath calibrate net` finds what this host's hops cost; then each topology is carried out
here (see `podpath measure --help`) and predicted with this host's profile. DIR receives
compare.csv, plots/ and report.html: predicted, measured (median and quartiles), error, and
whether the prediction lies inside the measurement's own spread.";

/// Measure and predict an experiment on this host, with table, plot and verdict per topology
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// An experiment file, or the name of a shipped experiment
    #[arg(value_name = "FILE")]
    file: String,
    #[command(flatten)]
    how: How,
    /// The folder of profiles that `calibrate net` wrote
    #[arg(long, value_name = "DIR", default_value = "results/calibrate-net/profiles")]
    profiles: PathBuf,
    /// Judge what an earlier comparison measured, without measuring again
    #[arg(long, value_name = "DIR")]
    measured: Option<PathBuf>,
    /// The folder for results [default: results/NAME-compared]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if arguments.how.peer.is_some() {
        let problem = "what lies between two machines is not in this host's profile";
        return Err(InputError::new("--peer", problem)
            .help("`podpath measure FILE --peer HOST`, beside `podpath run FILE`")
            .into());
    }
    let (experiment, plan) = read(&arguments.file)?;
    let library = own(&experiment.library, &arguments.profiles)?;
    let out = arguments.out.clone();
    let out =
        out.unwrap_or_else(|| Path::new("results").join(format!("{}-compared", experiment.name)));
    // Predicted first: what cannot be predicted need not be measured.
    let predicted = compare::predicted(&experiment, &plan, &library)?;
    let staging = Staging::new(&out)?;
    match &arguments.measured {
        Some(folder) => {
            let source = file::read_text(&folder.join("compare.csv"), "--measured")?;
            compare::judge(staging.path(), &source, &experiment, &plan, &predicted)?;
        }
        None => {
            let Some(measured) = carry_out(experiment, plan, &arguments.how, console)? else {
                return Err(Failure::Interrupted);
            };
            let (experiment, plan) = (&measured.experiment, &measured.plan);
            compare::write(staging.path(), experiment, plan, &measured.readings, &predicted)?;
        }
    }
    compare_report::write(staging.path(), &Machine::here().told())?;
    let (verdict, sentences) = compare_report::verdict(staging.path())?;
    staging.commit()?;
    for sentence in sentences {
        console.print(&format!("{sentence}\n"))?;
    }
    console.print(&format!("\nresults in {}\n", out.display()))?;
    console.print_json(&json!({
        "out": out, "complete": !interrupt::asked(), "verdict": verdict,
    }))?;
    if interrupt::asked() { Err(Failure::Interrupted) } else { Ok(()) }
}

/// The experiment's library with this host's profile.
fn own(library: &Arc<Library>, folder: &Path) -> Result<Library, InputError> {
    let mut own = Library::clone(library);
    let missing = || {
        let problem = format!("`{}` has no host/{PROFILE}.csv", folder.display());
        InputError::new("--profiles", problem)
            .help("run `podpath calibrate net` on this machine first")
    };
    if !folder.is_dir() {
        return Err(missing());
    }
    library::add_folder(&mut own, folder)?;
    own.source(Kind::Host, PROFILE).map_err(|_| missing())?;
    Ok(own)
}
