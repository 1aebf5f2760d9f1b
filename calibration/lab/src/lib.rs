//! Real kernel networking: topologies played by network namespaces, traffic through them and to
//! other machines, and what each hop costs this host.
//!
//! ```text
//!  topology ──► namespace::Lab ──► trial ──► readings ──► net::fit ──► profile of this host
//!                (veth, VXLAN …)   traffic, names, services
//! ```

pub mod names;
pub mod namespace;
pub mod net;
pub mod services;
pub mod traffic;
pub mod trial;

// The tests beside the sources ask for what they need as those in `tests` do.
#[cfg(test)]
extern crate self as calibration_lab;
#[cfg(test)]
#[path = "../../needs/mod.rs"]
mod needs;
#[cfg(test)]
#[path = "../../needs/of_lab.rs"]
mod needs_of_lab;
