//! The models as a user of the crate meets them.

mod fixture;
mod laws;
mod levels;
mod machine;
mod request;
mod streams;
mod topology;
