//! NCCL's own cost model, which chooses algorithm and protocol.
//!
//! Constants and rules: NCCL 2.30.7, `src/graph/tuning.cc` and `src/graph/search.cc` (facts and
//! figures; no code). For every algorithm and protocol
//!
//! ```text
//! time = latency + bytes ÷ bandwidth
//! ```
//!
//! and the smallest wins. Only NVLink has LL128. Bandwidths of links are four fifths of the wire;
//! channels share them at one of a list of speeds.

use super::{Algorithm, Choice, Collective, Generation, Intra, Protocol, Team};

/// What NCCL expects of one way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The way.
    pub choice: Choice,
    /// \[µs\].
    pub latency_us: f64,
    /// Algorithm bandwidth \[GB/s\].
    pub gb_s: f64,
}

/// Bandwidths by nodes: one, two, more.
type ByNodes = [f64; 3];

/// Speeds of a channel that the search of graphs tries, in GB/s.
const fn speeds(generation: Generation, one_node: bool) -> &'static [f64] {
    match (generation, one_node) {
        (Generation::Volta | Generation::Ampere, true) => {
            &[40., 30., 20., 18., 15., 12., 10., 9., 7., 6., 5., 4., 3.]
        }
        (Generation::Volta | Generation::Ampere, false) => &[
            48., 30., 28., 24., 20., 18., 15., 12., 10., 9., 7., 6., 5., 4., 3., 2.4, 1.2, 0.24,
            0.12,
        ],
        (Generation::Hopper, true) => &[60., 50., 40., 30., 24., 20., 15., 12., 11., 6., 3.],
        (Generation::Hopper, false) => {
            &[48., 45., 42., 40., 30., 24., 22., 20., 17.5, 15., 12., 6., 3., 2.4, 1.2, 0.24, 0.12]
        }
        (Generation::Blackwell, true) => {
            &[90., 80., 70., 60., 50., 45., 40., 30., 24., 20., 19., 18.]
        }
        (Generation::Blackwell, false) => &[
            96., 86., 80., 48., 45.1, 42., 40., 30., 24., 22., 20., 17.5, 15., 12., 6., 3., 2.4,
            1.2, 0.24, 0.12,
        ],
    }
}

/// The most channels that the search gives a graph.
const CHANNELS_MAX: f64 = 32.0;

/// What channels make of links of `gb_s` together: the best that whole channels of one speed fill.
fn filled(gb_s: f64, generation: Generation, one_node: bool) -> f64 {
    let filled = |speed: &f64| (gb_s / speed + 1e-9).floor().min(CHANNELS_MAX) * speed;
    speeds(generation, one_node).iter().map(filled).fold(0.0, f64::max)
}

/// Channels on NVLink, with two on each link.
pub(super) const fn channels(generation: Generation) -> f64 {
    match generation {
        Generation::Volta => 12.0,
        Generation::Ampere | Generation::Hopper => 24.0,
        Generation::Blackwell => 32.0,
    }
}

/// Where a path leaves the node, or has no NVLink.
const CHANNELS_SLOW: f64 = 4.0;

/// The most that LL moves, in GB/s.
pub(super) const fn ll_most(generation: Generation) -> ByNodes {
    match generation {
        Generation::Volta => [39.0, 22.5, 19.0],
        Generation::Ampere => [87.7, 22.5, 19.0],
        Generation::Hopper => [141.0, 45.0, 35.0],
        Generation::Blackwell => [282.0, 90.0, 70.0],
    }
}

/// The most that a channel of a ring moves by LL128, in GB/s.
const fn ring_ll128(generation: Generation) -> f64 {
    match generation {
        Generation::Volta | Generation::Ampere => 20.0,
        Generation::Hopper => 36.7,
        Generation::Blackwell => 40.0,
    }
}

/// The same of a tree by LL128.
const fn tree_ll128(generation: Generation) -> ByNodes {
    match generation {
        Generation::Volta | Generation::Ampere => [20.0, 20.0, 20.0],
        Generation::Hopper => [36.7, 36.7, 29.0],
        Generation::Blackwell => [55.6, 31.67, 20.0],
    }
}

