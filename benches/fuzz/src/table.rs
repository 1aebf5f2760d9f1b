//! What came of all targets, for a reader or a program.

use std::io::{self, Write};

use serde_json::json;

use crate::coverage::Coverage;
use crate::supervisor::Outcome;

/// Prints a table with a line for each target, and what was found.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn print(outcomes: &[Outcome], json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{:#}", as_json(outcomes));
    }
    let found: usize = outcomes.iter().map(|outcome| outcome.tally.findings.len()).sum();
    for finding in outcomes.iter().flat_map(|outcome| &outcome.tally.findings) {
        writeln!(out, "FOUND {}", finding.told())?;
    }
    writeln!(
        out,
        "{:<13} {:>10} {:>8} {:>8} {:>8} {:>7} {:>7} {:>6}",
        "target", "executions", "ended", "refused", "stopped", "kinds", "a second", "found"
    )?;
    for Outcome { target, tally, seconds } in outcomes {
        let part = |count: u64| match tally.executions {
            0 => "–".to_owned(),
            all => format!("{:.1} %", 100.0 * count as f64 / all as f64),
        };
        writeln!(
            out,
            "{:<13} {:>10} {:>8} {:>8} {:>8} {:>7} {:>7.0} {:>6}",
            target.name,
            tally.executions,
            part(tally.ended),
            part(tally.refused),
            part(tally.stopped),
            tally.kinds,
            tally.executions as f64 / seconds.max(1e-3),
            tally.findings.len()
        )?;
    }
    let executions: u64 = outcomes.iter().map(|outcome| outcome.tally.executions).sum();
    let ended: u64 = outcomes.iter().map(|outcome| outcome.tally.ended).sum();
    let guide = if Coverage::COUNTS { "branches and answers" } else { "answers" };
    writeln!(
        out,
        "{executions} executions, {ended} to the end of a run, guided by {guide}; {found} found"
    )
}

fn as_json(outcomes: &[Outcome]) -> serde_json::Value {
    let targets = outcomes.iter().map(|Outcome { target, tally, seconds }| {
        json!({
            "target": target.name,
            "about": target.about,
            "executions": tally.executions,
            "ended": tally.ended,
            "refused": tally.refused,
            "stopped": tally.stopped,
            "kinds": tally.kinds,
            "seconds": seconds,
            "findings": tally.findings,
        })
    });
    json!({ "coverage": Coverage::COUNTS, "targets": targets.collect::<Vec<_>>() })
}
