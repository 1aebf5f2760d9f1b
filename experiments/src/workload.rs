//! Experiments over time: runs of workloads, their tables, and what is told of them.
//!
//! ```text
//!  points × replications ─► simulate ─► journal ─► digest ─► workloads.csv, workload_runs.csv,
//!        (rayon, in order)    (models)              (means)   resources.csv, windows.csv,
//!                                                             batches ─► report
//! ```

mod compared;
mod digest;
mod overview;
mod record;
mod rows;
mod run;
mod sure;

pub(crate) use compared::write as write_comparisons;
pub(crate) use digest::Digest;
pub(crate) use overview::{batches, overview, row};
pub(crate) use record::{Keyed, Tables, key_cells};
pub(crate) use rows::{ResourceRow, WorkloadRow};
pub(crate) use run::{PARTS, Results, compute, simulations};