/// The same of a tree by Simple.
const fn tree_simple(generation: Generation) -> ByNodes {
    match generation {
        Generation::Volta => [26.5, 18.5, 10.0],
        Generation::Ampere => [24.0, 23.6, 17.8],
        Generation::Hopper => [38.7, 41.4, 36.0],
        Generation::Blackwell => [70.0, 42.8, 24.0],
    }
}

/// The same of NVLS with a tree between nodes.
const fn nvls_tree(generation: Generation) -> ByNodes {
    match generation {
        Generation::Blackwell => [0.0, 96.0, 80.0],
        _ => [0.0, 57.7, 45.5],
    }
}

/// What NVLS makes of the links.
pub(super) const fn nvls_efficiency(generation: Generation) -> f64 {
    match generation {
        Generation::Blackwell => 0.74,
        _ => 0.85,
    }
}

/// Latency of NVLS inside a node and of a hop of its tree \[µs\].
const NVLS_US: (f64, f64) = (25.0, 20.9);

/// Base latency by protocol \[µs\]; ring, tree.
const fn base_us(protocol: Protocol) -> (f64, f64) {
    match protocol {
        Protocol::Ll => (6.6, 6.8),
        Protocol::Ll128 => (14.0, 14.0),
        Protocol::Simple => (8.4, 8.4),
    }
}

/// Latency of a hop inside a node \[µs\]; ring, tree.
const fn hop_us(nvlink: bool, protocol: Protocol) -> (f64, f64) {
    match (nvlink, protocol) {
        (true, Protocol::Ll) => (0.6, 0.6),
        (true, Protocol::Ll128) => (1.9, 1.25),
        (true, Protocol::Simple) => (3.4, 4.0),
        (false, Protocol::Ll) => (1.0, 1.0),
        (false, Protocol::Ll128) => (2.5, 1.9),
        (false, Protocol::Simple) => (5.7, 4.0),
    }
}

/// Latency of a hop between nodes \[µs\]; ring, tree.
const fn network_us(protocol: Protocol) -> (f64, f64) {
    match protocol {
        Protocol::Ll => (2.7, 5.0),
        Protocol::Ll128 => (4.0, 8.5),
        Protocol::Simple => (14.0, 14.0),
    }
}

/// By how much rings that leave the node are slower by Simple: their plateau.
const PLATEAU: f64 = 1.4;

/// What a tree reaches of its bandwidth, by size from 64 bytes on, doubled each time; whole beyond.
const fn corrections(protocol: Protocol) -> [f64; 24] {
    match protocol {
        Protocol::Ll => [
            1., 1., 1., 1., 0.9, 0.8, 0.7, 0.7, 0.7, 0.7, 0.6, 0.5, 0.4, 0.4, 0.5, 0.6, 0.7, 0.8,
            0.9, 1., 1., 1., 1., 1.,
        ],
        Protocol::Ll128 => [
            1., 1., 1., 1., 1., 0.9, 0.8, 0.8, 0.8, 0.7, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.8, 0.9,
            0.9, 0.9, 0.9, 1., 1., 1.,
        ],
        Protocol::Simple => [
            0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 0.7, 0.6, 0.6, 0.5, 0.5, 0.5, 0.5, 0.6, 0.7,
            0.8, 0.7, 0.7, 0.8, 0.9, 0.9, 0.9,
        ],
    }
}

/// NVLS pays from this many ranks on.
const NVLS_RANKS_MIN: u32 = 8;

/// What the search of graphs found for a team.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// What the links of a GPU inside its node give all channels together, in GB/s.
    own: Option<f64>,
    /// What the cards of a node do, in GB/s.
    network: Option<f64>,
    /// What a ring gets of both, in GB/s.
    bus: f64,
    /// What a tree gets, in GB/s.
    tree: f64,
    /// How many channels there are.
    channels: f64,
    /// Whether steps inside a node cross NVLink and not PCIe.
    nvlink: bool,
    /// Which column of a table by nodes holds.
    by_nodes: usize,
}

