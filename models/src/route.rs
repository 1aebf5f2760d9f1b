//! The way of a transfer: the shortest chain of hops from one place to another.
//!
//! A way of which somebody's cost is not known is refused, with the line to add.
//!
//! Every hop counts one. Which of several ways of equal length a flow takes is in [`Ways`].

pub(crate) mod crossing;
pub(crate) mod group;
mod known;
mod ways;

use std::sync::Arc;

use petgraph::graph::{EdgeIndex, NodeIndex};

use crate::catalogue::Turn;
use crate::cluster::{Cluster, Endpoint, Hop, HopModel, PlaceKind, Service, Side};
use crate::input::{InputError, suggest};
use crate::transfer::{Mode, Transfer};

pub(crate) use group::Grouped;
pub(crate) use ways::Swap;
pub use ways::Ways;

/// Who knows the ways between places: a search for any graph, or the formula of a fabric.
pub trait Routes {
    /// All shortest ways that `mode` may take; none where there is no route.
    fn ways(&self, from: NodeIndex, to: NodeIndex, mode: Mode) -> Option<Ways>;
}

/// A hop on a route.
#[derive(Clone, Copy, Debug)]
pub enum Leg<'a> {
    /// An edge of the graph.
    Edge(EdgeIndex, &'a Hop),
    /// A Service's translation on one machine, which is no edge: it happens at the client's
    /// forwarding point.
    Service(&'a Service, usize),
    /// A step of the kernel that makes the result, before it is anywhere.
    Kernel(&'a Hop),
}

impl Route<'_> {
    /// What a reader should know of the way of `transfer`, in sentences; none where all is as it
    /// was asked for.
    pub(crate) fn notes(
        &self,
        cluster: &Cluster,
        transfer: &Transfer,
    ) -> impl Iterator<Item = String> {
        let oversized = known::oversized(cluster, self, transfer);
        oversized.into_iter().chain(known::parallel(cluster, self, transfer))
    }
}

impl<'a> Leg<'a> {
    /// The hop.
    pub fn hop(&self) -> &'a Hop {
        match self {
            Leg::Edge(_, hop) | Leg::Kernel(hop) => hop,
            Leg::Service(service, host) => &service.hops[*host],
        }
    }

    /// The same leg in a cluster of the same structure.
    fn on<'b>(&self, cluster: &'b Cluster) -> Leg<'b> {
        match self {
            Leg::Edge(edge, _) => Leg::Edge(*edge, &cluster.graph[*edge]),
            Leg::Service(service, host) => Leg::Service(&cluster.services[&service.name], *host),
            Leg::Kernel(hop) => {
                let HopModel::Gpu(step) = &hop.model else { unreachable!("a step of a kernel") };
                let hops = &cluster.gpus[&step.gpu].hops;
                let same = hops.iter().find(|other| other.model == hop.model);
                Leg::Kernel(same.expect("the same steps on every GPU"))
            }
        }
    }
}

/// The way of a transfer.
#[derive(Clone, Debug)]
pub struct Route<'a> {
    /// Hops in order, cut where data comes to rest in the memory of a pod or GPU; the kernel that
    /// makes the result is a stage of its own.
    pub stages: Vec<Vec<Leg<'a>>>,
    /// The first and last pod whose network stacks are crossed, if any.
    pub pods: Option<(NodeIndex, NodeIndex)>,
    /// Where there are several as short ones.
    parallel: Option<Parallel>,
    /// What the ranks of a collective cross together.
    pub(crate) group: Option<Arc<Grouped>>,
}

/// Several equal ways, and the hops of the one that is taken.
#[derive(Clone, Debug)]
struct Parallel {
    ways: Arc<Ways>,
    taken: Vec<EdgeIndex>,
}

impl<'a> Route<'a> {
    /// Takes the one of several equal ways that a flow takes whose hash is `flow`; of a collective,
    /// each of its streams its own.
    pub(crate) fn take(&mut self, cluster: &'a Cluster, transfer: &Transfer, flow: u64) {
        if let (Some(group), true) = (&transfer.group, self.is_parallel()) {
            *self = group::route(cluster, transfer, group, flow).expect("it was found before");
        }
        let Some(Parallel { ways, taken }) = &mut self.parallel else { return };
        let own = ways.of_flow(cluster, flow);
        for (&old, &new) in taken.iter().zip(&own).filter(|(old, new)| old != new) {
            let mut legs = self.stages.iter_mut().flatten();
            let at = legs.find(|leg| matches!(leg, Leg::Edge(edge, _) if *edge == old));
            *at.expect("ways differ in cables, which are all legs") =
                Leg::Edge(new, &cluster.graph[new]);
        }
        *taken = own;
    }

