//! Steps of data-parallel training: compute, gradients that are reduced beside it, data that comes.
//!
//! ```text
//!  data ─────────► forward ── backward ───────────┬─► update ─► next step
//!  (of the next       │          │  │  │          │
//!   step, beside)     │          ▼  ▼  ▼ buckets  │
//!                     │        all-reduce, one    │
//!                     │        after the other ───┘
//!                 exchanges of experts, which compute waits for
//! ```
//!
//! Gradients are reduced in buckets, in the order in which the backward pass makes them, as PyTorch
//! DDP does it (Li et al. 2020, arXiv 2006.15704): a bucket begins when every rank has it and the
//! one before is done. While one is under way, computing is slower by a factor, because both use
//! the same SMs and memory. Whatever moves, moves over the links of a cluster by a
//! [`Mover`](crate::function::Mover).

mod job;
mod paced;
mod step;

pub use job::{Compute, Job};
pub use paced::Paced;
pub use step::{Moves, Parts, train};
