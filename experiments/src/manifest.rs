//! The manifest: what was run, with every default filled in, and what it stands on.
//!
//! It holds no clock, no path and no number of threads: the same experiment on the same profiles
//! gives the same bytes on every machine.

use std::collections::BTreeMap;

use models::input::{InputError, Source};
use models::library::Kind;
use serde_json::{Value, json};

use crate::experiment::{Axis, Experiment, Plan, Purpose, Reported};
use crate::provenance;
use crate::record::Keyed;
use crate::unknowns;

/// The manifest of a run of which `done` points were finished, with the transfers in `keyed`.
pub(crate) fn manifest(
    experiment: &Experiment,
    plan: &Plan,
    done: usize,
    keyed: &[Keyed<'_>],
) -> Result<Value, InputError> {
    let mut manifest = json!({
        "podpath": env!("CARGO_PKG_VERSION"),
        "complete": done == plan.points.len(),
        "points_planned": plan.points.len(),
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
            "reported": reported(experiment, plan, keyed),
            "cause": experiment.cause,
        },
        "unknowns": unknowns::ranked(experiment, plan, keyed),
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

/// Reported figures, each with the range of what is predicted for the same points.
fn reported(experiment: &Experiment, plan: &Plan, keyed: &[Keyed<'_>]) -> Vec<Value> {
    let figure = |reported: &Reported| {
        let goodputs = beside(experiment, reported, plan, keyed);
        json!({
            "value": reported.value,
            "up_to": reported.up_to,
            "bit_s_low": reported.low.as_bytes_per_s() * 8.0,
            "bit_s_high": reported.high.as_bytes_per_s() * 8.0,
            "transfers": reported.transfers.iter()
                .map(|t| &experiment.transfers[*t].name)
                .collect::<Vec<_>>(),
            "topology": reported.topology.map(|t| &experiment.topologies[t].label),
            "at": reported.at.iter()
                .map(|(key, value)| json!({ "parameter": key, "value": value }))
                .collect::<Vec<_>>(),
            "source": reported.source,
            "text": reported.text,
            "predicted_bit_s_low": goodputs.iter().copied().reduce(f64::min),
            "predicted_bit_s_high": goodputs.iter().copied().reduce(f64::max),
            "points": goodputs.len(),
        })
    };
    experiment.reported.iter().map(figure).collect()
}

/// The mean goodputs that a figure stands beside: of each transfer at each of its points, or of
/// those transfers together that it names.
fn beside(
    experiment: &Experiment,
    reported: &Reported,
    plan: &Plan,
    keyed: &[Keyed<'_>],
) -> Vec<f64> {
    let here = keyed.iter().filter(|k| experiment.matches(reported, &plan.points[k.point]));
    let goodput = |k: &Keyed<'_>| k.digest.goodput_bit_s.mean;
    if reported.transfers.is_empty() {
        return here.map(goodput).collect();
    }
    let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
    for k in here.filter(|k| reported.transfers.contains(&k.transfer)) {
        *sums.entry(k.point).or_default() += goodput(k);
    }
    sums.into_values().collect()
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
