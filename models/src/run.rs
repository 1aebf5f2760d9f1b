//! The readers of a plan: each finds when every step begins and ends, and by what it was released.
//!
//! ```text
//!  plans ─┬► closed: longest path, static rates            (one plan at a time, company as rates)
//!         └► world:  the engine, events, first come        ┬► fluid: max-min flows
//!              ▲                                           └► units: units that queue
//!   once: start│                  │
//!   over time: traffic         spans, loads ──► account;  over time: histograms, windows
//! ```
//!
//! The world runs each plan once and keeps its life, or makes run after run of templates from
//! sources ([`crate::workload`]) and keeps what [`watch`] and the sources note.

pub(crate) mod batch;
pub(crate) mod closed;
mod company;
mod datagram;
pub(crate) mod fleet;
mod fluid;
mod lifetime;
mod resource;
mod runs;
mod spans;
pub(crate) mod start;
mod template;
pub(crate) mod traffic;
pub(crate) mod units;
pub(crate) mod watch;
mod world;

pub(crate) use company::Company;
pub(crate) use resource::{Discipline, Resources};
pub(crate) use spans::{Load, NOBODY, Spans, Trace};
