//! Services of a lab: the rules of kube-proxy in the namespaces of the nodes whose pods may call.

use std::net::{Ipv4Addr, SocketAddrV4};

use models::catalogue::CniSpec;
use models::input::InputError;
use models::topology::{Placed, ServiceTable};

use crate::services::{iptables, ipvs, nftables};

use super::address::{SERVICES, numbered};
use super::derive::Plan;
use super::wiring::{DeviceKind, LabDevice, Role, RuleSet};

/// The port that pods listen on in a lab, and the port of every Service in front of them.
pub const SERVICE_PORT: u16 = 5201;
/// The number of the first Service's address, behind those that kubeadm gives to others.
const FIRST: usize = 100;

/// A proxy that a lab can install.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proxy {
    Iptables,
    Nftables,
    Ipvs,
}

/// Installs every Service of the topology.
pub(super) fn install(plan: &mut Plan<'_>) -> Result<(), InputError> {
    let mut taken: Vec<(usize, Proxy)> = Vec::new();
    for (index, service) in plan.topology.services.iter().enumerate() {
        let address = numbered(SERVICES.0, FIRST + index);
        let backends = backends(plan, service)?;
        for node in callers(plan, service) {
            let proxy = proxy_of(plan, service, node)?;
            if taken.contains(&(node, proxy)) {
                let problem = "a lab installs one Service of a kind of proxy".to_owned();
                return Err(service
                    .fault(&service.table.name, "service", problem)
                    .help("`installed` says how many others there are beside it"));
            }
            taken.push((node, proxy));
            let installed = service.table.installed.max(1);
            let rules = match proxy {
                Proxy::Iptables => {
                    RuleSet::Iptables(iptables::rules(installed, address, SERVICE_PORT, &backends))
                }
                Proxy::Nftables => {
                    RuleSet::Nftables(nftables::rules(installed, address, SERVICE_PORT, &backends))
                }
                Proxy::Ipvs => {
                    take_in(plan, node, address);
                    RuleSet::Ipvs(ipvs::rules(installed, address, SERVICE_PORT, &backends))
                }
            };
            let space = &mut plan.wiring.spaces[node];
            space.rules.push(rules);
            // A reply between two ports of one bridge must meet the rules as well.
            space.filters_bridged = true;
        }
        let name = service.table.name.get_ref().clone();
        plan.wiring.services.insert(name, (address, SERVICE_PORT));
    }
    Ok(())
}

/// IPVS meets packets that are for the node itself, so the node has the Service's address.
fn take_in(plan: &mut Plan<'_>, node: usize, address: Ipv4Addr) {
    let mut loopback = LabDevice::new("lo", DeviceKind::Loopback, 65_536);
    loopback.addresses.push((address, 32));
    plan.device(node, loopback);
}

fn backends(
    plan: &Plan<'_>,
    service: &Placed<ServiceTable>,
) -> Result<Vec<SocketAddrV4>, InputError> {
    let pods = service.table.pods.get_ref();
    if pods.is_empty() {
        let problem = "a Service needs a pod behind it".to_owned();
        return Err(service.fault(&service.table.pods, "pods", problem));
    }
    let of = |pod: &serde_spanned::Spanned<String>| match plan.wiring.pods.get(pod.get_ref()) {
        Some(place) => Ok(SocketAddrV4::new(place.address, SERVICE_PORT)),
        None => {
            let problem = format!("no pod is called `{}`", pod.get_ref());
            let known = plan.wiring.pods.keys().map(String::as_str);
            let help = models::input::suggest(pod.get_ref(), known);
            Err(service.fault(pod, "pods", problem).help(help))
        }
    };
    pods.iter().map(of).collect()
}

/// The nodes with a pod that is not behind the Service; all nodes, if there is no such pod.
fn callers(plan: &Plan<'_>, service: &Placed<ServiceTable>) -> Vec<usize> {
    let behind = service.table.pods.get_ref();
    let is_behind = |name: &str| behind.iter().any(|pod| pod.get_ref() == name);
    let nodes = || {
        let spaces = plan.wiring.spaces.iter().enumerate();
        spaces.filter(|(_, space)| space.role == Role::Node)
    };
    let calls = |node: &str| {
        plan.topology
            .pods
            .iter()
            .any(|pod| pod.table.node.get_ref() == node && !is_behind(pod.table.name.get_ref()))
    };
    let callers: Vec<usize> =
        nodes().filter(|(_, space)| calls(&space.name)).map(|(index, _)| index).collect();
    if callers.is_empty() { nodes().map(|(index, _)| index).collect() } else { callers }
}

/// The proxy of a Service on a node: its own, else that of the node's container network.
fn proxy_of(
    plan: &Plan<'_>,
    service: &Placed<ServiceTable>,
    node: usize,
) -> Result<Proxy, InputError> {
    let table = &service.table;
    let name = match &table.proxy {
        Some(own) => own.get_ref().clone(),
        None => {
            let node = &plan.wiring.spaces[node].name;
            let nodes = &mut plan.topology.nodes.iter();
            let node = nodes.find(|table| table.table.name.get_ref() == node);
            let cni = node.expect("a node's namespace is named after it").table.cni.get_ref();
            let proxy = CniSpec::load(cni, plan.library)?.proxy.map(|hop| hop.name);
            let proxy = proxy.ok_or_else(|| {
                let problem = format!("CNI `{cni}` names no proxy");
                service.fault(&table.name, "proxy", problem).help("proxy = \"iptables\"")
            })?;
            proxy.trim_start_matches("service-").to_owned()
        }
    };
    match name.as_str() {
        "iptables" => Ok(Proxy::Iptables),
        "nftables" => Ok(Proxy::Nftables),
        "ipvs" => Ok(Proxy::Ipvs),
        other => {
            let span = table.proxy.as_ref().map_or(table.name.span(), |proxy| proxy.span());
            let problem = format!("no lab can install the proxy `{other}`");
            Err(service.fault_at(span, "proxy", problem).help("iptables, nftables or ipvs"))
        }
    }
}
