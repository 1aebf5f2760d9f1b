//! What to change: each change is made, the transfer is read again in closed form beside the others
//! as they are, and what comes back is booked.
//!
//! Two sorts of change: those a user can make (overlap, more streams, pinned memory, bigger
//! packets, GPUDirect), and hops made free, which bound what any work on that hop could bring.

use sim::{Bytes, Rate};

use super::known::Facts;
use super::question::Question;
use crate::cluster::{HopModel, NicSpec, PlaceKind};
use crate::collective::{Algorithm, Fabric, Group, Protocol};
use crate::gpu::kernel::Kernel;
use crate::gpu::launches::Launches;
use crate::outcome::Advice;
use crate::predict::CHUNKS_MAX;
use crate::price::Change;
use crate::transfer::{Connection, HostMemory, Mode, Transfer};

/// Chunk sizes that are tried, from 64 KiB to 16 MiB.
const CHUNKS: [Bytes; 5] =
    [Bytes::kib(64), Bytes::kib(256), Bytes::mib(1), Bytes::mib(4), Bytes::mib(16)];
/// Buffers a side: two overlap, four also hide jitter.
const BUFFERS: [u32; 2] = [2, 4];
/// Stream counts that are tried.
const STREAMS: [u32; 3] = [2, 4, 8];
/// The MTU of jumbo frames.
const JUMBO: Bytes = Bytes::new(9_000);
/// Socket windows that are tried.
const WINDOWS: [Bytes; 3] = [Bytes::mib(16), Bytes::mib(64), Bytes::mib(256)];
/// Gains below this are too small to list.
const GAIN_MIN: f64 = 0.005;

/// A change that is weighed.
struct Tried {
    change: String,
    feasible: bool,
    requires: String,
    gives_up: String,
    goodput: Rate,
}

/// All changes to transfer `which` that bring something, best first; none if the question cannot
/// say what becomes of it as it is.
pub(super) fn best(question: &Question<'_>, which: usize) -> Option<Vec<Advice>> {
    let facts = question.facts(which)?;
    let now = facts.now;
    let asked = Asked { question, which, transfer: &question.transfers[which], facts };
    let tried = asked.steps().into_iter().chain(asked.packets()).chain(asked.free());
    let mut advice: Vec<Advice> = tried
        .map(|tried| Advice {
            gain_ratio: tried.goodput.as_bytes_per_s() / now.as_bytes_per_s() - 1.0,
            change: tried.change,
            feasible: tried.feasible,
            requires: tried.requires,
            gives_up: tried.gives_up,
            goodput: tried.goodput,
        })
        .filter(|advice| advice.gain_ratio > GAIN_MIN)
        .collect();
    advice.sort_by(|a, b| {
        b.gain_ratio.total_cmp(&a.gain_ratio).then_with(|| a.change.cmp(&b.change))
    });
    Some(advice)
}

/// One transfer, to be done otherwise.
struct Asked<'a> {
    question: &'a Question<'a>,
    which: usize,
    transfer: &'a Transfer,
    facts: Facts,
}

