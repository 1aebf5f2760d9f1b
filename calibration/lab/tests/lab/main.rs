//! Labs: what is built for a topology, that it works, and that nothing is left of it.

mod faults;
mod fixture;
#[path = "../../../needs/mod.rs"]
mod needs;
#[path = "../../../needs/of_lab.rs"]
mod needs_of_lab;
mod plan;
mod plugins;
mod standing;
