//! Statistics of runs: what may be concluded, and how surely.
//!
//! - [`TimeMean`]: the mean of a level over time, such as a queue's length.
//! - [`Histogram`]: quantiles with a bounded relative error, in bounded memory.
//! - [`Batches`]: the mean of successive values of one run, which hang together.
//! - [`Interval`]: the mean of independent replications, with a Student-t confidence interval.
//! - [`warm_up`]: where the beginning of a run ends and its steady state begins.

pub mod warm_up;

mod batches;
mod histogram;
mod interval;
mod quantile;
mod time_mean;

pub use batches::Batches;
pub use histogram::Histogram;
pub use interval::Interval;
pub use quantile::{normal_probability, normal_quantile, student_quantile};
pub use time_mean::TimeMean;
