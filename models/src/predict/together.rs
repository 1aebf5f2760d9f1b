//! What ranks of a cluster do together.

use crate::cluster::Cluster;
use crate::input::InputError;
use crate::route::route;
use crate::transfer::Transfer;

/// What ranks do together, as nccl-tests would say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Together {
    /// Its name in nccl-tests.
    pub collective: &'static str,
    /// How many ranks there are.
    pub ranks: u32,
    /// On how many nodes.
    pub nodes: u32,
    /// The order in which data passes them.
    pub algorithm: &'static str,
    /// How a step is framed.
    pub protocol: &'static str,
    /// The network between nodes; none if there is one.
    pub network: Option<&'static str>,
    /// Bus bandwidth over algorithm bandwidth.
    pub bus_factor: f64,
}

/// What a transfer is if it is a collective, and its ranks are possible.
pub fn together(cluster: &Cluster, transfer: &Transfer) -> Option<Together> {
    let group = transfer.group.as_ref()?;
    let way = route(cluster, transfer).ok()?;
    let grouped = way.group.as_ref()?;
    let (nodes, local) = (grouped.layout.nodes.len() as u32, grouped.layout.local() as u32);
    Some(Together {
        collective: group.collective.name(),
        ranks: nodes * local,
        nodes,
        algorithm: grouped.choice.algorithm.name(),
        protocol: grouped.choice.protocol.name(),
        network: (nodes > 1).then(|| grouped.layout.network.name()),
        bus_factor: group.collective.bus_factor(nodes * local),
    })
}

/// Refuses collectives unit by unit: their ranks go at one pace.
pub(super) fn check_together(transfers: &[Transfer]) -> Result<(), InputError> {
    match transfers.iter().any(|transfer| transfer.group.is_some()) {
        false => Ok(()),
        true => {
            let problem = "a collective is not computed chunk by chunk";
            Err(InputError::new("fidelity", problem).help("`flow` or `closed`"))
        }
    }
}
