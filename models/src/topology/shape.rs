//! Nodes by shape: a `[[node]]` that names a topology of one node gets all that is in it.
//!
//! Things of a shape are called after the node: `gpu` of a shape is `dgx-gpu` in the node `dgx`,
//! and `dgx-gpu-17-3` where there are many.

use std::sync::Arc;

use serde_spanned::Spanned;

use super::family::renamed;
use super::{
    File, GpuTable, NicTable, NodeTable, NvlinkTable, PairTable, Parsed, PcieSwitchTable, Placed,
    PodTable, Setting, SharedMemoryTable, Topology,
};
use crate::input::{InputError, Source, suggest};
use crate::library::{Kind, Library};

/// Gives nodes what their shapes have.
///
/// # Errors
/// If there is no such topology, or it is not one node alone.
pub(super) fn build(
    topology: &mut Topology,
    library: &Library,
    settings: &[Setting],
) -> Result<(), InputError> {
    for at in 0..topology.nodes.len() {
        let node = topology.nodes[at].clone();
        let Some(shape) = &node.table.shape else { continue };
        let name = shape.get_ref().as_str();
        if library.source(Kind::Topology, name).is_err() {
            let problem = format!("no topology is called `{name}`");
            let help = suggest(name, library.names(Kind::Topology));
            return Err(node.fault(shape, "shape", problem).help(help));
        }
        let parsed = library.topology(name)?;
        let inner = one_node(&node, shape, &parsed.file)?;
        // A host that is not given is where the text has nothing.
        if node.table.host.span() == (0..0) {
            topology.nodes[at].table.host = inner.host.clone();
        }
        let source = amended(parsed, settings);
        put_into(topology, &parsed.file, (&inner, node.table.name.get_ref()), &source);
    }
    Ok(())
}

fn amended(parsed: &Parsed, settings: &[Setting]) -> Arc<Source> {
    match settings {
        [] => Arc::clone(&parsed.source),
        _ => parsed.source.amended(settings.iter().map(Setting::amendment).collect()),
    }
}

/// The one node of a shape.
fn one_node(
    at: &Placed<NodeTable>,
    shape: &Spanned<String>,
    file: &File,
) -> Result<NodeTable, InputError> {
    let beside = [
        ("include", file.include.len()),
        ("switch", file.switch.len()),
        ("fabric", file.fabric.len()),
        ("forwarder", file.forwarder.len()),
        ("cable", file.cable.len()),
        ("fault", file.fault.len()),
        ("service", file.service.len()),
    ];
    let name = shape.get_ref();
    let problem = match (&file.node[..], beside.iter().find(|(_, many)| *many > 0)) {
        (_, Some((what, _))) => format!("`{name}` has a `{what}`"),
        ([node], None) if node.shape.is_some() => format!("`{name}` has a shape itself"),
        ([node], None) if node.count.is_none() => return Ok(node.clone()),
        ([_], None) => format!("`{name}` counts its node"),
        (nodes, None) => format!("`{name}` has {} nodes", nodes.len()),
    };
    Err(at.fault(shape, "shape", problem).help("a topology of one node, and what is in it"))
}

/// Adds what a shape has, called after the node.
fn put_into(
    topology: &mut Topology,
    file: &File,
    (inner, node): (&NodeTable, &String),
    source: &Arc<Source>,
) {
    let own = Own { inner: inner.name.get_ref(), node };
    macro_rules! add {
        ($($from:ident $into:ident),*) => {$(
            topology.$into.extend(file.$from.iter().cloned().map(|mut table| {
                own.name(&mut table);
                Placed { table, source: Arc::clone(source) }
            }));
        )*};
    }
    add!(
        pcie_switch pcie_switches, gpu gpus, nic nics, pod pods, nvlink nvlinks,
        peer_to_peer peers, shared_memory shared_memories
    );
}

/// The node of a shape, and the node that has it.
struct Own<'a> {
    inner: &'a str,
    node: &'a str,
}

impl Own<'_> {
    fn name<T: Inside>(&self, table: &mut T) {
        table.names(&mut |name| {
            let to = match name.get_ref() == self.inner {
                true => self.node.to_owned(),
                false => format!("{}-{}", self.node, name.get_ref()),
            };
            *name = renamed(name, to);
        });
    }
}

/// A table of something in a node.
trait Inside {
    /// Every name of a thing of the node that it has.
    fn names(&mut self, of: &mut dyn FnMut(&mut Spanned<String>));
}

macro_rules! inside {
    ($($table:ident: $($field:ident)* $(; $optional:ident)*,)*) => {$(
        impl Inside for $table {
            fn names(&mut self, of: &mut dyn FnMut(&mut Spanned<String>)) {
                $( of(&mut self.$field); )*
                $( self.$optional.iter_mut().for_each(|name| of(name)); )*
            }
        }
    )*};
}

inside! {
    PcieSwitchTable: name node; under,
    GpuTable: name node; under,
    NicTable: name node; under,
}

impl Inside for PodTable {
    fn names(&mut self, of: &mut dyn FnMut(&mut Spanned<String>)) {
        of(&mut self.name);
        of(&mut self.node);
        if let Some(gpu) = &mut self.gpu {
            of(gpu);
        }
        let gpus = self.gpus.iter_mut().flat_map(|gpus| gpus.get_mut());
        gpus.for_each(of);
    }
}

macro_rules! pairs {
    ($($table:ident),*) => {$(
        impl Inside for $table {
            fn names(&mut self, of: &mut dyn FnMut(&mut Spanned<String>)) {
                self.between.get_mut().iter_mut().for_each(of);
            }
        }
    )*};
}

pairs!(NvlinkTable, PairTable, SharedMemoryTable);
