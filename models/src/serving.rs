//! Language models on pods: requests that are prefilled, handed over and decoded.
//!
//! ```text
//!  request ─ hops ─► pool ─► a replica ── steps ──► first token ──► steps ──► last token ─ hops ─►
//!           (gateway,  ▲     (continuous    │                          ▲
//!            proxies)  │      batching)     │ a pool that only         │ a pool that
//!                      │                    ▼ prefills                 │ only decodes
//!                 scaling,              handover: keys and values ─────┘
//!                 cold starts           over the cluster's links
//! ```
//!
//! What a step takes is a line over its tokens and sequences ([`Steps`]). What a handover takes
//! follows from the bytes of the model ([`Cache`]), the cost of each piece and a [`Wire`], which
//! may be the graph of a cluster. A start of a replica is a set of stages ([`startup`]). Everything
//! that chance decides is named after the request or the start, not after the order of events.

mod cache;
mod handover;
mod hop;
mod pool;
mod scene;
pub mod startup;
mod steps;
mod story;
mod wire;
mod world;

pub use cache::{Cache, Shape};
pub use handover::{Handover, Overlap};
pub use hop::{Hop, Station, Way};
pub use pool::{Balance, Batching, Pool, Role};
pub use scene::{Asked, Scene, Source, When};
pub use steps::{Roofline, Steps};
pub use story::Story;
pub use wire::{OverGraph, Rates, Wire};
pub use world::{Lived, live};
