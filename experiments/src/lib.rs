//! podpath experiments.
#![warn(missing_docs)]

pub mod plot;
