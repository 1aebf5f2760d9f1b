//! What ranks of a cluster do together, as it is asked for.

use serde::{Deserialize, Serialize};

use super::{Algorithm, Collective, Fabric, Protocol};

/// A collective of GPUs of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What they do together.
    pub collective: Collective,
    /// The ranks in order: GPUs, counted tables of GPUs, or [`Group::ALL`].
    pub ranks: Vec<String>,
    /// The order in which data passes them, where it is forced (`NCCL_ALGO`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// The framing, where it is forced (`NCCL_PROTO`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// The kind of network between nodes; where it is not given, RDMA if all cards of the ranks'
    /// nodes may be used so, else sockets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Fabric>,
    /// How many of the cards of each node are used, evenly (`NCCL_IB_HCA`); all where it is not
    /// given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rails: Option<u32>,
    /// Threads that carry a connection by sockets (`NCCL_SOCKET_NTHREADS`).
    pub threads: u32,
    /// Whether kernels that compute run on the same GPUs meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub beside_kernels: bool,
}

impl Group {
    /// What stands for every GPU of a topology.
    pub const ALL: &str = "all";
}
