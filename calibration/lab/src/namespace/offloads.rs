//! Segmentation offloads: what is switched off, and under which names `ethtool` knows it.

/// What to switch off on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Switch {
    /// Segmentation of every kind: packets cross the device one by one.
    pub all: bool,
    /// Segmentation of packets inside a UDP tunnel (VXLAN).
    pub tunnel: bool,
}

/// Every way for a packet larger than the MTU to leave a device, and for packets to be merged.
const ALL: &[&str] = &["tso", "gso", "gro", "tx-udp-segmentation", "tx-gso-list"];
/// The same for the packets of a UDP tunnel.
const TUNNEL: &[&str] = &["tx-udp_tnl-segmentation", "tx-udp_tnl-csum-segmentation"];

impl Switch {
    /// Both of two switches.
    #[must_use]
    pub fn and(self, other: Switch) -> Switch {
        Switch { all: self.all || other.all, tunnel: self.tunnel || other.tunnel }
    }

    /// The names of what is off, as `ethtool -K` takes them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let of =
            |wanted: bool, names: &'static [&'static str]| names.iter().filter(move |_| wanted);
        of(self.all, ALL).chain(of(self.tunnel || self.all, TUNNEL)).copied()
    }
}
