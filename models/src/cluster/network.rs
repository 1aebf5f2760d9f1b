//! Container networks in the graph: each pod's chain of hops to its node's forwarding point, and
//! the node's chain from there to the NICs, both once out and once in.

use std::collections::HashMap;
use std::sync::Arc;

use petgraph::graph::NodeIndex;
use sim::Bytes;

use super::assemble::{Builder, network_rate, packet_size, quantity};
use super::classes::{Of, class};
use super::lab::QUEUE_FRAMING;
use super::{
    Core, Costs, CpuCosts, CpuHop, Hop, HopModel, Lane, LinkUnit, PlaceKind, Side, WireHop, Word,
    cable, slot,
};
use crate::catalogue::{BackPressure, CniSpec, HopSpec, RunsOn, Turn};
use crate::input::InputError;
use crate::library::Kind;
use crate::profile::Profile;
use crate::profile::schema::{self, Need};
use crate::quantity::parse_bytes;
use crate::topology::{NicTable, Placed, PodTable, Topology};
use crate::transfer::Transport;

/// Adds pods and their networks.
pub(super) fn add(builder: &mut Builder<'_>, topology: &Topology) -> Result<(), InputError> {
    // One forwarding point per (machine, CNI): pods of one network on one node meet there.
    let mut forwarding: HashMap<(usize, *const CniSpec), NodeIndex> = HashMap::new();
    for pod in &topology.pods {
        let cni = cni_of(builder, pod)?;
        let machine = builder.machine_of(pod, &pod.table.node)?;
        let (node, key) = (machine.name.clone(), (machine.host, Arc::as_ptr(&cni)));
        let point = match forwarding.get(&key) {
            Some(&point) => point,
            None => {
                let point = forwarding_point(builder, &node, &cni)?;
                forwarding.insert(key, point);
                point
            }
        };
        let memory = builder.cluster.places[pod.table.name.get_ref().as_str()];
        let name = builder.cluster.graph[memory].name.owner().clone();
        let inside = socket(builder, &node, pod, &cni, memory, point)?;
        let inside = limited(builder, pod, (&node, &name), inside)?;
        chain(builder, &node, &name, &cni.pod, inside, point)?;
        // A lab switches the pods' own devices with the card's: behind it, nothing else segments.
        let whole = |nic: &Placed<NicTable>| {
            nic.table.offloads.unwrap_or(true) || node != *nic.table.node.get_ref().as_str()
        };
        let in_lab = builder.lab.is_some() && !topology.nics.iter().all(whole);
        if !pod.table.offloads || in_lab {
            builder.cluster.without_offloads.insert(memory);
        }
        if let Some(mtu) = &pod.table.mtu {
            let mtu = packet_size(pod, mtu)?;
            builder.cluster.pod_mtus.insert(memory, mtu);
        }
    }
    Ok(())
}

/// The CNI of a pod: its own, else its node's.
fn cni_of(builder: &mut Builder<'_>, pod: &Placed<PodTable>) -> Result<Arc<CniSpec>, InputError> {
    let machine = builder.machine_of(pod, &pod.table.node)?;
    let (name, source) = match (&pod.table.cni, &machine.cni) {
        (Some(own), _) => (own, &pod.source),
        (None, Some(cni)) => (&cni.table, &cni.source),
        (None, None) => {
            let problem = format!("`{}` runs no pods", pod.table.node.get_ref());
            return Err(pod.fault(&pod.table.node, "node", problem).help("a [[node]]"));
        }
    };
    if let Err(unknown) = builder.library.source(Kind::Cni, name.get_ref()) {
        let help = unknown.help.unwrap_or_default();
        return Err(InputError::new("cni", unknown.problem).help(help).at(source, name.span()));
    }
    let (library, name) = (builder.library, name.get_ref().clone());
    class(&mut builder.classes.cnis, name.clone(), || CniSpec::load(&name, library))
}

