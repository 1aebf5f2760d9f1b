//! What full queues of a fabric do to flows that begin together, besides sharing a cable: stated
//! approximations, found once, when the flows begin.
//!
//! **Drop.** A TCP flow learns of a loss by three duplicate acknowledgements (RFC 5681), for which
//! four segments have to be under way. Where the flows of a port have less room than that in its
//! buffer and on the wire,
//!
//! ```text
//! flows × 4 × segment  >  buffer + rate × round trip
//! ```
//!
//! each loses so much that only its timer helps, and its message comes one timeout later: goodput
//! collapses from what the cable carries to `n·S ÷ (n·S ÷ C + RTO)` (A. Phanishayee and others,
//! *Measurement and analysis of TCP throughput collapse in cluster-based storage systems*, FAST
//! 2008). A port with twice the buffer bears twice the flows, as found there.
//!
//! **ECN.** Queues stay at a threshold of a seventh of rate × round trip, which is what DCTCP needs
//! (M. Alizadeh and others, *Data center TCP*, SIGCOMM 2010, equation 13), and every flow that
//! meets others waits behind it. Its window is never less than two segments: where even these do
//! not fit, DCTCP loses as TCP does.
//!
//! **PFC.** Nothing is lost. A port with more to send than it can pauses the cables that lead to
//! it, each of which serves all its flows in order: those that go elsewhere (victims) advance as
//! its slowest flow does, and the cables that lead there are paused in their turn.

use std::collections::HashMap;

use sim::share::{Claim, solve};
use sim::{Hop, LinkId};

use super::place::Cores;
use crate::cluster::{Cluster, HopModel, LinkIndex, PlaceKind};
use crate::framing::{ETHERNET_OVERHEAD, TCP_IP_HEADERS};
use crate::route::{Leg, Route};
use crate::topology::{Full, Queues};
use crate::transfer::{Transfer, Transport};

/// Linux's least retransmission timeout (`TCP_RTO_MIN`, `include/net/tcp.h`) \[s\].
const RTO_MIN_S: f64 = 0.2;
/// Segments that a flow has to have under way to learn of a loss without its timer.
const RECOVERS: f64 = 4.0;
/// DCTCP's least window \[segments\].
const DCTCP_WINDOW_MIN: f64 = 2.0;
/// The threshold of DCTCP over rate × round trip.
const THRESHOLD: f64 = 1.0 / 7.0;
/// A rate that is less by no more than this part is the same.
const SAME: f64 = 1e-9;

/// A cable on the way of a flow.
#[derive(Clone, Copy)]
struct Port {
    link: LinkIndex,
    /// The link of the way that it stands for: they differ where a flow's hash chose it.
    on_way: LinkIndex,
    /// What its switch does when it is full; none of a card's own port.
    queues: Option<Queues>,
}

/// A flow of the fabric.
struct Flow {
    transfer: usize,
    stream: usize,
    ports: Vec<Port>,
    round_trip_s: f64,
    is_tcp: bool,
    /// Payload of a full segment, and of the flow \[B\].
    segment: f64,
    bytes: f64,
}

