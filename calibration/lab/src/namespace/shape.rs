//! A container network's list of hops, read as something that a lab can build.

use models::catalogue::CniSpec;
use models::input::InputError;

/// Every hop that a lab builds out of network namespaces, as help for one that it does not.
const BUILT: &str = "a lab builds veth, bridge, route, vxlan, macvlan and netfilter";

/// How the pods of a container network are attached and how their packets leave the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// How a pod meets its node.
    pub(super) attachment: Attachment,
    /// How packets go from the node to the wire.
    pub(super) exit: Exit,
    /// Filter tables on the way.
    pub(super) filter_tables: usize,
    /// Bytes that tunnels add to every packet.
    pub(super) header: u32,
}

/// How a pod meets its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attachment {
    /// It lives in the node's namespace.
    Host,
    /// A macvlan device on the NIC's device.
    Macvlan,
    /// A veth pair into this many bridges, one behind the other; the last is the gateway. None: the
    /// pair's other end is the gateway.
    Veth {
        /// How many bridges.
        bridges: usize,
    },
}

/// How packets go from the node to the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// The bridge or macvlan is on the wire itself: the pod has an address of the wire's network.
    Wire,
    /// By the node's routes, through this many more routing namespaces of the node.
    Routes {
        /// How many namespaces behind the node's own.
        more: usize,
    },
    /// By the node's routes into a VXLAN device.
    Vxlan,
}

impl Shape {
    /// Reads the hops of `cni`.
    ///
    /// # Errors
    /// If a hop is none that a lab can build, or cannot stand where it stands.
    pub(super) fn of(cni: &CniSpec) -> Result<Shape, InputError> {
        let names = |hops: &[models::catalogue::HopSpec]| {
            hops.iter().map(|hop| hop.name.clone()).collect::<Vec<_>>()
        };
        let (pod, node) = (names(&cni.pod), names(&cni.node));
        for name in pod.iter().chain(&node) {
            if !["veth", "bridge", "route", "vxlan", "macvlan", "netfilter"].contains(&&**name) {
                return Err(refusal(cni, &format!("has the hop `{name}`, which no lab can build")));
            }
        }
        let filters = |names: &[String]| names.iter().filter(|name| *name == "netfilter").count();
        let filter_tables = filters(&pod) + filters(&node);
        let plain = |names: &[String]| {
            names.iter().filter(|name| *name != "netfilter").cloned().collect::<Vec<_>>()
        };
        let (attached, way) = split(plain(&pod), plain(&node));
        let attachment = attachment(&attached).ok_or_else(|| {
            refusal(cni, &format!("attaches pods by `{}`", attached.join(", ")))
                .help("[], [\"macvlan\"], [\"veth\"], or veth and any number of bridges")
        })?;
        let exit = exit(attachment, &way).ok_or_else(|| {
            refusal(cni, &format!("leaves the node by `{}` here", way.join(", "))).help(
                "[] behind a bridge, a macvlan or no hop; else `route`, any number of times, and \
                 at the end `vxlan` if need be",
            )
        })?;
        let header = cni.pod.iter().chain(&cni.node).map(|hop| hop.header.get()).sum::<u64>();
        let header = u32::try_from(header).unwrap_or(u32::MAX);
        Ok(Shape { attachment, exit, filter_tables, header })
    }
}

fn refusal(cni: &CniSpec, problem: &str) -> InputError {
    InputError::new("cni", format!("`{}` {problem}", cni.name)).help(BUILT)
}

/// The hops of a pod and those of its node, cut where the first router is: what is before it
/// attaches the pod, whichever list it is in.
fn split(mut pod: Vec<String>, node: Vec<String>) -> (Vec<String>, Vec<String>) {
    let cut = pod.iter().position(|hop| hop == "route").unwrap_or(pod.len());
    let mut way = pod.split_off(cut);
    way.extend(node);
    (pod, way)
}

fn attachment(pod: &[String]) -> Option<Attachment> {
    let Some((first, rest)) = pod.split_first() else { return Some(Attachment::Host) };
    match (first.as_str(), rest) {
        ("macvlan", []) => Some(Attachment::Macvlan),
        ("veth", rest) => {
            let mut bridges = 0;
            for (at, hop) in rest.iter().enumerate() {
                // The veth pair from one bridge to the next may be named or not.
                match hop.as_str() {
                    "bridge" => bridges += 1,
                    "veth" if rest.get(at + 1).is_some_and(|next| next == "bridge") && at > 0 => {}
                    _ => return None,
                }
            }
            Some(Attachment::Veth { bridges })
        }
        _ => None,
    }
}

fn exit(attachment: Attachment, node: &[String]) -> Option<Exit> {
    let on_node = matches!(attachment, Attachment::Veth { .. });
    if !on_node && !node.is_empty() {
        return None;
    }
    let mut routes = 0;
    for (at, hop) in node.iter().enumerate() {
        match hop.as_str() {
            "route" => routes += 1,
            "veth" if at > 0 && node.get(at + 1).is_some_and(|next| next == "route") => {}
            // Behind more routers than the node itself, its addresses are not the node's.
            "vxlan" if at + 1 == node.len() && routes == 1 => return Some(Exit::Vxlan),
            _ => return None,
        }
    }
    match (attachment, routes) {
        (Attachment::Veth { bridges: 0 }, 0) => None,
        (_, 0) => Some(Exit::Wire),
        (_, routes) => Some(Exit::Routes { more: routes - 1 }),
    }
}
