//! What `calibrate net` measures: ways through this host's kernel that differ by one hop, one size
//! or one switch, so that differences between them are costs.
//!
//! A probe is a topology and a transfer, in the same language as a user's experiment: it is built
//! by the same lab and predicted by the same model, so nothing but the costs can be at fault.

use std::sync::Arc;

use models::input::Source;
use models::transfer::{Connection, Transfer, Transport};
use sim::Bytes;

/// The message of probes of a steady rate: so long that beginning and end vanish.
const LONG: Bytes = Bytes::gib(1);
/// iperf3's own default, and what probes write at a time where that is not what they vary.
const WRITE: Bytes = Bytes::kib(128);
/// The smallest Ethernet, and the largest frame that is usual.
const MTU: u32 = 1500;
const JUMBO: u32 = 9000;

/// A way to be measured.
#[derive(Clone, Debug)]
pub struct NetProbe {
    /// Its name in the raw table: `bridge×2 without offloads`.
    pub name: String,
    /// The topology, with the pods `client` and `server`.
    pub topology: Arc<Source>,
    /// What is sent.
    pub transfer: Transfer,
    /// Whether a calibration in two minutes measures it, too.
    pub quick: bool,
}

/// A two-node topology: what lies between the pods, and how its devices are set.
#[derive(Clone, Debug)]
struct Way {
    /// The container network of both nodes.
    cni: &'static str,
    /// Kinds of the forwarders between the nodes.
    between: Vec<&'static str>,
    mtu: u32,
    offloads: bool,
    /// Whether both pods are on one node.
    together: bool,
    /// A Service before the server: how it is translated, and among how many.
    service: Option<(&'static str, u32)>,
}

impl Way {
    fn new(cni: &'static str, between: &[&'static str]) -> Way {
        let (offloads, together) = (true, false);
        Way { cni, between: between.to_vec(), mtu: MTU, offloads, together, service: None }
    }

    fn together(cni: &'static str) -> Way {
        Way { together: true, ..Way::new(cni, &[]) }
    }

    fn jumbo(self) -> Way {
        Way { mtu: JUMBO, ..self }
    }

    fn without_offloads(self) -> Way {
        Way { offloads: false, ..self }
    }

    fn behind(self, proxy: &'static str, installed: u32) -> Way {
        Way { service: Some((proxy, installed)), ..self }
    }

    /// A name that tells probes apart.
    fn name(&self) -> String {
        let mut name = self.cni.to_owned();
        if self.together {
            name += ", one node";
        }
        for kind in ["bridge", "route"] {
            match self.between.iter().filter(|between| **between == kind).count() {
                0 => {}
                1 => name += &format!(", {kind}"),
                many => name += &format!(", {kind}×{many}"),
            }
        }
        if self.mtu != MTU {
            name += &format!(", MTU {}", self.mtu);
        }
        if !self.offloads {
            name += ", no offloads";
        }
        if let Some((proxy, installed)) = self.service {
            name += &format!(", {installed} Services by {proxy}");
        }
        name
    }

    /// The topology as a file.
    fn topology(&self) -> Arc<Source> {
        let (cni, mtu, offloads) = (self.cni, self.mtu, self.offloads);
        let mut text = String::from("about = \"a probe of calibrate net\"\n");
        for node in ["a", "b"] {
            text += &format!("[[node]]\nname = \"node-{node}\"\nhost = \"lab\"\ncni = \"{cni}\"\n");
            text += &format!(
                "[[nic]]\nname = \"nic-{node}\"\nnode = \"node-{node}\"\n\
                 profile = \"generic-10g\"\npcie = \"gen3-x8\"\nmtu = {mtu}\n\
                 offloads = {offloads}\n"
            );
        }
        let mut ends = vec!["nic-a".to_owned()];
        for (at, kind) in self.between.iter().enumerate() {
            text +=
                &format!("[[forwarder]]\nname = \"f{at}\"\nhost = \"lab\"\nkind = \"{kind}\"\n");
            ends.push(format!("f{at}"));
        }
        ends.push("nic-b".into());
        for pair in ends.windows(2) {
            text += &format!(
                "[[cable]]\nbetween = [\"{}\", \"{}\"]\nrate = \"100 Gbit/s\"\n\
                 latency = \"0 us\"\n",
                pair[0], pair[1]
            );
        }
        let server = if self.together { "node-a" } else { "node-b" };
        text += "[[pod]]\nname = \"client\"\nnode = \"node-a\"\n";
        text += &format!("[[pod]]\nname = \"server\"\nnode = \"{server}\"\n");
        if let Some((proxy, installed)) = self.service {
            text += &format!(
                "[[service]]\nname = \"svc\"\npods = [\"server\"]\nproxy = \"{proxy}\"\n\
                 installed = {installed}\n"
            );
        }
        Source::new(format!("probe:{}", self.name()), text)
    }

    fn transfer(&self, transport: Transport) -> Transfer {
        let to = if self.service.is_some() { "svc" } else { "server" };
        let write = (transport == Transport::Tcp).then_some(WRITE);
        Transfer { write, transport, ..Transfer::message("client", to, LONG) }
    }