/// Works out what queues do to the streams of transfers that begin together.
pub(super) fn fill(
    cluster: &Cluster,
    transfers: &[Transfer],
    routes: &[Route<'_>],
    cores: &mut [Vec<Cores>],
) {
    let eventful = |queues: &Queues| queues.buffer.is_some() || queues.full != Full::Drop;
    if !cluster.queues.values().any(eventful) {
        return;
    }
    let mut flows = Vec::new();
    for (at, (transfer, route)) in transfers.iter().zip(routes).enumerate() {
        if transfer.group.is_none() {
            flows.extend(cores[at].iter().enumerate().map(|(stream, own)| Flow {
                transfer: at,
                stream,
                ..flow(cluster, transfer, route, own)
            }));
        }
    }
    let mut met: HashMap<LinkIndex, Vec<usize>> = HashMap::new();
    for (at, flow) in flows.iter().enumerate() {
        flow.ports.iter().for_each(|port| met.entry(port.link).or_default().push(at));
    }
    let mut known: HashMap<LinkIndex, f64> = HashMap::new();
    for flow in &flows {
        let stream = &mut cores[flow.transfer][flow.stream];
        for port in flow.ports.iter().filter(|_| flow.is_tcp) {
            let of_port = || waits(cluster, &flows, &met[&port.link], port);
            let waits = *known.entry(port.link).or_insert_with(of_port);
            if waits > stream.stalled.map_or(0.0, |stalled| stalled.1) {
                stream.stalled = Some((port.on_way, waits));
            }
        }
    }
    for (flow, limit) in flows.iter().zip(paused(cluster, &flows)) {
        // Of what a cable carries, headers are no payload.
        let framed = flow.segment + (TCP_IP_HEADERS + ETHERNET_OVERHEAD).as_f64();
        cores[flow.transfer][flow.stream].limit = limit * flow.segment / framed;
    }
}

fn flow(cluster: &Cluster, transfer: &Transfer, route: &Route<'_>, own: &Cores) -> Flow {
    let swaps = route.spread(cluster, own.flow);
    let (mut ports, mut latency, mut mtu) = (Vec::new(), 0.0, f64::INFINITY);
    for leg in route.stages.iter().flatten() {
        let Leg::Edge(edge, hop) = leg else { continue };
        let HopModel::Wire(wire) = &hop.model else { continue };
        latency += wire.latency;
        let Some((from, to)) = cluster.graph.edge_endpoints(*edge) else { continue };
        for place in [from, to].iter().filter(|at| cluster.graph[**at].kind == PlaceKind::Nic) {
            mtu = mtu.min(cluster.nics.get(place).map_or(mtu, |nic| nic.mtu.as_f64()));
        }
        let queues = cluster.queues.get(&from).copied();
        let mut taken = swaps.iter().filter(|swap| swap.from == wire.link);
        match (taken.next(), taken.next()) {
            (None, _) => ports.push(Port { link: wire.link, on_way: wire.link, queues }),
            (Some(swap), None) => ports.push(Port { link: swap.to, on_way: wire.link, queues }),
            // Packets that take all ways meet no queue of one of them.
            (Some(_), Some(_)) => {}
        }
    }
    Flow {
        transfer: 0,
        stream: 0,
        ports,
        round_trip_s: 2.0 * latency,
        is_tcp: transfer.transport == Transport::Tcp && !transfer.mode.is_rdma(),
        segment: mtu.min(65_536.0) - TCP_IP_HEADERS.as_f64(),
        bytes: transfer.message.as_f64() / f64::from(transfer.streams),
    }
}

/// How long a flow waits for its timer, or behind a queue, at a port that so many meet at \[s\].
fn waits(cluster: &Cluster, flows: &[Flow], met: &[usize], port: &Port) -> f64 {
    let Some(queues) = port.queues.filter(|_| met.len() > 1) else { return 0.0 };
    let rate = cluster.links[port.link.0].capacity;
    let tcp = || met.iter().map(|at| &flows[*at]).filter(|flow| flow.is_tcp);
    let round_trip = tcp().map(|flow| flow.round_trip_s).fold(0.0, f64::max);
    let room = queues.buffer.map_or(f64::INFINITY, |buffer| buffer.as_f64()) + rate * round_trip;
    let under_way =
        |segments: f64| -> f64 { tcp().map(|flow| flow.bytes.min(segments * flow.segment)).sum() };
    match queues.full {
        Full::Drop if under_way(RECOVERS) > room => RTO_MIN_S,
        Full::Mark if under_way(DCTCP_WINDOW_MIN) > room => RTO_MIN_S,
        Full::Mark => THRESHOLD * round_trip,
        Full::Drop | Full::Pause => 0.0,
    }
}

/// The most that each flow sends while ports pause what leads to them \[B/s\].
fn paused(cluster: &Cluster, flows: &[Flow]) -> Vec<f64> {
    let mut limits = vec![f64::INFINITY; flows.len()];
    let pauses = |port: &Port| port.queues.is_some_and(|queues| queues.full == Full::Pause);
    if !flows.iter().flat_map(|flow| &flow.ports).any(pauses) {
        return limits;
    }
    let mut numbers: HashMap<LinkIndex, u32> = HashMap::new();
    let mut capacities = Vec::new();
    for port in flows.iter().flat_map(|flow| &flow.ports) {
        numbers.entry(port.link).or_insert_with(|| {
            capacities.push(cluster.links[port.link.0].capacity);
            capacities.len() as u32 - 1
        });
    }
    let hop = |port: &Port| Hop { link: LinkId::new(numbers[&port.link]), weight: 1.0 };
    let hops: Vec<Vec<Hop>> = flows.iter().map(|f| f.ports.iter().map(hop).collect()).collect();
    // A flow that crosses no cable is in nobody's way.
    let crossing: Vec<usize> = (0..flows.len()).filter(|at| !hops[*at].is_empty()).collect();
    let claim = |at: &usize| Claim { hops: &hops[*at], limit: f64::INFINITY, share: 1.0 };
    let claims: Vec<Claim<'_>> = crossing.iter().map(claim).collect();
    let mut rates = vec![f64::INFINITY; flows.len()];
    for (at, rate) in crossing.iter().zip(solve(&capacities, &claims)) {
        rates[*at] = rate;
    }
    let mut loads = vec![0.0; capacities.len()];
    for at in &crossing {
        hops[*at].iter().for_each(|hop| loads[hop.link.index()] += rates[*at]);
    }
    // Where on its way each flow is held up: behind the last full port that its switch pauses for.
    let is_full = |port: &Port| {
        let number = numbers[&port.link] as usize;
        loads[number] >= capacities[number] * (1.0 - SAME)
    };
    let held = |flow: &Flow| flow.ports.iter().rposition(|port| pauses(port) && is_full(port));
    let mut held: Vec<usize> = flows.iter().map(|flow| held(flow).unwrap_or(0)).collect();
    loop {
        // Of each cable that a port behind it pauses, how its slowest flow advances.
        let mut slowest: HashMap<LinkIndex, f64> = HashMap::new();
        for (at, flow) in flows.iter().enumerate() {
            for port in &flow.ports[..held[at]] {
                let least = slowest.entry(port.link).or_insert(f64::INFINITY);
                *least = least.min(rates[at]);
            }
        }
        let mut changed = false;
        for (at, flow) in flows.iter().enumerate() {
            for (place, port) in flow.ports.iter().enumerate() {
                let least = slowest.get(&port.link).copied().unwrap_or(f64::INFINITY);
                if least < rates[at] * (1.0 - SAME) {
                    (rates[at], limits[at], held[at]) = (least, least, place);
                    changed = true;
                }
            }
        }
        if !changed {
            return limits;
        }
    }
}
