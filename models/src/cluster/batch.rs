//! Clusters of one structure whose parts cost each something else, to be asked together.

use super::{Accelerator, Cluster, DmaHop, Hop, HopModel, Host, Link, Name, Service};
use crate::input::InputError;

/// A batch: a cluster, and others that differ from it in the values of parameters alone, each a
/// *lane*.
///
/// They have the same places, hops, links, pools, hosts and Services, of the same names and in the
/// same order. What these cost may differ: capacities, costs of hops, latencies, windows, the
/// parameters of a GPU. So may packet sizes and offloads.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    lanes: Vec<&'a Cluster>,
}

impl<'a> Batch<'a> {
    /// Clusters as lanes, in order.
    ///
    /// # Errors
    /// If there is none, or one has another structure than the first: the error says what differs.
    pub fn new(lanes: impl IntoIterator<Item = &'a Cluster>) -> Result<Batch<'a>, InputError> {
        let lanes: Vec<&Cluster> = lanes.into_iter().collect();
        let Some((base, others)) = lanes.split_first() else {
            return Err(InputError::new("batch", "has no cluster").help("at least one"));
        };
        for (at, other) in others.iter().enumerate() {
            if let Some(difference) = difference(base, other) {
                let problem = format!("lane {} differs from lane 0: {difference}", at + 1);
                return Err(InputError::new("batch", problem)
                    .help("clusters of one topology that differ in the values of parameters"));
            }
        }
        Ok(Batch { lanes })
    }

    /// Clusters that are known to have one structure.
    pub(super) fn alike(lanes: Vec<&'a Cluster>) -> Batch<'a> {
        Batch { lanes }
    }

    /// Its clusters.
    pub fn lanes(&self) -> &[&'a Cluster] {
        &self.lanes
    }
}

/// What is not the same in the structure of two clusters.
pub(super) fn difference(base: &Cluster, other: &Cluster) -> Option<String> {
    let places = || {
        let (a, b) = (base.graph.raw_nodes(), other.graph.raw_nodes());
        unlike("place", a, b, |node| node.weight.name.clone(), |a, b| a.weight == b.weight)
    };
    let hops = || {
        let (a, b) = (base.graph.raw_edges(), other.graph.raw_edges());
        let same = |a: &Edge, b: &Edge| {
            (a.source(), a.target()) == (b.source(), b.target()) && is_same(&a.weight, &b.weight)
        };
        unlike("hop", a, b, |edge| edge.weight.name.clone(), same)
    };
    let links = || {
        let same = |a: &Link, b: &Link| (&a.name, a.unit) == (&b.name, b.unit);
        unlike("link", &base.links, &other.links, |link| link.name.clone(), same)
    };
    let pools =
        || unlike("pool", &base.pools, &other.pools, |pool| pool.name.clone(), PartialEq::eq);
    let hosts =
        || unlike("host", &base.hosts, &other.hosts, |host| host.name.clone().into(), is_same_host);
    if (&base.spreadings, &base.queues) != (&other.spreadings, &other.queues) {
        return Some("its switches spread or share traffic in another way".into());
    }
    places().or_else(hops).or_else(links).or_else(pools).or_else(hosts).or_else(|| {
        let gpus = base.gpus.len() == other.gpus.len()
            && base.gpus.iter().zip(&other.gpus).all(|(a, b)| a.0 == b.0 && is_same_gpu(a.1, b.1))
            && base.turns.len() == other.turns.len();
        let services = base.services.len() == other.services.len()
            && base
                .services
                .values()
                .zip(other.services.values())
                .all(|(a, b)| is_same_service(a, b));
        match (gpus, services) {
            (false, _) => Some("its GPUs are shared in another way".into()),
            (true, false) => Some("its Services are others".into()),
            (true, true) => None,
        }
    })
}

type Edge = petgraph::graph::Edge<Hop>;

/// The first of two lists' members that are not the same, in words.
fn unlike<T>(
    what: &str,
    base: &[T],
    other: &[T],
    name: fn(&T) -> Name,
    same: impl Fn(&T, &T) -> bool,
) -> Option<String> {
    if base.len() != other.len() {
        return Some(format!("it has {} {what}s, not {}", other.len(), base.len()));
    }
    let (a, b) = base.iter().zip(other).find(|(a, b)| !same(a, b))?;
    Some(match name(a) == name(b) {
        true => format!("its {what} `{}` is of another kind", name(a)),
        false => format!("its {what} `{}` is `{}` in lane 0", name(b), name(a)),
    })
}

/// Whether two hops are made of the same things, whatever these cost.
fn is_same(a: &Hop, b: &Hop) -> bool {
    let same_dma = |a: &DmaHop, b: &DmaHop| {
        let links = a.links.iter().map(|work| work.link).eq(b.links.iter().map(|work| work.link));
        let pageable = |dma: &DmaHop| dma.pageable.map(|own| (own.host, own.into_host));
        let copier = |dma: &DmaHop| dma.copied_by.map(|(host, _)| host);
        let both_ways = |dma: &DmaHop| dma.both_ways.map(|(link, _)| link);
        let bounced = |dma: &DmaHop| dma.bounced.map(|(host, _)| host);
        (a.pool, both_ways(a), bounced(a)) == (b.pool, both_ways(b), bounced(b))
            && links
            && pageable(a) == pageable(b)
            && copier(a) == copier(b)
    };
    let made = match (&a.model, &b.model) {
        (HopModel::Gpu(a), HopModel::Gpu(b)) => a == b,
        (HopModel::Cpu(a), HopModel::Cpu(b)) => {
            (a.host, a.side, a.core, a.socket) == (b.host, b.side, b.core, b.socket)
                && (a.turn, a.back_pressure) == (b.turn, b.back_pressure)
        }
        (HopModel::Dma(a), HopModel::Dma(b)) => same_dma(a, b),
        (HopModel::Wire(a), HopModel::Wire(b)) => (a.link, a.reverse) == (b.link, b.reverse),
        _ => false,
    };
    made && (&a.name, &a.kind, a.lane) == (&b.name, &b.kind, b.lane)
}

fn is_same_host(a: &Host, b: &Host) -> bool {
    (&a.name, &a.cores, &a.pinned) == (&b.name, &b.cores, &b.pinned)
        && a.names.is_some() == b.names.is_some()
}

fn is_same_gpu(a: &Accelerator, b: &Accelerator) -> bool {
    (a.sms, a.memory, a.turns) == (b.sms, b.memory, b.turns)
        && a.hops.iter().zip(&b.hops).all(|(a, b)| is_same(a, b))
}

fn is_same_service(a: &Service, b: &Service) -> bool {
    (&a.name, &a.pods, a.hops.len()) == (&b.name, &b.pods, b.hops.len())
        && a.hops.iter().zip(&b.hops).all(|(a, b)| is_same(a, b))
}
