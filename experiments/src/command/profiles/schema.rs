//! `podpath profiles schema`: the lines that a profile may have.

use clap::Args;
use models::gpu::assumed::ASSUMED;
use models::library::Kind;
use models::profile::schema::{Line, Need, lines};
use serde_json::{Value, json};

use super::kind_named;
use crate::console::{Console, Sheet};
use crate::failure::Failure;

/// What to show.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// One kind alone: host, gpu, pcie, nic or model
    kind: Option<String>,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let kinds: Vec<Kind> = match &arguments.kind {
        None => Kind::ALL.into_iter().filter(|kind| kind.is_profile()).collect(),
        Some(name) => vec![kind_named(name)?],
    };
    let mut table = Sheet::new(&["kind", "line", "unit", "needed", "where it is absent", "what"]);
    let mut told = Vec::new();
    for kind in kinds {
        for line in lines(kind) {
            let unit = line.dimension.units().join(", ");
            let (needed, absent) = need(line);
            table.add_row([kind.folder(), line.name, &unit, &needed, &absent, line.about]);
            told.push(row(kind, line, &needed, &absent));
        }
    }
    console.print_table(table)?;
    console.print_json(&json!({ "lines": told }))
}

/// Whether a line is needed, and what holds where it is absent.
fn need(line: &Line) -> (String, String) {
    match line.need {
        Need::Always => ("always".into(), String::new()),
        Need::Where(so) => (format!("where {so}"), String::new()),
        Need::Default(_, why) | Need::Absent(why) => ("no".into(), why.into()),
        Need::Assumed => {
            let why = ASSUMED.iter().find(|assumed| assumed.parameter == line.name);
            ("no".into(), why.map_or(String::new(), |assumed| assumed.reason.into()))
        }
    }
}

fn row(kind: Kind, line: &Line, needed: &str, absent: &str) -> Value {
    let default = match line.need {
        Need::Default(value, _) => Some(value),
        _ => None,
    };
    json!({
        "kind": kind.folder(),
        "line": line.name,
        "units": line.dimension.units(),
        "needed": needed,
        "default": default,
        "absent": absent,
        "about": line.about,
    })
}