impl Asked<'_> {
    fn with(&self, transfer: &Transfer, change: &Change) -> Option<Rate> {
        self.question.goodput(self.which, transfer, change)
    }

    /// What the sender can do otherwise.
    fn steps(&self) -> Vec<Tried> {
        let asked = self.transfer;
        if let Some(group) = &asked.group {
            return self.otherwise(group);
        }
        let way = &self.question.routes[self.which];
        let mut tried = Vec::new();
        let none = Change::default();
        let mut change = |text: String, requires: &str, gives_up: &str, transfer: Transfer| {
            if let Some(goodput) = self.with(&transfer, &none) {
                let (requires, gives_up) = (requires.to_owned(), gives_up.to_owned());
                tried.push(Tried { change: text, feasible: true, requires, gives_up, goodput });
            }
        };
        const STREAMED: &str = "an application that opens several connections";
        let more = || STREAMS.into_iter().filter(|n| way.pods.is_some() && *n > asked.streams);
        for (what, requires, overlapped) in self.overlaps() {
            let Some((chunk, buffers)) = overlapped.mode.chunks() else { continue };
            let overlap = format!("{what} with {chunk} chunks, {buffers} buffers");
            // Either alone may only move the bottleneck to what the other one mends.
            for streams in more() {
                let text = format!("{overlap}, over {streams} streams");
                let requires = format!("{requires}; {STREAMED}");
                change(text, &requires, "", Transfer { streams, ..overlapped.clone() });
            }
            change(overlap, requires, "", overlapped);
        }
        for streams in more() {
            let text = format!("send over {streams} streams");
            change(text, STREAMED, "", Transfer { streams, ..asked.clone() });
        }
        if asked.host_memory.is_staged() {
            let pinned = Transfer { host_memory: HostMemory::Pinned, ..asked.clone() };
            let requires = "buffers from cudaHostAlloc or cudaHostRegister";
            change("pin the host buffers".into(), requires, "pageable memory", pinned);
        }
        if asked.host_memory == HostMemory::Untouched {
            let touched = Transfer { host_memory: HostMemory::Pageable, ..asked.clone() };
            change(
                "reuse host buffers".into(),
                "buffers that live longer than a message",
                "",
                touched,
            );
        }
        if asked.connection == Connection::New {
            let open = Transfer { connection: Connection::Warm, ..asked.clone() };
            change("keep the connection open".into(), "a pool of connections", "", open);
        }
        let cluster = self.question.cluster;
        let device = |name: &str| {
            let place = cluster.places.get(name);
            place.is_some_and(|at| cluster.graph[*at].kind == PlaceKind::DeviceMemory)
        };
        if device(&asked.from) && device(&asked.to) && asked.mode != Mode::GpuDirect {
            let direct = Transfer { mode: Mode::GpuDirect, ..asked.clone() };
            let text = "use GPUDirect RDMA, given cards that can".into();
            let requires = "data center GPUs, RDMA cards and a fabric for RDMA";
            change(text, requires, &self.leaves(), direct);
        }
        tried
    }

    /// What ranks can do otherwise together: another algorithm or framing, another network.
    fn otherwise(&self, group: &Group) -> Vec<Tried> {
        let mut tried = Vec::new();
        let mut change = |text: String, requires: &str, group: Group| {
            let together = Transfer { group: Some(Box::new(group)), ..self.transfer.clone() };
            if let Some(goodput) = self.with(&together, &Change::default()) {
                let (requires, gives_up) = (requires.to_owned(), String::new());
                tried.push(Tried { change: text, feasible: true, requires, gives_up, goodput });
            }
        };
        let algorithms = [Algorithm::Ring, Algorithm::Tree, Algorithm::Nvls, Algorithm::NvlsTree];
        for algorithm in algorithms {
            for protocol in [Protocol::Ll, Protocol::Ll128, Protocol::Simple] {
                let text = format!("take {} with {}", algorithm.name(), protocol.name());
                let (algorithm, protocol) = (Some(algorithm), Some(protocol));
                let forced = Group { algorithm, protocol, ..group.clone() };
                change(text, "NCCL_ALGO and NCCL_PROTO", forced);
            }
        }
        let way = &self.question.routes[self.which];
        let network = way.group.as_ref().map(|group| group.layout.network);
        if matches!(network, Some(Fabric::Socket | Fabric::Staged)) {
            let direct = Group { network: Some(Fabric::Rdma), ..group.clone() };
            let requires = "data center GPUs, RDMA cards and a fabric for RDMA";
            change("use GPUDirect RDMA, given cards that can".into(), requires, direct);
        }
        tried
    }

    /// What a way that does not cross the container network leaves behind.
    fn leaves(&self) -> String {
        let legs = self.question.routes[self.which].stages.iter().flatten();
        let kinds: Vec<&str> = legs.map(|leg| &*leg.hop().kind).collect();
        let has = |wanted: &[&str]| kinds.iter().any(|kind| wanted.contains(kind));
        match has(&["wireguard", "ipsec"]) {
            true => "encryption, and the network policies and Services of the pod network",
            false => "the network policies and Services of the pod network",
        }
        .into()
    }

    /// Ways to have more at work at the same time than now, each with the chunks that bring most.
    fn overlaps(&self) -> Vec<(&'static str, &'static str, Transfer)> {
        let asked = self.transfer;
        let serial = asked.mode == Mode::Serial;
        let several = self.question.routes[self.which].stages.len() > 1;
        const COPIES: (&str, &str) = ("overlap copies", "both ends work chunk by chunk");
        const LAUNCHES: (&str, &str) =
            ("launch the kernel chunk by chunk", "a kernel that can be cut into launches");
        const GRAPH: (&str, &str) = (
            "launch a graph of kernels",
            "a kernel that can be cut, and a CUDA graph of its parts",
        );
        let mut ways: Vec<((&'static str, &'static str), Option<Kernel>)> = Vec::new();
        match &asked.kernel {
            None if serial && several => ways.push((COPIES, None)),
            Some(kernel) if asked.mode != Mode::GpuDirect => {
                let launched = |launches| Some(Kernel { launches, ..*kernel });
                if serial {
                    ways.push((COPIES, launched(Launches::Once)));
                }
                if serial || kernel.launches == Launches::Once {
                    ways.push((LAUNCHES, launched(Launches::PerChunk)));
                }
                if serial || kernel.launches != Launches::Graph {
                    ways.push((GRAPH, launched(Launches::Graph)));
                }
            }
            _ => {}
        }
        let best = |((what, requires), kernel)| {
            let from = Transfer { kernel, ..asked.clone() };
            Some((what, requires, self.best_overlap(&from)?))
        };
        ways.into_iter().filter_map(best).collect()
    }

    /// `from` with the chunk size and number of buffers that bring most.
    fn best_overlap(&self, from: &Transfer) -> Option<Transfer> {
        let fits =
            |chunk: &Bytes| *chunk < from.message && from.message.div_ceil(*chunk) <= CHUNKS_MAX;
        let mut best: Option<(Rate, Transfer)> = None;
        for chunk in CHUNKS.into_iter().filter(fits) {
            for buffers in BUFFERS {
                let mode = match from.mode {
                    Mode::Rdma { .. } => Mode::Rdma { chunk, buffers },
                    _ => Mode::Overlapped { chunk, buffers },
                };
                let tried = Transfer { mode, ..from.clone() };
                let rate = self.with(&tried, &Change::default());
                if let Some(rate) = rate.filter(|rate| best.as_ref().is_none_or(|(b, _)| rate > b))
                {
                    best = Some((rate, tried));
                }
            }
        }
        best.map(|(_, transfer)| transfer)
    }

    /// Larger packets and windows: offloads where any are off, else jumbo frames where there are
    /// none.
    fn packets(&self) -> Vec<Tried> {
        if self.transfer.group.is_some() {
            return Vec::new();
        }
        let cluster = self.question.cluster;
        let way = &self.question.routes[self.which];
        let cards = || {
            let edges = way.stages.iter().flatten().filter_map(|leg| match leg {
                crate::route::Leg::Edge(edge, _) => cluster.graph.edge_endpoints(*edge),
                _ => None,
            });
            edges.flat_map(|(a, b)| [a, b]).filter_map(|place| cluster.nics.get(&place))
        };
        let any = |is: fn(&NicSpec) -> bool| cards().any(is);
        let mut tried = Vec::new();
        let mut change = |text: String, requires: &str, change: Change| {
            if let Some(goodput) = self.with(self.transfer, &change) {
                let (requires, gives_up) = (requires.to_owned(), String::new());
                tried.push(Tried { change: text, feasible: true, requires, gives_up, goodput });
            }
        };
        let none = Change::default();
        if any(|nic| !nic.offloads) {
            let on = Change { offloads: true, ..none.clone() };
            change("switch segmentation offloads on".into(), "cards that can", on);
        } else if any(|nic| nic.mtu < JUMBO) {
            let jumbo = Change { mtu: Some(JUMBO), ..none.clone() };
            let text = format!("raise the MTU to {} bytes", JUMBO.get());
            change(text, "jumbo frames on every card, switch and router of the way", jumbo);
        }
        if any(|nic| !nic.tunnel_offloads) {
            let tunnel = Change { tunnel_offloads: true, ..none.clone() };
            change("use cards with tunnel offloads".into(), "other cards", tunnel);
        }
        if self.facts.windowed {
            let wide = |window| Change { window: Some(window), ..none.clone() };
            let reached = WINDOWS.map(|window| self.with(self.transfer, &wide(window)));
            let best =
                reached.iter().flatten().map(|rate| rate.as_bytes_per_s()).fold(0.0, f64::max);
            let enough = |rate: &Rate| rate.as_bytes_per_s() >= 0.99 * best;
            let least =
                WINDOWS.iter().zip(&reached).find(|(_, rate)| rate.as_ref().is_some_and(enough));
            if let Some((window, _)) = least {
                let text = format!("raise the socket buffers to {window}");
                let requires = "net.ipv4.tcp_wmem and tcp_rmem of the two ends";
                change(text, requires, wide(*window));
            }
        }
        tried
    }

    /// Hops made free, kind by kind; the line that the user paid for stays.
    fn free(&self) -> Vec<Tried> {
        let way = &self.question.routes[self.which];
        let legs = || way.stages.iter().flatten();
        let mut kinds: Vec<&str> = legs()
            .filter(|leg| !matches!(leg.hop().model, HopModel::Wire(_)))
            .map(|leg| &*leg.hop().kind)
            .filter(|kind| self.facts.line.as_deref() != Some(*kind))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        let tried = kinds.into_iter().filter_map(|kind| {
            let change = Change { free: Some(kind.to_owned()), ..Change::default() };
            Some(Tried {
                change: format!("make {kind} free"),
                feasible: false,
                requires: "nobody can: an upper bound".into(),
                gives_up: String::new(),
                goodput: self.with(self.transfer, &change)?,
            })
        });
        tried.collect()
    }
}
