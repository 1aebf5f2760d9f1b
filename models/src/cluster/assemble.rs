//! From tables to a graph: names are resolved once, here, and everything after runs on indices.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use petgraph::graph::{DiGraph, NodeIndex};
use serde_spanned::Spanned;
use sim::{Bytes, Rate};

use super::classes::{Classes, class};
use super::lab::Lab;
use super::machine::Machine;
use super::{
    Cluster, Link, LinkIndex, LinkUnit, Name, NicSpec, Place, PlaceKind, PoolIndex, PoolSpec,
    Spreading, Word, cable, device, forwarder, network,
};
use crate::collective::{Boards, Costs, PROFILE};
use crate::input::{InputError, suggest};
use crate::library::{Kind, Library};
use crate::profile::Profile;
use crate::quantity::{QuantityError, parse_rate, parse_time, told_in_bytes};
use crate::topology::{NicTable, NodeTable, Parsed, Placed, Topology};
use crate::uncertainty::hypothesis::Fields;
use crate::uncertainty::model::{ERRORS, Errors, Part};

/// The smallest IP packet size every IPv4 link must carry (RFC 791), and the largest there is.
const MTU_RANGE: std::ops::RangeInclusive<u32> = 576..=65_535;
/// More places than this in one file is taken for a mistake.
const PLACES_MAX: usize = 1_000_000;

/// A cluster under construction, with what later tables look up.
pub(super) struct Builder<'a> {
    pub(super) cluster: Cluster,
    pub(super) library: &'a Library,
    /// The machine that plays the cluster, if one does.
    pub(super) lab: Option<&'a Lab>,
    /// Machines: index into `cluster.hosts`, host profile, name of the default CNI.
    pub(super) machines: BTreeMap<Word, Machine>,
    /// Forwarders: where packets enter and leave.
    pub(super) forwarders: BTreeMap<Word, (NodeIndex, NodeIndex)>,
    /// What crossing a switch takes \[s\].
    pub(super) crossings: BTreeMap<NodeIndex, f64>,
    /// Every profile read so far, which knows what of it was read.
    profiles: BTreeMap<(Kind, String), Arc<Profile>>,
    /// Every name given so far: two things of one name could not be told apart in a result.
    names: HashSet<Word>,
    /// What parts of things are called: `/core3`.
    words: HashSet<Word>,
    /// What is worked out once for all things that are alike.
    pub(super) classes: Classes,
}

pub(super) fn assemble(
    name: &str,
    parsed: &Parsed,
    library: &Library,
    settings: &[super::Setting],
    lab: Option<&Lab>,
) -> Result<Cluster, InputError> {
    let topology = parsed.load(library, settings)?;
    let no_pods = || {
        InputError::new("pod", "the topology has no pods")
            .help("add a [[pod]] with a name and a node")
            .at(&parsed.source, 0..parsed.source.text.len().min(1))
    };
    if lab.is_some() && topology.nodes.is_empty() {
        return Err(no_pods());
    }
    let mut builder = Builder::new(name, &topology, library, lab)?;
    for node in &topology.nodes {
        let NodeTable { name, host, cni, congestion_control, .. } = &node.table;
        let cni = Placed { table: cni.clone(), source: Arc::clone(&node.source) };
        builder.machine(node, name, host, Some(cni), congestion_control.as_ref())?;
    }
    for (number, switch) in topology.switches.iter().enumerate() {
        let name = builder.claim(switch, &switch.table.name)?;
        let latency = quantity(switch, "latency", &switch.table.latency, parse_time)?;
        let place = builder.place(&name, PlaceKind::Switch, None);
        builder.crossings.insert(place, latency.as_seconds());
        let spreading = Spreading::of(switch)?;
        spreading.and_then(|how| builder.cluster.spreadings.insert(place, how));
        let queues = topology.queues.get(&number).copied();
        queues.and_then(|queues| builder.cluster.queues.insert(place, queues));
    }
    if library.has_collectives() {
        let costs = builder.parsed(Kind::Collective, PROFILE)?;
        let costs = Arc::new(Costs::read(&costs)?);
        builder.cluster.boards = Some(Boards { costs, gpus: BTreeMap::new() });
    }
    device::add(&mut builder, &topology)?;
    for forwarder in &topology.forwarders {
        forwarder::add(&mut builder, forwarder)?;
    }
    for (number, cable) in topology.cables.iter().enumerate() {
        cable::add(&mut builder, cable, topology.slowed.get(&number))?;
    }
    network::add(&mut builder, &topology)?;
    for service in &topology.services {
        builder.service(service)?;
    }
    if builder.cluster.graph.node_count() > PLACES_MAX {
        return Err(InputError::new(name, "has more than a million places"));
    }
    if topology.pods.is_empty() {
        return Err(no_pods());
    }
    builder.note_errors();
    super::origin::note(&mut builder.cluster, &topology, library);
    for (of, profile) in builder.profiles {
        builder.cluster.read.insert(of, profile.read().map(str::to_owned).collect());
    }
    Ok(builder.cluster)
}

