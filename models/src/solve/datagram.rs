//! Datagrams: a sender that nobody tells to slow down, and what is lost behind it.
//!
//! While a packet still charges its socket, the sender is held back by everything up to the wire
//! and by its send buffer (buffer ÷ time to completion). Where a hop orphans the packet
//! (`skb_orphan`, as in `ip_rcv`), only the sending core holds it back, and what the next queue
//! cannot take is dropped there. Behind the wire, or past the queue of a receiving socket, which
//! takes the packet onto its own account (`skb_set_owner_r`), nothing holds it back in any case. At
//! a link that is offered more than it can take, every flow loses the same part (a full drop-tail
//! queue):
//!
//! ```text
//!  part that passes = capacity ÷ Σ over flows: offered × weight
//! ```

use sim::Hop;

use super::placed::PlacedFlow;
use super::share::Running;
use crate::price::UdpRole;
use crate::transfer::Transport;

/// The links that hold a UDP sender back, and its limit.
pub(super) fn claim(running: &Running<'_>) -> (Vec<Hop>, f64) {
    let boundary = boundary_of(running.flow);
    let mut hops: Vec<Hop> = Vec::new();
    for (at, hop, sends) in &running.flow.works {
        if *sends || *at < boundary.held_until {
            match hops.iter_mut().find(|held| held.link == hop.link) {
                Some(held) => held.weight += hop.weight,
                None => hops.push(*hop),
            }
        }
    }
    let limit = match (boundary.orphaned, running.udp_send_limit) {
        (false, Some(limit)) => running.flow.limit.min(limit),
        _ => running.flow.limit,
    };
    (hops, limit)
}

/// The rate at which each flow's payload arrives when it is sent at `sent`; equal to it for TCP.
pub(super) fn delivered(capacities: &[f64], running: &[Running<'_>], sent: &[f64]) -> Vec<f64> {
    let mut rates = sent.to_vec();
    let is_udp = |flow: &usize| running[*flow].transport == Transport::Udp;
    let datagrams: Vec<usize> = (0..running.len()).filter(is_udp).collect();
    if datagrams.is_empty() {
        return rates;
    }
    let mut left = capacities.to_vec();
    for (flow, rate) in sent.iter().enumerate().filter(|(flow, _)| !is_udp(flow)) {
        for hop in &running[flow].flow.hops {
            left[hop.link.index()] -= rate * hop.weight;
        }
    }
    let depth = running.iter().map(|r| r.flow.roles.len()).max().unwrap_or(0);
    for at in 0..depth {
        pass(&left, running, &datagrams, at, &mut rates);
        for &flow in &datagrams {
            if let Some(limit) = running[flow].flow.roles.get(at).and_then(|role| role.flow_limit) {
                rates[flow] = rates[flow].min(limit);
            }
        }
    }
    rates
}

/// Passes all datagram flows through hop `at` of their ways, losing what its links cannot take.
fn pass(left: &[f64], running: &[Running<'_>], datagrams: &[usize], at: usize, rates: &mut [f64]) {
    let mut offered = vec![0.0; left.len()];
    let mut crossing: Vec<(usize, usize)> = Vec::new();
    for &flow in datagrams {
        let placed = running[flow].flow;
        let boundary = boundary_of(placed);
        for (slot, hop) in placed.hops.iter().enumerate() {
            // A link is met once, where its first work stands; one that held the sender back has
            // been shared out already.
            if placed.owners[slot][0].0 == at && !boundary.holds(placed, slot) {
                offered[hop.link.index()] += rates[flow] * hop.weight;
                crossing.push((flow, hop.link.index()));
            }
        }
    }
    for (flow, link) in crossing {
        if offered[link] > left[link] {
            rates[flow] *= (left[link] / offered[link]).max(0.0);
        }
    }
}

/// How far the sender is held back.
pub(super) struct Boundary {
    /// Hops before this one hold the sender back.
    held_until: usize,
    /// Whether that is because a hop orphans the packet.
    pub(super) orphaned: bool,
}

impl Boundary {
    /// Whether the link in `slot` of `flow` holds its sender back.
    pub(super) fn holds(&self, flow: &PlacedFlow, slot: usize) -> bool {
        let link = flow.hops[slot].link;
        flow.works
            .iter()
            .any(|(at, work, sends)| work.link == link && (*sends || *at < self.held_until))
    }
}

/// Where the hold on a flow's sender ends.
pub(super) fn boundary_of(flow: &PlacedFlow) -> Boundary {
    let roles = &flow.roles;
    if let Some(at) = roles.iter().position(|role| role.orphans) {
        return Boundary { held_until: at, orphaned: true };
    }
    let end = |role: &UdpRole| role.wire || role.delivers;
    let held_until = match roles.iter().position(end) {
        Some(at) if roles[at].wire => at + 1,
        Some(at) => at,
        None => roles.len(),
    };
    Boundary { held_until, orphaned: false }
}
