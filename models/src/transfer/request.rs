//! How a result was asked for: what a client does before a kernel answers it.

use serde::{Deserialize, Serialize};
use sim::Bytes;

use crate::name::resolver::Order;

/// A request whose reply is a transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The Service by whose address the client reaches the pod that replies.
    pub service: String,
    /// The Service's name as the client's code has it: `infer`, `infer.shop.svc.cluster.local.`.
    pub name: String,
    /// The Kubernetes namespace of client and Service.
    pub namespace: String,
    /// The size of the request.
    pub message: Bytes,
    /// `ndots` of the client's resolver.
    pub ndots: u32,
    /// How it asks for both address families.
    pub order: Order,
    /// Its first time-out in seconds.
    pub timeout_s: u32,
    /// How often it asks.
    pub attempts: u32,
    /// The Service or pod that answers for names.
    pub dns: String,
    /// The pod on the client's node that answers from its cache first (NodeLocal DNSCache).
    pub node_cache: Option<String>,
    /// How often the client's node asks for this name [1/s].
    pub node_hz: f64,
    /// How often all other nodes ask for it [1/s].
    pub others_hz: f64,
    /// The chance that a question or its answer is lost, 0 to below 1.
    pub loss: f64,
    /// Whether the client is a process that is started for this call, and loads its resolver.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub started: bool,
    /// Addresses in the answer: one of a Service, one per pod of a headless one.
    pub addresses: u32,
}
