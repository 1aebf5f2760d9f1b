//! GPUs and their nodes, of the file's own or of a topology.

use std::collections::BTreeMap;

use models::cluster::Cluster;
use models::function::{Gpu, Node};
use models::input::{InputError, suggest};
use sim::Bytes;

use super::cost::Reader;
use super::raw::{RawGpu, RawNode, RawScene};

/// More GPUs are taken for a mistake.
const GPUS_MAX: u32 = 100_000;
const CALLS_MAX: u32 = 1_000_000;

/// What there is to run on.
pub(super) struct Machines {
    pub(super) nodes: Vec<Node>,
    pub(super) gpus: Vec<Gpu>,
    /// By GPU: the pod of it, on a topology.
    pub(super) pods: Vec<String>,
}

pub(super) fn machines(
    raw: &RawScene,
    reader: Reader<'_>,
    cluster: Option<&Cluster>,
) -> Result<Machines, InputError> {
    if raw.gpu.is_empty() {
        return Err(InputError::new("gpu", "no GPU is named, so that no pod can start")
            .help("a table [[gpu]] with `name` and `memory`")
            .at(reader.source, raw.name.span()));
    }
    let mut machines = Machines { nodes: Vec::new(), gpus: Vec::new(), pods: Vec::new() };
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    for own in &raw.gpu {
        let name = own.name.get_ref();
        let field = |key: &str| format!("gpu.{name}.{key}");
        let count = reader.count(&own.count, &field("count"), GPUS_MAX)?.unwrap_or(1);
        if machines.gpus.iter().any(|other| other.name == *name) {
            return Err(reader.fault(&own.name, "gpu.name", format!("`{name}` is named twice")));
        }
        let memory = reader.bytes(&own.memory, &field("memory"))?;
        let calls = reader.count(&own.calls, &field("calls"), CALLS_MAX)?.unwrap_or(1);
        let place = match cluster {
            None => alone(own, reader)?,
            Some(cluster) => placed(own, reader, cluster)?,
        };
        let memory = memory.or(place.memory).ok_or_else(|| {
            reader
                .fault(&own.name, field("memory"), "is missing")
                .help("what weights may take of it: memory = \"40 GiB\"")
        })?;
        for at in 0..count {
            let name = if count == 1 { name.clone() } else { format!("{name}-{at}") };
            let next = numbers.len() as u32;
            let node = *numbers.entry(place.node.clone()).or_insert(next);
            machines.gpus.push(Gpu { name, node, memory, calls });
            machines.pods.push(place.pod.clone());
        }
    }
    let mut names: Vec<(String, u32)> = numbers.into_iter().collect();
    names.sort_by_key(|(_, at)| *at);
    let node = |(name, _)| Node { name, host_memory: Bytes::new(0) };
    machines.nodes = names.into_iter().map(node).collect();
    raw.node.iter().try_for_each(|own| remembered(own, reader, &mut machines.nodes))?;
    Ok(machines)
}

/// What a node says of itself.
fn remembered(own: &RawNode, reader: Reader<'_>, nodes: &mut [Node]) -> Result<(), InputError> {
    let name = own.name.get_ref();
    let known: Vec<String> = nodes.iter().map(|node| node.name.clone()).collect();
    let Some(node) = nodes.iter_mut().find(|node| node.name == *name) else {
        let help = suggest(name, known.iter().map(String::as_str));
        return Err(reader
            .fault(&own.name, "node.name", format!("no GPU is in `{name}`"))
            .help(help));
    };
    let field = format!("node.{name}.host_memory");
    node.host_memory = reader.bytes(&own.host_memory, &field)?.unwrap_or(node.host_memory);
    Ok(())
}

/// Where a GPU is.
struct Place {
    node: String,
    pod: String,
    memory: Option<Bytes>,
}

/// A GPU without a topology, in a node of its own or in one that it names.
fn alone(own: &RawGpu, reader: Reader<'_>) -> Result<Place, InputError> {
    if let Some(pod) = &own.pod {
        let field = format!("gpu.{}.pod", own.name.get_ref());
        return Err(reader
            .fault(pod, field, "has no effect without a topology")
            .help("topology = \"…\" at the top of the file, or no pod"));
    }
    let node = own.node.as_ref().unwrap_or(&own.name).get_ref().clone();
    Ok(Place { node, pod: String::new(), memory: None })
}

/// A GPU of a topology, with the pod that instances on it run in.
fn placed(own: &RawGpu, reader: Reader<'_>, cluster: &Cluster) -> Result<Place, InputError> {
    let name = own.name.get_ref();
    let field = |key: &str| format!("gpu.{name}.{key}");
    let known = || cluster.places.keys().map(|place| &**place).collect::<Vec<_>>();
    for (value, key) in [(&own.node, "node")] {
        if let Some(value) = value {
            return Err(reader
                .fault(value, field(key), "has no effect: the topology says where a GPU is")
                .help("no such line"));
        }
    }
    if let Some(count) = &own.count {
        return Err(reader
            .fault(count, field("count"), "has no effect: the topology says how many there are")
            .help("a table [[gpu]] for each GPU of the topology"));
    }
    let place = cluster.places.get(name.as_str());
    let card = place.and_then(|place| Some((place, cluster.gpus.get(place)?)));
    let Some((place, card)) = card else {
        let problem = format!("`{name}` is no GPU of the topology");
        return Err(reader.fault(&own.name, "gpu.name", problem).help(suggest(name, known())));
    };
    let pod = own.pod.as_ref().ok_or_else(|| {
        reader
            .fault(&own.name, field("pod"), "is missing")
            .help("the pod that instances on this GPU run in")
    })?;
    if !cluster.places.contains_key(pod.get_ref().as_str()) {
        let problem = format!("`{}` is no pod of the topology", pod.get_ref());
        return Err(reader.fault(pod, field("pod"), problem).help(suggest(pod.get_ref(), known())));
    }
    let node = cluster.graph[*place].node.as_ref().map_or(name.clone(), |node| node.to_string());
    Ok(Place { node, pod: pod.get_ref().clone(), memory: Some(card.gpu.memory) })
}
