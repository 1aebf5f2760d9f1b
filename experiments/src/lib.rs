//! Experiments: read from files, run, written as tables, drawn and reported; and the command.
//!
//! ```text
//!  experiment.toml ─► experiment ─► run ─► journal ─► *.csv ─► plot, report
//!                     (points)     (rayon)  (rows)    (output: all or nothing)
//! ```
//!
//! Only this crate opens the user's files or writes any.

pub mod command;
pub mod compare_report;
pub mod console;
pub mod diagnostic;
pub mod estimate;
pub mod experiment;
pub mod failure;
pub mod file;
pub mod interrupt;
pub mod library;
pub mod net_report;
pub mod plot;
pub mod report;
pub mod sweep;
pub mod tried;
pub mod verdict;

mod beside;
mod compare;
mod digest;
mod effect;
mod field;
mod figures;
mod functions;
mod interval;
mod journal;
mod lab;
mod life;
mod lock;
mod manifest;
mod measure;
mod near;
mod output;
mod overview;
mod perturb;
mod provenance;
mod record;
mod row;
mod run;
mod scenario;
mod shipped;
mod span;
mod unit;
mod unknowns;
mod workload;

// What the tests beside the sources leave for the night, as those in `tests` do.
#[cfg(test)]
#[path = "../../sim/tests/nightly/mod.rs"]
mod nightly;
