//! How long a collective takes.
//!
//! ```text
//! time = base + steps inside · hop + steps between · latency + fill + bytes ÷ rate
//! ```
//!
//! Base and hop are waits of SMs for each other, which shrink with the clock and grow where a GPU
//! is made of two dies. The rate is that of the slower of links and network; each gets a part of
//! its nominal rate that the protocol and the kind of network decide. `fill` is the time until the
//! pipeline of chunks is full: a chunk is what a rank's part of the bytes leaves for a channel, at
//! most a slot of the buffer.

use super::costs::Medium;
use super::tuner::{self, choose};
use super::{Algorithm, Choice, Collective, Costs, Fabric, Intra, Network, Protocol, Team};

/// The clock at which bases and hops are given: that of an A100 \[GHz\].
const CLOCK_GHZ: f64 = 1.41;
/// A slot of the buffer of Simple (NCCL: 4 MiB for eight steps) \[B\].
const CHUNK_MAX: f64 = 524_288.0;
/// What LL128 moves of the wire between nodes: 120 of 128 bytes.
const LL128_PART: f64 = 0.9375;

/// By how much what SMs do for a collective takes longer beside a kernel that fills them.
///
/// An all-reduce of 256 MiB beside a matrix product of 8192³ on four A100 without NVSwitch takes
/// 1.481 times as long (and the product 1.161 times): openfabric-systems/simllm@9c2672c,
/// `examples/a100_hardware_envelope_v1`. One machine, one size: a prior.
const BESIDE_KERNELS: f64 = 1.481;
/// What parallel aggregated trees get of a network, as NCCL's own model counts it.
const PAT_PART: f64 = 0.75;

/// What is predicted of a collective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// What NCCL takes.
    pub choice: Choice,
    /// What would pass with no bytes \[µs\].
    pub latency_us: f64,
    /// What the bytes take \[µs\].
    pub moving_us: f64,
    /// Factors within which 90 % of systems lie, of latency and of the rest.
    doubts: (f64, f64),
}

impl Predicted {
    /// The time \[µs\].
    pub fn time_us(&self) -> f64 {
        self.latency_us + self.moving_us
    }

    /// The ends of the 90 % interval \[µs\].
    pub fn interval_us(&self) -> (f64, f64) {
        let (latency, rate) = self.doubts;
        let low = self.latency_us / latency + self.moving_us / rate;
        (low, self.latency_us * latency + self.moving_us * rate)
    }
}

impl Timed {
    /// The same beside kernels that compute: all that SMs do takes longer, but for cards and
    /// threads, which no kernel takes.
    pub(crate) fn beside_kernels(self) -> Timed {
        Timed {
            base_us: BESIDE_KERNELS * self.base_us,
            inside_us: BESIDE_KERNELS * self.inside_us,
            inner_us: BESIDE_KERNELS * self.inner_us,
            ..self
        }
    }
}

/// Where the time of a collective goes, on a network that all use alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Timed {
    /// Launch, and waiting for each other \[µs\].
    pub(crate) base_us: f64,
    /// Steps inside a node, and filling their pipeline \[µs\].
    pub(crate) inside_us: f64,
    /// Steps from node to node, one after another.
    pub(crate) steps_between: f64,
    /// All of them \[µs\].
    pub(crate) between_us: f64,
    /// What bytes take on the links inside a node \[µs\].
    pub(crate) inner_us: f64,
    /// What they take on the cards of a node \[µs\].
    pub(crate) outer_us: f64,
    /// What they take where host memory or threads carry them to the cards \[µs\].
    pub(crate) carried_us: f64,
}

/// Predicts a collective of `bytes`, counted as nccl-tests counts them.
pub fn predict(costs: &Costs, team: &Team, collective: Collective, bytes: u64) -> Predicted {
    predict_as(costs, team, collective, choose(collective, team, bytes), bytes)
}

/// The same done in a way that is forced.
pub fn predict_as(
    costs: &Costs,
    team: &Team,
    collective: Collective,
    choice: Choice,
    bytes: u64,
) -> Predicted {
    let timed = timed(costs, team, collective, choice, bytes as f64);
    let doubt = costs.doubt(medium(team, collective));
    Predicted {
        choice,
        latency_us: timed.base_us + timed.inside_us + timed.between_us,
        moving_us: timed.inner_us.max(timed.outer_us).max(timed.carried_us),
        doubts: (doubt.latency, doubt.rate),
    }
}