    fn probe(&self, what: &str, quick: bool, transfer: Transfer) -> NetProbe {
        let name = format!("{}: {what}", self.name());
        NetProbe { name, topology: self.topology(), transfer, quick }
    }

    fn tcp(&self, quick: bool) -> NetProbe {
        self.probe("TCP", quick, self.transfer(Transport::Tcp))
    }

    fn udp(&self, payload: u64, quick: bool) -> NetProbe {
        let write = Some(Bytes::new(payload));
        let transfer = Transfer { write, ..self.transfer(Transport::Udp) };
        self.probe(&format!("UDP, {payload} B"), quick, transfer)
    }

    fn writes(&self, write: Bytes, quick: bool) -> NetProbe {
        let transfer = Transfer { write: Some(write), ..self.transfer(Transport::Tcp) };
        self.probe(&format!("TCP, writes of {write}"), quick, transfer)
    }

    /// A request of one byte and a reply of one, on an open connection or one that is opened for
    /// it.
    fn round_trip(&self, quick: bool, fresh: bool) -> NetProbe {
        let (what, connection) = match fresh {
            false => ("round trip", Connection::Warm),
            true => ("round trip on a new connection", Connection::New),
        };
        let transfer = Transfer {
            message: Bytes::new(1),
            write: None,
            reply: Some(Bytes::new(1)),
            connection,
            ..self.transfer(Transport::Tcp)
        };
        self.probe(what, quick, transfer)
    }
}

/// All probes; each hop alone and doubled, with large packets and small.
pub fn design() -> Vec<NetProbe> {
    let mut probes = Vec::new();
    hops(&mut probes);
    sizes(&mut probes);
    datagrams(&mut probes);
    round_trips(&mut probes);
    probes
}

/// Hops alone and doubled, as super-packets and packet by packet.
fn hops(into: &mut Vec<NetProbe>) {
    let host = |between: &[&'static str]| Way::new("host-network", between);
    into.push(Way::together("host-network").tcp(true));
    let chains: [&[&'static str]; 6] = [
        &[],
        &["bridge"],
        &["bridge", "bridge", "bridge"],
        &["route"],
        &["route", "route", "route"],
        &["route", "bridge"],
    ];
    for (at, chain) in chains.into_iter().enumerate() {
        let quick = matches!(at, 0 | 2 | 4);
        into.push(host(chain).tcp(quick));
        into.push(host(chain).without_offloads().tcp(quick));
        if at < 5 {
            into.push(host(chain).jumbo().without_offloads().tcp(false));
        }
    }
    into.push(host(&[]).jumbo().tcp(false));
    into.push(host(&["route", "route", "route"]).jumbo().tcp(false));
    for (cni, quick) in [("vxlan-routed", true), ("macvlan", true), ("bridge", false)] {
        into.push(Way::new(cni, &[]).tcp(quick));
        into.push(Way::new(cni, &[]).without_offloads().tcp(quick));
    }
    into.push(Way::new("vxlan-routed", &[]).jumbo().without_offloads().tcp(false));
    into.push(Way::new("routed-filtered", &[]).without_offloads().tcp(false));
    into.push(Way::new("routed", &[]).without_offloads().tcp(false));
}

/// How much is written at a time.
fn sizes(into: &mut Vec<NetProbe>) {
    let way = Way::new("host-network", &[]);
    into.push(way.writes(Bytes::new(1024), true));
}

fn datagrams(into: &mut Vec<NetProbe>) {
    let host = |between: &[&'static str]| Way::new("host-network", between);
    for (payload, quick) in [(64, true), (1400, true)] {
        into.push(host(&[]).udp(payload, quick));
        into.push(host(&["route", "route", "route"]).udp(payload, quick && payload == 1400));
    }
    into.push(host(&[]).jumbo().udp(8000, false));
    into.push(host(&["bridge", "bridge", "bridge"]).udp(1400, false));
    into.push(Way::new("vxlan-routed", &[]).udp(1400, false));
}

/// Latencies: of the sockets, of hops, of opening a connection, of translating it.
fn round_trips(into: &mut Vec<NetProbe>) {
    let host = |between: &[&'static str]| Way::new("host-network", between);
    into.push(host(&[]).round_trip(true, false));
    into.push(host(&["route", "route", "route"]).round_trip(true, false));
    into.push(host(&["bridge", "bridge", "bridge"]).round_trip(false, false));
    into.push(Way::new("vxlan-routed", &[]).round_trip(false, false));
    into.push(host(&[]).round_trip(true, true));
    for installed in [1, 100, 1_000, 5_000, 10_000] {
        let way = Way::new("routed", &[]).behind("iptables", installed);
        let quick = matches!(installed, 1 | 5_000);
        into.push(way.round_trip(quick, true));
    }
    for proxy in ["nftables", "ipvs"] {
        for installed in [1, 10_000] {
            let way = Way::new("routed", &[]).behind(proxy, installed);
            into.push(way.round_trip(false, true));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_the_quick_design_is_a_part() {
        let probes = design();
        let mut names: Vec<&str> = probes.iter().map(|probe| probe.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), probes.len());
        let quick = probes.iter().filter(|probe| probe.quick).count();
        assert!(quick >= 18 && quick < probes.len(), "{quick} of {}", probes.len());
    }
}