/// The node's side of a network: forwarding point → node hops → the stack's way to the NICs.
fn forwarding_point(
    builder: &mut Builder<'_>,
    node: &Word,
    cni: &CniSpec,
) -> Result<NodeIndex, InputError> {
    let stack = builder.machines[node].stack;
    if cni.node.is_empty() {
        return Ok(stack);
    }
    let name = builder.name(node, &format!("/{}", cni.name));
    let point = builder.point(name, PlaceKind::Namespace, Some(node));
    chain(builder, node, node, &cni.node, point, stack)?;
    Ok(point)
}

/// The pod's socket: from its memory to the inside of its network, which is returned.
fn socket(
    builder: &mut Builder<'_>,
    node: &Word,
    pod: &Placed<PodTable>,
    cni: &CniSpec,
    memory: NodeIndex,
    point: NodeIndex,
) -> Result<NodeIndex, InputError> {
    if let (Some(rate), true) = (&pod.table.rate, cni.pod.is_empty()) {
        let problem = "a pod on the node's network has no interface to limit".into();
        return Err(pod.fault(rate, "rate", problem).help("a container network with a pod side"));
    }
    let numa = pod.table.numa;
    let pod = builder.cluster.graph[memory].name.owner().clone();
    let inside = match cni.pod.is_empty() {
        true => point,
        false => {
            let name = builder.name(&pod, "/net");
            builder.point(name, PlaceKind::Namespace, Some(node))
        }
    };
    // The namespaces of a lab have memory in common, whatever the topology says.
    let channels = match builder.lab {
        None => slot::memory(builder, node, numa)?,
        Some(_) => None,
    };
    for (side, from, to) in [(Side::Send, memory, inside), (Side::Receive, inside, memory)] {
        let hop = CpuHop {
            host: builder.machines[node].host,
            side,
            core: Core::Flow,
            socket: true,
            costs: match cni.pod.iter().any(|hop| hop.user_space) {
                true => Arc::new(Costs { user_space: true, ..Costs::default() }),
                false => sockets(builder, node, side)?,
            },
            header: Bytes::ZERO,
            back_pressure: BackPressure::Kept,
            turn: Turn::Both,
            by_packet: false,
            memory: channels,
        };
        let (name, kind) = (builder.name(&pod, "/socket"), builder.word("socket"));
        let hop = Hop { name, kind, lane: Lane::Host, model: HopModel::Cpu(hop) };
        builder.cluster.graph.add_edge(from, to, hop);
    }
    Ok(inside)
}

/// The limit of the pod's interface, both ways; the place behind it.
fn limited(
    builder: &mut Builder<'_>,
    pod: &Placed<PodTable>,
    (node, name): (&Word, &Word),
    inside: NodeIndex,
) -> Result<NodeIndex, InputError> {
    let Some(rate) = &pod.table.rate else {
        return match &pod.table.burst {
            None => Ok(inside),
            Some(burst) => Err(pod
                .fault(burst, "burst", "has no effect without `rate`".into())
                .help("rate = \"100 Mbit/s\"")),
        };
    };
    let rate = network_rate(builder, pod, "pod.rate", rate)?;
    let limited = builder.name(name, "/limited");
    let behind = builder.point(limited, PlaceKind::Namespace, Some(node));
    let [out, back] = ["/rate-out", "/rate-in"].map(|way| {
        let name = builder.name(name, way);
        builder.rate_link(name, rate)
    });
    let wire = builder.name(name, "/rate");
    let bucket = match &pod.table.burst {
        None => Bytes::ZERO,
        Some(text) => quantity(pod, "burst", text, parse_bytes)?,
    };
    let hop = |link, reverse| {
        let (nominal, latency, framing, lost) = (rate, 0.0, QUEUE_FRAMING, 0.0);
        WireHop { link, reverse, nominal, latency, framing, lost, bucket: Some(bucket) }
    };
    cable::wire(builder, wire.clone(), (inside, behind), hop(out, back));
    cable::wire(builder, wire, (behind, inside), hop(back, out));
    Ok(behind)
}

