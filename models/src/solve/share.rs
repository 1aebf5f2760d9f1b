//! The rates of flows that run beside each other: static max-min, then what datagrams lose.

use sim::share::{Claim, solve};

use super::datagram;
use super::placed::PlacedFlow;
use crate::transfer::Transport;

/// A flow and what its transport does.
pub(super) struct Running<'a> {
    pub(super) flow: &'a PlacedFlow,
    pub(super) transport: Transport,
    /// The rate of a UDP sender whose socket stays charged up to the NIC [B/s].
    pub(super) udp_send_limit: Option<f64>,
}

/// Bytes per second that a flow sends and that arrive; infinite where nothing limits it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) sent: f64,
    pub(super) delivered: f64,
}

/// The rates of all flows in steady state.
pub(super) fn rates(capacities: &[f64], running: &[Running<'_>]) -> Vec<Rates> {
    let claimed: Vec<(Vec<sim::Hop>, f64)> = running.iter().map(claim).collect();
    let bounded = |(hops, limit): &(Vec<sim::Hop>, f64)| limit.is_finite() || !hops.is_empty();
    let claims: Vec<Claim<'_>> = claimed
        .iter()
        .filter(|claim| bounded(claim))
        .map(|(hops, limit)| Claim { hops, limit: *limit, share: 1.0 })
        .collect();
    let mut solved = solve(capacities, &claims).into_iter();
    let sent: Vec<f64> = claimed
        .iter()
        .map(|claim| if bounded(claim) { solved.next().expect("one each") } else { f64::INFINITY })
        .collect();
    let delivered = datagram::delivered(capacities, running, &sent);
    sent.into_iter().zip(delivered).map(|(sent, delivered)| Rates { sent, delivered }).collect()
}

/// The links that hold a sender back, and its limit.
fn claim(running: &Running<'_>) -> (Vec<sim::Hop>, f64) {
    match running.transport {
        Transport::Tcp => (running.flow.hops.clone(), running.flow.limit),
        Transport::Udp => datagram::claim(running),
    }
}