/// What the search of graphs finds.
fn found(team: &Team) -> Found {
    let own = team.bus_gb_s().map(|gb_s| match team.intra {
        Intra::NvLink { .. } => filled(gb_s, team.generation, team.nodes == 1),
        _ => gb_s,
    });
    // NCCL counts 12 of 12.5 GB/s of a network.
    let network = team.network.map(|network| 0.96 * network.node_gb_s);
    let bus = match (own, network) {
        (Some(own), Some(network)) => own.min(network),
        (own, network) => own.or(network).unwrap_or(0.0),
    };
    // Two halves of a tree share the cards of two nodes, each in one direction.
    let tree = match (team.nodes, own, network) {
        (2, Some(own), Some(network)) => own.min(2.0 * network),
        _ => bus,
    };
    let joined = matches!(team.intra, Intra::NvLink { .. });
    let channels = if joined { channels(team.generation) } else { CHANNELS_SLOW };
    let nvlink = !matches!(team.intra, Intra::Pcie { .. });
    Found { own, network, bus, tree, channels, nvlink, by_nodes: team.nodes.min(3) as usize - 1 }
}

/// What NCCL expects of every way that it may take, of collectives with a ring.
pub fn estimates(collective: Collective, team: &Team) -> Vec<Estimate> {
    let found = found(team);
    let mut all = Vec::new();
    let protocols = [Protocol::Ll, Protocol::Ll128, Protocol::Simple];
    for protocol in protocols.into_iter().filter(|one| found.nvlink || *one != Protocol::Ll128) {
        all.push(ring(collective, team, &found, protocol));
        if collective == Collective::AllReduce {
            all.push(tree(team, &found, protocol));
        }
    }
    all.extend(nvls(collective, team, &found));
    all
}

/// The way by a ring.
fn ring(collective: Collective, team: &Team, found: &Found, protocol: Protocol) -> Estimate {
    let bandwidth = match protocol {
        Protocol::Ll => ll_most(team.generation)[found.by_nodes].min(0.5 * found.bus),
        Protocol::Ll128 => (0.92 * found.bus).min(found.channels * ring_ll128(team.generation)),
        Protocol::Simple => found.bus,
    };
    let (hop, net) = (hop_us(found.nvlink, protocol).0, network_us(protocol).0);
    let (steps, others) = (f64::from(collective.steps(team.ranks)), f64::from(team.nodes - 1));
    let all_reduce = collective == Collective::AllReduce;
    let between = if all_reduce { 2.0 * others } else { others };
    let (latency, to_algorithm) = match collective {
        // What is pipelined waits for one hop.
        Collective::Broadcast | Collective::Reduce if team.nodes == 1 => (hop, 1.0),
        Collective::Broadcast | Collective::Reduce => (net, 1.0),
        _ => ((steps - between) * hop + between * net, f64::from(team.ranks) / steps),
    };
    let is_flat = protocol == Protocol::Simple && team.nodes > 1 && all_reduce;
    let latency = if is_flat { PLATEAU * latency } else { latency };
    Estimate {
        choice: Choice { algorithm: Algorithm::Ring, protocol },
        latency_us: base_us(protocol).0 + latency,
        gb_s: bandwidth * to_algorithm,
    }
}

/// The way of an all-reduce by a tree.
fn tree(team: &Team, found: &Found, protocol: Protocol) -> Estimate {
    let (generation, bus, at) = (team.generation, found.tree, found.by_nodes);
    let bandwidth = (0.92 * bus).min(found.channels * tree_simple(generation)[at]);
    let bandwidth = match protocol {
        Protocol::Ll => bandwidth.min(bus / 3.8).min(ll_most(generation)[at]),
        Protocol::Ll128 => bandwidth
            .min(bus * if team.nodes == 1 { 7.0 / 9.0 } else { 120.0 / 128.0 })
            .min(found.channels * tree_ll128(generation)[at]),
        Protocol::Simple => bandwidth,
    };
    let inside = f64::from(team.local() - 1) * hop_us(found.nvlink, protocol).1;
    let outside = libm::log2(f64::from(team.nodes)) * network_us(protocol).1;
    Estimate {
        choice: Choice { algorithm: Algorithm::Tree, protocol },
        latency_us: base_us(protocol).1 + 2.0 * (inside + outside),
        gb_s: 0.5 * bandwidth,
    }
}