impl<'a> Builder<'a> {
    fn new(
        name: &str,
        topology: &Topology,
        library: &'a Library,
        lab: Option<&'a Lab>,
    ) -> Result<Builder<'a>, InputError> {
        let cluster = Cluster {
            name: name.to_owned(),
            about: topology.about.clone(),
            graph: DiGraph::new(),
            links: Vec::new(),
            pools: Vec::new(),
            hosts: Vec::new(),
            gpus: BTreeMap::new(),
            turns: Vec::new(),
            spreadings: BTreeMap::new(),
            queues: BTreeMap::new(),
            boards: None,
            nics: BTreeMap::new(),
            pod_mtus: BTreeMap::new(),
            without_offloads: BTreeSet::new(),
            notes: BTreeSet::new(),
            services: BTreeMap::new(),
            places: BTreeMap::new(),
            families: topology.families.clone(),
            used: BTreeSet::new(),
            read: BTreeMap::new(),
            errors: Errors::of(library)?,
        };
        Ok(Builder {
            cluster,
            library,
            lab,
            machines: BTreeMap::new(),
            forwarders: BTreeMap::new(),
            crossings: BTreeMap::new(),
            profiles: BTreeMap::new(),
            names: HashSet::new(),
            words: HashSet::new(),
            classes: Classes::default(),
        })
    }

    /// Takes a name for a table; refuses one that is taken.
    pub(super) fn claim<T>(
        &mut self,
        at: &Placed<T>,
        name: &Spanned<String>,
    ) -> Result<Word, InputError> {
        let text = name.get_ref();
        if text.is_empty() || text.chars().any(|c| c.is_control() || c == '/') {
            return Err(at
                .fault(name, "name", format!("{text:?} is no name"))
                .help("letters, digits and any signs but `/`; not empty"));
        }
        let word = Word::from(text.as_str());
        if !self.names.insert(word.clone()) {
            return Err(at
                .fault(name, "name", format!("`{text}` is the name of something else already"))
                .help("names are unique in a topology, whatever they name"));
        }
        Ok(word)
    }

    /// The name of a part of `owner`, which begins with what stands between the two: `/core3`.
    pub(super) fn name(&mut self, owner: &Word, part: &str) -> Name {
        Name::of(owner, &self.word(part))
    }

    /// A text that many things share, such as a kind of hop.
    pub(super) fn word(&mut self, text: &str) -> Word {
        if let Some(known) = self.names.get(text).or_else(|| self.words.get(text)) {
            return known.clone();
        }
        let word = Word::from(text);
        self.words.insert(word.clone());
        word
    }

    /// A place that files may name.
    pub(super) fn place(&mut self, name: &Word, kind: PlaceKind, node: Option<&Word>) -> NodeIndex {
        let index = self.point(name.clone().into(), kind, node);
        self.cluster.places.insert(name.clone(), index);
        index
    }

    /// A place that only hops lead to.
    pub(super) fn point(&mut self, name: Name, kind: PlaceKind, node: Option<&Word>) -> NodeIndex {
        let place = Place { name, kind, node: node.cloned(), numa: None };
        self.cluster.graph.add_node(place)
    }

    pub(super) fn link(&mut self, name: Name, unit: LinkUnit, capacity: f64) -> LinkIndex {
        assert!(capacity.is_finite() && capacity > 0.0, "link {name} has capacity {capacity}");
        self.cluster.links.push(Link { name, unit, capacity });
        LinkIndex(self.cluster.links.len() - 1)
    }

    pub(super) fn rate_link(&mut self, name: Name, rate: Rate) -> LinkIndex {
        self.link(name, LinkUnit::Bytes, rate.as_bytes_per_s())
    }

    pub(super) fn pool(&mut self, name: Name, slots: u32) -> PoolIndex {
        self.cluster.pools.push(PoolSpec { name, slots });
        PoolIndex(self.cluster.pools.len() - 1)
    }

    /// The machine that a table says it is in.
    pub(super) fn machine_of<T>(
        &self,
        at: &Placed<T>,
        node: &Spanned<String>,
    ) -> Result<&Machine, InputError> {
        self.machines.get(node.get_ref().as_str()).ok_or_else(|| {
            let known: Vec<&str> = self.machines.keys().map(|name| &**name).collect();
            at.fault(node, "node", format!("no node is called `{}`", node.get_ref()))
                .help(suggest(node.get_ref(), known))
        })
    }

    /// The memory of the pod that a table names.
    pub(super) fn pod_of<T>(
        &self,
        at: &Placed<T>,
        field: &str,
        name: &Spanned<String>,
    ) -> Result<NodeIndex, InputError> {
        let graph = &self.cluster.graph;
        let place = self.cluster.places.get(name.get_ref().as_str()).copied();
        place.filter(|at| graph[*at].kind == PlaceKind::PodMemory).ok_or_else(|| {
            let pods = graph.node_weights().filter(|place| place.kind == PlaceKind::PodMemory);
            let known: Vec<&str> = pods.map(|place| &**place.name.owner()).collect();
            at.fault(name, field, format!("no pod is called `{}`", name.get_ref()))
                .help(suggest(name.get_ref(), known))
        })
    }

    /// A profile that a table names; an unknown name is reported where the table stands.
    pub(super) fn profile<T>(
        &mut self,
        at: &Placed<T>,
        kind: Kind,
        field: &str,
        name: &Spanned<String>,
    ) -> Result<Arc<Profile>, InputError> {
        if let Err(unknown) = self.library.source(kind, name.get_ref()) {
            let help = unknown.help.unwrap_or_default();
            return Err(at.fault(name, field, unknown.problem).help(help));
        }
        self.parsed(kind, name.get_ref())
    }

    /// A profile of the library: one for all tables that name it.
    pub(super) fn parsed(&mut self, kind: Kind, name: &str) -> Result<Arc<Profile>, InputError> {
        let of = (kind, name.to_owned());
        if let Some(known) = self.profiles.get(&of) {
            return Ok(Arc::clone(known));
        }
        let profile = Arc::new(self.library.profile(kind, name)?);
        let used = &mut self.cluster.used;
        used.insert(of.clone());
        used.extend(self.library.likes(kind, name).map(|other| (kind, other.to_owned())));
        let open = self.library.open(kind, name)?;
        used.extend(open.iter().map(|own| (Kind::Hypothesis, own.name.clone())));
        self.profiles.insert(of, Arc::clone(&profile));
        Ok(profile)
    }

    /// Notes what says by how much the models are off, where the library does.
    fn note_errors(&mut self) {
        let foreign = self.cluster.hosts.iter().any(|host| host.profile.is_like())
            || self.cluster.gpus.values().any(|gpu| !gpu.gpu.copies_known);
        for name in Errors::profiles(self.library).filter(|name| foreign || *name == ERRORS) {
            let of = (Kind::Model, name.to_owned());
            let lines = Part::ALL.map(|part| part.line().to_owned());
            self.cluster.read.insert(of.clone(), lines.into());
            self.cluster.used.insert(of);
        }
    }

    /// Registers a NIC's packet sizes.
    pub(super) fn nic(
        &mut self,
        at: &Placed<NicTable>,
        place: NodeIndex,
        port_rate: Option<Rate>,
    ) -> Result<(), InputError> {
        let mtu = packet_size(at, &at.table.mtu)?;
        let NicTable { offloads, tunnel_offloads, rdma, ref profile, .. } = at.table;
        let rdma = rdma.unwrap_or(false);
        let (library, name) = (self.library, profile.get_ref());
        let stated = class(&mut self.classes.cards, name.clone(), || stated(library, name))?;
        let offloads = offloads.or(stated.offloads).unwrap_or(true);
        let tunnel_offloads = tunnel_offloads.or(stated.tunnel_offloads).unwrap_or(true);
        let spec = NicSpec { mtu, offloads, tunnel_offloads, rdma, port_rate };
        self.cluster.nics.insert(place, spec);
        Ok(())
    }
}

