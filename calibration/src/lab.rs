//! A topology played by network namespaces of this machine.
//!
//! ```text
//!  Topology + Library ──► Wiring ──► steps ──► Lab ──► dropped: nothing is left
//!      (models)          (data)    (texts)   (kernel)
//! ```
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
mod pods;
mod requirements;
mod routes;
mod script;
mod shape;
mod stale;
mod underlay;
mod wiring;

pub use build::{Lab, PodEnd};
pub use command::{inside, netns_file};
pub use error::LabError;
pub use offloads::Switch;
pub use requirements::requirements;
pub use script::{Act, Step, steps};
pub use stale::sweep_stale;
pub use underlay::is_shaped;
pub use wiring::{
    Device, DeviceKind, End, Hop, Pair, PodPlace, Role, RuleSet, Space, VxlanPeer, Wiring,
};
