//! The first packet to a Service: how the rule that rewrites it is found.
//!
//! kube-proxy in iptables mode has a list with a rule per Service, which the first packet walks up
//! to the one it matches; IPVS, nftables and eBPF find it in a hash table or map, at the same price
//! for any number of Services
//! (<https://kubernetes.io/docs/reference/networking/virtual-ips/#proxy-modes>).

/// What a proxy does to the first packet of a connection, in seconds of a core.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FirstPacket {
    /// The look-up that does not depend on the number of Services, and the conntrack entry.
    pub fixed_s: f64,
    /// Per rule that is walked; zero where a map is looked up.
    pub per_rule_s: f64,
}

impl FirstPacket {
    /// The rules that a packet walks on average among `installed` Services: it may match any of
    /// them, so half of the list and its own, (n + 1) / 2.
    pub fn rules_walked(installed: u32) -> f64 {
        (f64::from(installed) + 1.0) / 2.0
    }

    /// The core time of the first packet where `installed` Services are there, on average.
    pub fn seconds(&self, installed: u32) -> f64 {
        self.fixed_s + self.per_rule_s * FirstPacket::rules_walked(installed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_linear_in_the_services_and_a_map_is_not() {
        let list = FirstPacket { fixed_s: 1e-6, per_rule_s: 18e-9 };
        let map = FirstPacket { per_rule_s: 0.0, ..list };
        // The mean of walking 1, 2, … n rules, each as likely.
        for installed in [1, 100, 10_000] {
            let all = (1..=installed).map(|rules| 1e-6 + 18e-9 * f64::from(rules)).sum::<f64>();
            let mean = all / f64::from(installed);
            assert!((list.seconds(installed) / mean - 1.0).abs() < 1e-9);
            assert_eq!(map.seconds(installed), 1e-6);
        }
    }
}
