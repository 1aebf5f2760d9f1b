//! `podpath profiles perturb`: moves every number and tells what changes.

use clap::Args;
use serde_json::json;

use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::perturb::{self, Found, Moved};

/// What to move.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only what begins so: host, gpu/a100-40-pcie, hop, topology, experiment
    only: Option<String>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let bar = console.progress(0, "numbers");
    let found = perturb::run(
        arguments.only.as_deref(),
        |count| bar.set_length(count as u64),
        || {
            bar.inc(1);
        },
    );
    bar.finish_and_clear();
    let found = found?;
    let mut table = Sheet::new(&["in", "number", "is", "moved to", "scene", "what changes", "by"]);
    for found in &found {
        if let Some(moved) = &found.moved {
            table.add_row([
                found.origin.clone().into(),
                found.name.clone().into(),
                number(&found.value),
                number(&moved.to),
                moved.scene.clone().into(),
                moved.figure.clone().into(),
                number(by(moved)),
            ]);
        }
    }
    console.print_table(table)?;
    let without: Vec<&Found> = found.iter().filter(|found| found.moved.is_none()).collect();
    let (all, idle) = (found.len(), without.len());
    console.print(&format!("\n{} of {all} numbers change a prediction.\n", all - idle))?;
    if idle > 0 {
        console.print(&format!("Without effect are {idle}:\n"))?;
    }
    for found in &without {
        let why = found.reason.unwrap_or("no reason is known");
        console.print(&format!("  {} {}: {why}\n", found.origin, found.name))?;
    }
    console.print_json(&json!({ "numbers": found, "without_effect": without }))
}

/// By how much a figure changed.
fn by(moved: &Moved) -> String {
    match moved.after {
        None => "refused".into(),
        Some(after) if moved.before != 0.0 => {
            format!("{:+.2} %", 100.0 * (after / moved.before - 1.0))
        }
        Some(after) => format!("{:+.3e}", after - moved.before),
    }
}