/// What the states that hold of a card say where its table does not.
fn stated(library: &Library, profile: &str) -> Result<Fields, InputError> {
    let mut all = Fields::default();
    for hypothesis in library.open(Kind::Nic, profile)? {
        let own = hypothesis.state(profile, library.draw()).fields;
        all.offloads = all.offloads.or(own.offloads);
        all.tunnel_offloads = all.tunnel_offloads.or(own.tunnel_offloads);
    }
    Ok(all)
}

/// Checks an MTU.
pub(super) fn packet_size<T>(at: &Placed<T>, mtu: &Spanned<u32>) -> Result<Bytes, InputError> {
    if MTU_RANGE.contains(mtu.get_ref()) {
        return Ok(Bytes::new(u64::from(*mtu.get_ref())));
    }
    Err(at
        .fault(mtu, "mtu", format!("{} bytes is no MTU", mtu.get_ref()))
        .help("576 to 65535; Ethernet has 1500, or 9000 with jumbo frames"))
}

/// The rate of a part of the network, with a note if it is told in bytes.
pub(super) fn network_rate<T>(
    builder: &mut Builder<'_>,
    at: &Placed<T>,
    field: &str,
    text: &Spanned<String>,
) -> Result<Rate, InputError> {
    let rate = quantity(at, "rate", text, parse_rate)?;
    if let Some(told) = told_in_bytes(text.get_ref()) {
        builder.cluster.notes.insert(format!("{field}: {told}"));
    }
    Ok(rate)
}

/// Reads a quantity of a table.
pub(super) fn quantity<T, Q>(
    at: &Placed<T>,
    field: &str,
    text: &Spanned<String>,
    parse: fn(&str) -> Result<Q, QuantityError>,
) -> Result<Q, InputError> {
    parse(text.get_ref()).map_err(|e| at.fault(text, field, e.problem).help(e.help))
}
