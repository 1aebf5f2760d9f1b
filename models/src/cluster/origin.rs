//! Which entries of the library a cluster was made from, beside the profiles that its tables name:
//! included topologies, container networks, and the hops that these are made of.

use std::collections::BTreeSet;

use super::Cluster;
use crate::catalogue::CniSpec;
use crate::library::{Kind, Library};
use crate::topology::Topology;

/// Notes them in `cluster`, which has been assembled: every name is known to be right.
pub(super) fn note(cluster: &mut Cluster, topology: &Topology, library: &Library) {
    let used = &mut cluster.used;
    used.extend(topology.included.iter().map(|name| (Kind::Topology, name.clone())));
    let of_nodes = topology.nodes.iter().map(|node| &node.table.cni);
    let of_pods = topology.pods.iter().filter_map(|pod| pod.table.cni.as_ref());
    // Each once: ten thousand nodes have a few networks.
    let names: BTreeSet<&String> = of_nodes.chain(of_pods).map(|name| name.get_ref()).collect();
    for name in names {
        let Ok(cni) = CniSpec::load(name, library) else { continue };
        let hops = cni.pod.iter().chain(&cni.node).chain(&cni.proxy);
        used.extend(hops.map(|hop| (Kind::Hop, hop.name.clone())));
        used.insert((Kind::Cni, name.clone()));
    }
    for proxy in topology.services.iter().filter_map(|service| service.table.proxy.as_ref()) {
        used.insert((Kind::Hop, format!("service-{}", proxy.get_ref())));
    }
}
