//! `podpath calibrate net`: the host profile of this machine.

use std::path::{Path, PathBuf};
use std::time::Instant;

use calibration_fit::posterior::Estimate;
use calibration_lab::names::Asker;
use calibration_lab::net::fit::{NetFit, Seen};
use calibration_lab::net::host::{HostFacts, PROFILE};
use calibration_lab::net::probe::{NetProbe, design};
use calibration_lab::net::round::{Rounds, carry_out};
use calibration_lab::net::{fit, record};
use clap::Args;
use models::cluster::lab::Pins;
use serde_json::json;

use super::{print_estimates, probes};
use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::Staging;
use crate::{lab, net_report};

const EXAMPLES: &str = "\
Examples:
  podpath calibrate net                      under 10 minutes; results/calibrate-net
  podpath calibrate net --quick              under 2 minutes: fewer probes, fewer rounds
  podpath calibrate net --senders 2 --readers 3 --out my-host
  podpath compare my.toml --profiles my-host/profiles

It builds network namespaces of its own (root is needed), sends nothing off this machine, and
removes them in the end. Let nothing else run meanwhile: probes are interleaved, but a busy machine
widens every interval. DIR receives profiles/host/this-host.csv, readings.csv, residuals.csv,
names.csv (names looked up by this machine's resolver, beside the model) and report.html.";

/// How often each name is looked up.
const LOOK_UPS: u32 = 30;

/// Measure what each hop of this host's network stack costs, per message, packet and byte
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Fewer probes and rounds: under two minutes
    #[arg(long)]
    quick: bool,
    /// Rounds through all probes [default: 5, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: Option<u16>,
    /// The cores of sending threads
    #[arg(long, value_name = "CORE", value_delimiter = ',', default_value = "0")]
    senders: Vec<usize>,
    /// The cores of reading threads [default: 1, or 0 where there is only one]
    #[arg(long, value_name = "CORE", value_delimiter = ',')]
    readers: Vec<usize>,
    /// Fit the readings of an earlier calibration again, without measuring
    #[arg(long, value_name = "readings.csv")]
    readings: Option<PathBuf>,
    /// The folder for results
    #[arg(long, value_name = "DIR", default_value = "results/calibrate-net")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let machine = HostFacts::here();
    let pins = Pins {
        senders: arguments.senders.clone(),
        readers: match arguments.readers.is_empty() {
            true => vec![usize::from(machine.cores > 1)],
            false => arguments.readers.clone(),
        },
    };
    let probes: Vec<NetProbe> =
        design().into_iter().filter(|probe| probe.quick || !arguments.quick).collect();
    let begin = Instant::now();
    let (probes, seen) = match &arguments.readings {
        Some(path) => {
            let source = crate::file::read_text(path, "--readings")?;
            record::read(&source, &probes)?
        }
        None => {
            let staging = Staging::new(&arguments.out)?;
            lab::ready()?;
            let probes = probes::possible(probes, console)?;
            let seen = measured(arguments, &probes, &pins, console)?;
            put(staging.path(), "readings.csv", &record::written(&probes, &seen))?;
            if !arguments.quick && !interrupt::asked() {
                names(staging.path(), console)?;
            }
            staging.commit(false)?;
            (probes, seen)
        }
    };
    console.note("fitting costs to the readings");
    let fit = fit::run(&machine, &probes, seen, &pins, calibration_data::shipped())?;
    let staging = Staging::new(&arguments.out)?;
    write(staging.path(), &machine, &probes, &fit)?;
    staging.commit(false)?;
    tell(arguments, &probes, &fit, begin.elapsed().as_secs_f64(), console)
}

