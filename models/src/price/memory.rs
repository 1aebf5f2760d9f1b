//! What the kernel's own copies and the sockets' distance cost memory and the link between sockets.
//!
//! Cores wait for memory in their costs per byte, which were measured with it; what is added here
//! is the load on channels and links that others share.

use super::{LinkRef, PricedHop, Question, Work};
use crate::cluster::LinkIndex;
use crate::route::crossing::crossings;

/// Bytes that memory moves for each byte that a core copies: it is read once and written once. What
/// caches hold of it is not taken off, so this is the most it can be.
const COPIED: f64 = 2.0;

/// What a copy by a core moves through memory channels, if the profile says what they carry.
pub(super) fn copied(memory: Option<LinkIndex>) -> Option<Work> {
    memory.map(|link| Work { link: LinkRef::Fixed(link), weight: COPIED, beside: true })
}

/// What a network card's access moves. It goes packet by packet while the super-packet is still
/// under way, so no super-packet is stored and forwarded by memory.
pub(super) fn passed(memory: Option<LinkIndex>) -> Option<Work> {
    memory.map(|link| Work { link: LinkRef::Fixed(link), weight: 1.0, beside: true })
}

/// What a copy engine's access moves.
pub(super) fn accessed(memory: Option<LinkIndex>) -> Option<Work> {
    memory.map(|link| Work { link: LinkRef::Fixed(link), weight: 1.0, beside: false })
}

/// Puts payload that crosses from one NUMA node to another on the link between the sockets.
pub(super) fn cross(question: &Question<'_>, hops: &mut [PricedHop]) {
    let Question { cluster, route, legs, change, .. } = *question;
    for crossing in crossings(cluster, route, legs) {
        let link = cluster.hosts[crossing.host].socket_link;
        if let (Some(link), true) = (link, change.keeps(legs[crossing.leg].hop())) {
            let hop = &mut hops[crossing.leg];
            let way = LinkRef::Fixed(link.way(crossing.from, crossing.to));
            hop.works.push(Work { link: way, weight: 1.0, beside: true });
            hop.latency += link.latency;
        }
    }
}