    /// Whether there are several equal ways.
    pub(crate) fn is_parallel(&self) -> bool {
        self.parallel.is_some() || self.group.as_ref().is_some_and(|group| group.is_spread)
    }

    /// What a flow whose hash is `flow` crosses in place of this way's links.
    pub(crate) fn spread(&self, cluster: &Cluster, flow: u64) -> Vec<Swap> {
        let Some(Parallel { ways, taken }) = &self.parallel else { return Vec::new() };
        ways::swaps(cluster, taken, &ways.parts_of_flow(cluster, flow))
    }
}

impl Route<'_> {
    /// The same way through a cluster of the same structure.
    pub(crate) fn on<'b>(&self, cluster: &'b Cluster) -> Route<'b> {
        let stage = |legs: &Vec<Leg<'_>>| legs.iter().map(|leg| leg.on(cluster)).collect();
        let (stages, parallel) = (self.stages.iter().map(stage).collect(), self.parallel.clone());
        let group = self.group.clone();
        Route { stages, pods: self.pods, parallel, group }
    }
}

/// Finds the way of `transfer`.
///
/// # Errors
/// If an end is unknown, the ends are the same place, or there is no route between them.
pub fn route<'a>(cluster: &'a Cluster, transfer: &Transfer) -> Result<Route<'a>, InputError> {
    if let Some(group) = &transfer.group {
        return group::route(cluster, transfer, group, 0);
    }
    if let Some(pattern) = &transfer.pattern {
        let problem = format!("`{}` is many transfers, and one is due here", pattern.shape.name());
        return Err(InputError::new("pattern", problem).help("from = \"…\" and to = \"…\""));
    }
    let from = match cluster.endpoint("from", &transfer.from)? {
        Endpoint::Place(place) => place,
        Endpoint::Service(_) => {
            let problem = format!("`{}` is a Service, which sends nothing", transfer.from);
            return Err(InputError::new("from", problem).help("a GPU or a pod"));
        }
    };
    let (to, mut service) = match cluster.endpoint("to", &transfer.to)? {
        Endpoint::Place(place) => (place, None),
        Endpoint::Service(service) => (service.pods[0], Some(service)),
    };
    if let Some(via) = &transfer.via {
        match cluster.endpoint("via", via)? {
            Endpoint::Service(through) => service = Some(through),
            Endpoint::Place(_) => {
                let known: Vec<&str> = cluster.services.keys().map(String::as_str).collect();
                return Err(InputError::new("via", format!("`{via}` is not a Service"))
                    .help(suggest(via, known)));
            }
        }
    }
    let unreachable = || unreachable(cluster, transfer, [from, to]);
    let by_cards = match transfer.mode {
        Mode::GpuDirect => ways::by_cards(cluster, from, to),
        _ => None,
    };
    let ways = by_cards.or_else(|| cluster.ways(from, to, transfer.mode));
    let ways = ways.ok_or_else(unreachable)?;
    let mut edges = ways.first(cluster);
    if edges.is_empty() {
        return Err(unreachable());
    }
    let taken = ways.is_parallel().then(|| edges.clone());
    turn(cluster, &mut edges);
    let mut route = cut(cluster, &edges);
    route.parallel = taken.map(|taken| Parallel { ways: Arc::new(ways), taken });
    if transfer.kernel.is_some() {
        let Some(accelerator) = cluster.gpus.get(&from) else {
            let problem = format!("`{}` is no GPU that could run it", transfer.from);
            return Err(InputError::new("kernel", problem).help("a transfer from a GPU"));
        };
        route.stages.insert(0, accelerator.hops.iter().map(Leg::Kernel).collect());
    }
    if let Some(service) = service {
        let behind = route.pods.is_some_and(|(_, receiver)| service.pods.contains(&receiver));
        if !behind {
            let problem = format!("no pod behind `{}` receives this", service.name);
            return Err(InputError::new("via", problem)
                .help("a Service is crossed on the way to one of its pods, through the network"));
        }
        translate(&mut route, service);
    }
    known::check(cluster, &route, transfer)?;
    Ok(route)
}

