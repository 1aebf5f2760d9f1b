//! What host memory costs a copy: staging through pinned buffers, and first touch.

pub mod congestion;
pub mod staging;
