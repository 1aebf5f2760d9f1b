//! From a name to an address: which questions a resolver asks, who answers them, and how long
//! that takes.
//!
//! ```text
//!  getaddrinfo ─► search list, ndots ─► questions (A, AAAA) ─► cache of the node ─► CoreDNS ─► …
//!  [`resolver`]                         [`resolver::Round`]    [`cache`]            [`server`]
//! ```
//!
//! Each question is one datagram there and one back; one that is lost costs a time-out of seconds
//! ([`wait`]). Hit ratios have a closed form ([`cache::hit_ratio`]).

pub mod cache;
pub mod resolver;
pub mod server;
pub mod wait;
pub mod zone;
