//! Two machines or pods: `podpath serve` on one, `podpath measure --peer` on the other.
//!
//! ```text
//!  client                       control connection                        server
//!    │── hello, version ───────────────────────────────────────────────────►│
//!    │◄─────────────────────────────────────────── hello, or refused: why ──│
//!    │── a load ───────────────────────────────────────────────────────────►│ opens its half
//!    │◄──────────────────────────────────────────────────── ready: ports ───│
//!    │══ the load itself, on connections of its own ═══════════════════════►│
//!    │── done ─────────────────────────────────────────────────────────────►│
//!    │◄───────────────────────────── received: bytes, seconds, processor ───│
//! ```
//!
//! Each line of control is one JSON object of limited length. The server carries one session at a
//! time, allocates nothing that its client sizes without a limit, and starts nothing but receivers
//! and iperf3. It trusts whoever reaches its port: listen where only the pair can reach it.

mod client;
mod line;
mod protocol;
mod server;

pub use client::Peer;
pub use server::{listen, serve};

/// The port of the control connection unless another is given.
pub const PORT: u16 = 7411;
