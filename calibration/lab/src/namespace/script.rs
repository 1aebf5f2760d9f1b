//! A wiring as the input of the programs that build it.
//!
//! A lab is a list of [`LabStep`]s: which program reads what, in which namespace. Making the list
//! is arithmetic on names, so that a test can hold it against a file; carrying it out is
//! [`super::build`].

use std::fmt::{self, Write};
use std::net::Ipv4Addr;

use sim::Rate;

use super::offloads::Switch;
use super::wiring::{DeviceKind, LabDevice, RuleSet, Space, Wiring};

/// How long a packet may wait for its turn at a limit, as the plug-in `bandwidth` has it.
const WAIT_MS: u32 = 25;
/// What may pass a limit at once: 1 ms of it, and never less than one super-packet.
const BURST_S: f64 = 1e-3;
const BURST_MIN: f64 = 68_000.0;

/// The number before that of the first end of a veth pair; below are those of other devices.
const FIRST_NUMBER: u32 = 1000;

/// Something to be done in a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabStep {
    /// The namespace of the lab, as an index into [`Wiring::spaces`]; none for what concerns the
    /// namespaces themselves.
    pub space: Option<usize>,
    /// What to do.
    pub act: Act,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Writes values to files below `/proc/sys/net`; a file that is not there is passed over.
    Sysctl(Vec<(String, &'static str)>),
    /// Has plug-ins attach a pod: index into [`Wiring::plugged`].
    Plug(usize),
    /// Runs a program on an input.
    Run {
        /// The program and its arguments.
        command: Vec<String>,
        /// What it reads.
        input: String,
    },
}

/// The steps that build `wiring`; `netns` names the namespace of a space.
pub fn steps(wiring: &Wiring, netns: &dyn Fn(usize) -> String) -> Vec<LabStep> {
    let mut steps = Vec::new();
    let everywhere = 0..wiring.spaces.len();
    let add = everywhere.clone().map(|space| format!("netns add {}\n", netns(space))).collect();
    steps.push(run(None, &["ip", "-batch", "-"], add));
    for (index, space) in wiring.spaces.iter().enumerate() {
        steps.push(LabStep { space: Some(index), act: Act::Sysctl(settings(space)) });
    }
    steps.push(run(None, &["ip", "-batch", "-"], pairs(wiring, netns)));
    for (index, space) in wiring.spaces.iter().enumerate() {
        // The node's namespace stands before its pods'.
        let plugged = wiring.plugged.iter().position(|plugged| plugged.pod == index);
        steps.extend(plugged.map(|at| LabStep { space: None, act: Act::Plug(at) }));
        let links = made_outside(wiring, index, netns) + &links(space);
        steps.push(run(Some(index), &["ip", "-batch", "-"], links));
        steps.push(run(Some(index), &["bridge", "-batch", "-"], entries(space)));
        steps.push(run(Some(index), &["tc", "-batch", "-"], limits(space)));
        for device in &space.devices {
            steps.extend(offloads(index, &device.name, device.off));
        }
        steps.push(run(Some(index), &["nft", "-f", "-"], filter_tables(space)));
        for rules in &space.rules {
            let (command, input): (&[&str], _) = match rules {
                RuleSet::Iptables(input) => (&["iptables-restore", "--noflush"], input),
                RuleSet::Nftables(input) => (&["nft", "-f", "-"], input),
                RuleSet::Ipvs(input) => (&["ipvsadm", "--restore"], input),
            };
            steps.push(run(Some(index), command, input.clone()));
        }
    }
    // A program without anything to read would only cost time.
    let idle = |act: &Act| match act {
        Act::Run { command, input } => input.is_empty() && command[0] != "ethtool",
        Act::Sysctl(_) | Act::Plug(_) => false,
    };
    steps.retain(|step| !idle(&step.act));
    steps
}

/// The steps that remove what [`steps`] made.
pub(super) fn removal(netns: &[String]) -> LabStep {
    let all = netns.iter().map(|name| format!("netns del {name}\n")).collect();
    run(None, &["ip", "-force", "-batch", "-"], all)
}

/// The step that switches a device's offloads off, if any are.
pub(super) fn offloads(space: usize, device: &str, off: Switch) -> Option<LabStep> {
    off.names().next()?;
    let mut command = vec!["ethtool", "-K", device];
    command.extend(off.names().flat_map(|name| [name, "off"]));
    Some(run(Some(space), &command, String::new()))
}

fn run(space: Option<usize>, command: &[&str], input: String) -> LabStep {
    let command = command.iter().map(|part| (*part).to_owned()).collect();
    LabStep { space, act: Act::Run { command, input } }
}

/// IPv4 alone; Reno, which every namespace may have and which does not pace (one that does, like
/// BBR, would be measured by its own clock); forwarding where it is the role; no check whether a
/// packet came the shortest way, which tunnels and macvlan devices do not pass.
fn settings(space: &Space) -> Vec<(String, &'static str)> {
    let mut settings = vec![("ipv4/tcp_congestion_control".into(), "reno")];
    for scope in ["all", "default"] {
        settings.push((format!("ipv6/conf/{scope}/disable_ipv6"), "1"));
        settings.push((format!("ipv4/conf/{scope}/rp_filter"), "0"));
    }
    if space.routes_packets() {
        settings.push(("ipv4/ip_forward".into(), "1"));
    }
    let filters = if space.filters_bridged { "1" } else { "0" };
    if space.rules.iter().any(|rules| matches!(rules, RuleSet::Ipvs(_))) {
        settings.push(("ipv4/vs/conntrack".into(), "1"));
    }
    settings.push(("bridge/bridge-nf-call-iptables".into(), filters));
    settings
}

/// Creates every veth pair inside the namespaces of its ends: the machine's own never sees it.
///
/// All ends have numbers of their own: the kernel takes a device whose peer has the same number
/// for one without a peer, and is then in no hurry (up to 1 s) to see that it has been connected.
fn pairs(wiring: &Wiring, netns: &dyn Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut number = FIRST_NUMBER;
    for pair in &wiring.pairs {
        let [a, b] = pair.0.each_ref().map(|end| {
            let devices = &wiring.spaces[end.space].devices;
            let device = devices.iter().find(|device| device.name == end.device);
            let mtu = device.map_or(1500, |device| device.mtu);
            number += 1;
            format!("{} index {number} mtu {mtu} netns {}", end.device, netns(end.space))
        });
        writeln!(text, "link add {a} type veth peer {b}").expect("memory");
    }
    text
}

/// Macvlan devices of other namespaces, which only the node that has the card can make.
fn made_outside(wiring: &Wiring, index: usize, netns: &dyn Fn(usize) -> String) -> String {
    let mut text = String::new();
    for (other, space) in wiring.spaces.iter().enumerate() {
        for device in &space.devices {
            if let DeviceKind::Macvlan { node, parent } = &device.kind
                && *node == index
            {
                writeln!(text, "link set dev {parent} up").expect("memory");
                let (name, netns) = (&device.name, netns(other));
                writeln!(
                    text,
                    "link add link {parent} name {name} netns {netns} type macvlan mode bridge"
                )
                .expect("memory");
            }
        }
    }
    text
}

/// Devices, addresses, routes.
fn links(space: &Space) -> String {
    let mut text = String::from("link set dev lo up\n");
    for device in &space.devices {
        creation(&mut text, device).expect("memory");
    }
    for device in &space.devices {
        settings_of(&mut text, device).expect("memory");
    }
    for hop in &space.routes {
        let to = network(hop.to);
        let via = hop.via.map_or(String::new(), |via| format!(" via {via}"));
        let scope = if hop.via.is_none() { " scope link" } else { "" };
        let onlink = if hop.onlink { " onlink" } else { "" };
        writeln!(text, "route add {to}{via} dev {}{scope}{onlink}", hop.device).expect("memory");
    }
    for device in &space.devices {
        if let DeviceKind::Vxlan { peers, .. } = &device.kind {
            for peer in peers {
                let (to, mac, name) = (peer.device, &peer.mac, &device.name);
                writeln!(text, "neigh add {to} lladdr {mac} dev {name} nud permanent")
                    .expect("memory");
            }
        }
    }
    text
}

fn network((address, prefix): (Ipv4Addr, u8)) -> String {
    match prefix {
        0 => "default".into(),
        prefix => format!("{address}/{prefix}"),
    }
}

/// What makes a device that is not there already.
fn creation(text: &mut String, device: &LabDevice) -> fmt::Result {
    let LabDevice { name, mtu, .. } = device;
    match &device.kind {
        DeviceKind::Veth | DeviceKind::Macvlan { .. } | DeviceKind::Loopback => {}
        DeviceKind::Bridge => writeln!(
            text,
            "link add {name} type bridge forward_delay 0 stp_state 0 mcast_snooping 0"
        )?,
        DeviceKind::Vxlan { id, local, mac, .. } => writeln!(
            text,
            "link add {name} address {mac} type vxlan id {id} local {local} dstport 8472 nolearning"
        )?,
    }
    match &device.accepts {
        None => Ok(()),
        Some((ifb, _)) => {
            writeln!(text, "link add {ifb} mtu {mtu} type ifb\nlink set dev {ifb} up")
        }
    }
}

/// Address, MTU and bridge, which may stand further down the list of devices.
fn settings_of(text: &mut String, device: &LabDevice) -> fmt::Result {
    let LabDevice { name, mtu, .. } = device;
    for (address, prefix) in &device.addresses {
        writeln!(text, "addr add {address}/{prefix} dev {name}")?;
    }
    if device.kind == DeviceKind::Loopback {
        return Ok(());
    }
    let bridge = device.bridge.as_ref().map_or(String::new(), |name| format!(" master {name}"));
    writeln!(text, "link set dev {name} mtu {mtu}{bridge} up")
}

/// Where a VXLAN device finds the others: no packet is flooded, none is learnt from.
fn entries(space: &Space) -> String {
    let mut text = String::new();
    for device in &space.devices {
        if let DeviceKind::Vxlan { peers, .. } = &device.kind {
            for peer in peers {
                let (mac, name, node) = (&peer.mac, &device.name, peer.node);
                writeln!(text, "fdb add {mac} dev {name} dst {node} self permanent")
                    .expect("memory");
            }
        }
    }
    text
}

/// Token buckets: at a device for what it sends, at an ifb device behind it for what it is sent.
fn limits(space: &Space) -> String {
    let mut text = String::new();
    for device in &space.devices {
        if let Some(rate) = device.sends {
            bucket(&mut text, &device.name, rate).expect("memory");
        }
        if let Some((ifb, rate)) = &device.accepts {
            let name = &device.name;
            writeln!(text, "qdisc add dev {name} ingress").expect("memory");
            writeln!(
                text,
                "filter add dev {name} parent ffff: protocol all u32 match u32 0 0 \
                 action mirred egress redirect dev {ifb}"
            )
            .expect("memory");
            bucket(&mut text, ifb, *rate).expect("memory");
        }
    }
    text
}

fn bucket(text: &mut String, device: &str, rate: Rate) -> fmt::Result {
    let bytes_per_s = rate.as_bytes_per_s();
    let burst = (bytes_per_s * BURST_S).max(BURST_MIN).round();
    let bits = (bytes_per_s * 8.0).round();
    writeln!(
        text,
        "qdisc add dev {device} root tbf rate {bits}bit burst {burst} latency {WAIT_MS}ms"
    )
}

/// Tables that look at every packet, and at its connection, and accept it.
fn filter_tables(space: &Space) -> String {
    let mut text = String::new();
    for table in 0..space.filter_tables {
        writeln!(text, "table ip policy{table} {{").expect("memory");
        for hook in ["input", "forward", "output"] {
            let kind = format!("type filter hook {hook} priority {table}; policy accept;");
            writeln!(text, "  chain {hook} {{\n    {kind}").expect("memory");
            text.push_str("    ct state established,related accept\n");
            text.push_str("    ip saddr 10.0.0.0/8 accept\n  }\n");
        }
        text.push_str("}\n");
    }
    text
}
