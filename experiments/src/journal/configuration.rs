//! The hash of everything that decides a number of a run.

use models::library::Kind;

use super::header::Options;
use crate::experiment::{Experiment, Load};

/// Of an experiment with all files that it stands on, the arguments, and the version of podpath.
/// Where files lie, and how many threads there are, is not in it.
pub(super) fn hash(experiment: &Experiment, options: &Options) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |name: &str, text: &str| {
        // Lengths first, so that no two lists of texts look alike.
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    };
    add("podpath", env!("CARGO_PKG_VERSION"));
    add("options", &format!("{options:?} seed {}", experiment.seed));
    add("experiment", &experiment.source.text);
    for topology in &experiment.topologies {
        add(&topology.label, &topology.parsed.source.text);
    }
    for (name, times) in experiment.load.iter().flat_map(Load::traces) {
        add(name, &format!("{times:?}"));
    }
    for kind in Kind::ALL {
        for name in experiment.library.names(kind) {
            let source = experiment.library.source(kind, name);
            add(&format!("{kind:?} {name}"), source.map_or("", |source| &source.text));
        }
    }
    hasher.finalize().to_hex().to_string()
}
