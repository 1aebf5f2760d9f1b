//! Cables as veth pairs, and who shares a wire: everything that cables and bridges connect.

use models::cluster::lab::is_shaped;
use models::input::{InputError, suggest};
use models::quantity::parse_rate;
use models::topology::{CableTable, NicTable, Placed};
use serde_spanned::Spanned;
use sim::Rate;
use std::net::Ipv4Addr;

use super::address;
use super::derive::Plan;
use super::offloads::Switch;
use super::wiring::{DeviceKind, LabDevice, Role};

/// An address on a wire.
#[derive(Clone, Debug)]
pub(super) struct Port {
    /// The namespace.
    pub(super) space: usize,
    /// Its device on the wire.
    pub(super) device: String,
    /// Which wire.
    pub(super) wire: usize,
    /// Its address there.
    pub(super) address: Ipv4Addr,
}

/// An end of a cable.
#[derive(Clone, Copy)]
struct Plug {
    /// What unites wires: a NIC, a bridge, or a port of a router.
    element: usize,
    space: usize,
    /// The NIC it is, as an index into the topology's.
    nic: Option<usize>,
}

struct Cabling {
    /// Union–find over the elements.
    parents: Vec<usize>,
    /// The element of each NIC, once it has a cable.
    nics: Vec<Option<usize>>,
    /// The element of each bridging namespace.
    bridges: Vec<Option<usize>>,
    /// Ends that have an address: element, namespace, device.
    addressed: Vec<(usize, usize, String)>,
}

/// Makes a veth pair of each cable and gives every NIC and every port of a router an address.
pub(super) fn lay(plan: &mut Plan<'_>) -> Result<(), InputError> {
    let topology = plan.topology;
    for nic in &topology.nics {
        plan.node_of(nic, &nic.table.node)?;
    }
    let mut cabling = Cabling {
        parents: Vec::new(),
        nics: vec![None; topology.nics.len()],
        bridges: vec![None; plan.wiring.spaces.len()],
        addressed: Vec::new(),
    };
    for (space, played) in plan.wiring.spaces.iter_mut().enumerate() {
        if played.role == Role::Bridge {
            played.devices.push(LabDevice::new("br0", DeviceKind::Bridge, 1500));
            cabling.bridges[space] = Some(cabling.element());
        }
    }
    for (number, cable) in topology.cables.iter().enumerate() {
        let rate = match topology.slowed.get(&number) {
            None => rate_of(cable, &cable.table.rate)?,
            Some(left) => rate_of(left, &left.table)?,
        };
        cabling.cable(plan, cable, rate)?;
    }
    cabling.number(plan)
}

fn rate_of<T>(at: &Placed<T>, text: &Spanned<String>) -> Result<Rate, InputError> {
    parse_rate(text.get_ref()).map_err(|e| at.fault(text, "rate", e.problem).help(e.help))
}

impl Cabling {
    fn element(&mut self) -> usize {
        self.parents.push(self.parents.len());
        self.parents.len() - 1
    }

    fn root(&self, mut element: usize) -> usize {
        while self.parents[element] != element {
            element = self.parents[element];
        }
        element
    }

    fn cable(
        &mut self,
        plan: &mut Plan<'_>,
        cable: &Placed<CableTable>,
        rate: Rate,
    ) -> Result<(), InputError> {
        let table = &cable.table;
        let [a, b] = table.between.get_ref();
        let plugs = [self.plug(plan, cable, a)?, self.plug(plan, cable, b)?];
        let roots = plugs.map(|plug| self.root(plug.element));
        if roots[0] == roots[1] {
            return Err(cable
                .fault(&table.between, "between", "this cable closes a loop of switches".into())
                .help("a lab's switches know one way to each place: leave one of the cables out"));
        }
        self.parents[roots[1].max(roots[0])] = roots[1].min(roots[0]);
        let nics = plugs.map(|plug| plug.nic.map(|nic| &plan.topology.nics[nic].table));
        let mut off = Switch::default();
        for nic in nics.iter().flatten() {
            // A card without offloads neither takes nor hands over more than one packet at a time,
            // so the end that sends to it must cut as well.
            let is_off = |field| field == Some(false);
            let (all, tunnel) = (is_off(nic.offloads), is_off(nic.tunnel_offloads));
            off = off.and(Switch { all, tunnel });
        }
        let ends = [0, 1].map(|at| {
            let mtu = mtu(plan, nics[at].or(nics[1 - at]));
            let mut device = LabDevice::new(device_name(plan, plugs[at]), DeviceKind::Veth, mtu);
            device.off = off;
            device.sends = is_shaped(rate).then_some(rate);
            let space = plugs[at].space;
            match plan.wiring.spaces[space].role {
                Role::Bridge => {
                    device.bridge = Some("br0".into());
                    let bridge = plan.device_mut(space, "br0");
                    bridge.mtu = bridge.mtu.max(mtu);
                }
                _ => self.addressed.push((plugs[at].element, space, device.name.clone())),
            }
            (space, device)
        });
        plan.pair(ends);
        Ok(())
    }

