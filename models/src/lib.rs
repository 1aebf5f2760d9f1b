//! The cluster as one graph: places, hops, links and pools, and what a transfer meets on its way.
//!
//! ```text
//!  topology file ──┐                                        ┌► solve::closed  (static shares)
//!  library         ├► Cluster ──route──► Path ──price──► ───┼► solve::flow    (engine, max-min)
//!  (profiles,      │  (petgraph)         (stages of hops,   └► solve::chunk   (FIFO twin)
//!   hops, CNIs) ───┘                      work per link)            │
//!                                                     Outcome ◄─────┴──► attribution
//! ```
//!
//! This crate parses text but never opens a file, and cannot fail once a [`cluster::Cluster`] and
//! a [`transfer::Transfer`] have been accepted.

pub mod catalogue;
pub mod cluster;
pub mod gpu;
pub mod host;
pub mod input;
pub mod library;
pub mod name;
pub mod outcome;
pub mod pcie;
pub mod price;
pub mod profile;
pub mod quantity;
pub mod request;
pub mod route;
pub mod service;
pub mod solve;
pub mod topology;
pub mod transfer;
