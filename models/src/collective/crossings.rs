//! What passes from node to node in a collective: who sends how much to whom.
//!
//! A ring leads once from each node to the next on every rail. A double binary tree leads each half
//! of the data up and down its own tree (P. Sanders, J. Speck, J. Träff, *Two-tree algorithms for
//! full bandwidth broadcast, reduction and scan*, Parallel Computing 35(12), 2009). In an
//! all-to-all each node sends to every other; what is for a GPU leaves on the rail of that GPU,
//! which it reaches over NVLink first (NCCL's PXN); so it does where one sends to all. Parallel
//! aggregated trees lead from each node to those at distances of 1, 2, 4 … (S. Jeaugey, *PAT: a new
//! algorithm for all-gather and reduce-scatter operations at scale*, 2025).

use super::layout::Layout;
use super::{Algorithm, Choice, Collective, Intra, Team};

/// A stream of bytes from a node to another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Crossing {
    /// The nodes.
    pub(crate) nodes: [usize; 2],
    /// The cards that it leaves and enters by.
    pub(crate) cards: [usize; 2],
    /// Bytes for each byte of the collective.
    pub(crate) part: f64,
}

/// Everything that passes between nodes.
pub(crate) fn crossings(
    collective: Collective,
    choice: Choice,
    team: &Team,
    layout: &Layout,
) -> Vec<Crossing> {
    let nodes = layout.nodes.len();
    if nodes < 2 {
        return Vec::new();
    }
    match (choice.algorithm, collective) {
        (Algorithm::Pairwise, Collective::AllToAll) => all_to_all(team, layout),
        (Algorithm::Pairwise, _) if collective.is_rooted() => rooted(collective, team, layout),
        (Algorithm::Pairwise, _) => neighbours(collective, layout),
        (Algorithm::Pat, _) => on_all_rails(aggregated(nodes).into_iter(), 1.0, layout),
        (Algorithm::Ring, _) => {
            let ways = (0..nodes).map(|node| ([node, (node + 1) % nodes], 1.0));
            on_all_rails(ways, collective.bus_factor(team.ranks), layout)
        }
        // Two halves, each up and down.
        _ => on_all_rails(trees(nodes).into_iter().map(|pair| (pair, 0.5)), 1.0, layout),
    }
}

fn on_all_rails(
    ways: impl Iterator<Item = ([usize; 2], f64)>,
    part: f64,
    layout: &Layout,
) -> Vec<Crossing> {
    let rails = layout.rails();
    ways.flat_map(|(nodes, share)| {
        let part = share * part / rails as f64;
        (0..rails).map(move |rail| Crossing { nodes, cards: [rail; 2], part })
    })
    .collect()
}

/// Every GPU sends to the next, the last one to the first.
fn neighbours(collective: Collective, layout: &Layout) -> Vec<Crossing> {
    let (nodes, local) = (layout.nodes.len(), layout.local());
    let cards = [layout.card_of(local - 1), layout.card_of(0)];
    let all =
        (0..nodes).map(|node| Crossing { nodes: [node, (node + 1) % nodes], cards, part: 1.0 });
    // Where one sends alone, it is the first to the last.
    let many = if collective == Collective::Send { 1 } else { nodes };
    all.take(many).collect()
}

fn all_to_all(team: &Team, layout: &Layout) -> Vec<Crossing> {
    let (nodes, local) = (layout.nodes.len(), layout.local());
    let each = 1.0 / f64::from(team.ranks);
    let relayed = matches!(team.intra, Intra::NvLink { .. });
    let mut all = Vec::new();
    for from in 0..nodes {
        for to in (0..nodes).filter(|to| *to != from) {
            for gpu in 0..local {
                let own = layout.card_of(gpu);
                let crossing = |cards, part| Crossing { nodes: [from, to], cards, part };
                if relayed {
                    all.push(crossing([own; 2], each * local as f64));
                } else {
                    let cards = |other| [own, layout.card_of(other)];
                    all.extend((0..local).map(|other| crossing(cards(other), each)));
                }
            }
        }
    }
    all
}

