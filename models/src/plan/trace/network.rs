//! Messages and copies over the cluster, each priced on its way.
//!
//! Each pair of ranks has a connection of its own, which is open. What messages share are the
//! cluster's links and cores; the numbers of cpu and card that a trace gives its messages say
//! nothing of them.

use std::collections::HashMap;
use std::slice::from_ref;

use petgraph::graph::NodeIndex;
use sim::{Bytes, Seed};

use super::super::message::{After, named};
use super::super::transfer::append;
use super::super::{Context, Cores, place};
use super::{AFTER, Laid, Layout, Placed};
use crate::cluster::{Cluster, PlaceKind};
use crate::gpu::copy::Direction;
use crate::input::InputError;
use crate::predict::way;
use crate::price::Change;
use crate::replay::{Does, Operation, Traced};
use crate::route::Route;
use crate::transfer::{HostMemory, Transfer};

/// What goes between the same two places in the same manner.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Pair {
    Ranks(u32, u32),
    Copy(u32, Direction, HostMemory),
}

/// The plan of a trace on a cluster, with the places of its ranks.
pub(crate) fn on_network(
    traced: &Traced,
    cluster: &Cluster,
    places: &[String],
    eager: Bytes,
    seed: Seed,
) -> Result<Laid, InputError> {
    let (pairs, transfers) = pairs(traced, cluster, places)?;
    let misplaced = |error: InputError| InputError { field: "ranks".into(), ..error };
    let ways = transfers.iter().map(|transfer| way(cluster, transfer).map_err(misplaced));
    let mut ways: Vec<Route<'_>> = ways.collect::<Result<_, _>>()?;
    let cores = place(cluster, &transfers, &mut ways, seed);
    let mut layout = Layout::new(traced, cluster.pools.len());
    let network = Network { cluster, transfers, ways, cores, seed };
    let mut placed: Vec<Placed> = Vec::with_capacity(traced.operations.len());
    for (at, operation) in traced.operations.iter().enumerate() {
        placed.push(match operation.does {
            Does::Work { .. } => layout.work(at),
            Does::Receive { .. } => layout.receive(),
            Does::Send { bytes, .. } | Does::Copy { bytes, .. } => {
                let pair = pairs[&pair(operation.rank, &operation.does).expect("it moves bytes")];
                let begun = layout.moment(&[]);
                let landed = network.moved(&mut layout, pair, bytes, begun)?;
                let eager = matches!(operation.does, Does::Send { .. }) && bytes <= eager;
                let ended = match eager {
                    true => begun,
                    false => {
                        let ended = layout.moment(&[begun]);
                        let draft = &mut layout.draft;
                        draft.graph.add_edge(landed.0, ended, landed.1);
                        ended
                    }
                };
                Placed { entry: begun, begun: Some(begun), ended, arrived: Some(landed) }
            }
        });
    }
    Ok(layout.freeze(&placed, eager))
}

/// For each operation of a trace whose ranks are at `places`, the transfer that it is, if it moves
/// bytes.
///
/// # Errors
/// If a rank is where it cannot be.
pub fn transfers(
    traced: &Traced,
    cluster: &Cluster,
    places: &[String],
) -> Result<Vec<Option<Transfer>>, InputError> {
    let (pairs, transfers) = pairs(traced, cluster, places)?;
    let transfer = |operation: &Operation| {
        let at = pairs[&pair(operation.rank, &operation.does)?];
        let message = operation.does.bytes().max(Bytes::new(1));
        Some(Transfer { message, ..transfers[at].clone() })
    };
    Ok(traced.operations.iter().map(transfer).collect())
}

/// What carries messages.
struct Network<'a> {
    cluster: &'a Cluster,
    transfers: Vec<Transfer>,
    ways: Vec<Route<'a>>,
    cores: Vec<Vec<Cores>>,
    seed: Seed,
}

impl Network<'_> {
    /// Adds the steps of a message; what comes behind its arrival.
    fn moved(
        &self,
        layout: &mut Layout<'_>,
        pair: usize,
        bytes: Bytes,
        after: NodeIndex,
    ) -> Result<(NodeIndex, super::Link), InputError> {
        let message = bytes.max(Bytes::new(1));
        let transfer = Transfer { message, ..self.transfers[pair].clone() };
        let (clusters, change) = ([self.cluster], Change::default());
        let (ways, cores) = (from_ref(&self.ways[pair]), &self.cores[pair][..]);
        let once = Context::once(&clusters, &transfer, ways, cores, &change);
        let context = Context { seed: self.seed, ..once };
        let draft = &mut layout.draft;
        let hops = named(draft, context.route());
        let behind: After = append(draft, &context, hops, false, vec![(after, AFTER)])?;
        Ok(behind[0])
    }
}

/// Who an operation moves bytes between.
fn pair(rank: u32, does: &Does) -> Option<Pair> {
    match *does {
        Does::Send { to, .. } => Some(Pair::Ranks(rank, to)),
        Does::Copy { direction, memory, .. } => Some(Pair::Copy(rank, direction, memory)),
        Does::Work { .. } | Does::Receive { .. } => None,
    }
}

/// Every pair that there is, in the order in which they are met, with a message of one byte each.
fn pairs(
    traced: &Traced,
    cluster: &Cluster,
    places: &[String],
) -> Result<(HashMap<Pair, usize>, Vec<Transfer>), InputError> {
    let mut known: HashMap<Pair, usize> = HashMap::new();
    let mut transfers = Vec::new();
    for operation in &traced.operations {
        let Some(pair) = pair(operation.rank, &operation.does) else { continue };
        if known.contains_key(&pair) {
            continue;
        }
        let place = |rank: u32| places[rank as usize].clone();
        let one = Bytes::new(1);
        transfers.push(match pair {
            Pair::Ranks(from, to) if place(from) == place(to) => {
                let problem = format!(
                    "ranks {from} and {to} send to each other, and are both at `{}`",
                    place(to)
                );
                let help = "a pod for each: nothing says what a message within one costs";
                return Err(InputError::new("ranks", problem).help(help));
            }
            Pair::Ranks(from, to) => Transfer::message(place(from), place(to), one),
            Pair::Copy(rank, direction, memory) => {
                let (gpu, pod) = (place(rank), pod_of(cluster, rank, &places[rank as usize])?);
                let (from, to) = match direction {
                    Direction::ToDevice => (pod, gpu),
                    Direction::ToHost => (gpu, pod),
                };
                Transfer { host_memory: memory, ..Transfer::message(from, to, one) }
            }
        });
        known.insert(pair, transfers.len() - 1);
    }
    Ok((known, transfers))
}

/// The pod that holds a GPU.
fn pod_of(cluster: &Cluster, rank: u32, gpu: &str) -> Result<String, InputError> {
    let at = cluster.places.get(gpu).filter(|at| cluster.gpus.contains_key(at));
    let mut beside = at.into_iter().flat_map(|&at| cluster.graph.neighbors(at));
    let pod = beside.find(|&at| cluster.graph[at].kind == PlaceKind::PodMemory);
    pod.map(|pod| cluster.graph[pod].name.to_string()).ok_or_else(|| {
        let problem = format!("rank {rank} copies to or from its GPU, and `{gpu}` is none");
        InputError::new("ranks", problem).help("a GPU that a pod holds")
    })
}
