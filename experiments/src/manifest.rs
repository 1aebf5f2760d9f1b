//! The manifest: what was run, with every default filled in, and what it stands on.
//!
//! It holds no clock, no path and no number of threads: the same experiment on the same profiles
//! gives the same bytes on every machine.

use models::input::{InputError, Source};
use models::library::Kind;
use serde_json::{Value, json};

use crate::beside;
use crate::experiment::{Axis, Experiment, Plan, Purpose};
use crate::figures::Figures;
use crate::provenance;
use crate::record::Keyed;
use crate::unknowns;

/// The manifest of a run of which `done` points were finished, with the figures of all of them, and
/// in `keyed` those transfers at least that something reported is about.
pub(crate) fn manifest(
    experiment: &Experiment,
    plan: &Plan,
    (done, figures): (usize, &Figures),
    keyed: &[Keyed<'_>],
) -> Result<Value, InputError> {
    let mut manifest = json!({
        "podpath": env!("CARGO_PKG_VERSION"),
        "complete": done == plan.len(),
        "points_planned": plan.len(),
        "points_done": done,
        "experiment": {
            "name": experiment.name,
            "about": experiment.about,
            "topologies": experiment.topologies.iter().map(|t| &t.label).collect::<Vec<_>>(),
            "repetitions": experiment.repetitions,
            "seed": experiment.seed,
            "fidelity": experiment.fidelity,
            "transfers": experiment.transfers,
            "set": parameters(experiment, &Purpose::Set, |axis| axis.varied.iter().map(
                |varied| json!({ "parameter": varied.key, "value": varied.values[0] })
            ).collect()),
            "sweep": {
                "cross": parameters(experiment, &Purpose::Cross, lists),
                "zip": parameters(experiment, &Purpose::Zip, |axis| vec![Value::from(lists(axis))]),
            },
            "assumptions": experiment.axes.iter().filter_map(assumption).collect::<Vec<_>>(),
            "reported": beside::all(experiment, plan, keyed),
            "cause": experiment.cause,
        },
        "unknowns": unknowns::ranked(experiment, plan, figures),
        "experiment_blake3": hash(&experiment.source.text),
        "profiles": profiles(experiment, plan)?,
    });
    if let Some(load) = &experiment.load {
        manifest["experiment"]["over_time"] = json!(load.told());
    }
    Ok(manifest)
}

fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// What the axes of one purpose hold.
fn parameters(e: &Experiment, purpose: &Purpose, of: fn(&Axis) -> Vec<Value>) -> Vec<Value> {
    e.axes.iter().filter(|axis| axis.purpose == *purpose).flat_map(of).collect()
}

fn lists(axis: &Axis) -> Vec<Value> {
    let list = axis.varied.iter();
    list.map(|varied| json!({ "parameter": varied.key, "values": varied.values })).collect()
}

fn assumption(axis: &Axis) -> Option<Value> {
    let Purpose::Assumption(because) = &axis.purpose else { return None };
    let varied = axis.varied.first()?;
    Some(json!({ "parameter": varied.key, "values": varied.values, "because": because }))
}

/// The hash of every text that the clusters were made from.
fn profiles(experiment: &Experiment, plan: &Plan) -> Result<Vec<Value>, InputError> {
    let library = &experiment.library;
    let entry = |kind: Kind, name: &str, source: &Source| {
        // The user's own path says nothing on another machine.
        let own = || format!("own:{}/{name}.{}", kind.folder(), kind.ending());
        let shipped = source.name.starts_with("shipped:");
        let file = if shipped { source.name.clone() } else { own() };
        json!({
            "kind": kind.folder(), "name": name, "file": file, "blake3": hash(&source.text)
        })
    };
    let used = provenance::used(plan);
    let mut all = Vec::new();
    for (kind, name) in &used {
        all.push(entry(*kind, name, library.source(*kind, name)?));
    }
    let topologies = experiment.topologies.iter();
    let own = topologies.filter(|t| !used.contains(&(Kind::Topology, t.label.clone())));
    all.extend(own.map(|t| entry(Kind::Topology, &t.label, &t.parsed.source)));
    Ok(all)
}
