//! A Service: what its address costs a connection.
//!
//! ```text
//!  first packet ─► [`translation`]: rules walked or map looked up, one conntrack entry
//!  later packets ─► the entry rewrites them at a fixed price (`tx_per_skb` of the proxy's hop)
//! ```

pub mod translation;
