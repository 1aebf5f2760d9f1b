//! The laws that the engine keeps, one file each.

mod order;
mod sharing;
