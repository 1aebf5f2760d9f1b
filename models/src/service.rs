//! A Service: what its address costs a connection, and what bounds how many there can be.
//!
//! ```text
//!  first packet ─► [`translation`]: rules walked or map looked up, one conntrack entry
//!  later packets ─► the entry rewrites them at a fixed price (`tx_per_skb` of the proxy's hop)
//!  connections per second ─► [`ports`] of the client, [`conntrack`] of the node
//!  which pod ─► [`endpoints`]; whether it is one ─► [`readiness`]
//! ```

pub mod conntrack;
pub mod endpoints;
pub mod ports;
pub mod readiness;
pub mod translation;
