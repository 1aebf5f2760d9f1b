//! Machines in the graph: cores, sockets, and the point between network stack and cards.

use std::collections::BTreeMap;
use std::sync::Arc;

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;
use sim::{Bytes, Rate};

use super::assemble::Builder;
use super::{Host, LinkIndex, LinkUnit, PlaceKind, SocketLink, Word};
use crate::host::congestion::Congestion;
use crate::input::InputError;
use crate::library::Kind;
use crate::name::server::NameServer;
use crate::profile::Profile;
use crate::topology::Placed;
use crate::uncertainty::Spread;
use crate::uncertainty::model::{Part, factor_of};
use crate::uncertainty::prior::spread;

/// The least that a super-packet may be: an Ethernet frame's payload.
const SUPER_PACKET_MIN: u64 = 1500;
/// The most that Linux lets one be (`GSO_MAX_SIZE`: 8 × 65 535 bytes).
const SUPER_PACKET_MAX: u64 = 524_280;

/// What the builder knows of a machine beyond [`Host`].
pub(super) struct Machine {
    pub(super) name: Word,
    pub(super) host: usize,
    pub(super) profile: Arc<Profile>,
    /// The container network of its pods; a forwarder has none.
    pub(super) cni: Option<Placed<Spanned<String>>>,
    /// The point between the network stack and the NICs.
    pub(super) stack: NodeIndex,
    /// Memory channels by NUMA node, where the profile gives their bandwidth.
    pub(super) memory: BTreeMap<u32, LinkIndex>,
    /// Serial workers by name.
    pub(super) workers: BTreeMap<String, LinkIndex>,
}

/// The largest super-packet of a machine's TCP senders.
fn super_packet(profile: &Profile) -> Result<Bytes, InputError> {
    match profile.bytes("tcp.super_packet")? {
        size if (SUPER_PACKET_MIN..=SUPER_PACKET_MAX).contains(&size.get()) => Ok(size),
        _ => {
            let help = format!("{SUPER_PACKET_MIN} to {SUPER_PACKET_MAX} bytes");
            Err(profile.fault("tcp.super_packet", "is not possible", &help))
        }
    }
}

