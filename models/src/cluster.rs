//! The cluster graph.

use std::sync::Arc;

use crate::input::{InputError, Source};
use crate::library::Library;

/// A cluster, assembled: places, hops and links.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The topology's name.
    pub name: String,
}

/// A change to a topology before it is assembled, `nic.mtu = 1500` (every NIC) or
/// `nic.nic-a.mtu = 1500` (one): how sweeps vary what a topology file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The table and key: `nic.mtu`, `cable.rate`, `node.node-a.cni`.
    pub key: String,
    /// The value, as it would stand in the file.
    pub value: toml::Value,
}

impl Cluster {
    /// Assembles the topology called `name` in the library.
    ///
    /// # Errors
    /// Whatever is wrong with the topology or with a file that it names.
    pub fn named(
        name: &str,
        library: &Library,
        settings: &[Setting],
    ) -> Result<Cluster, InputError> {
        let source = Arc::clone(library.source(crate::library::Kind::Topology, name)?);
        Cluster::assemble(&source, library, settings)
    }

    /// Assembles a topology from its text.
    ///
    /// # Errors
    /// Whatever is wrong with the topology or with a file that it names.
    pub fn assemble(
        source: &Arc<Source>,
        _library: &Library,
        _settings: &[Setting],
    ) -> Result<Cluster, InputError> {
        Ok(Cluster { name: source.name.clone() })
    }

    /// Graphviz text of the graph: places as nodes, hops as edges labelled with kind and rate.
    pub fn to_dot(&self) -> String {
        String::new()
    }
}
