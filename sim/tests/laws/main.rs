//! The laws that the engine keeps, one file each.

mod conservation;
mod determinism;
mod order;
mod plain;
mod queues;
mod sharing;
mod station;
mod twins;
