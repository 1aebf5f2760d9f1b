//! The models as a user of the crate meets them.

mod fixture;
mod laws;
mod machine;
mod request;
mod topology;
