//! `podpath compare`: an experiment, or a GPU, measured and predicted, side by side.

mod judging;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use calibration_lab::net::fit;
use calibration_lab::net::host::{HostFacts, PROFILE};
use clap::Args;
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use serde_json::json;

use super::calibrate::probes;
use super::measure::{How, carry_out, read};
use crate::compare::{Known, Predictions, Sure};
use crate::console::Console;
use crate::experiment::{Experiment, Plan, Point};
use crate::failure::Failure;
use crate::output::Staging;
use crate::overview::percent;
use crate::{compare, compare_report, file, interrupt, library, measure};

const EXAMPLES: &str = "\
Examples:
  podpath calibrate net && podpath compare experiments/lab.toml
  podpath compare experiments/lab.toml --calibrate    probes and points in the same rounds
  podpath compare my.toml --profiles my-host/profiles --json | jq .verdict
  podpath compare my.toml --measured results/my-compared --profiles other/profiles
  podpath compare --measured results/judging --profile my-gpu.csv
                                                      a GPU beside what was predicted of it
  podpath compare --measured podpath-gpu.tar.gz       the same from an archive of .ci/gpu

First `podpath calibrate net` finds what this host's hops cost; then each topology is carried out
here (see `podpath measure --help`) and predicted with this host's profile. DIR receives
compare.csv, plots/ and report.html: predicted, measured (median and quartiles), error, and
whether the prediction lies inside the measurement's own spread; and pairs.csv: which of two
topologies was better, and with what probability that was predicted.

Without FILE, --measured names what `podpath calibrate gpu --judge` wrote, or an archive of .ci/gpu
that has it: the judging set, which no fit sees. It is held against the predictions that were frozen
before anybody had measured it, and against those of --profile: error by kind and half, median, 90th
percentile and coverage.";

/// Measure and predict an experiment on this host, or judge what was predicted of a GPU
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// An experiment file, or the name of a shipped experiment
    #[arg(value_name = "FILE", required_unless_present = "measured")]
    file: Option<String>,
    #[command(flatten)]
    how: How,
    /// The folder of profiles that `calibrate net` wrote
    #[arg(long, value_name = "DIR", default_value = "results/calibrate-net/profiles")]
    profiles: PathBuf,
    /// Calibrate in the same rounds: probes of the kinds of transfer that the file has, interleaved
    /// with its points, so that a machine whose speed drifts drifts for both
    #[arg(long, conflicts_with_all = ["profiles", "measured"])]
    calibrate: bool,
    /// Judge what an earlier comparison of FILE measured, without measuring again; without FILE the
    /// folder or file that `calibrate gpu --judge` wrote, or an archive that has it
    #[arg(long, value_name = "PATH")]
    measured: Option<PathBuf>,
    /// Without FILE: the GPU profile to judge, by its name or as a file that ends in .csv
    #[arg(long, value_name = "PROFILE", requires = "measured", conflicts_with = "file")]
    profile: Option<String>,
    /// Without FILE: the GPU whose frozen predictions are judged [default: the one measured]
    #[arg(long, value_name = "GPU", requires = "measured", conflicts_with = "file")]
    frozen: Option<String>,
    /// Without FILE: the most cases to print; compare.csv has all
    #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true,
          requires = "measured", conflicts_with = "file")]
    rows: usize,
    /// The folder for results [default: results/NAME-compared, without FILE results/judged]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    match (&arguments.file, &arguments.measured) {
        (None, Some(measured)) => {
            let (profile, frozen) = (arguments.profile.as_deref(), arguments.frozen.as_deref());
            let (out, rows) = (arguments.out.as_deref(), arguments.rows);
            let asked = judging::Asked { measured, profile, frozen, out, rows };
            judging::run(&asked, console)
        }
        (file, _) => experiment(file.as_deref().unwrap_or_default(), arguments, console),
    }
}