/// Adds `hops` between two places, out and in, with unnamed points between them.
fn chain(
    builder: &mut Builder<'_>,
    node: &Word,
    owner: &Word,
    hops: &[HopSpec],
    inner: NodeIndex,
    outer: NodeIndex,
) -> Result<(), InputError> {
    let mut at = inner;
    for (position, spec) in hops.iter().enumerate() {
        let next = match position + 1 == hops.len() {
            true => outer,
            false => {
                let name = builder.name(owner, &format!("/{}.{position}", spec.name));
                builder.point(name, PlaceKind::Namespace, Some(node))
            }
        };
        let name = builder.name(owner, &format!("/{}", spec.name));
        let kind = builder.word(&spec.name);
        for (side, from, to) in [(Side::Send, at, next), (Side::Receive, next, at)] {
            let hop = cpu_hop(builder, node, spec, side)?;
            let (name, kind) = (name.clone(), kind.clone());
            let hop = Hop { name, kind, lane: Lane::Host, model: HopModel::Cpu(hop) };
            builder.cluster.graph.add_edge(from, to, hop);
        }
        at = next;
    }
    Ok(())
}

/// The hop into another namespace that a pair of virtual devices is.
pub(super) fn veth(builder: &mut Builder<'_>) -> Result<HopSpec, InputError> {
    builder.cluster.used.insert((Kind::Hop, "veth".into()));
    HopSpec::load("veth", builder.library)
}

/// One direction of one hop on one machine.
pub(super) fn cpu_hop(
    builder: &mut Builder<'_>,
    node: &Word,
    spec: &HopSpec,
    side: Side,
) -> Result<CpuHop, InputError> {
    let machine = &builder.machines[node];
    let (host, profile) = (machine.host, &machine.profile);
    let key = (Of::profile(profile), spec.name.clone(), side);
    let costs = class(&mut builder.classes.hops, key, || of_hop(profile, &spec.name, side))?;
    let runs_on = match side {
        Side::Send => &spec.sends_on,
        Side::Receive => &spec.runs_on,
    };
    let core = match runs_on {
        RunsOn::FlowCore => Core::Flow,
        RunsOn::Serial(worker) => Core::Serial(worker_link(builder, node, worker)),
    };
    let (header, back_pressure) = (spec.header, spec.back_pressure);
    let (socket, turn, memory, by_packet) = (false, spec.turn, None, spec.by_packet);
    Ok(CpuHop { host, side, core, socket, costs, header, back_pressure, turn, by_packet, memory })
}

/// What a kind of hop costs on machines of a profile.
fn of_hop(profile: &Profile, name: &str, side: Side) -> Result<Costs, InputError> {
    if let Some(unknown) = unknown(profile, name, side) {
        return Err(unknown);
    }
    let tcp = costs(profile, name, side)?;
    let datagram = tcp.per_skb + datagram(profile, name, side)?;
    let udp = CpuCosts { per_skb: datagram, per_fragment: tcp.per_skb, ..tcp };
    let udp_flow_limit = match side {
        Side::Send => None,
        Side::Receive => profile.optional(&format!("{name}.udp_flow_limit"), Profile::rate)?,
    };
    Ok(Costs { tcp, udp, udp_flow_limit, ..Costs::default() })
}

/// The lines to add before a hop has a price on one side: one of those that every byte or packet
/// pays, so that no kind of hop is free because nobody wrote down what it costs.
fn unknown(profile: &Profile, name: &str, side: Side) -> Option<InputError> {
    let lines = ["per_byte", "per_skb", "per_segment"]
        .map(|line| format!("{name}.{}_{line}", prefix(side)));
    if lines.iter().any(|line| profile.has(line)) {
        return None;
    }
    let way = match side {
        Side::Send => "out",
        Side::Receive => "in",
    };
    let problem = format!("host profile `{}` has no cost of it on the way {way}", profile.name);
    let example = |line: &String| Some(schema::line(Kind::Host, line)?.example(line));
    let examples: Vec<String> = lines.iter().filter_map(example).collect();
    let help = format!("add one of the lines `{}`; 0 says that it is free", examples.join("`, `"));
    Some(InputError::new(format!("hop `{name}`"), problem).help(help).at(profile.source(), 0..0))
}

