//! A cluster as text for Graphviz, drawn by petgraph's own writer.

use petgraph::dot::{Config, Dot};
use petgraph::visit::EdgeRef;

use super::{Cluster, HopModel, PlaceKind};

impl Cluster {
    /// Graphviz text: places as nodes, hops as edges.
    pub fn to_dot(&self) -> String {
        let edge = |_: &_, edge: petgraph::graph::EdgeReference<'_, super::Hop>| {
            format!("label={:?}", self.label(edge.id()))
        };
        let node = |_: &_, (_, place): (_, &super::Place)| {
            let shape = match place.kind {
                PlaceKind::DeviceMemory => "box3d",
                PlaceKind::PodMemory => "box",
                PlaceKind::Namespace => "ellipse",
                PlaceKind::Nic => "component",
                PlaceKind::Switch => "hexagon",
            };
            format!("label={:?} shape={shape}", place.name)
        };
        let config = [Config::EdgeNoLabel, Config::NodeNoLabel];
        let dot = Dot::with_attr_getters(&self.graph, &config, &edge, &node);
        format!("{dot:?}")
    }

    /// What stands beside a hop in a drawing: its kind and, where it has one, its line rate.
    pub fn label(&self, edge: petgraph::graph::EdgeIndex) -> String {
        let hop = &self.graph[edge];
        match &hop.model {
            HopModel::Cpu(_) | HopModel::Dma(_) | HopModel::Gpu(_) => hop.kind.to_string(),
            HopModel::Wire(wire) => {
                let rate = sim::Rate::bytes_per_s(self.links[wire.link.0].capacity);
                format!("{} {rate}", hop.kind)
            }
        }
    }
}
