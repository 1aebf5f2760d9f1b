//! What the options of a placement ask, as text.

use std::path::Path;

use calibration_data::file::DataFile;
use calibration_data::placement::{shipped, shipped_workloads};
use models::input::{InputError, nearest, suggest};
use models::placement::{Policy, Rules, Unfit};
use models::quantity::parse_time;
use sim::Time;

use super::Arguments;
use crate::file;

/// How many moments of a trace are looked at.
const MOMENTS: u32 = 200;
/// The most that may arrive, in percent.
const PERCENT_MAX: u32 = 1000;

/// The name of the nodes that ship.
const NODES: &str = "openb";

/// Which pods come, and when.
pub(super) enum Arrivals {
    /// Drawn ones, until they ask for so many percent of the GPU.
    Percent(u32),
    /// Those of the trace.
    Trace(Rules),
}

/// The table of nodes in a file, or that which ships under a name.
pub(super) fn nodes(name: &str) -> Result<DataFile, InputError> {
    let known = (name == NODES).then_some("nodes");
    table(name, "NODES", known.unwrap_or_default(), &[NODES])
}

/// The table of pods in a file, or that which ships under a name.
pub(super) fn pods(name: &str) -> Result<DataFile, InputError> {
    table(name, "PODS", &format!("pods_{name}"), &shipped_workloads())
}

/// The table in a file, or else the shipped one that is called `known`; `names` are what a user
/// may have meant.
fn table(name: &str, field: &str, known: &str, names: &[&str]) -> Result<DataFile, InputError> {
    let path = Path::new(name);
    if path.exists() {
        return file::table(path, field);
    }
    match (shipped(known), nearest(name, names.iter().copied())) {
        (Some(table), _) => table,
        (None, Some(meant)) => {
            let problem = format!("there is no file `{name}`, and nothing that ships is called so");
            Err(InputError::new(field, problem).help(format!("did you mean `{meant}`?")))
        }
        (None, None) => file::table(path, field),
    }
}

/// The policies of a list.
pub(super) fn policies(text: &str) -> Result<Vec<Policy>, InputError> {
    let mut policies = Vec::new();
    for name in text.split(',').map(str::trim) {
        let policy = Policy::named(name).ok_or_else(|| {
            let known = Policy::ALL.iter().map(|(known, _)| *known);
            InputError::new("--scheduler", format!("there is no scheduler `{name}`"))
                .help(suggest(name, known))
        })?;
        if policies.contains(&policy) {
            return Err(InputError::new("--scheduler", format!("`{name}` is named twice"))
                .help("each name once"));
        }
        policies.push(policy);
    }
    Ok(policies)
}

/// What `--arrivals`, `--unfit` and `--start` ask together.
pub(super) fn arrivals(arguments: &Arguments) -> Result<Arrivals, InputError> {
    let Arguments { arrivals, unfit, start, .. } = arguments;
    if arrivals == "trace" {
        return Ok(Arrivals::Trace(Rules {
            unfit: unfit.as_deref().map_or(Ok(Unfit::Wait), unfit_named)?,
            start: start.as_deref().map_or(Ok(Time::ZERO), start_of)?,
            moments: MOMENTS,
        }));
    }
    for (option, given) in [("--unfit", unfit), ("--start", start)] {
        if given.is_some() {
            return Err(InputError::new(option, "has no effect: the pods that come never leave")
                .help("--arrivals trace, or no such option"));
        }
    }
    let percent = arrivals.strip_suffix('%').and_then(|number| number.trim().parse::<u32>().ok());
    let percent = percent.filter(|percent| (1..=PERCENT_MAX).contains(percent));
    percent.map(Arrivals::Percent).ok_or_else(|| {
        InputError::new("--arrivals", format!("`{arrivals}` is not possible"))
            .help(format!("1% to {PERCENT_MAX}%, or trace"))
    })
}

fn unfit_named(name: &str) -> Result<Unfit, InputError> {
    let known = Unfit::ALL.iter().map(|(known, _)| *known);
    let found = Unfit::ALL.iter().find(|(known, _)| *known == name);
    found.map(|(_, unfit)| *unfit).ok_or_else(|| {
        InputError::new("--unfit", format!("`{name}` is unknown")).help(suggest(name, known))
    })
}

fn start_of(text: &str) -> Result<Time, InputError> {
    parse_time(text).map_err(|error| InputError::new("--start", error.problem).help(error.help))
}
