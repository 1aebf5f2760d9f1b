//! What protocols put around a payload.

use sim::Bytes;

/// Bytes around every Ethernet frame's payload: preamble 8, header 14, FCS 4, gap 12 (IEEE 802.3,
/// clauses 3 and 4).
pub const ETHERNET_OVERHEAD: Bytes = Bytes::new(38);
/// IPv4 and TCP headers with the timestamp option (RFC 791, 9293, 7323).
pub const TCP_IP_HEADERS: Bytes = Bytes::new(20 + 20 + 12);
/// IPv4 and UDP headers (RFC 791, 768).
pub const UDP_IP_HEADERS: Bytes = Bytes::new(20 + 8);
/// RoCEv2: IPv4 20, UDP 8, base transport header 12, invariant CRC 4 (InfiniBand architecture
/// specification, annex A17).
pub const ROCE_HEADERS: Bytes = Bytes::new(20 + 8 + 12 + 4);
/// The largest IP packet a GSO super-packet may pretend to be.
pub const GSO_MAX: Bytes = Bytes::new(65_535);
