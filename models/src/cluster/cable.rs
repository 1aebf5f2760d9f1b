//! Cables in the graph: wires between cards, switches and forwarders, or, in a lab, pairs of
//! virtual devices that cost a core what crossing into another namespace costs.

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;

use super::assemble::{Builder, network_rate, quantity};
use super::lab::{QUEUE_FRAMING, is_shaped};
use super::{Hop, HopModel, Lane, Name, PlaceKind, Side, WireHop, Word, network};
use crate::framing::ETHERNET_OVERHEAD;
use crate::input::{InputError, suggest};
use crate::quantity::parse_time;
use crate::topology::{CableTable, Placed};

/// The most that a cable may lose: with more, no connection goes on.
const LOSS_MAX: f64 = 0.5;

/// Where a cable ends: what comes in arrives at `enter`, what goes out departs from `leave`. They
/// differ for a forwarder, whose work lies between them.
#[derive(Clone, Copy, PartialEq)]
struct End {
    enter: NodeIndex,
    leave: NodeIndex,
}

/// Adds a cable, of which a fault may leave less than its rate: `slowed`.
pub(super) fn add(
    builder: &mut Builder<'_>,
    cable: &Placed<CableTable>,
    slowed: Option<&Placed<Spanned<String>>>,
) -> Result<(), InputError> {
    let [a, b] = cable.table.between.get_ref();
    let (from, to) = (end(builder, cable, a)?, end(builder, cable, b)?);
    if from == to {
        return Err(cable.fault(b, "between", format!("both ends are `{}`", a.get_ref())));
    }
    let rate = network_rate(builder, cable, "cable.rate", &cable.table.rate)?;
    // A link runs as fast as the slower of its ends. The virtual devices of a lab have no ports.
    let port = |end: End| builder.cluster.nics.get(&end.enter)?.port_rate;
    let ports = [from, to].into_iter().filter(|_| builder.lab.is_none()).filter_map(port);
    let slowest = ports.reduce(sim::Rate::min);
    let within = |rate| slowest.into_iter().fold(rate, sim::Rate::min);
    let rate_back = match &cable.table.rate_back {
        None => rate,
        Some(text) => network_rate(builder, cable, "cable.rate_back", text)?,
    };
    let (nominal, back) = (within(rate), within(rate_back));
    let (rate, rate_back) = match slowed {
        None => (nominal, back),
        Some(left) => {
            let left = network_rate(builder, left, "fault.rate", &left.table)?;
            (nominal.min(left), back.min(left))
        }
    };
    let lost = lost(cable)?;
    if builder.lab.is_some()
        && let Some(field) = &cable.table.loss
    {
        let problem = "a lab's cables lose nothing by chance".into();
        return Err(cable.fault(field, "loss", problem).help("no `loss`"));
    }
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
    let [there, again] = names.clone();
    let (out, again) = (builder.rate_link(there, rate), builder.rate_link(again, rate_back));
    let ways = [
        (a, from.leave, to.enter, (out, again), nominal),
        (b, to.leave, from.enter, (again, out), back),
    ];
    for (((a, leave, enter, links, nominal), name), latency) in
        ways.into_iter().zip(names).zip(latencies)
    {
        if builder.lab.is_some() {
            let queue = builder.name(&a, &format!("{}/queue", name.part()));
            let between = builder.point(queue, PlaceKind::Namespace, None);
            let (link, reverse) = links;
            let (latency, framing, bucket) = (0.0, QUEUE_FRAMING, None);
            let hop = WireHop { link, reverse, nominal, latency, framing, lost, bucket };
            wire(builder, name, (leave, between), hop);
            virtual_pair(builder, &a, (between, enter))?;
        } else {
            let framing = ETHERNET_OVERHEAD;
            let (link, reverse) = links;
            let hop = WireHop { link, reverse, nominal, latency, framing, lost, bucket: None };
            wire(builder, name, (leave, enter), hop);
        }
    }
    Ok(())
}

/// The part of packets that a cable loses.
fn lost(cable: &Placed<CableTable>) -> Result<f64, InputError> {
    let Some(lost) = &cable.table.loss else { return Ok(0.0) };
    match *lost.get_ref() {
        part if (0.0..=LOSS_MAX).contains(&part) => Ok(part),
        part => Err(cable
            .fault(lost, "loss", format!("{part} is no part of packets"))
            .help(format!("0 to {LOSS_MAX}"))),
    }
}

/// Adds a wire, or a limit that works like one.
pub(super) fn wire(
    builder: &mut Builder<'_>,
    name: Name,
    (from, to): (NodeIndex, NodeIndex),
    wire: WireHop,
) {
    let model = HopModel::Wire(wire);
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