/// How doubtful a collective is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Doubts {
    /// What is doubtful alike.
    pub(crate) medium: &'static str,
    /// The factor that 90 % of systems lie within, of waits.
    pub(crate) latency: f64,
    /// The same of what bytes take.
    pub(crate) rate: f64,
}

impl Doubts {
    pub(crate) fn of(costs: &Costs, team: &Team, collective: Collective) -> Doubts {
        let medium = medium(team, collective);
        let doubt = costs.doubt(medium);
        Doubts { medium: medium.name(), latency: doubt.latency, rate: doubt.rate }
    }
}

/// Where the time of a collective goes.
pub(crate) fn timed(
    costs: &Costs,
    team: &Team,
    collective: Collective,
    choice: Choice,
    bytes: f64,
) -> Timed {
    match choice.algorithm {
        Algorithm::Pairwise => pairwise(costs, team, collective, bytes),
        _ => stepwise(costs, team, collective, choice, bytes),
    }
}

pub(super) fn medium(team: &Team, collective: Collective) -> Medium {
    match (collective, team.network, team.intra) {
        (Collective::SendReceive | Collective::Send, ..) => Medium::Pair,
        (_, Some(network), _) if network.fabric == Fabric::Socket => Medium::Socket,
        (_, Some(_), _) => Medium::Rdma,
        (_, None, Intra::Pcie { .. }) => Medium::Pcie,
        (_, None, _) => Medium::NvLink,
    }
}

/// How much longer than on an A100 SMs wait for each other.
fn waiting(costs: &Costs, team: &Team) -> f64 {
    CLOCK_GHZ / team.clock_ghz * if team.dies > 1 { costs.second_die } else { 1.0 }
}

/// Rings, trees and NVLS.
fn stepwise(
    costs: &Costs,
    team: &Team,
    collective: Collective,
    choice: Choice,
    bytes: f64,
) -> Timed {
    let Choice { algorithm, protocol } = choice;
    let waiting = waiting(costs, team);
    let nodes = f64::from(team.nodes);
    let nvls = matches!(algorithm, Algorithm::Nvls | Algorithm::NvlsTree);
    let framing = if nvls { costs.nvls } else { costs.framing(protocol) };
    let steps = f64::from(collective.steps(team.ranks));
    let (inside, between) = match (algorithm, collective) {
        (Algorithm::Tree, _) => (2.0 * f64::from(team.local() - 1), 2.0 * libm::log2(nodes)),
        (Algorithm::NvlsTree, _) => (1.0, 2.0 * libm::log2(nodes)),
        (Algorithm::Nvls, _) => (1.0, 0.0),
        (Algorithm::Pat, _) => (0.0, libm::log2(nodes).ceil()),
        (_, Collective::AllReduce) => (steps - 2.0 * (nodes - 1.0), 2.0 * (nodes - 1.0)),
        _ => (steps - (nodes - 1.0), nodes - 1.0),
    };
    let pcie = matches!(team.intra, Intra::Pcie { .. });
    let hop = match (pcie, protocol) {
        (true, Protocol::Ll) => costs.pcie.ll_hop_us,
        (true, _) => costs.pcie.simple_hop_us,
        (false, _) => framing.hop_us * waiting,
    };
    let base = match (team.intra, algorithm, protocol) {
        (Intra::Alone, _, Protocol::Ll) => costs.ll.base_us * waiting,
        (Intra::Alone, ..) => costs.ll.base_us * waiting + costs.network.simple_base_us,
        (_, Algorithm::NvlsTree, _) => costs.nvls_tree_base_us * waiting,
        (Intra::Pcie { .. }, _, Protocol::Simple) => costs.pcie.simple_base_us,
        _ => framing.base_us * waiting,
    };
    let inside_us = hop * inside.max(0.0);
    let mut timed = Timed { base_us: base, inside_us, steps_between: between, ..Timed::default() };
    if let Some(bus) = team.bus_gb_s() {
        let part = collective.bus_factor(team.ranks) * bytes / 1000.0;
        let rate = inner(costs, team, collective, choice, bus);
        timed.inner_us = part / rate;
        if team.nodes == 1 && !pcie && protocol == Protocol::Simple {
            let channels = tuner::channels(team.generation);
            let chunk = CHUNK_MAX.min(bytes / (f64::from(team.ranks) * channels));
            let rate = rate / framing.efficiency / pair(costs, team, protocol);
            timed.inside_us += costs.fill * steps * chunk * channels / (1000.0 * rate);
        }
    }
    if let Some(network) = team.network {
        let part = match algorithm {
            Algorithm::Ring => collective.bus_factor(team.ranks),
            Algorithm::Pat => collective.bus_factor(team.ranks) / PAT_PART,
            _ if team.nodes == 2 => 1.0,
            _ => 2.0,
        };
        let outer = outer(costs, network, protocol);
        timed.outer_us = part * bytes / (1000.0 * outer.wires);
        timed.carried_us = part * bytes / (1000.0 * outer.carried);
        let longer = if protocol == Protocol::Simple { costs.network.simple_latency } else { 1.0 };
        timed.between_us = between * costs.crossing(network.fabric).latency_us * longer;
    }
    timed
}

