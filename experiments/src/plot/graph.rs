//! A cluster as a drawing: machines side by side, in each the way from GPU and pod down to the
//! network card, and the switches below.
//!
//! The drawing knows nothing of the models: [`GraphView`] is names, kinds and who is joined to
//! whom, made from a [`Cluster`] by [`GraphView::of`].

use models::cluster::{Cluster, HopModel, Lane, LinkUnit, PlaceKind};

use super::paint;
use super::picture::Picture;
use super::{PlotError, words};

pub mod draw;
pub mod layout;
pub mod machine;

/// What a cluster looks like.
#[derive(Clone, Debug, Default)]
pub struct GraphView {
    /// The topology's name.
    pub name: String,
    /// What it is, in a sentence; may be empty.
    pub about: String,
    /// The places in the order of the graph.
    pub places: Vec<PlaceView>,
    /// The joints between them, each pair of places once.
    pub joints: Vec<Joint>,
    /// The Services: name and the names of the pods behind it.
    pub services: Vec<(String, Vec<String>)>,
}

/// What a place is, as far as a drawing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A GPU's memory.
    Gpu,
    /// A pod.
    Pod,
    /// A point inside a node's network stack.
    Stack,
    /// A network card.
    Nic,
    /// A switch between machines.
    Switch,
}

/// A place of the drawing.
#[derive(Clone, Debug)]
pub struct PlaceView {
    /// Its name.
    pub name: String,
    /// What it is.
    pub look: Look,
    /// The machine it is in.
    pub machine: Option<String>,
}

/// Two places with hops between them.
#[derive(Clone, Debug)]
pub struct Joint {
    /// The two places, as indices of [`GraphView::places`].
    pub ends: [usize; 2],
    /// What the hops from the first to the second are: kind, and rate where they have one.
    pub there: Vec<String>,
    /// The same for the way back.
    pub back: Vec<String>,
    /// Whether only GPUDirect RDMA takes it.
    pub direct: bool,
}

impl GraphView {
    /// What a cluster looks like.
    pub fn of(cluster: &Cluster) -> GraphView {
        let graph = &cluster.graph;
        let place = |at| {
            let place: &models::cluster::Place = &graph[at];
            let look = match place.kind {
                PlaceKind::DeviceMemory => Look::Gpu,
                PlaceKind::PodMemory => Look::Pod,
                PlaceKind::Namespace => Look::Stack,
                PlaceKind::Nic => Look::Nic,
                PlaceKind::Switch => Look::Switch,
            };
            PlaceView {
                name: place.name.to_string(),
                look,
                machine: place.node.as_deref().map(str::to_owned),
            }
        };
        let mut view = GraphView {
            name: cluster.name.clone(),
            about: cluster.about.clone(),
            places: graph.node_indices().map(place).collect(),
            ..GraphView::default()
        };
        for edge in graph.edge_indices() {
            let Some((from, to)) = graph.edge_endpoints(edge) else { continue };
            let hop = &graph[edge];
            // Every pod reaches every card of its node by RDMA: there would be nothing else to see.
            if hop.lane == Lane::Rdma {
                continue;
            }
            view.join(from.index(), to.index(), said(cluster, hop), hop.lane == Lane::Direct);
        }
        let pods = |service: &models::cluster::Service| {
            service.pods.iter().map(|pod| graph[*pod].name.to_string()).collect()
        };
        let services = cluster.services.iter();
        view.services = services.map(|(name, of)| (name.clone(), pods(of))).collect();
        view
    }

    /// Adds a hop: to the joint of its two places, or to a new one.
    pub fn join(&mut self, from: usize, to: usize, said: String, direct: bool) {
        let known = self.joints.iter_mut().find(|joint| {
            joint.direct == direct && (joint.ends == [from, to] || joint.ends == [to, from])
        });
        match known {
            Some(joint) if joint.ends == [from, to] => joint.there.push(said),
            Some(joint) => joint.back.push(said),
            None => {
                let (there, back) = (vec![said], Vec::new());
                self.joints.push(Joint { ends: [from, to], there, back, direct });
            }
        }
    }

    /// The drawing.
    pub fn picture(&self) -> Picture {
        draw::draw(self)
    }

    /// The drawing as an SVG document.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn svg(&self) -> Result<String, PlotError> {
        paint::svg(&self.picture(), &format!("Topology {}", self.name), &self.described())
    }

    /// The drawing as a PNG file.
    ///
    /// # Errors
    /// If it cannot be drawn.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        paint::png(&self.picture())
    }

    /// The drawing in words.
    fn described(&self) -> String {
        let count = |look, thing| {
            let many = self.places.iter().filter(|place| place.look == look).count();
            words::count(many, thing)
        };
        let counts = [
            words::count(self.machines().len(), "node"),
            count(Look::Gpu, "GPU"),
            count(Look::Pod, "pod"),
            count(Look::Nic, "network card"),
        ];
        format!("{} Drawn: {}.", self.about, words::list(&counts))
    }

    /// The places joined to `place`, other than by GPUDirect RDMA.
    fn neighbours(&self, place: usize) -> impl Iterator<Item = usize> {
        let joints = self.joints.iter().filter(|joint| !joint.direct);
        joints.filter_map(move |joint| match joint.ends {
            [one, other] if one == place => Some(other),
            [one, other] if other == place => Some(one),
            _ => None,
        })
    }

    /// Whether a place is only where one hop of a network stack ends and the next begins.
    fn is_passage(&self, place: usize) -> bool {
        let stack = |place: usize| self.places[place].look == Look::Stack;
        let beside: Vec<usize> = self.neighbours(place).collect();
        stack(place) && beside.len() == 2 && beside.into_iter().all(stack)
    }

    /// The machines in the order in which their first place stands in the graph.
    pub fn machines(&self) -> Vec<&str> {
        super::run::distinct(self.places.iter().filter_map(|place| place.machine.as_deref()))
    }
}

/// What a hop is: its kind, and what its links let through where they count bytes.
fn said(cluster: &Cluster, hop: &models::cluster::Hop) -> String {
    match &hop.model {
        HopModel::Cpu(_) | HopModel::Gpu(_) => hop.kind.to_string(),
        HopModel::Wire(wire) => {
            let bit_s = cluster.links[wire.link.0].capacity * 8.0;
            format!("{} {}", hop.kind, words::bit_rate(bit_s))
        }
        HopModel::Dma(dma) => {
            let carry = |work: &models::cluster::DmaWork| {
                let link = &cluster.links[work.link.0];
                let carries = link.unit == LinkUnit::Bytes && work.weight > 0.0;
                carries.then_some(link.capacity / work.weight)
            };
            match dma.links.iter().filter_map(carry).reduce(f64::min) {
                Some(rate) => format!("{} {} GB/s", hop.kind, words::number(rate / 1e9)),
                None => hop.kind.to_string(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
