//! The connection-tracking table: how full it is, and what happens when it is full.
//!
//! Every translated connection holds an entry for its life and for a time-out after it. With a
//! table that is full, the kernel drops the packet that would open another ("nf_conntrack: table
//! full, dropping packet"); the client sends its SYN again after a second (RFC 6298, section 2).
//! Time-outs: Linux `Documentation/networking/nf_conntrack-sysctl.rst`.

/// How long an entry stays after the last packet of a TCP connection that was closed
/// (`nf_conntrack_tcp_timeout_time_wait`) in seconds.
pub const TCP_TIME_WAIT_S: f64 = 120.0;
/// How long after the last datagram, where only one way was used (`nf_conntrack_udp_timeout`) in
/// seconds.
pub const UDP_S: f64 = 30.0;
/// How long after the last datagram, where both ways were used (`nf_conntrack_udp_timeout_stream`)
/// in seconds.
pub const UDP_STREAM_S: f64 = 120.0;

/// A table with room for so many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// `nf_conntrack_max`; kube-proxy sets 32768 per core, and 131072 at least
    /// (`--conntrack-max-per-core`, `--conntrack-min`).
    pub entries_max: u32,
}

impl Table {
    /// What kube-proxy configures on a node of `cores` cores.
    pub fn of_node(cores: u32) -> Table {
        Table { entries_max: cores.saturating_mul(32_768).max(131_072) }
    }

    /// The entries in use where `rate_hz` connections a second each last `life_s` and keep their
    /// entry for `timeout_s` more (Little's law), up to a full table.
    pub fn entries(&self, rate_hz: f64, life_s: f64, timeout_s: f64) -> f64 {
        (rate_hz * (life_s + timeout_s)).min(f64::from(self.entries_max))
    }

    /// The most connections a second that all get an entry [1/s].
    pub fn rate_max_hz(&self, life_s: f64, timeout_s: f64) -> f64 {
        f64::from(self.entries_max) / (life_s + timeout_s)
    }

    /// The part of first packets that a full table drops in steady state, 0 to 1.
    pub fn dropped_ratio(&self, rate_hz: f64, life_s: f64, timeout_s: f64) -> f64 {
        let most = self.rate_max_hz(life_s, timeout_s);
        if rate_hz > most { 1.0 - most / rate_hz } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fills_and_then_drops() {
        let table = Table::of_node(2);
        assert_eq!(table.entries_max, 131_072);
        assert_eq!(Table::of_node(64).entries_max, 64 * 32_768);
        assert_eq!(table.entries(100.0, 0.0, TCP_TIME_WAIT_S), 12_000.0);
        let most = table.rate_max_hz(0.0, TCP_TIME_WAIT_S);
        assert!((most - 1092.27).abs() < 0.01, "{most} connections a second");
        assert_eq!(table.dropped_ratio(most, 0.0, TCP_TIME_WAIT_S), 0.0);
        assert!((table.dropped_ratio(2.0 * most, 0.0, TCP_TIME_WAIT_S) - 0.5).abs() < 1e-12);
        assert_eq!(table.entries(1e9, 1.0, TCP_TIME_WAIT_S), 131_072.0);
    }
}
