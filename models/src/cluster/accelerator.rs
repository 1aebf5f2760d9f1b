//! GPUs as pods hold them: whole, in turns, side by side, or an instance.
//!
//! A GPU that one pod has is a place of its own name; a share of one is a place `POD/gpu`, which is
//! also another name of a whole GPU, so that an experiment asks the same of either. What shares
//! have in common stands in one [`Accelerator`] each: links for SMs and memory that count parts of
//! the GPU, the pools of the copy engines, and the server that time slices pass through.

use std::collections::{BTreeMap, HashMap};
use std::ops::Index;
use std::sync::Arc;

use petgraph::graph::NodeIndex;
use serde_spanned::Spanned;
use sim::Time;

use super::assemble::{Builder, quantity};
use super::classes::{Of, class};
use super::hop::{GpuHop, GpuStep};
use super::slot::{Seat, Slot, slot};
use super::{Hop, HopModel, Lane, LinkIndex, LinkUnit, PlaceKind, PoolIndex, Word};
use crate::collective::Board;
use crate::gpu::Gpu;
use crate::gpu::off::Off;
use crate::gpu::share::mig::MigProfile;
use crate::gpu::share::plugin::Offer;
use crate::gpu::share::{Share, Sharing, Turns};
use crate::input::{InputError, suggest};
use crate::library::Kind;
use crate::profile::Profile;
use crate::quantity::parse_time;
use crate::topology::{GpuTable, Placed};

/// Clients that one MPS server takes since Volta (CUDA Multi-Process Service, "Volta MPS").
const MPS_CLIENTS_MAX: u32 = 48;
/// More pods than this on one GPU is taken for a mistake.
const REPLICAS_MAX: u32 = 1024;

/// A GPU, or the share of one that a pod holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Accelerator {
    /// The GPU as its holder sees it.
    pub gpu: Arc<Gpu>,
    /// The SMs of the GPU or instance; capacity 1.0.
    pub sms: LinkIndex,
    /// The part of them that the holder may use, above 0 to 1.
    pub sms_part: f64,
    /// The time of L2 and device memory of the GPU or instance; capacity 1.0.
    pub memory: LinkIndex,
    /// The server of [`Cluster::turns`](super::Cluster::turns) where its kernels have their turns.
    pub turns: Option<usize>,
    /// The least from one launch by the host to the next \[s\].
    pub launch_interval: f64,
    /// Launch, kernel and event.
    pub hops: [Hop; 3],
}

/// A GPU in its slot, and what of it pods have not taken yet.
pub(super) struct Card {
    pub(super) slot: Slot,
    pub(super) spec: Arc<Gpu>,
    pub(super) profile: Arc<Profile>,
    /// Its place, if one pod has it whole.
    pub(super) place: Option<NodeIndex>,
    name: Word,
    offer: Offer,
    /// Engines out and in, once somebody asked for them.
    engines: Option<[PoolIndex; 2]>,
    turns: Option<usize>,
    /// SMs and memory, where all shares have them in common.
    links: Option<[LinkIndex; 2]>,
    /// How much more of the SMs clients of MPS take together than each alone.
    crowded: f64,
}

/// The GPUs of a topology by name, and their names by node.
#[derive(Default)]
pub(super) struct Cards {
    cards: BTreeMap<Word, Card>,
    of_nodes: HashMap<Word, Vec<Word>>,
}

impl Cards {
    pub(super) fn add(&mut self, name: Word, card: Card) {
        let own = self.of_nodes.entry(card.slot.node.clone()).or_default();
        // In the order of names, whatever the order of the file.
        own.insert(own.partition_point(|other| *other < name), name.clone());
        self.cards.insert(name, card);
    }

