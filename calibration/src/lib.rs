//! What is known about real machines, and how well the models agree with it.
//!
//! ```text
//!  published/*.csv ──► fit ──► profiles/host/*.csv ──┐
//!  priors/*.csv ────────┘                            ├─► shipped() ─► models ─► validate ─► errors
//!  profiles/{gpu,pcie,nic,hop,cni,topology}/** ──────┘                            ▲
//!  published/*.csv and any file of the same columns ──────────────────────────────┘
//! ```
//!
//! Fitting and validating share no code path but the models: [`validate`](fn@validate::validate)
//! reads only [`shipped`](fn@shipped::shipped) profiles and can change nothing.

pub mod cni;
pub mod collective;
pub mod copy;
pub mod coverage;
pub mod data;
pub mod family;
pub mod filter;
pub mod fit;
pub mod gpu;
pub mod lab;
pub mod microbenchmark;
pub mod names;
pub mod net;
pub mod placement;
pub mod published;
pub mod quantile;
pub mod services;
pub mod serving;
pub mod shipped;
pub mod subject;
pub mod trace;
pub mod traffic;
pub mod trial;
pub mod validate;

pub use shipped::shipped;

// The tests beside the sources ask for what they need as those in `tests` do.
#[cfg(test)]
extern crate self as calibration;
#[cfg(test)]
#[path = "../tests/needs/mod.rs"]
mod needs;