/// Why there is no way between two places.
fn unreachable(cluster: &Cluster, transfer: &Transfer, [from, to]: [NodeIndex; 2]) -> InputError {
    let ends = [("from", &transfer.from, from), ("to", &transfer.to, to)];
    if let Some((field, name, _)) = ends.into_iter().find(|(.., at)| is_unheld(cluster, *at)) {
        let help = format!("a [[pod]] with `gpu = \"{name}\"`");
        return InputError::new(field, format!("no pod holds GPU `{name}`")).help(help);
    }
    let problem = format!("no route from `{}` to `{}`", transfer.from, transfer.to);
    let help = match transfer.mode {
        Mode::GpuDirect => "GPUDirect RDMA needs a GPU at both ends and cables between them",
        Mode::Rdma { .. } => "two different places with cards and cables between them",
        _ => "two different places, connected by cables, NVLink or one node's network",
    };
    InputError::new("to", problem).help(help)
}

/// Whether it is a GPU that no pod holds, so that nobody copies to it or from it.
fn is_unheld(cluster: &Cluster, at: NodeIndex) -> bool {
    let is_pod = |at: NodeIndex| cluster.graph[at].kind == PlaceKind::PodMemory;
    cluster.graph[at].kind == PlaceKind::DeviceMemory && !cluster.graph.neighbors(at).any(is_pod)
}

/// Takes away what a packet that turns around on a machine does not cross again.
fn turn(cluster: &Cluster, edges: &mut Vec<EdgeIndex>) {
    let hop = |edge: EdgeIndex| match &cluster.graph[edge].model {
        HopModel::Cpu(cpu) if cpu.turn == Turn::Once => Some((cpu.host, cpu.side, edge)),
        _ => None,
    };
    let kind = |edge: EdgeIndex| &cluster.graph[edge].kind;
    let turns = |pair: &[EdgeIndex]| match (hop(pair[0]), hop(pair[1])) {
        (Some((a, Side::Send, out)), Some((b, Side::Receive, back))) => {
            a == b && kind(out) == kind(back)
        }
        _ => false,
    };
    if let Some(at) = edges.windows(2).position(turns) {
        edges.remove(at + 1);
    }
}

/// Cuts a way where data comes to rest.
fn cut<'a>(cluster: &'a Cluster, edges: &[EdgeIndex]) -> Route<'a> {
    let graph = &cluster.graph;
    let mut stages: Vec<Vec<Leg<'a>>> = vec![Vec::new()];
    let mut pods: Vec<NodeIndex> = Vec::new();
    for &edge in edges {
        let hop = &graph[edge];
        let (begin, end) = graph.edge_endpoints(edge).expect("an edge of this graph");
        stages.last_mut().expect("never empty").push(Leg::Edge(edge, hop));
        if matches!(&hop.model, HopModel::Cpu(cpu) if cpu.socket) {
            let pod = if graph[begin].kind == PlaceKind::PodMemory { begin } else { end };
            pods.push(pod);
        }
        if matches!(graph[end].kind, PlaceKind::PodMemory | PlaceKind::DeviceMemory) {
            stages.push(Vec::new());
        }
    }
    stages.retain(|stage| !stage.is_empty());
    let pods = pods.first().copied().zip(pods.last().copied());
    Route { stages, pods, parallel: None, group: None }
}

/// Inserts a Service's translation behind the last hop of the client pod's own chain.
fn translate<'a>(route: &mut Route<'a>, service: &'a Service) {
    for stage in &mut route.stages {
        let Some(first) = stage.iter().position(|leg| is_send(leg)) else { continue };
        let HopModel::Cpu(socket) = &stage[first].hop().model else { continue };
        // The client's chain ends where its forwarding point begins: at the first place that is
        // not named after the pod, and for a pod on the host network right behind the socket.
        let owner = |leg: &Leg<'_>| leg.hop().name.owner().clone();
        let pod = owner(&stage[first]);
        let at = first + stage[first..].iter().take_while(|leg| owner(leg) == pod).count();
        stage.insert(at, Leg::Service(service, socket.host));
        return;
    }
}

fn is_send(leg: &Leg<'_>) -> bool {
    matches!(&leg.hop().model, HopModel::Cpu(cpu) if cpu.socket && cpu.side == Side::Send)
}
