//! Which errors of labs and traffic say that something is missing.

use calibration_lab::namespace::LabError;
use calibration_lab::traffic::TrafficError;

use crate::needs::{Missing, Need};

impl Missing for LabError {
    fn need(&self) -> Option<Need> {
        match self {
            LabError::NotLinux | LabError::NotRoot => Some(Need::Lab),
            LabError::NoPlugin { .. } => Some(Need::Plugins),
            LabError::Missing { program, .. } => match program.as_str() {
                "ip" | "bridge" | "tc" => Some(Need::Lab),
                "ethtool" => Some(Need::Ethtool),
                "iptables-restore" => Some(Need::Iptables),
                "nft" => Some(Need::Nftables),
                "ipvsadm" => Some(Need::Ipvs),
                "dnsmasq" => Some(Need::Dnsmasq),
                _ => None,
            },
            LabError::Kernel { module, .. } => {
                let modules = [
                    ("veth", Need::Lab),
                    ("bridge", Need::Lab),
                    ("vxlan", Need::Vxlan),
                    ("macvlan", Need::Macvlan),
                    ("ifb", Need::Limits),
                    ("sch_", Need::Limits),
                    ("iptable_nat", Need::Iptables),
                    ("nf_tables", Need::Nftables),
                    ("ip_vs", Need::Ipvs),
                ];
                modules.iter().find(|(name, _)| module.contains(name)).map(|(_, need)| *need)
            }
            _ => None,
        }
    }

    fn reason(&self) -> String {
        self.to_string()
    }
}

impl Missing for TrafficError {
    fn need(&self) -> Option<Need> {
        match self {
            TrafficError::Missing { tool: "iperf3", .. } => Some(Need::Iperf3),
            TrafficError::Missing { tool: "setpriv", .. } => Some(Need::Setpriv),
            _ => None,
        }
    }

    fn reason(&self) -> String {
        self.to_string()
    }
}