/// What the socket layer costs under each transport.
fn sockets(builder: &mut Builder<'_>, node: &Word, side: Side) -> Result<Arc<Costs>, InputError> {
    let profile = &builder.machines[node].profile;
    class(&mut builder.classes.sockets, (Of::profile(profile), side), || {
        let mut costs = Costs::default();
        costs.tcp = socket_costs(profile, Transport::Tcp, side, &mut costs.unpriced)?;
        costs.udp = socket_costs(profile, Transport::Udp, side, &mut costs.unpriced)?;
        Ok(costs)
    })
}

/// What the socket layer costs. A host may lack the costs of a transport until somebody uses it.
fn socket_costs(
    profile: &Profile,
    transport: Transport,
    side: Side,
    unpriced: &mut Vec<(Transport, InputError)>,
) -> Result<CpuCosts, InputError> {
    let (name, sends) = match transport {
        Transport::Tcp => ("tcp", schema::SENDS_TCP),
        Transport::Udp => ("udp", schema::SENDS_UDP),
    };
    let mut needed = schema::lines(Kind::Host).iter().filter(|l| l.need == Need::Where(sends));
    let absent = needed.find(|line| !profile.has(line.name)).map(|l| profile.missing(l.name));
    if let Some(unknown) = unknown(profile, name, side).or(absent) {
        unpriced.push((transport, unknown));
        return Ok(CpuCosts::default());
    }
    let forwarded_per_byte = profile.seconds_per_byte(&format!("{name}.forwarded_per_byte"))?;
    let costs = costs(profile, name, side)?;
    let per_fragment = match format!("{name}.{}_per_fragment", prefix(side)) {
        line if profile.has(&line) => seconds(profile, line)?,
        _ => costs.per_skb,
    };
    Ok(CpuCosts {
        per_fragment,
        forwarded_per_skb: seconds(profile, format!("{name}.forwarded_per_skb"))?,
        forwarded_per_byte: forwarded_per_byte / core_speed(profile)?,
        ..costs
    })
}

/// The link of a serial worker, made on first use: one core of its own.
fn worker_link(builder: &mut Builder<'_>, node: &Word, worker: &str) -> super::LinkIndex {
    if let Some(&link) = builder.machines[node].workers.get(worker) {
        return link;
    }
    let name = builder.name(node, &format!("/{worker}-worker"));
    let link = builder.link(name, LinkUnit::Cores, 1.0);
    builder.machines.get_mut(node).expect("known").workers.insert(worker.to_owned(), link);
    link
}

/// How fast the machine's cores are beside those that the costs of its profile were measured on.
pub(super) fn core_speed(profile: &Profile) -> Result<f64, InputError> {
    match profile.ratio("core_speed")? {
        speed if speed > 0.0 => Ok(speed),
        _ => Err(profile.fault("core_speed", "must be above zero", "1 for the cores as measured")),
    }
}

/// What a datagram costs on top of a super-packet's `per_skb`: it passes alone, while the pieces of
/// a TCP stream share wake-ups and softirqs.
fn datagram(profile: &Profile, name: &str, side: Side) -> Result<f64, InputError> {
    seconds(profile, format!("{name}.{}_per_datagram", prefix(side)))
}

fn prefix(side: Side) -> &'static str {
    match side {
        Side::Send => "tx",
        Side::Receive => "rx",
    }
}

/// A core's time on this machine.
fn seconds(profile: &Profile, parameter: String) -> Result<f64, InputError> {
    Ok(profile.seconds(&parameter)? / core_speed(profile)?)
}

/// The costs of hop `name` on one side; what a line stands for that is not given is in the schema.
fn costs(profile: &Profile, name: &str, side: Side) -> Result<CpuCosts, InputError> {
    let prefix = prefix(side);
    let seconds = |parameter: String| seconds(profile, parameter);
    let per_byte = profile.seconds_per_byte(&format!("{name}.{prefix}_per_byte"))?;
    Ok(CpuCosts {
        per_connection: seconds(format!("{name}.per_connection"))?,
        per_message: seconds(format!("{name}.{prefix}_per_message"))?,
        per_skb: seconds(format!("{name}.{prefix}_per_skb"))?,
        per_segment: seconds(format!("{name}.{prefix}_per_segment"))?,
        per_byte: per_byte / core_speed(profile)?,
        latency: profile.seconds(&format!("{name}.latency"))?,
        ..CpuCosts::default()
    })
}