    pub(super) fn get(&self, name: &str) -> Option<&Card> {
        self.cards.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Card> {
        self.cards.get_mut(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.cards.keys().map(|name| &**name)
    }

    /// The GPUs of a node, in the order of their names.
    pub(super) fn of_node(&self, node: &str) -> &[Word] {
        self.of_nodes.get(node).map_or(&[], Vec::as_slice)
    }
}

impl Index<&Word> for Cards {
    type Output = Card;

    fn index(&self, name: &Word) -> &Card {
        &self.cards[name]
    }
}

/// A pod's share, placed: where its memory is, and the engines that copy out and in.
pub(super) struct Held {
    pub(super) place: NodeIndex,
    /// What the names of its hops begin with.
    pub(super) name: Word,
    pub(super) engines: [PoolIndex; 2],
}

/// A GPU of the topology.
pub(super) fn card(
    builder: &mut Builder<'_>,
    at: &Placed<GpuTable>,
    switches: &BTreeMap<Word, Slot>,
) -> Result<Card, InputError> {
    let table = &at.table;
    let GpuTable { name, node, pcie, .. } = table;
    let under = table.under.as_ref().map(|under| (under, switches));
    let seat = Seat { name, node, pcie, numa: table.numa.as_ref(), under };
    let profile = builder.profile(at, Kind::Gpu, "profile", &table.profile)?;
    let slot = slot(builder, at, &seat, Some(&profile))?;
    let make = || {
        let gpu = Gpu::from_profile(&profile)?;
        let off = Off::of(&builder.cluster.errors, &gpu);
        Ok(gpu.off_by(off))
    };
    let spec = class(&mut builder.classes.gpus, Of::profile(&profile), make)?;
    let sharing = sharing(at, spec.turns)?;
    let name = builder.word(table.name.get_ref());
    let (offer, turns) = (Offer::of(&sharing), server(builder, &sharing));
    let links = match sharing {
        Sharing::Mig(_) => None,
        _ => Some(links(builder, &name)),
    };
    let crowded = match sharing {
        Sharing::Mps { replicas } => spec.crowded(replicas),
        _ => 1.0,
    };
    let engines = None;
    let mut card =
        Card { slot, spec, profile, place: None, name, offer, engines, turns, links, crowded };
    if sharing == Sharing::Exclusive {
        let place = place(builder, &card, &card.name, &Share::Whole)?;
        card.place = Some(place);
        if let Some(boards) = &mut builder.cluster.boards {
            let slot = card.slot.seated.port.capacity().as_bytes_per_s() / 1e9;
            boards.gpus.insert(place, Board::read(&card.profile, slot)?);
        }
    }
    Ok(card)
}

/// The server that time slices pass through, if there are any.
fn server(builder: &mut Builder<'_>, sharing: &Sharing) -> Option<usize> {
    let Sharing::TimeSlicing { turns, .. } = sharing else { return None };
    builder.cluster.turns.push(*turns);
    Some(builder.cluster.turns.len() - 1)
}

fn links(builder: &mut Builder<'_>, name: &Word) -> [LinkIndex; 2] {
    ["/sms", "/memory"].map(|part| {
        let name = builder.name(name, part);
        builder.link(name, LinkUnit::Parts, 1.0)
    })
}

/// Adds the place called `name` of a share.
///
/// # Errors
/// If the host's profile says of its driver what no time is.
fn place(
    builder: &mut Builder<'_>,
    card: &Card,
    name: &Word,
    share: &Share,
) -> Result<NodeIndex, InputError> {
    let place = builder.place(name, PlaceKind::DeviceMemory, Some(&card.slot.node));
    let [sms, memory] = card.links.unwrap_or_else(|| links(builder, name));
    let sms_part = match share {
        // A client whose neighbours rest loses nothing to them.
        Share::Client { thread_percentage, .. } => {
            (thread_percentage / 100.0 * card.crowded).min(1.0)
        }
        // What an instance has is a GPU of its own.
        Share::Whole | Share::Turn | Share::Instance(_) => 1.0,
    };
    let steps =
        [(GpuStep::Launch, "launch"), (GpuStep::Kernel, "kernel"), (GpuStep::Event, "event")];
    let hops = steps.map(|(step, kind)| Hop {
        name: builder.name(name, &format!("/{kind}")),
        kind: builder.word(kind),
        lane: Lane::Any,
        model: HopModel::Gpu(GpuHop { gpu: place, step }),
    });
    let gpu = match share {
        Share::Whole => Arc::clone(&card.spec),
        _ => Arc::new(card.spec.shared(share)),
    };
    let turns = card.turns;
    let launch_interval = builder.machines[&card.slot.node].profile.seconds("driver.launch")?;
    let accelerator = Accelerator { gpu, sms, sms_part, memory, turns, launch_interval, hops };
    builder.cluster.gpus.insert(place, accelerator);
    Ok(place)
}

impl Card {
    /// Gives a share by the name `own`; `percentage` is what its pod says of its threads.
    ///
    /// # Errors
    /// If the GPU does not offer `resource`, or none is left.
    pub(super) fn hold(
        &mut self,
        builder: &mut Builder<'_>,
        own: &Word,
        resource: &str,
        percentage: Option<f64>,
    ) -> Result<Held, InputError> {
        let mut share = self.offer.take(resource)?;
        match (&mut share, percentage) {
            (_, None) => {}
            (Share::Client { thread_percentage, .. }, Some(own)) => *thread_percentage = own,
            (_, Some(_)) => {
                let problem = format!("`{}` is not shared by MPS", self.name);
                return Err(InputError::new("active_thread_percentage", problem)
                    .help("[[gpu]] with sharing = \"mps\""));
            }
        }
        if let Some(place) = self.place {
            builder.cluster.places.insert(own.clone(), place);
            let (name, engines) = (self.name.clone(), self.engines(builder));
            return Ok(Held { place, name, engines });
        }
        let place = place(builder, self, own, &share)?;
        let engines = match &share {
            Share::Instance(profile) => engines(builder, own, profile.copy_engines, true),
            _ => self.engines(builder),
        };
        Ok(Held { place, name: own.clone(), engines })
    }

    /// The copy engines out and in, which the shares of a GPU have in common.
    pub(super) fn engines(&mut self, builder: &mut Builder<'_>) -> [PoolIndex; 2] {
        let make = || engines(builder, &self.name, self.spec.copy.engines, false);
        *self.engines.get_or_insert_with(make)
    }
}

/// Copy engines out and in. One engine serves one direction at a time; where there are several,
/// they are split between the two. An `instance` may have a single one.
fn engines(
    builder: &mut Builder<'_>,
    owner: &Word,
    engines: u32,
    instance: bool,
) -> [PoolIndex; 2] {
    let mut pool = |name: &str| {
        let name = builder.name(owner, name);
        builder.pool(name, (engines / 2).max(1))
    };
    match instance && engines < 2 {
        true => [pool("/copy"); 2],
        false => [pool("/copy-out"), pool("/copy-in")],
    }
}

/// How a GPU is set up to be shared, as its table says; `turns` are those of its profile.
fn sharing(at: &Placed<GpuTable>, turns: Turns) -> Result<Sharing, InputError> {
    const WAYS: [&str; 4] = ["exclusive", "time-slicing", "mps", "mig"];
    let table = &at.table;
    let way = table.sharing.as_ref().map_or("exclusive", |way| way.get_ref());
    if let Some(sharing) = table.sharing.as_ref().filter(|_| !WAYS.contains(&way)) {
        let problem = format!("`{way}` is no way to share a GPU");
        return Err(at.fault(sharing, "sharing", problem).help(suggest(way, WAYS)));
    }
    for (field, span, ways) in [
        ("replicas", table.replicas.as_ref().map(Spanned::span), &["time-slicing", "mps"][..]),
        ("quantum", table.quantum.as_ref().map(Spanned::span), &["time-slicing"]),
        ("switch", table.switch.as_ref().map(Spanned::span), &["time-slicing"]),
        ("mig", table.mig.as_ref().map(Spanned::span), &["mig"]),
    ] {
        if let Some(span) = span.filter(|_| !ways.contains(&way)) {
            let problem = format!("has no effect on a GPU that is shared as `{way}`");
            let help = format!("sharing = \"{}\" uses it", ways.join("\" or \""));
            return Err(at.fault_at(span, field, problem).help(help));
        }
    }
    match way {
        "time-slicing" => {
            let replicas = replicas(at, REPLICAS_MAX)?;
            Ok(Sharing::TimeSlicing { replicas, turns: turns_of(at, turns)? })
        }
        "mps" => Ok(Sharing::Mps { replicas: replicas(at, MPS_CLIENTS_MAX)? }),
        "mig" => instances(at).map(Sharing::Mig),
        _ => Ok(Sharing::Exclusive),
    }
}

/// An error where a table says how its GPU is shared.
fn missing(at: &Placed<GpuTable>, field: &str, example: &str) -> InputError {
    let sharing = at.table.sharing.as_ref().expect("a GPU is exclusive unless it says otherwise");
    at.fault(sharing, field, "is missing".into()).help(example)
}

fn replicas(at: &Placed<GpuTable>, most: u32) -> Result<u32, InputError> {
    let Some(replicas) = &at.table.replicas else {
        return Err(missing(at, "replicas", "replicas = 4: how many pods may hold a share of it"));
    };
    match *replicas.get_ref() {
        count if (2..=most).contains(&count) => Ok(count),
        count => Err(at
            .fault(replicas, "replicas", format!("{count} is not possible"))
            .help(format!("2 to {most}"))),
    }
}

/// The turns of the profile with what the table says of them.
fn turns_of(at: &Placed<GpuTable>, own: Turns) -> Result<Turns, InputError> {
    let time = |field, text: &Option<Spanned<String>>, own: Time| match text {
        None => Ok(own),
        Some(text) => quantity(at, field, text, parse_time),
    };
    let quantum = time("quantum", &at.table.quantum, own.quantum)?;
    let switch = time("switch", &at.table.switch, own.switch)?;
    // Shorter turns than the time to switch would be a GPU that does little else, and no turn at
    // all a simulation that never ends.
    match (&at.table.quantum, quantum >= Time::from_us(1)) {
        (Some(text), false) => Err(at
            .fault(text, "quantum", "is too short for a turn".into())
            .help("1 us or more; the driver's default is about 2 ms")),
        _ => Ok(Turns { quantum, switch }),
    }
}

fn instances(at: &Placed<GpuTable>) -> Result<Vec<MigProfile>, InputError> {
    let example = "mig = [\"3g.20gb\", \"1g.5gb\"]: the instances that it is cut into";
    let Some(list) = &at.table.mig else { return Err(missing(at, "mig", example)) };
    if list.get_ref().is_empty() {
        return Err(at.fault(list, "mig", "is an empty list".into()).help(example));
    }
    let gpu = at.table.profile.get_ref();
    let instance = |name: &Spanned<String>| {
        MigProfile::of(gpu, name.get_ref()).map_err(|error| {
            let help = error.help.unwrap_or_default();
            at.fault(name, "mig", error.problem).help(help)
        })
    };
    let all: Vec<MigProfile> = list.get_ref().iter().map(instance).collect::<Result<_, _>>()?;
    if all.len() > 7 || MigProfile::placed(&all).is_none() {
        return Err(at
            .fault(list, "mig", format!("these {} instances do not fit on one GPU", all.len()))
            .help("an A100 or H100 has 7 slices of SMs and 8 of memory: `nvidia-smi mig -lgipp`"));
    }
    Ok(all)
}