impl Builder<'_> {
    /// A machine: a node, which has a container network, or a forwarder, which has none.
    pub(super) fn machine<T>(
        &mut self,
        at: &Placed<T>,
        name: &Spanned<String>,
        host: &Spanned<String>,
        cni: Option<Placed<Spanned<String>>>,
        congestion: Option<&Spanned<String>>,
    ) -> Result<Word, InputError> {
        let name = self.claim(at, name)?;
        let congestion = match congestion {
            None => Congestion::default(),
            Some(named) => Congestion::named(named.get_ref())
                .map_err(|error| error.at(&at.source, named.span()))?,
        };
        let profile = match self.lab {
            None => self.profile(at, Kind::Host, "host", host)?,
            Some(lab) => self.parsed(Kind::Host, &lab.profile)?,
        };
        let (cores, receive_queues) = self.cores(&name, &profile)?;
        let throttled = profile.has("udp.send_completion") || profile.has("udp.send_buffer");
        let udp_send_limit = match throttled {
            false => None,
            true => {
                Rate::over(profile.buffer("udp.send_buffer")?, profile.time("udp.send_completion")?)
            }
        };
        let socket_link = self.socket_link(&name, &profile)?;
        self.cluster.hosts.push(Host {
            name: name.clone(),
            cores,
            receive_queues,
            pinned: self.lab.map(|lab| lab.pins.clone()),
            tcp_window: profile.buffer("tcp.window")?,
            congestion,
            super_packet: super_packet(&profile)?,
            udp_send_limit,
            names: NameServer::of_host(&profile)?,
            socket_link,
            errors: self.host_errors(&profile)?,
            profile: Arc::clone(&profile),
        });
        let host = self.cluster.hosts.len() - 1;
        let stack = self.place(&name, PlaceKind::Namespace, Some(&name));
        let (memory, workers) = (BTreeMap::new(), BTreeMap::new());
        let machine = Machine { name: name.clone(), host, profile, cni, stack, memory, workers };
        self.machines.insert(name.clone(), machine);
        Ok(name)
    }

    /// How far models are off on a machine, where its profile says so: as it is given, since each
    /// way draws a factor of its own.
    fn host_errors(&self, profile: &Profile) -> Result<Vec<(Part, Spread)>, InputError> {
        let parts = [Part::Tcp, Part::Udp, Part::RoundTrip];
        let lines = parts.map(|part| (part, format!("error.{}", part.line())));
        if lines.iter().all(|(_, line)| !profile.has(line)) {
            return Ok(Vec::new());
        }
        let given = self.library.given(Kind::Host, &profile.name)?;
        let mut errors = Vec::new();
        for (part, line) in lines.iter().filter(|(_, line)| profile.has(line)) {
            factor_of(profile, line)?;
            let row = given.rows().iter().find(|row| row.parameter == *line);
            errors.extend(row.map(|row| (*part, spread(row))));
        }
        Ok(errors)
    }

    /// The link between the sockets of a machine, where its profile has one.
    fn socket_link(
        &mut self,
        name: &Word,
        profile: &Profile,
    ) -> Result<Option<SocketLink>, InputError> {
        if !profile.has("socket_link_bandwidth") && !profile.has("socket_link_latency") {
            return Ok(None);
        }
        let rate = profile.rate("socket_link_bandwidth")?;
        let latency = profile.seconds("socket_link_latency")?;
        let mut links = |ways: [&str; 2], rate| {
            ways.map(|way| {
                let name = self.name(name, way);
                self.rate_link(name, rate)
            })
        };
        let ways = links(["/socket-link-up", "/socket-link-down"], rate);
        let reads = profile.optional("socket_link_peer_read", Profile::rate)?;
        let writes = profile.optional("socket_link_peer_write", Profile::rate)?;
        let peer_reads = reads.map(|rate| links(["/peer-reads-up", "/peer-reads-down"], rate));
        let peer_writes = writes.map(|rate| links(["/peer-writes-up", "/peer-writes-down"], rate));
        Ok(Some(SocketLink { ways, peer_reads, peer_writes, latency }))
    }

    /// The cores of a machine, and how many of them serve receive queues. All machines of a lab
    /// are one.
    fn cores(
        &mut self,
        name: &Word,
        profile: &Profile,
    ) -> Result<(Vec<LinkIndex>, u32), InputError> {
        let cores = profile.count("cores")?;
        let receive_queues = profile.count("receive_queues")?;
        if !(1..=4096).contains(&cores) || !(1..=cores).contains(&receive_queues) {
            return Err(InputError::new("cores", "does not fit with receive_queues")
                .help("1 to 4096 cores, and 1 to that many receive queues")
                .at(profile.source(), 0..0));
        }
        if let Some(lab) = self.lab {
            if let Some(host) = self.cluster.hosts.first() {
                return Ok((host.cores.clone(), receive_queues));
            }
            let pins = &lab.pins;
            if let Some(core) =
                pins.senders.iter().chain(&pins.readers).find(|core| **core >= cores as usize)
            {
                let problem = format!("there is no core {core} among {cores}");
                return Err(
                    InputError::new("measure", problem).help(format!("cores 0 to {}", cores - 1))
                );
            }
        }
        let owner = if self.lab.is_some() { Word::from("lab") } else { name.clone() };
        let core = |i| {
            let name = self.name(&owner, &format!("/core{i}"));
            self.link(name, LinkUnit::Cores, 1.0)
        };
        Ok(((0..cores).map(core).collect(), receive_queues))
    }

    /// The name of a machine whose cores do what belongs to none in particular; in a lab, all do.
    pub(super) fn any_machine(&self) -> Word {
        self.machines.keys().next().expect("a cluster with pods has a node").clone()
    }
}
