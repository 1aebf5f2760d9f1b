//! The cluster as one graph: places, hops, links and pools, and what a transfer meets on its way.
//!
//! ```text
//!  topology file ──┐
//!  library         ├► cluster ──► route ──► price ──► plan ──► run ──► account ──► outcome
//!  (profiles,      │  (petgraph)  (stages   (work     (steps   (three   (one)
//!   hops, CNIs) ───┘               of hops)  per link) in order) readers)
//! ```
//!
//! This crate parses text but never opens a file, and cannot fail once a [`cluster::Cluster`] and
//! a [`transfer::Transfer`] have been accepted.

mod account;
pub mod catalogue;
pub mod cluster;
pub mod collective;
pub mod format;
pub mod framing;
pub mod function;
pub mod gpu;
pub mod host;
pub mod input;
pub mod library;
pub mod name;
pub mod outcome;
pub mod pattern;
pub mod pcie;
pub mod placement;
pub mod plan;
pub mod predict;
pub mod price;
pub mod profile;
pub mod quantity;
pub mod replay;
pub mod route;
mod run;
pub mod service;
pub mod serving;
pub mod topology;
pub mod training;
pub mod transfer;
pub mod uncertainty;
pub mod workload;
