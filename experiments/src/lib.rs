//! Experiments: read from files, run, written as tables, drawn and reported; and the command.
//!
//! ```text
//!  experiment.toml ─► experiment ─► run ─► record ─► *.csv ─► plot, report
//!                     (points)     (rayon)  (rows)   (output: all or nothing)
//! ```
//!
//! Only this crate opens the user's files or writes any.

pub mod experiment;
pub mod file;
pub mod library;
