//! Which profiles a topology stands on: for the manifest's hashes and the table of parameters.

use std::collections::BTreeSet;
use std::path::Path;

use models::input::Source;
use models::library::{Kind, Library};
use toml::Table;

use crate::experiment::{Experiment, Scalar};
use crate::failure::Failure;
use crate::record::write_table;

/// The keys of a topology file that name profiles, with the kind they name.
const NAMES: [(&str, &str, Kind); 8] = [
    ("node", "host", Kind::Host),
    ("node", "cni", Kind::Cni),
    ("pod", "cni", Kind::Cni),
    ("gpu", "profile", Kind::Gpu),
    ("gpu", "pcie", Kind::Pcie),
    ("pcie_switch", "pcie", Kind::Pcie),
    ("nic", "profile", Kind::Nic),
    ("nic", "pcie", Kind::Pcie),
];

/// Every library entry that the experiment's topologies name, directly or through another.
pub(crate) fn used(experiment: &Experiment) -> BTreeSet<(Kind, String)> {
    let library = &experiment.library;
    let mut used = BTreeSet::new();
    for topology in &experiment.topologies {
        if library.source(Kind::Topology, &topology.label).ok() == Some(&topology.source) {
            used.insert((Kind::Topology, topology.label.clone()));
        }
        add_topology(&topology.source, library, &mut used);
    }
    // Settings can name further ones: `node.node-a.cni = ["flannel", "calico"]`.
    for varied in experiment.axes.iter().flat_map(|axis| &axis.varied) {
        let parts: Vec<&str> = varied.key.split('.').collect();
        let ends = parts.first().zip(parts.last());
        let named = NAMES.iter().find(|(table, key, _)| ends == Some((table, key)));
        for value in &varied.values {
            if let (Some((_, _, kind)), Scalar::Text(name)) = (named, value) {
                add(*kind, name, library, &mut used);
            }
        }
    }
    used
}

fn add_topology(source: &Source, library: &Library, used: &mut BTreeSet<(Kind, String)>) {
    // It was assembled before, so it is valid; what is not text or a table names nothing.
    let Ok(file) = source.text.parse::<Table>() else { return };
    for name in texts(&file, "include") {
        add(Kind::Topology, name, library, used);
    }
    for (table, key, kind) in NAMES {
        for row in file.get(table).and_then(toml::Value::as_array).into_iter().flatten() {
            if let Some(name) = row.get(key).and_then(toml::Value::as_str) {
                add(kind, name, library, used);
            }
        }
    }
    for row in file.get("service").and_then(toml::Value::as_array).into_iter().flatten() {
        if let Some(proxy) = row.get("proxy").and_then(toml::Value::as_str) {
            add(Kind::Hop, &format!("service-{proxy}"), library, used);
        }
    }
}

fn add(kind: Kind, name: &str, library: &Library, used: &mut BTreeSet<(Kind, String)>) {
    let Ok(source) = library.source(kind, name) else { return };
    if !used.insert((kind, name.to_owned())) {
        return;
    }
    match kind {
        Kind::Topology => add_topology(source, library, used),
        Kind::Cni => {
            let Ok(file) = source.text.parse::<Table>() else { return };
            for hop in texts(&file, "pod").chain(texts(&file, "node")) {
                add(Kind::Hop, hop, library, used);
            }
            if let Some(proxy) = file.get("proxy").and_then(toml::Value::as_str) {
                add(Kind::Hop, &format!("service-{proxy}"), library, used);
            }
        }
        Kind::Host | Kind::Gpu | Kind::Pcie | Kind::Nic | Kind::Hop => {}
    }
}

/// The texts in the array behind `key`.
fn texts<'a>(file: &'a Table, key: &str) -> impl Iterator<Item = &'a str> {
    let array = file.get(key).and_then(toml::Value::as_array);
    array.into_iter().flatten().filter_map(toml::Value::as_str)
}

/// Writes `parameters.csv`: every line of every profile that is used, as its file gives it.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(folder: &Path, experiment: &Experiment) -> Result<(), Failure> {
    let header = ["kind", "profile", "parameter", "value", "unit", "low", "high", "how", "source"];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for (kind, name) in used(experiment).iter().filter(|(kind, _)| kind.ending() == "csv") {
        for row in experiment.library.profile(*kind, name)?.rows() {
            let bound = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
            rows.push(vec![
                kind.folder().into(),
                name.clone(),
                row.parameter.clone(),
                row.value.to_string(),
                row.unit.clone(),
                bound(row.low),
                bound(row.high),
                format!("{:?}", row.how).to_lowercase(),
                row.source.clone(),
            ]);
        }
    }
    write_table(&folder.join("parameters.csv"), rows.into_iter())
}
