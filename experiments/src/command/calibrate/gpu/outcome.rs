//! What a calibration leaves: tables, plots, report and profile, wherever the readings are from.

use std::path::Path;

use calibration_gpu::raw::Stated;
use calibration_gpu::{Account, Measured, Status, profile, table};
use models::input::InputError;
use serde_json::{Value, json};

use super::{Arguments, port};
use crate::command::calibrate::write;
use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::{plot, report};

/// Writes everything, and tells the findings and what is not among them.
pub(super) fn tell(
    arguments: &Arguments,
    measured: &Measured,
    stated: &Stated,
    console: &Console,
) -> Result<(), Failure> {
    results(&arguments.results(), measured)?;
    print_findings(measured, console)?;
    for sentence in missing(measured) {
        console.print(&format!("\n{sentence}\n"))?;
    }
    if measured.samples.is_empty() {
        return Err(nothing(measured));
    }
    let text = profile(measured, &port(stated.pcie.as_deref())?, &stated.place)?;
    match write(arguments.out.as_deref(), "gpu", &stated.name, &text)? {
        Some(file) => console.print(&format!("written to {}\n", file.display()))?,
        None => console.print(&text)?,
    }
    console.print(&format!("\nresults in {}\n", arguments.results().display()))?;
    console.print_json(&json!({
        "name": stated.name,
        "profile": text,
        "results": arguments.results(),
        "budget_s": measured.plan.budget_s,
        "probes": measured.accounts.iter().map(told).collect::<Vec<_>>(),
    }))
}

/// Why nothing at all was measured.
fn nothing(measured: &Measured) -> Failure {
    let late = measured.accounts.iter().any(|account| account.status == Status::LeftOut);
    match (measured.failed(), late) {
        (Some(error), _) => Failure::run("no probe could be measured", error),
        (None, true) => InputError::new("--budget", "was over before a probe had ended")
            .help("more: opening the device and allocating memory took all of it")
            .into(),
        (None, false) => Failure::run("no probe could be measured", "none was reached"),
    }
}

/// Writes readings, points, findings, probes, plots and report.
fn results(folder: &Path, measured: &Measured) -> Result<(), Failure> {
    let staging = super::others::results_folder(folder)?;
    let stage = staging.path();
    let tables = [
        ("readings.csv", table::readings(measured)),
        ("points.csv", table::points(measured)),
        ("findings.csv", table::findings(measured)),
        ("probes.csv", table::probes(measured)),
    ];
    for (name, text) in tables {
        let failed = |error| Failure::run(format!("writing {name}"), error);
        std::fs::write(stage.join(name), text).map_err(failed)?;
    }
    let figures = plot::calibration(stage).map_err(|e| Failure::run("drawing the plots", e))?;
    report::calibration(stage, &figures).map_err(|e| Failure::run("writing the report", e))?;
    staging.commit(false)
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

/// A sentence for each reason why probes are missing, with the parameters that stay unknown.
fn missing(measured: &Measured) -> Vec<String> {
    let mut sentences = Vec::new();
    let names = |status: &Status| {
        let with = |account: &&Account| account.status == *status;
        let all: Vec<String> = measured.accounts.iter().filter(with).map(named).collect();
        plot::words::list(&all)
    };
    for account in &measured.accounts {
        let sentence = match &account.status {
            Status::Found { .. } | Status::Absent => continue,
            Status::LeftOut => {
                let budget = plot::words::number(measured.plan.budget_s.unwrap_or(0.0));
                format!("Left out by the budget of {budget} s: {}.", names(&Status::LeftOut))
            }
            Status::NotReached => format!("Not reached: {}.", names(&Status::NotReached)),
            Status::Failed(why) => format!("Failed: {}: {why}.", named(account)),
            Status::Undecided { why, .. } => format!("Undecided: {}: {why}.", named(account)),
        };
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

fn named(account: &Account) -> String {
    format!("{} ({})", account.probe, account.missing.join(", "))
}

fn told(account: &Account) -> Value {
    json!({
        "probe": account.probe,
        "status": account.status.name(),
        "repetitions": account.status.repetitions(),
        "seconds": account.seconds,
        "parameters": account.identifies,
        "missing": account.missing,
        "why": account.status.why(),
    })
}