/// From the first rank to every one of other nodes, or from those to it.
fn rooted(collective: Collective, team: &Team, layout: &Layout) -> Vec<Crossing> {
    let (nodes, local) = (layout.nodes.len(), layout.local());
    let part = 1.0 / f64::from(team.ranks);
    let relayed = matches!(team.intra, Intra::NvLink { .. });
    let mut all = Vec::new();
    for node in 1..nodes {
        for gpu in 0..local {
            let far = layout.card_of(gpu);
            let own = if relayed { far } else { layout.card_of(0) };
            all.push(match collective {
                Collective::Gather => Crossing { nodes: [node, 0], cards: [far, own], part },
                _ => Crossing { nodes: [0, node], cards: [own, far], part },
            });
        }
    }
    all
}

/// The steps of parallel aggregated trees, the furthest first: in the step of distance `d`, each
/// node passes on to the one `d` further what those had from which it is a whole number of `2d`
/// away. All steps together are one part for each other node.
fn aggregated(nodes: usize) -> Vec<([usize; 2], f64)> {
    let distances = (0..usize::BITS).map(|bit| 1 << bit).take_while(|distance| *distance < nodes);
    let mut ways = Vec::new();
    for distance in distances {
        let parts = (0..nodes - distance).step_by(2 * distance).count();
        let part = parts as f64 / nodes as f64;
        ways.extend((0..nodes).map(|node| ([node, (node + distance) % nodes], part)));
    }
    ways
}

/// Both directions of every edge of the two trees.
fn trees(nodes: usize) -> Vec<[usize; 2]> {
    let mut pairs = Vec::new();
    for node in 1..nodes {
        let parent = parent(node, nodes);
        // The second tree is the first one turned round, or shifted where that would put leaves
        // onto leaves.
        let other = |node: usize| match nodes % 2 {
            0 => nodes - 1 - node,
            _ => (node + 1) % nodes,
        };
        for [a, b] in [[node, parent], [other(node), other(parent)]] {
            pairs.extend([[a, b], [b, a]]);
        }
    }
    pairs
}

/// The parent of a node in the first tree, of which node 0 is the root: the node whose number has
/// its lowest bit one place further up.
fn parent(node: usize, nodes: usize) -> usize {
    let bit = 1 << node.trailing_zeros();
    let up = (node ^ bit) | (bit << 1);
    if up < nodes { up } else { node ^ bit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aggregated_trees_bring_each_node_every_other_part_once() {
        for nodes in 2..=65 {
            let ways = aggregated(nodes);
            let steps = ways.len() / nodes;
            assert_eq!(steps, nodes.next_power_of_two().ilog2() as usize, "{nodes}");
            let sent: f64 = ways.iter().filter(|(pair, _)| pair[0] == 0).map(|way| way.1).sum();
            let all = (nodes - 1) as f64 / nodes as f64;
            assert!((sent - all).abs() < 1e-12, "{nodes}: {sent}");
        }
    }

    #[test]
    fn each_tree_reaches_all_nodes_and_loads_none_twice() {
        for nodes in 2..=65 {
            let pairs = trees(nodes);
            assert_eq!(pairs.len(), 4 * (nodes - 1));
            let mut sent = vec![0; nodes];
            pairs.iter().for_each(|[from, _]| sent[*from] += 1);
            // A node sends half of the data up in each tree, and down to two children in one.
            assert!(sent.iter().all(|halves| *halves <= 4), "{nodes}: {sent:?}");
            for node in 1..nodes {
                let (mut at, mut steps) = (node, 0);
                while at != 0 {
                    (at, steps) = (parent(at, nodes), steps + 1);
                    assert!(steps <= 2 * nodes.ilog2() + 2, "{nodes}: {node}");
                }
            }
        }
    }
}
