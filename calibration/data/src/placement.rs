//! Published traces of GPU clusters: nodes, pods, and how full policies made the cluster.
//!
//! ```text
//!  openb_reference.csv ──► which workload, policy and state
//!    beside it: openb_nodes.csv, openb_pods_NAME.csv.gz ──► models::placement ──► percent
//! ```
//!
//! The columns are those of Alibaba's cluster-trace-gpu-v2023, which a user's own files may have as
//! well. `placement/predict.rs` repeats how the published results came about, and says what it does
//! where the description leaves a choice.

mod beside;
mod fits;
mod nodes;
mod pods;
mod predict;
mod visits;

pub(crate) use beside::from_bytes as unpacked;
pub use beside::{beside, shipped, shipped_workloads, table};
pub use fits::{check_arrivals, check_fits};
pub use nodes::nodes;
pub(crate) use nodes::require;
pub use pods::{Times, Trace, pods};
pub(crate) use predict::COLUMNS;
pub use predict::{CHOSEN_ON, Figure, Predictions, SEED, fills};
pub use visits::visits;
