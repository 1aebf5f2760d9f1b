//! Forwarders in the graph: machines between cables whose cores pass every packet on.
//!
//! A router crosses its hop once; a bridge takes a packet in by one port (the receiving half of its
//! work) and puts it out by another (the sending half), see [`crate::catalogue::Turn`].

use std::sync::Arc;

use super::assemble::Builder;
use super::{CpuHop, Hop, HopModel, Lane, PlaceKind, Side, network};
use crate::catalogue::{HopSpec, Turn};
use crate::input::{InputError, suggest};
use crate::library::Kind;
use crate::topology::{ForwarderTable, Placed};

/// The kinds of hop that a machine without pods can be.
const KINDS: [&str; 2] = ["bridge", "route"];

pub(super) fn add(
    builder: &mut Builder<'_>,
    forwarder: &Placed<ForwarderTable>,
) -> Result<(), InputError> {
    let table = &forwarder.table;
    let kind = table.kind.get_ref().as_str();
    if !KINDS.contains(&kind) {
        let problem = format!("`{kind}` is no kind of forwarder");
        return Err(forwarder.fault(&table.kind, "kind", problem).help(suggest(kind, KINDS)));
    }
    let name = builder.machine(forwarder, &table.name, &table.host, None, None)?;
    let spec = HopSpec::load(kind, builder.library)?;
    builder.cluster.used.insert((Kind::Hop, spec.name.clone()));
    let mut hop = network::cpu_hop(builder, &name, &spec, Side::Receive)?;
    if spec.turn == Turn::Both {
        add_costs(&mut hop, &network::cpu_hop(builder, &name, &spec, Side::Send)?);
    }
    let [enter, leave] = ["/in", "/out"].map(|end| {
        let end = builder.name(&name, end);
        builder.point(end, PlaceKind::Namespace, Some(&name))
    });
    let (hop_name, kind) =
        (builder.name(&name, &format!("/{}", spec.name)), builder.word(&spec.name));
    let hop = Hop { name: hop_name, kind, lane: Lane::Host, model: HopModel::Cpu(hop) };
    builder.cluster.graph.add_edge(enter, leave, hop);
    builder.forwarders.insert(name, (enter, leave));
    Ok(())
}

fn add_costs(hop: &mut CpuHop, other: &CpuHop) {
    let (costs, other) = (Arc::make_mut(&mut hop.costs), &other.costs);
    for (costs, more) in [(&mut costs.tcp, &other.tcp), (&mut costs.udp, &other.udp)] {
        costs.per_message += more.per_message;
        costs.per_skb += more.per_skb;
        costs.per_segment += more.per_segment;
        costs.per_byte += more.per_byte;
    }
}