/// What two ranks get less of their links.
fn pair(costs: &Costs, team: &Team, protocol: Protocol) -> f64 {
    if team.ranks == 2 && protocol != Protocol::Ll { costs.pair } else { 1.0 }
}

/// What a rank gets of the links inside its node, in GB/s.
fn inner(costs: &Costs, team: &Team, collective: Collective, choice: Choice, bus: f64) -> f64 {
    let Choice { algorithm, protocol } = choice;
    if let Intra::Pcie { shared_memory, .. } = team.intra {
        let through = if shared_memory { costs.pcie.shared_memory } else { 1.0 };
        let framed = if protocol == Protocol::Ll { costs.pcie.ll_efficiency } else { 1.0 };
        return bus * costs.pcie.efficiency * through * framed;
    }
    if matches!(algorithm, Algorithm::Nvls | Algorithm::NvlsTree) {
        let own = bus * tuner::nvls_efficiency(team.generation) * costs.nvls.efficiency;
        let others = f64::from(team.ranks - 1) / f64::from(team.ranks);
        return own * if collective == Collective::AllReduce { 2.0 } else { others };
    }
    let counted = match protocol {
        Protocol::Ll if team.nodes == 1 => tuner::ll_most(team.generation)[0].min(0.5 * bus),
        Protocol::Ll => 0.5 * bus,
        Protocol::Ll128 => 0.92 * bus,
        Protocol::Simple => bus,
    };
    counted * costs.framing(protocol).efficiency * pair(costs, team, protocol)
}

/// What a node gets of its network, in GB/s.
#[derive(Clone, Copy)]
struct Outer {
    /// Of its cards.
    wires: f64,
    /// Of threads, or of host memory on the way to the cards; infinite where neither is crossed.
    carried: f64,
}

fn outer(costs: &Costs, network: Network, protocol: Protocol) -> Outer {
    let framed = match (protocol, network.fabric) {
        (Protocol::Ll, Fabric::Socket) => costs.network.socket_ll_efficiency,
        (Protocol::Ll, _) => costs.network.ll_efficiency,
        (Protocol::Ll128, _) => LL128_PART,
        (Protocol::Simple, _) => 1.0,
    };
    let rate = network.node_gb_s * costs.crossing(network.fabric).efficiency;
    let carried = match (network.fabric, protocol) {
        (Fabric::Socket, _) => costs.network.socket_gb_s * f64::from(network.threads),
        // Each card has its own way through host memory, where LL has its buffers for the network
        // even if cards read device memory (`src/transport/net.cc`, NCCL 2.30.7).
        (Fabric::Staged, _) | (_, Protocol::Ll) => {
            costs.network.staged_gb_s * f64::from(network.cards.max(1))
        }
        _ => f64::INFINITY,
    };
    Outer { wires: framed * rate, carried: framed * carried }
}

