//! From a topology to a [`Wiring`]: first the machines and the wires between them, then pods, then
//! routes, which need to know all addresses.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use models::input::{InputError, suggest};
use models::library::Library;
use models::topology::{Placed, Topology};
use serde_spanned::Spanned;

use super::pods::Network;
use super::underlay::{self, Port};
use super::wiring::{DeviceKind, End, LabDevice, Pair, Role, Space, Wiring};
use super::{pods, routes, services};

/// A wiring under construction.
pub(super) struct Plan<'a> {
    pub(super) wiring: Wiring,
    pub(super) topology: &'a Topology,
    pub(super) library: &'a Library,
    /// Whether plug-ins attach the pods.
    pub(super) plugins: bool,
    /// Every address on a wire.
    pub(super) ports: Vec<Port>,
    /// How many wires there are; each is a network of its own.
    pub(super) wires: usize,
    /// Container networks by node, in the order of their first pod.
    pub(super) networks: Vec<Network>,
    /// Namespaces by the name of the node, switch or forwarder.
    pub(super) machines: BTreeMap<String, usize>,
    /// Links inside nodes so far.
    pub(super) links: usize,
}

pub(super) fn wiring(
    topology: &Topology,
    library: &Library,
    plugins: bool,
) -> Result<Wiring, InputError> {
    let mut plan = Plan {
        wiring: Wiring::default(),
        topology,
        library,
        plugins,
        ports: Vec::new(),
        wires: 0,
        networks: Vec::new(),
        machines: BTreeMap::new(),
        links: 0,
    };
    for node in &topology.nodes {
        plan.machine(node, &node.table.name, Role::Node)?;
    }
    for switch in &topology.switches {
        plan.machine(switch, &switch.table.name, Role::Bridge)?;
    }
    for forwarder in &topology.forwarders {
        let table = &forwarder.table;
        let role = match table.kind.get_ref().as_str() {
            "bridge" => Role::Bridge,
            "route" => Role::Router,
            kind => {
                let problem = format!("`{kind}` is no kind of forwarder");
                let error = forwarder.fault(&table.kind, "kind", problem);
                return Err(error.help("`bridge` or `route`"));
            }
        };
        plan.machine(forwarder, &table.name, role)?;
    }
    underlay::lay(&mut plan)?;
    pods::attach(&mut plan)?;
    services::install(&mut plan)?;
    routes::fill(&mut plan);
    Ok(plan.wiring)
}

impl Plan<'_> {
    /// A namespace for a machine.
    fn machine<T>(
        &mut self,
        at: &Placed<T>,
        name: &Spanned<String>,
        role: Role,
    ) -> Result<(), InputError> {
        let space = self.space(name.get_ref(), role);
        match self.machines.insert(name.get_ref().clone(), space) {
            None => Ok(()),
            Some(_) => {
                let problem = format!("`{}` is the name of something else already", name.get_ref());
                Err(at.fault(name, "name", problem))
            }
        }
    }

    /// Adds a namespace.
    pub(super) fn space(&mut self, name: &str, role: Role) -> usize {
        self.wiring.spaces.push(Space {
            name: name.to_owned(),
            role,
            filters_bridged: false,
            devices: Vec::new(),
            routes: Vec::new(),
            filter_tables: 0,
            rules: Vec::new(),
        });
        self.wiring.spaces.len() - 1
    }

    /// The namespace of the node that a table names.
    pub(super) fn node_of<T>(
        &self,
        at: &Placed<T>,
        node: &Spanned<String>,
    ) -> Result<usize, InputError> {
        match self.machines.get(node.get_ref()) {
            Some(&space) if self.wiring.spaces[space].role == Role::Node => Ok(space),
            _ => {
                let nodes = self.topology.nodes.iter().map(|n| n.table.name.get_ref().as_str());
                let problem = format!("no node is called `{}`", node.get_ref());
                Err(at.fault(node, "node", problem).help(suggest(node.get_ref(), nodes)))
            }
        }
    }

    /// Adds a device to a namespace.
    pub(super) fn device(&mut self, space: usize, device: LabDevice) {
        self.wiring.spaces[space].devices.push(device);
    }

    /// Adds a veth pair.
    pub(super) fn pair(&mut self, ends: [(usize, LabDevice); 2]) {
        let ends = ends.map(|(space, device)| {
            let end = End { space, device: device.name.clone() };
            self.device(space, device);
            end
        });
        self.wiring.pairs.push(Pair(ends));
    }

    /// Adds a link between two namespaces of one node; the addresses of its ends.
    pub(super) fn link(&mut self, ends: [(usize, &str); 2], mtu: u32) -> [Ipv4Addr; 2] {
        let addresses = super::address::link(self.links);
        self.links += 1;
        let end = |at: usize| {
            let (space, name) = ends[at];
            let mut device = LabDevice::new(name, DeviceKind::Veth, mtu);
            device.addresses.push((addresses[at], 31));
            (space, device)
        };
        let ends = [end(0), end(1)];
        self.pair(ends);
        addresses
    }

    /// A device of a namespace, by name.
    pub(super) fn device_mut(&mut self, space: usize, name: &str) -> &mut LabDevice {
        let devices = &mut self.wiring.spaces[space].devices;
        devices.iter_mut().find(|device| device.name == name).expect("a device made before")
    }
}
