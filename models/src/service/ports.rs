//! The ports of a client: how many connections a second one address can open to one other.
//!
//! The side that closes first keeps its port in TIME_WAIT (RFC 9293, section 3.6.1), which Linux
//! holds for a fixed minute (`TCP_TIMEWAIT_LEN` in `include/net/tcp.h`). A connection is told from
//! others by both addresses and ports, so the bound is per destination address and port, which
//! for a client of a Service is one.

/// How long Linux keeps a closed connection's port in seconds.
pub const TIME_WAIT_S: f64 = 60.0;
/// With `tcp_tw_reuse` (and timestamps) a port may be taken again after so many seconds: the new
/// connection's timestamp must be later (`tcp_twsk_unique` in `net/ipv4/tcp_ipv4.c`).
pub const REUSE_S: f64 = 1.0;

/// A range of ephemeral ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl Default for Ports {
    /// `net.ipv4.ip_local_port_range` as Linux has it: 32768 to 60999.
    fn default() -> Ports {
        Ports { first: 32_768, last: 60_999 }
    }
}

impl Ports {
    /// How many there are.
    pub fn count(&self) -> u32 {
        (u32::from(self.last) + 1).saturating_sub(u32::from(self.first))
    }

    /// The most new connections a second from one address to one Service [1/s]: each holds its port
    /// for its life of `life_s` seconds and the wait after it.
    pub fn rate_max_hz(&self, life_s: f64, reuse: bool) -> f64 {
        let wait_s = if reuse { REUSE_S } else { TIME_WAIT_S };
        f64::from(self.count()) / (life_s + wait_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_range_bounds_a_client_at_470_connections_a_second() {
        let ports = Ports::default();
        assert_eq!(ports.count(), 28_232);
        assert!((ports.rate_max_hz(0.0, false) - 470.53).abs() < 0.01);
        assert_eq!(ports.rate_max_hz(0.0, true), 28_232.0);
        assert!(ports.rate_max_hz(1.0, false) < ports.rate_max_hz(0.0, false));
        assert_eq!(Ports { first: 1024, last: 65_535 }.count(), 64_512);
        assert_eq!(Ports { first: 2, last: 1 }.count(), 0);
    }
}
