//! The cluster that a scenario moves over.

use models::cluster::Cluster;
use models::input::{InputError, nearest, suggest};
use models::library::{Kind, Library};
use serde_spanned::Spanned;

use super::value::Reader;
use crate::experiment::Topology;
use crate::near::Near;

/// So many places are named where another one is meant.
const SHOWN: usize = 8;

/// The cluster of a topology that a file names, if it names one.
pub(super) fn cluster(
    topology: Option<&Spanned<String>>,
    reader: Reader<'_>,
    near: Near<'_>,
    library: &Library,
) -> Result<Option<Cluster>, InputError> {
    let Some(named) = topology else { return Ok(None) };
    let name = named.get_ref();
    if !Topology::is_path(name) && library.source(Kind::Topology, name).is_err() {
        let help = suggest(name, library.names(Kind::Topology));
        let problem = format!("no topology is called `{name}`");
        return Err(reader.fault(named, "topology", problem).help(help));
    }
    let found = Topology::find(name, "topology", near, library);
    let found = found.map_err(|error| match error.source {
        Some(_) => error,
        None => InputError { help: error.help, ..reader.fault(named, "topology", error.problem) },
    })?;
    found.assemble(library, &[]).map(Some)
}

/// Refuses a place that a cluster does not have.
pub(super) fn has_place(
    cluster: &Cluster,
    place: &Spanned<String>,
    field: &str,
    reader: Reader<'_>,
) -> Result<(), InputError> {
    if cluster.places.contains_key(place.get_ref().as_str()) {
        return Ok(());
    }
    let known = cluster.places.keys().map(|own| &**own).collect::<Vec<&str>>();
    let problem = format!("`{}` is no GPU or pod of the topology", place.get_ref());
    let help = match nearest(place.get_ref(), known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let some: Vec<&str> = known.into_iter().take(SHOWN).collect();
            format!("one of: {}, …; `podpath show` has all", some.join(", "))
        }
    };
    Err(reader.fault(place, field, problem).help(help))
}