/// Goes through the rounds.
fn measured(
    arguments: &Arguments,
    probes: &[NetProbe],
    pins: &Pins,
    console: &Console,
) -> Result<Vec<Seen>, Failure> {
    let library = calibration_data::shipped();
    interrupt::listen()?;
    let tasks = probes::tasks(probes)?;
    let repetitions = arguments.rounds.unwrap_or(if arguments.quick { 3 } else { 5 });
    let rounds =
        Rounds { repetitions: repetitions.into(), seconds: 1, pins: pins.clone(), plugins: false };
    let bar = console.progress(u64::from(repetitions) * tasks.len() as u64, "calibrate net");
    let done = || bar.inc(1);
    let readings = carry_out(&tasks, &rounds, library, interrupt::flag(), &done);
    bar.finish_and_clear();
    let readings = readings.map_err(lab::failure)?;
    if interrupt::asked() && readings.iter().any(Vec::is_empty) {
        console.note("stopped before the first round was through; nothing was written");
        return Err(Failure::Interrupted);
    }
    Ok(probes::values(probes, &readings))
}

/// Names looked up by this machine's own resolver, against a DNS server in a namespace.
fn names(folder: &Path, console: &Console) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::run("starting", error))?;
    let asker = Asker { program, arguments: vec!["look-up".into()] };
    match calibration_lab::names::measure(&asker, LOOK_UPS) {
        Ok(rows) => put(folder, "names.csv", &calibration_lab::names::table(&rows)),
        Err(error) => {
            console.note(&format!("skipped: names were not looked up: {error}"));
            Ok(())
        }
    }
}

fn put(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::run(format!("writing {name}"), error);
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
    std::fs::write(path, text).map_err(failed)
}

/// The tables and the profile.
pub(in crate::command) fn save(
    folder: &Path,
    probes: &[NetProbe],
    fit: &NetFit,
) -> Result<(), Failure> {
    let seen: Vec<Seen> = fit.residuals.iter().map(|row| row.seen.clone()).collect();
    put(folder, "readings.csv", &record::written(probes, &seen))?;
    put(folder, &format!("profiles/host/{PROFILE}.csv"), &fit.profile)?;
    put(folder, &format!("profiles/posterior/{PROFILE}.csv"), &fit.posterior)?;
    put(folder, "residuals.csv", &record::residuals(probes, fit))?;
    Ok(())
}

fn write(
    folder: &Path,
    machine: &HostFacts,
    probes: &[NetProbe],
    fit: &NetFit,
) -> Result<(), Failure> {
    save(folder, probes, fit)?;
    net_report::write(folder, &machine.told())?;
    Ok(())
}

fn tell(
    arguments: &Arguments,
    probes: &[NetProbe],
    fit: &NetFit,
    seconds: f64,
    console: &Console,
) -> Result<(), Failure> {
    print_estimates(&fit.estimates, console)?;
    let mut sheet = Sheet::new(&["probe", "figure", "measured", "spread", "predicted", "error"]);
    for row in &fit.residuals {
        let (low, high) = row.seen.quartiles();
        let median = row.seen.median();
        sheet.add_row([
            probes[row.seen.probe].name.clone().into(),
            row.seen.figure.name().into(),
            number(format!("{median:.3e}")),
            number(format!("{:.0} %", 100.0 * (high - low) / median)),
            number(format!("{:.3e}", row.predicted)),
            number(format!("{:+.1} %", 100.0 * (row.predicted / median - 1.0))),
        ]);
    }
    console.print("\n")?;
    console.print_table(sheet)?;
    if !fit.refused.is_empty() {
        let names = fit.refused.join(", ");
        console.print(&format!("\nnot decided by these probes, left as assumed: {names}\n"))?;
    }
    let out = arguments.out.display();
    console.print(&format!("\n{seconds:.0} s; results in {out}\n"))?;
    let estimate = |e: &Estimate| {
        json!({
            "parameter": e.name, "value": e.value, "low": e.low, "high": e.high,
            "spread_ratio": e.spread_ratio, "refused": fit.refused.contains(&e.name),
        })
    };
    let residual = |row: &fit::Residual| {
        json!({
            "probe": probes[row.seen.probe].name, "figure": row.seen.figure.name(),
            "measured": row.seen.median(), "predicted": row.predicted,
        })
    };
    console.print_json(&json!({
        "out": arguments.out,
        "parameters": fit.estimates.iter().map(estimate).collect::<Vec<_>>(),
        "residuals": fit.residuals.iter().map(residual).collect::<Vec<_>>(),
    }))
}
