//! The LogGOPS model of a network: what a message costs, in five numbers and a limit.
//!
//! ```text
//!  sender    cpu  o + (s−1) O         nic  g + (s−1) G
//!  flight         o + L
//!  receiver  cpu  o + (s−1) max(O, G) nic  g + (s−1) G      (cards send and receive at a time)
//! ```
//!
//! for a message of `s` bytes, as LogGOPSim charges it. A message of at most `S` bytes is *eager*:
//! its send ends when the sender's cpu is free again. A longer one is a *rendezvous*: its send ends
//! when the receiver, which has posted the receive, begins to take the message in.
//!
//! The LogGOPSim that came with ATLAHS in 2025 charges otherwise: all bytes pass before the message
//! arrives, and the receiver's card takes g before its cpu takes o. One message takes g longer.
//!
//! T. Hoefler, T. Schneider, A. Lumsdaine, *LogGOPSim: simulating large-scale applications in the
//! LogGOPS model*, HPDC 2010; A. Alexandrov et al., *LogGP*, SPAA 1995.

use sim::{Bytes, Time};

/// The numbers of the model. The default is that of LogGOPSim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogGops {
    /// L: the latency of the network.
    pub latency: Time,
    /// o: what a message costs the cpu at either end.
    pub overhead: Time,
    /// g: the least time between two messages of a network card.
    pub gap: Time,
    /// G: what a byte costs the network card \[s/B\].
    pub gap_per_byte: f64,
    /// O: what a byte costs the cpu \[s/B\].
    pub overhead_per_byte: f64,
    /// S: the largest eager message.
    pub eager: Bytes,
}

impl Default for LogGops {
    fn default() -> LogGops {
        LogGops {
            latency: Time::from_ns(2_500),
            overhead: Time::from_ns(1_500),
            gap: Time::from_ns(1_000),
            gap_per_byte: 6e-9,
            overhead_per_byte: 0.0,
            eager: Bytes::new(65_535),
        }
    }
}

impl LogGops {
    /// The sender's cpu for a message.
    pub(crate) fn sender(&self, bytes: Bytes) -> Time {
        self.overhead + behind_first(bytes, self.overhead_per_byte)
    }

    /// The receiver's cpu: what is overhead, and what the bytes take.
    pub(crate) fn receiver(&self, bytes: Bytes) -> [Time; 2] {
        let per_byte = self.overhead_per_byte.max(self.gap_per_byte);
        [self.overhead, behind_first(bytes, per_byte)]
    }

    /// A network card at either end.
    pub(crate) fn card(&self, bytes: Bytes) -> Time {
        self.gap + behind_first(bytes, self.gap_per_byte)
    }
}

/// All bytes but the first, which travels with the message's own overhead.
fn behind_first(bytes: Bytes, seconds_per_byte: f64) -> Time {
    Time::from_seconds(bytes.get().saturating_sub(1) as f64 * seconds_per_byte)
}
