//! What is a host's own: how it stages copies through pinned buffers, and how its TCP answers loss.

pub mod congestion;
pub mod staging;