/// The way by NVLS, where there is one.
fn nvls(collective: Collective, team: &Team, found: &Found) -> Option<Estimate> {
    let reduces = matches!(
        collective,
        Collective::AllReduce | Collective::AllGather | Collective::ReduceScatter
    );
    if !team.has_nvls() || team.ranks < NVLS_RANKS_MIN || !reduces {
        return None;
    }
    let (n, bus, channels) = (f64::from(team.ranks), found.own?, found.channels);
    let to_algorithm = n / f64::from(collective.steps(team.ranks));
    let efficiency = nvls_efficiency(team.generation);
    let (algorithm, latency_us, gb_s) = match (team.nodes, found.network) {
        (1, _) => {
            let bus = bus * efficiency * (channels - 1.0) / channels;
            let both = if collective == Collective::AllReduce { 2.0 } else { (n - 1.0) / n };
            (Algorithm::Nvls, NVLS_US.0, bus * both)
        }
        (nodes, Some(network)) if collective == Collective::AllReduce => {
            let most = channels * nvls_tree(team.generation)[found.by_nodes];
            let network = network * if nodes == 2 { 2.0 } else { 1.0 };
            let latency = NVLS_US.0 + 2.0 * libm::log2(f64::from(nodes)) * NVLS_US.1;
            (Algorithm::NvlsTree, latency, (2.0 * bus * efficiency).min(network).min(most))
        }
        _ => return None,
    };
    let choice = Choice { algorithm, protocol: Protocol::Simple };
    Some(Estimate { choice, latency_us, gb_s: gb_s * to_algorithm })
}

/// What NCCL takes for `bytes`.
pub fn choose(collective: Collective, team: &Team, bytes: u64) -> Choice {
    choose_of(collective, team, bytes, &|_| true)
}

/// Every way that NCCL may take.
pub(crate) fn ways(collective: Collective, team: &Team) -> Vec<Choice> {
    match is_pairwise(collective) {
        true => vec![PAIRWISE],
        false => {
            let all = estimates(collective, team);
            all.iter().map(|estimate| estimate.choice).chain(pat(collective, team)).collect()
        }
    }
}

/// Parallel aggregated trees, where ranks have nodes of their own. NCCL has them since 2.23 and
/// takes them by itself only in later versions, so that they are taken here where they are forced.
fn pat(collective: Collective, team: &Team) -> Option<Choice> {
    let has = matches!(collective, Collective::AllGather | Collective::ReduceScatter);
    let choice = Choice { algorithm: Algorithm::Pat, protocol: Protocol::Simple };
    (has && team.local() == 1 && team.nodes > 1).then_some(choice)
}

/// Sends and receives have one way.
const PAIRWISE: Choice = Choice { algorithm: Algorithm::Pairwise, protocol: Protocol::Simple };

fn is_pairwise(collective: Collective) -> bool {
    collective.is_rooted()
        || [Collective::AllToAll, Collective::SendReceive, Collective::Send].contains(&collective)
}

/// What NCCL takes for `bytes` of the ways that `fits` leaves.
///
/// # Panics
/// If it leaves none.
pub(crate) fn choose_of(
    collective: Collective,
    team: &Team,
    bytes: u64,
    fits: &dyn Fn(&Choice) -> bool,
) -> Choice {
    if is_pairwise(collective) {
        return PAIRWISE;
    }
    let forced = pat(collective, team).filter(|choice| fits(choice));
    let time = |estimate: &Estimate| {
        let place = (bytes.max(64) / 64).ilog2() as usize;
        let correction = match estimate.choice.algorithm {
            Algorithm::Tree => corrections(estimate.choice.protocol).get(place).copied(),
            _ => None,
        };
        estimate.latency_us + bytes as f64 / (1000.0 * estimate.gb_s * correction.unwrap_or(1.0))
    };
    let all = estimates(collective, team);
    let left = all.iter().filter(|estimate| fits(&estimate.choice));
    let best = left.min_by(|a, b| time(a).total_cmp(&time(b)));
    best.map(|best| best.choice).or(forced).expect("some way is left")
}
