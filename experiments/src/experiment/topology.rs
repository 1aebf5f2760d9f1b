//! The topologies of an experiment: by name from the library, or from files beside it.

use std::path::Path;
use std::sync::Arc;

use models::cluster::{Cluster, Setting};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::topology::Parsed;
use serde_spanned::Spanned;

use super::problem::Problem;
use crate::near::Near;

/// The most topologies of one experiment.
const TOPOLOGIES_MAX: usize = 1000;

/// A topology that an experiment names.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    /// Its name in results: the library's, or the stem of its file.
    pub(crate) label: String,
    /// What it says.
    pub(crate) parsed: Arc<Parsed>,
}

impl Topology {
    /// The topology that a name means, or the path of a file.
    pub(crate) fn find(
        name: &str,
        field: &str,
        near: Near<'_>,
        library: &Library,
    ) -> Result<Topology, InputError> {
        match near {
            Near::Disk(_) | Near::Shipped(_) if Topology::is_path(name) => {
                let stem = Path::new(name).file_stem().unwrap_or_default();
                let label = stem.to_string_lossy().into_owned();
                let parsed = Parsed::read(&near.text(name, field)?)?;
                Ok(Topology { label, parsed: Arc::new(parsed) })
            }
            _ => {
                let named = library.source(Kind::Topology, name);
                named.map_err(|error| InputError { field: field.into(), ..error })?;
                Ok(Topology { label: name.into(), parsed: Arc::clone(library.topology(name)?) })
            }
        }
    }

    /// Whether a topology is named by the path of its file.
    pub(crate) fn is_path(name: &str) -> bool {
        name.contains('/') || name.ends_with(".toml")
    }

    /// The cluster it describes, with what the axes change.
    pub(crate) fn assemble(
        &self,
        library: &Library,
        settings: &[Setting],
    ) -> Result<Cluster, InputError> {
        Cluster::of(&self.label, &self.parsed, library, settings)
    }
}

/// Finds all topologies of a list.
pub(super) fn find_all(
    names: &Spanned<Vec<Spanned<String>>>,
    source: &Arc<Source>,
    near: Near<'_>,
    library: &Library,
) -> Result<Vec<Topology>, InputError> {
    let (list, span) = (names.get_ref(), names.span());
    if list.is_empty() || list.len() > TOPOLOGIES_MAX {
        let problem = format!("has {} entries", list.len());
        let help = format!("1 to {TOPOLOGIES_MAX} topologies");
        return Err(Problem::new(problem, help).at("topologies", source, span));
    }
    let mut found: Vec<Topology> = Vec::with_capacity(list.len());
    for (at, name) in list.iter().enumerate() {
        let field = format!("topologies[{at}]");
        let topology = Topology::find(name.get_ref(), &field, near, library).map_err(|error| {
            // An error inside the topology's own file points there.
            if error.source.is_some() { error } else { error.at(source, name.span()) }
        })?;
        if found.iter().any(|other| other.label == topology.label) {
            let problem = format!("`{}` is given twice", topology.label);
            return Err(Problem::new(problem, "each topology once, by a name of its own").at(
                field,
                source,
                name.span(),
            ));
        }
        found.push(topology);
    }
    Ok(found)
}
