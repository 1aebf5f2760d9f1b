//! What a lab is made of, as plain data: network namespaces, the devices in them, their addresses
//! and routes. Nothing here touches the machine, so all of it is tested without root.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use models::input::InputError;
use models::library::Library;
use models::topology::Topology;
use sim::Rate;

use super::derive;
use super::offloads::Switch;
use super::plugged::Plugged;

/// Everything that a lab builds, in the order in which the topology names it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wiring {
    /// Nodes, switches and forwarders first, then pods.
    pub spaces: Vec<Space>,
    /// The veth pairs between and within them.
    pub pairs: Vec<Pair>,
    /// Where each pod of the topology lives.
    pub pods: BTreeMap<String, PodPlace>,
    /// Pods that container network plug-ins attach when the lab is built.
    pub plugged: Vec<Plugged>,
    /// Address and port of each Service.
    pub services: BTreeMap<String, (Ipv4Addr, u16)>,
}

impl Wiring {
    /// The wiring that plays `topology`: GPUs, PCIe and NVLink are left out of it.
    ///
    /// # Errors
    /// If a container network has a hop that no lab of network namespaces can build here, if the
    /// cables make a loop, or if a name in the topology means nothing.
    pub fn of(topology: &Topology, library: &Library) -> Result<Wiring, InputError> {
        derive::wiring(topology, library, false)
    }

    /// The same, with the pods attached by the real plug-ins `bridge`, `ptp` and `macvlan` (and
    /// `host-local`, `portmap`, `bandwidth`) of the CNI project.
    ///
    /// # Errors
    /// As [`Wiring::of`], and if no plug-in attaches pods as a container network does.
    pub fn with_plugins(topology: &Topology, library: &Library) -> Result<Wiring, InputError> {
        derive::wiring(topology, library, true)
    }
}

impl Wiring {
    /// The same, with what a pod sends limited in the pod and not at the node's end of its link:
    /// for a kernel that cannot redirect what comes in.
    #[must_use]
    pub(super) fn limited_in_pods(&self) -> Wiring {
        let mut changed = self.clone();
        for pair in &self.pairs {
            for (end, other) in [(&pair.0[0], &pair.0[1]), (&pair.0[1], &pair.0[0])] {
                let accepted = changed.device_mut(end).and_then(|device| device.accepts.take());
                if let (Some((_, rate)), Some(inner)) = (accepted, changed.device_mut(other)) {
                    inner.sends = Some(rate);
                }
            }
        }
        changed
    }

    fn device_mut(&mut self, end: &End) -> Option<&mut LabDevice> {
        let devices = &mut self.spaces[end.space].devices;
        devices.iter_mut().find(|device| device.name == end.device)
    }
}

/// What a namespace plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A machine that runs pods.
    Node,
    /// A pod with a namespace of its own.
    Pod,
    /// A switch, or a forwarder that bridges.
    Bridge,
    /// A forwarder that routes.
    Router,
}

/// A network namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// The name of what it plays, unique in the lab.
    pub name: String,
    /// What it plays.
    pub role: Role,
    /// Whether bridged packets pass the IPv4 rules, as kube-proxy needs it on a node.
    pub filters_bridged: bool,
    /// Its devices but `lo`; a device stands after the one that it is built on.
    pub devices: Vec<LabDevice>,
    /// Its routes but those that addresses bring along.
    pub routes: Vec<LabHop>,
    /// Filter tables that accept everything, one for each hop `netfilter`.
    pub filter_tables: usize,
    /// Rule sets of Services, in the input language of the program that loads them.
    pub rules: Vec<RuleSet>,
}

impl Space {
    /// Whether it forwards IPv4 packets.
    pub fn routes_packets(&self) -> bool {
        matches!(self.role, Role::Node | Role::Router)
    }
}

/// A network device.
#[derive(Clone, Debug, PartialEq)]
pub struct LabDevice {
    /// Its name in its namespace, at most 15 bytes.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// The largest IP packet in bytes.
    pub mtu: u32,
    /// Its addresses with the length of their network's prefix.
    pub addresses: Vec<(Ipv4Addr, u8)>,
    /// The bridge that it is a port of.
    pub bridge: Option<String>,
    /// Offloads that are switched off.
    pub off: Switch,
    /// What it sends at most.
    pub sends: Option<Rate>,
    /// What is accepted from it at most: by way of an ifb device of this name, which sends it on.
    pub accepts: Option<(String, Rate)>,
}

impl LabDevice {
    /// A device without addresses, limits or a bridge.
    pub(super) fn new(name: impl Into<String>, kind: DeviceKind, mtu: u32) -> LabDevice {
        LabDevice {
            name: name.into(),
            kind,
            mtu,
            addresses: Vec::new(),
            bridge: None,
            off: Switch::default(),
            sends: None,
            accepts: None,
        }
    }
}

/// A kind of device.
#[derive(Clone, Debug, PartialEq)]
pub enum DeviceKind {
    /// One end of a pair.
    Veth,
    /// A bridge, without a spanning tree and without waiting for one.
    Bridge,
    /// A VXLAN device that learns nothing: whom it can reach is written down, as Flannel does it.
    Vxlan {
        /// The number of the tunnel, the same on all nodes of a container network.
        id: u32,
        /// The node's address on the wire.
        local: Ipv4Addr,
        /// Its own hardware address.
        mac: String,
        /// The other nodes' devices.
        peers: Vec<VxlanPeer>,
    },
    /// The loopback device, which is there already.
    Loopback,
    /// A macvlan device (bridge mode) on a device of a node.
    Macvlan {
        /// The node's namespace, as an index into [`Wiring::spaces`].
        node: usize,
        /// The device in it.
        parent: String,
    },
}

/// A VXLAN device of another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VxlanPeer {
    /// The node's address on the wire.
    pub node: Ipv4Addr,
    /// The device's address, by way of which its pods are reached.
    pub device: Ipv4Addr,
    /// The device's hardware address.
    pub mac: String,
}

/// A veth pair, made inside the namespaces of its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair(pub [End; 2]);

/// An end of a veth pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Index into [`Wiring::spaces`].
    pub space: usize,
    /// The name of the device there.
    pub device: String,
}

/// An entry of a routing table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabHop {
    /// Where to: a network and the length of its prefix.
    pub to: (Ipv4Addr, u8),
    /// By way of whom; nobody, if the network is on the device's own wire.
    pub via: Option<Ipv4Addr>,
    /// By which device.
    pub device: String,
    /// Whether `via` is taken to be on the wire without an address that says so.
    pub onlink: bool,
}

/// Rules for a program that reads them from its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleSet {
    /// `iptables-restore --noflush`.
    Iptables(String),
    /// `nft -f -`.
    Nftables(String),
    /// `ipvsadm --restore`.
    Ipvs(String),
}

/// Where a pod lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodPlace {
    /// Its namespace, as an index into [`Wiring::spaces`].
    pub space: usize,
    /// Its address.
    pub address: Ipv4Addr,
    /// The largest IP packet that it sends, in bytes.
    pub mtu: u32,
}
