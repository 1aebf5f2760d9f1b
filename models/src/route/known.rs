//! What a way costs has to be known: no transport, copy or crossing is free because nobody wrote
//! down what it costs, and a packet that its way does not take is not cut in silence.

use petgraph::graph::NodeIndex;

use super::crossing::crossings;
use super::{Leg, Route};
use crate::cluster::{Cluster, DmaHop, HopModel, PlaceKind};
use crate::input::InputError;
use crate::price;
use crate::transfer::Transfer;

/// Refuses a way of which something is not known.
///
/// # Errors
/// With the line to add to the host's profile.
pub(super) fn check(
    cluster: &Cluster,
    route: &Route<'_>,
    transfer: &Transfer,
) -> Result<(), InputError> {
    for legs in &route.stages {
        sockets(legs, transfer)?;
        copies(cluster, legs, transfer)?;
        for crossing in crossings(cluster, route, legs) {
            let host = &cluster.hosts[crossing.host];
            if host.socket_link.is_none() {
                return Err(host.profile.missing("socket_link_bandwidth"));
            }
        }
    }
    Ok(())
}

/// The transport's costs at both ends.
fn sockets(legs: &[Leg<'_>], transfer: &Transfer) -> Result<(), InputError> {
    for leg in legs {
        let HopModel::Cpu(cpu) = &leg.hop().model else { continue };
        let mut unpriced = cpu.costs.unpriced.iter();
        if let Some((_, error)) = unpriced.find(|(of, _)| *of == transfer.transport) {
            return Err(error.clone());
        }
    }
    Ok(())
}

/// What a core does for a copy between a GPU and pageable memory.
fn copies(cluster: &Cluster, legs: &[Leg<'_>], transfer: &Transfer) -> Result<(), InputError> {
    if !transfer.host_memory.is_staged() {
        return Ok(());
    }
    for leg in legs {
        let Leg::Edge(edge, hop) = leg else { continue };
        let is_pinned = |dma: &DmaHop| dma.pool.is_some() && dma.pageable.is_none();
        if !matches!(&hop.model, HopModel::Dma(dma) if is_pinned(dma)) {
            continue;
        }
        let (begin, end) = cluster.graph.edge_endpoints(*edge).expect("an edge of this graph");
        let is_pod = |at: &NodeIndex| cluster.graph[*at].kind == PlaceKind::PodMemory;
        let host = [begin, end].into_iter().find(is_pod).and_then(|pod| cluster.host_of(pod));
        if let Some(host) = host.filter(|host| !host.profile.has("staging.per_byte")) {
            return Err(host.profile.missing("staging.per_byte"));
        }
    }
    Ok(())
}

/// Says that there are several ways, and which of them is taken.
pub(super) fn parallel(
    cluster: &Cluster,
    route: &Route<'_>,
    transfer: &Transfer,
) -> Option<String> {
    let Transfer { from, to, .. } = transfer;
    let ways = &route.parallel.as_ref()?.ways;
    Some(match ways.equal(cluster) {
        1 => format!(
            "{} ways of {} hops lead from `{from}` to `{to}`, and they are not alike: the one that \
             stands first in the topology file is taken",
            ways.count(cluster),
            ways.first(cluster).len()
        ),
        equal if ways.is_sprayed(cluster) => {
            format!("{equal} equal ways lead from `{from}` to `{to}`: packets take all of them")
        }
        equal => format!(
            "{equal} equal ways lead from `{from}` to `{to}`: each stream takes the one that its \
             flow's hash gives"
        ),
    })
}

/// Says where the interface of a pod has a larger MTU than its way. Its kernel then learns the
/// path's MTU, from the route's own or from ICMP, and sends packets of that size, as the model
/// does; where ICMP is filtered, connections hang instead.
pub(super) fn oversized(
    cluster: &Cluster,
    route: &Route<'_>,
    transfer: &Transfer,
) -> Option<String> {
    let (from, to) = route.pods?;
    let rooms = (0..route.stages.len()).filter_map(|at| price::room(cluster, route, at, transfer));
    let room = rooms.min()?;
    let own = |at| Some((at, *cluster.pod_mtus.get(&at)?));
    let (pod, mtu) = [from, to].into_iter().filter_map(own).find(|(_, mtu)| *mtu > room)?;
    Some(format!(
        "the interface of pod `{}` has an MTU of {} bytes, and its way takes packets of {}: those \
         are sent, as if the kernel had learned the path's MTU",
        cluster.graph[pod].name,
        mtu.get(),
        room.get()
    ))
}
