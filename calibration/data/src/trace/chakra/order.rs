//! What comes after what in a trace: nodes by number instead of id, in an order in which each comes
//! after those that it needs, without the needs that follow from others.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use models::input::InputError;
use models::replay::circle;

use super::node::Node;

/// So many nodes are looked at to find out whether a need follows from the others of its node.
/// Where that is not enough, the need is kept, which changes nothing but the size of the plan.
const LOOKED_AT_MAX: usize = 4096;

/// What is wrong with a node, by its place.
type Wrong = (usize, InputError);

/// For each node, the places of those that it needs.
pub(super) fn needs(nodes: &[Node]) -> Result<Vec<Vec<usize>>, Wrong> {
    let mut places: HashMap<u64, usize> = HashMap::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        if places.insert(node.id, at).is_some() {
            let problem = format!("{} is given twice", node.id);
            return Err((at, InputError::new("id", problem).help("an id for each node")));
        }
    }
    let needed = |(at, node): (usize, &Node)| {
        let place = |id: &u64| {
            places.get(id).copied().ok_or_else(|| {
                let problem = format!("node {id} is not there");
                let help = "ids of nodes of the same file";
                (at, InputError::new("data_deps or ctrl_deps", problem).help(help))
            })
        };
        node.needs.iter().map(place).collect()
    };
    nodes.iter().enumerate().map(needed).collect()
}

/// The places of nodes, each after those that it needs; of those that may come next, the one that
/// began first, and then the one of the lowest id.
pub(super) fn order(nodes: &[Node], needs: &[Vec<usize>]) -> Result<Vec<usize>, Wrong> {
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut missing: Vec<usize> = needs.iter().map(Vec::len).collect();
    for (at, needs) in needs.iter().enumerate() {
        needs.iter().for_each(|&before| behind[before].push(at));
    }
    let key = |at: usize| Reverse((nodes[at].begin_us, nodes[at].id, at));
    let mut open: BinaryHeap<_> =
        (0..nodes.len()).filter(|&at| missing[at] == 0).map(key).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse((.., at))) = open.pop() {
        order.push(at);
        for &next in &behind[at] {
            missing[next] -= 1;
            if missing[next] == 0 {
                open.push(key(next));
            }
        }
    }
    if order.len() == nodes.len() {
        return Ok(order);
    }
    let edges = needs.iter().enumerate();
    let edges = edges.flat_map(|(at, needs)| needs.iter().map(move |&before| (before, at)));
    let at = circle(nodes.len(), edges.collect()).expect("some node waits for itself");
    let help = "nodes that come before it, without a circle";
    Err((at, InputError::new("data_deps or ctrl_deps", "the node waits for itself").help(help)))
}

/// Leaves out needs that follow from others. All that a node needs comes before it in the list.
pub(super) fn reduce(needs: &mut [Vec<usize>]) {
    let mut seen: Vec<usize> = vec![usize::MAX; needs.len()];
    for at in 0..needs.len() {
        let mut own = std::mem::take(&mut needs[at]);
        own.sort_unstable_by_key(|&before| Reverse(before));
        own.dedup();
        // What is behind the first of them cannot lead to any of them.
        let first = own.last().copied().unwrap_or(0);
        let (mut kept, mut open, mut looked_at) = (Vec::new(), Vec::new(), 0);
        for before in own {
            if seen[before] == at {
                continue;
            }
            kept.push(before);
            open.push(before);
            // The latest come first, and only they can follow from those that are left.
            while let Some(node) = open.pop() {
                for &earlier in &needs[node] {
                    if earlier >= first && seen[earlier] != at && looked_at < LOOKED_AT_MAX {
                        seen[earlier] = at;
                        looked_at += 1;
                        open.push(earlier);
                    }
                }
            }
        }
        kept.reverse();
        needs[at] = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that comes before each.
    fn before(needs: &[Vec<usize>]) -> Vec<Vec<bool>> {
        let mut before: Vec<Vec<bool>> = Vec::new();
        for own in needs {
            let mut all = vec![false; needs.len()];
            for &need in own {
                all[need] = true;
                before[need].iter().enumerate().for_each(|(at, is)| all[at] |= is);
            }
            before.push(all);
        }
        before
    }

    #[test]
    fn what_is_left_says_the_same_and_no_need_follows_from_others() {
        let mut state = 1u64;
        let mut chance = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state >> 33
        };
        for nodes in [2, 5, 12, 40] {
            for _ in 0..50 {
                let whole: Vec<Vec<usize>> =
                    (0..nodes).map(|at| (0..at).filter(|_| chance() % 3 == 0).collect()).collect();
                let mut reduced = whole.clone();
                reduce(&mut reduced);
                assert_eq!(before(&reduced), before(&whole));
                let all = before(&whole);
                for own in &reduced {
                    for need in own {
                        assert!(own.iter().all(|other| !all[*other][*need]), "{reduced:?}");
                    }
                }
            }
        }
    }
}