/// Sends and receives of pairs: all-to-all, one to all or from all, one send beside one receive.
fn pairwise(costs: &Costs, team: &Team, collective: Collective, bytes: f64) -> Timed {
    let waiting = waiting(costs, team);
    let (ranks, local) = (f64::from(team.ranks), f64::from(team.local()));
    let rooted = collective.is_rooted();
    let relayed = matches!(team.intra, Intra::NvLink { .. });
    let (peers, each) = match collective {
        Collective::AllToAll | Collective::Gather | Collective::Scatter => {
            (ranks - 1.0, bytes / ranks)
        }
        _ => (1.0, bytes),
    };
    let own = &costs.pairwise;
    let larger = own.simple_us * (each / own.simple_bytes).min(1.0);
    let base_us = waiting * (own.base_us + own.peer_us * peers + larger);
    let mut timed = Timed { base_us, ..Timed::default() };
    if let Some(bus) = team.bus_gb_s() {
        let efficiency = match (team.intra, collective) {
            (Intra::Pcie { .. }, _) => costs.pcie.efficiency,
            (_, Collective::AllToAll | Collective::Gather | Collective::Scatter) => own.all_to_all,
            _ => own.send,
        };
        let near = match rooted && relayed {
            // What is for other nodes crosses NVLink to the GPU of its rail, but for its own.
            true => (f64::from(team.nodes) * (local - 1.0)).max(1.0),
            false => peers.min(local - 1.0).max(1.0),
        };
        let all = each * near / (1000.0 * bus * efficiency);
        // A pair has so many channels, whose copies SMs carry out.
        let one = each / (1000.0 * own.peer_gb_per_gcycle * team.clock_ghz);
        timed.inner_us = libm::pow(all.powi(4) + one.powi(4), 0.25);
    }
    if let Some(network) = team.network {
        let crossing = costs.crossing(network.fabric);
        let far = match collective {
            Collective::AllToAll => ranks - local,
            // Of a node, the first rank alone has something to send.
            Collective::Gather | Collective::Scatter => (ranks - local) / local,
            _ => 1.0,
        };
        let Outer { wires, carried } = outer(costs, network, Protocol::Simple);
        // The root's own card is all that it has where GPUs do not relay for each other.
        let alone = if rooted && !relayed { f64::from(network.cards.max(1)) } else { 1.0 };
        let (wires, carried) = (wires / alone, carried / alone);
        // A thread of sockets that only sends, or only receives, has twice the time for it.
        let (wires, carried) = match (network.fabric, collective) {
            (Fabric::Socket, Collective::Send | Collective::Gather | Collective::Scatter) => {
                ((2.0 * wires).min(network.node_gb_s), 2.0 * carried)
            }
            _ => (wires, carried),
        };
        timed.outer_us = local * each * far / (1000.0 * wires);
        timed.carried_us = local * each * far / (1000.0 * carried);
        timed.steps_between = 1.0;
        timed.between_us = crossing.latency_us;
    }
    timed
}

/// Messages from one end to the other without waiting, as `osu_bw` and perftest send them: the
/// time that each takes \[µs\].
pub fn streamed(costs: &Costs, team: &Team, program: Program, bytes: u64) -> Predicted {
    let own = &costs.messages;
    let on_device = team.intra != Intra::Alone;
    let (gap, rate) = match (team.network, team.bus_gb_s()) {
        (Some(network), _) => {
            let gap = if program == Program::Verbs { own.verbs_us } else { own.mpi_us };
            let efficiency = costs.crossing(network.fabric).efficiency.max(LL128_PART);
            (gap, network.node_gb_s * efficiency)
        }
        (None, Some(bus)) if on_device => (own.ipc_us, bus * costs.pairwise.send),
        (None, _) => (own.mpi_us, own.host_gb_s),
    };
    let moving = bytes as f64 / (1000.0 * rate);
    // Sending one and preparing the next overlap.
    let waits = (gap - moving).max(0.0);
    let choice = Choice { algorithm: Algorithm::Pairwise, protocol: Protocol::Simple };
    let doubt = costs.doubt(Medium::Pair);
    let doubts = (doubt.latency, doubt.rate);
    Predicted { choice, latency_us: waits, moving_us: moving, doubts }
}

/// What sends messages that are no collective of NCCL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// perftest: `ib_write_bw` and the like.
    Verbs,
    /// MPI: `osu_bw`.
    Mpi,
}
