//! The models as a user of the crate meets them.

mod attribution;
mod batch;
mod collective;
mod company;
mod counted;
mod fabrics;
mod families;
mod fixture;
mod free;
mod function;
mod generated;
mod groups;
mod incast;
mod kernel;
mod laws;
mod levels;
mod machine;
#[path = "../../sim/tests/nightly/mod.rs"]
mod nightly;
mod paths;
mod patterns;
mod placement;
mod placement_laws;
mod random;
mod replay;
mod replications;
mod request;
mod routes;
mod shapes;
mod sharing;
mod streams;
mod topology;
mod unfair;
mod workload;
