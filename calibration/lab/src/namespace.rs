//! A topology played by network namespaces of this machine.
//!
//! ```text
//!  Topology + Library ──► Wiring ──► steps ──► Lab ──► dropped: nothing is left
//!      (models)          (data)    (texts)   (kernel)
//! ```
//!
//! | table or hop | in the lab |
//! | --- | --- |
//! | `[[node]]`, `[[pod]]` | a namespace each; a pod on the host network lives in its node's |
//! | `[[switch]]`, `[[forwarder]]` | a namespace with a bridge, or one that routes |
//! | `[[cable]]` | a veth pair; with token buckets at both ends where `is_shaped` says so |
//! | `[[nic]]` | the node's end of its cable; its offloads are off at both ends of that |
//! | `veth`, `bridge`, `macvlan` | the devices of these names |
//! | `route` | forwarding by the node's namespace; a second one, by one more namespace |
//! | `vxlan` | a VXLAN device with written-down neighbours, as Flannel has it |
//! | `netfilter` | one more table that accepts everything |
//! | `[[service]]` | kube-proxy's rules on the nodes of the pods that are not behind it |
//! | GPUs, PCIe, NVLink, latencies | left out |
//!
//! Both ends, because a card that cannot merge packets must not be handed any that are merged.
//!
//! Nodes, pods, switches and forwarders are namespaces; cables are veth pairs made directly inside
//! them, so that the machine's own interfaces, routes and rules are never touched and no packet
//! leaves it. Container networks are built from the kernel's own parts: bridges, routes, VXLAN and
//! macvlan devices, filter rules, token buckets. What the kernel decides (which hop costs what) is
//! what a measurement is after; what the topology decides (who is behind what, how large a packet
//! may be) is in the [`Wiring`].

mod address;
mod build;
pub(crate) mod command;
mod derive;
mod error;
mod offloads;
mod plugged;
mod plugin;
mod pods;
mod requirements;
mod routes;
mod script;
mod services;
mod shape;
mod stale;
mod underlay;
mod wiring;

pub use build::{Lab, PodEnd};
pub use command::{inside, netns_file};
pub use error::LabError;
pub use offloads::Switch;
pub use plugged::Plugged;
pub(crate) use requirements::takes;
pub use requirements::{check, requirements};
pub use script::{Act, LabStep, steps};
pub use services::SERVICE_PORT;
pub use stale::sweep_stale;
pub use wiring::{
    DeviceKind, End, LabDevice, LabHop, Pair, PodPlace, Role, RuleSet, Space, VxlanPeer, Wiring,
};
