//! What is known about real machines, and how well the models agree with it.
//!
//! ```text
//!  published/*.csv ─► calibration_fit ─► profiles/host/*.csv ─┐
//!  priors/*.csv ───────┘                                      ├─► shipped() ─► models ─► validate
//!  profiles/{gpu,pcie,nic,hop,cni,topology}/** ───────────────┘                            │
//!  published/*.csv and any file of the same columns ──────────────────────────► errors ◄───┘
//! ```
//!
//! Fitting and validating share no code path but the models: [`validate`](fn@validate::validate)
//! reads only [`shipped`](fn@shipped::shipped) profiles and can change nothing. Nothing here
//! measures: that is for `calibration_lab` and `calibration_gpu`.

pub mod cni;
pub mod collective;
pub mod copy;
pub mod coverage;
pub mod family;
pub mod file;
pub mod filter;
pub mod fitted;
pub mod microbenchmark;
pub mod placement;
pub mod published;
pub mod quantile;
pub mod serving;
pub mod shipped;
pub mod subject;
pub mod trace;
pub mod validate;

pub use shipped::shipped;
