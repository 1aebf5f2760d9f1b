//! Two machines or pods: `podpath respond` on one, `podpath measure --peer` on the other.
//!
//! ```text
//!  client                       control connection                        server
//!    │── hello, version, token ────────────────────────────────────────────►│
//!    │◄─────────────────────────────────────────── hello, or refused: why ──│
//!    │── a load ───────────────────────────────────────────────────────────►│ opens its half
//!    │◄──────────────────────────────────────────────────── ready: ports ───│
//!    │══ the load itself, on connections of its own ═══════════════════════►│
//!    │── done ─────────────────────────────────────────────────────────────►│
//!    │◄───────────────────────────── received: bytes, seconds, processor ───│
//! ```
//!
//! Each line of control is one JSON object of limited length. The server starts nothing but
//! receivers and iperf3, opens no port below 1024, and allocates nothing that its client sizes
//! without a limit. It has a few sessions at a time, so that a silent client is in nobody's way,
//! and carries one load after the other, so that none disturbs another. Beyond loopback it asks
//! for a [`Token`]; nothing is encrypted. What it reports is believed as far as it is possible.

mod client;
mod line;
mod possible;
mod protocol;
mod server;
mod token;

pub use client::Peer;
pub use server::Responder;
pub use token::Token;

/// The port of the control connection unless another is given.
pub const PORT: u16 = 7411;
