//! The engine of podpath: it knows time, events, resources and chance, and no domain word.

pub mod time;
pub mod units;

pub use time::Time;
pub use units::{Bytes, Rate};
