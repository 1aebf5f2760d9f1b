//! Cables in the graph: wires between cards, switches and forwarders, or, in a lab, pairs of
//! virtual devices that cost a core what crossing into another namespace costs.

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;
use sim::Bytes;

use super::assemble::{Builder, network_rate, quantity};
use super::lab::{QUEUE_FRAMING, is_shaped};
use super::{Hop, HopModel, Lane, LinkIndex, Name, PlaceKind, Side, WireHop, Word, network};
use crate::framing::ETHERNET_OVERHEAD;
use crate::input::{InputError, suggest};
use crate::quantity::parse_time;
use crate::topology::{CableTable, Placed};

/// Where a cable ends: what comes in arrives at `enter`, what goes out departs from `leave`. They
/// differ for a forwarder, whose work lies between them.
#[derive(Clone, Copy, PartialEq)]
struct End {
    enter: NodeIndex,
    leave: NodeIndex,
}

pub(super) fn add(builder: &mut Builder<'_>, cable: &Placed<CableTable>) -> Result<(), InputError> {
    let [a, b] = cable.table.between.get_ref();
    let (from, to) = (end(builder, cable, a)?, end(builder, cable, b)?);
    if from == to {
        return Err(cable.fault(b, "between", format!("both ends are `{}`", a.get_ref())));
    }
    let rate = network_rate(builder, cable, "cable.rate", &cable.table.rate)?;
    // A link runs as fast as the slower of its ends. The virtual devices of a lab have no ports.
    let port = |end: End| builder.cluster.nics.get(&end.enter)?.port_rate;
    let ports = [from, to].into_iter().filter(|_| builder.lab.is_none()).filter_map(port);
    let rate = ports.fold(rate, sim::Rate::min);
    let latency = quantity(cable, "latency", &cable.table.latency, parse_time)?.as_seconds();
    // A switch delays what leaves it.
    let crossing = |end: End| builder.crossings.get(&end.leave).copied().unwrap_or(0.0);
    let latencies = [latency + crossing(from), latency + crossing(to)];
    let (a, b) = (builder.word(a.get_ref()), builder.word(b.get_ref()));
    if builder.lab.is_some() && !is_shaped(rate) {
        virtual_pair(builder, &a, (from.leave, to.enter))?;
        return virtual_pair(builder, &b, (to.leave, from.enter));
    }
    let names = [(&a, &b), (&b, &a)].map(|(a, b)| builder.name(a, &format!("→{b}")));
    let [out, back] = names.clone().map(|name| builder.rate_link(name, rate));
    let ways = [(a, from.leave, to.enter, (out, back)), (b, to.leave, from.enter, (back, out))];
    for (((a, leave, enter, links), name), latency) in ways.into_iter().zip(names).zip(latencies) {
        if builder.lab.is_some() {
            let queue = builder.name(&a, &format!("{}/queue", name.part()));
            let between = builder.point(queue, PlaceKind::Namespace, None);
            wire(builder, name, (leave, between), links, 0.0, QUEUE_FRAMING);
            virtual_pair(builder, &a, (between, enter))?;
        } else {
            wire(builder, name, (leave, enter), links, latency, ETHERNET_OVERHEAD);
        }
    }
    Ok(())
}

/// Adds a wire, or a limit that works like one.
pub(super) fn wire(
    builder: &mut Builder<'_>,
    name: Name,
    (from, to): (NodeIndex, NodeIndex),
    (link, reverse): (LinkIndex, LinkIndex),
    latency: f64,
    framing: Bytes,
) {
    let model = HopModel::Wire(WireHop { link, reverse, latency, framing });
    let hop = Hop { name, kind: builder.word("wire"), lane: Lane::Any, model };
    builder.cluster.graph.add_edge(from, to, hop);
}

/// A pair of virtual devices in place of a cable: the packet crosses into the next namespace.
fn virtual_pair(
    builder: &mut Builder<'_>,
    name: &Word,
    (from, to): (NodeIndex, NodeIndex),
) -> Result<(), InputError> {
    let veth = network::veth(builder)?;
    let machine = builder.any_machine();
    let hop = network::cpu_hop(builder, &machine, &veth, Side::Receive)?;
    let (name, kind) = (builder.name(name, "/veth"), builder.word("veth"));
    let hop = Hop { name, kind, lane: Lane::Host, model: HopModel::Cpu(hop) };
    builder.cluster.graph.add_edge(from, to, hop);
    Ok(())
}

fn end(
    builder: &Builder<'_>,
    cable: &Placed<CableTable>,
    name: &Spanned<String>,
) -> Result<End, InputError> {
    let is_end = |kind| matches!(kind, PlaceKind::Nic | PlaceKind::Switch);
    let graph = &builder.cluster.graph;
    let text = name.get_ref().as_str();
    if let Some(&(enter, leave)) = builder.forwarders.get(text) {
        return Ok(End { enter, leave });
    }
    match builder.cluster.places.get(text) {
        Some(&place) if is_end(graph[place].kind) => Ok(End { enter: place, leave: place }),
        _ => {
            let ends = graph.node_weights().filter(|place| is_end(place.kind));
            let ends = ends.map(|place| &**place.name.owner());
            let known: Vec<&str> =
                ends.chain(builder.forwarders.keys().map(|name| &**name)).collect();
            let problem = format!("no nic, switch or forwarder is called `{text}`");
            Err(cable.fault(name, "between", problem).help(suggest(text, known)))
        }
    }
}