fn experiment(file: &str, arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    if arguments.how.peer.is_some() {
        let problem = "what lies between two machines is not in this host's profile";
        return Err(InputError::new("--peer", problem)
            .help("`podpath measure FILE --peer HOST`, beside `podpath run FILE`")
            .into());
    }
    let (experiment, plan) = read(file)?;
    let out = arguments.out.clone();
    let out =
        out.unwrap_or_else(|| Path::new("results").join(format!("{}-compared", experiment.name)));
    // Predicted first: what cannot be predicted need not be measured.
    let predicted = match arguments.calibrate {
        true => None,
        false => {
            let library = own(&experiment.library, &arguments.profiles)?;
            Some(compare::predicted(&experiment, &plan, &library)?)
        }
    };
    let staging = Staging::new(&out)?;
    let sure = match (&arguments.measured, predicted) {
        (Some(folder), Some(predicted)) => {
            let source = file::read_text(&folder.join("compare.csv"), "--measured")?;
            compare::judge(staging.path(), &source, &experiment, &plan, &predicted)?
        }
        (_, predicted) => {
            measured(arguments, staging.path(), (experiment, plan), predicted, console)?
        }
    };
    compare_report::write(staging.path(), &HostFacts::here().told())?;
    let (verdict, sentences) = compare_report::verdict(staging.path())?;
    staging.commit(false)?;
    for sentence in sentences {
        console.print(&format!("{sentence}\n"))?;
    }
    told(&sure, console)?;
    console.print(&format!("\nresults in {}\n", out.display()))?;
    console.print_json(&json!({
        "out": out, "complete": !interrupt::asked(), "verdict": verdict,
        "pairs": sure.pairs, "coverage": sure.coverage,
    }))?;
    if interrupt::asked() { Err(Failure::Interrupted) } else { Ok(()) }
}

/// How sure predictions were, and what came of it.
fn told(sure: &Sure, console: &Console) -> Result<(), Failure> {
    if let Some(own) = &sure.coverage {
        console.print(&format!(
            "{} of {} measured medians lie in their 90 % intervals ({} to {} by bootstrap over \
             topologies); the median width is {:.2} ×.\n",
            percent(own.coverage_90),
            own.figures,
            percent(own.coverage_90_low),
            percent(own.coverage_90_high),
            own.median_width,
        ))?;
    }
    let Known { decided, known, right } = sure.pairs;
    if decided > 0 {
        console.print(&format!(
            "Of {decided} pairs of topologies that the measurement orders, the order of {known} \
             was predicted with a probability of 0.9 or more; {right} of these came so.\n"
        ))?;
    }
    Ok(())
}

/// Measures, and where nothing has been predicted yet, calibrates in the same rounds first.
fn measured(
    arguments: &Arguments,
    folder: &Path,
    (experiment, plan): (Experiment, Plan),
    predicted: Option<Predictions>,
    console: &Console,
) -> Result<Sure, Failure> {
    let probes = match predicted {
        Some(_) => Vec::new(),
        None => {
            // What no lab can play is refused before this machine is looked at.
            measure::tasks(&experiment, &plan, false)?;
            crate::lab::ready()?;
            let points: Vec<Point> = plan.points().collect();
            let transfers = points.iter().flat_map(|point| &point.transfers);
            probes::possible(probes::of_kind(transfers), console)?
        }
    };
    let beside = probes::tasks(&probes)?;
    let how = &arguments.how;
    let Some(measured) = carry_out(experiment, plan, beside, how, console)? else {
        return Err(Failure::Interrupted);
    };
    let (experiment, plan) = (&measured.experiment, &measured.plan);
    let predicted = match predicted {
        Some(predicted) => predicted,
        None => {
            let seen = probes::values(&probes, &measured.beside);
            let pins = &measured.rounds.pins;
            let fit =
                fit::run(&HostFacts::here(), &probes, seen, pins, calibration_data::shipped())?;
            super::calibrate::net::save(folder, &probes, &fit)?;
            let mut library = Library::clone(&experiment.library);
            let beside = |text| Source::new("calibrated beside it", text);
            library.add(Kind::Host, PROFILE, beside(fit.profile));
            library.add(Kind::Posterior, PROFILE, beside(fit.posterior));
            compare::predicted(experiment, plan, &library)?
        }
    };
    compare::write(folder, experiment, plan, &measured.readings, &predicted)
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
