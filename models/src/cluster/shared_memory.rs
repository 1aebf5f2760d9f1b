//! Pods that share host memory: data goes from one to the other without a network.
//!
//! Either a core copies it from one pod's buffer into the other's, or both pods have one buffer
//! mapped, and what one GPU writes there the other reads (NCCL's shared-memory transport). A shared
//! buffer is on the NUMA node of the pod that reads it, so a writer on another node crosses the
//! link between the sockets.

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;

use super::assemble::Builder;
use super::device::{arrow, edge, plain};
use super::holder::staging;
use super::slot::{cross, memory};
use super::{DmaWork, Lane, Word};
use crate::input::InputError;
use crate::topology::Topology;

/// Adds what pods share.
pub(super) fn add(builder: &mut Builder<'_>, topology: &Topology) -> Result<(), InputError> {
    for pair in &topology.shared_memories {
        let [a, b] = pair.table.between.get_ref();
        let (first, second) =
            (builder.pod_of(pair, "between", a)?, builder.pod_of(pair, "between", b)?);
        let node =
            |at: NodeIndex| builder.cluster.graph[at].node.clone().expect("pods are in nodes");
        if first == second || node(first) != node(second) {
            return Err(pair
                .fault(b, "between", "are not two pods of one node".into())
                .help("host memory is shared within a node"));
        }
        let node = node(first);
        let numa = |name: &Spanned<String>| {
            let mut pods = topology.pods.iter().map(|pod| &pod.table);
            pods.find(|pod| pod.name.get_ref() == name.get_ref()).map_or(0, |pod| pod.numa)
        };
        let (first, second) = ((first, numa(a)), (second, numa(b)));
        for (from, to) in [(first, second), (second, first)] {
            share(builder, &node, pair.table.copied, from, to)?;
        }
    }
    Ok(())
}

/// One direction, between places and their NUMA nodes.
fn share(
    builder: &mut Builder<'_>,
    node: &Word,
    copied: bool,
    from: (NodeIndex, u32),
    to: (NodeIndex, u32),
) -> Result<(), InputError> {
    let mut dma = plain();
    cross(builder, &mut dma, node, (from.1, to.1))?;
    if copied {
        let Some((host, staging)) = staging(builder, node)? else {
            let profile = &builder.machines[node].profile;
            return Err(profile.missing("staging.per_byte"));
        };
        dma.copied_by = Some((host, staging.per_byte));
        for numa in [from.1, to.1] {
            dma.links.extend(memory(builder, node, numa)?.map(DmaWork::once));
        }
    }
    let name = arrow(builder, from.0, to.0);
    edge(builder, from.0, to.0, name, "shared memory", Lane::Host, dma);
    Ok(())
}