    fn plug(
        &mut self,
        plan: &Plan<'_>,
        cable: &Placed<CableTable>,
        end: &Spanned<String>,
    ) -> Result<Plug, InputError> {
        let nics = &plan.topology.nics;
        let name = end.get_ref();
        if let Some(nic) = nics.iter().position(|nic| nic.table.name.get_ref() == name) {
            if self.nics[nic].is_some() {
                let problem = format!("`{name}` has a cable already");
                return Err(cable.fault(end, "between", problem).help("a NIC takes one cable"));
            }
            let element = self.element();
            self.nics[nic] = Some(element);
            let space = plan.node_of(&nics[nic], &nics[nic].table.node)?;
            return Ok(Plug { element, space, nic: Some(nic) });
        }
        let space = plan.machines.get(name).copied();
        match space.map(|space| (space, plan.wiring.spaces[space].role)) {
            Some((space, Role::Bridge)) => {
                let element = self.bridges[space].expect("each bridge has an element");
                Ok(Plug { element, space, nic: None })
            }
            Some((space, Role::Router)) => Ok(Plug { element: self.element(), space, nic: None }),
            _ => {
                let known = nics.iter().map(|nic| nic.table.name.get_ref().as_str());
                let spaces = &plan.wiring.spaces;
                let others = spaces.iter().filter(|s| s.role != Role::Node).map(|s| &*s.name);
                let problem = format!("no nic, switch or forwarder is called `{name}`");
                Err(cable.fault(end, "between", problem).help(suggest(name, known.chain(others))))
            }
        }
    }

    /// Numbers wires and addresses in the order of the cables.
    fn number(&self, plan: &mut Plan<'_>) -> Result<(), InputError> {
        let mut wires: Vec<(usize, usize)> = Vec::new();
        for (element, space, device) in &self.addressed {
            let root = self.root(*element);
            let wire = wires.iter().position(|(known, _)| *known == root).unwrap_or_else(|| {
                wires.push((root, 0));
                wires.len() - 1
            });
            wires[wire].1 += 1;
            if wires[wire].1 > address::ROOM || wire >= address::NETWORKS {
                return Err(InputError::new("cable", "a lab has no addresses for so many")
                    .help("at most 4096 wires with 253 cards each"));
            }
            let address = address::numbered(address::wire(wire), wires[wire].1);
            plan.device_mut(*space, device).addresses.push((address, 24));
            plan.ports.push(Port { space: *space, device: device.clone(), wire, address });
        }
        plan.wires = wires.len();
        Ok(())
    }
}

/// The MTU of a cable's end: the card's, or where there is none, that of the largest card.
fn mtu(plan: &Plan<'_>, nic: Option<&NicTable>) -> u32 {
    let largest = || plan.topology.nics.iter().map(|nic| *nic.table.mtu.get_ref()).max();
    nic.map(|nic| *nic.mtu.get_ref()).or_else(largest).unwrap_or(1500)
}

fn device_name(plan: &Plan<'_>, plug: Plug) -> String {
    let space = &plan.wiring.spaces[plug.space];
    let prefix = if space.role == Role::Bridge { "port" } else { "nic" };
    let before = space.devices.iter().filter(|device| device.name.starts_with(prefix)).count();
    format!("{prefix}{before}")
}
