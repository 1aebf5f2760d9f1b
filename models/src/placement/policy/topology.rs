//! The pods of a gang near each other, and the GPUs of a pod on one NUMA node.
//!
//! The first member of a gang goes where the narrowest part of the network (a node, then what the
//! nodes' domains say, then everything) has room for all; of equally narrow parts to the one with
//! the least room. Each further one goes to the node that shares most levels with the members so
//! far. What is left equal is decided as best-fit does, which alone decides for pods without gang.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::best_fit::BestFit;
use super::scored::Score;
use crate::placement::ask::{Ask, GpuAsk};
use crate::placement::pods::Pods;
use crate::placement::scheduler::{Member, Pod, Scheduler, Slot};
use crate::placement::scores::{Scores, best};
use crate::placement::state::{Free, State, tightest};

pub(super) struct Topology<'a> {
    trace: &'a Pods,
    scores: Scores,
    /// Where the members of the gang at hand are that were chosen for.
    members: Vec<u32>,
}

impl<'a> Topology<'a> {
    pub(super) fn new(trace: &'a Pods) -> Topology<'a> {
        Topology { trace, scores: Scores::new(trace.shapes().len()), members: Vec::new() }
    }
}

impl Scheduler for Topology<'_> {
    fn choose(&mut self, pod: Pod, state: &State<'_>) -> Option<Slot> {
        let ask = &self.trace.shapes()[pod.shape as usize];
        let score = |node| {
            let free = state.free(node);
            free.fits(ask).then(|| BestFit.score(&free, ask))
        };
        let scores = self.scores.of(pod.shape, state, score);
        if pod.member.is_none() {
            return best(scores).map(|node| slot(node, state, ask));
        }
        let near: Box<dyn Fn(usize) -> (usize, Reverse<u64>)> = match pod.member {
            Some(Member { index: 0, size }) => {
                self.members.clear();
                let rooms = rooms(state, ask);
                Box::new(move |node| narrowest(&rooms, state, node, size))
            }
            _ => {
                let nodes = state.fleet().nodes();
                let members = &self.members;
                let shared = |node: usize, member: u32| match node == member as usize {
                    true => nodes[node].domains.len() + 1,
                    false => nodes[node].shares(&nodes[member as usize]),
                };
                let all = move |node| members.iter().map(|member| shared(node, *member)).sum();
                Box::new(move |node| (all(node), Reverse(0)))
            }
        };
        let fitting = scores.iter().enumerate().filter(|(_, score)| **score > 0);
        // Of equal ones the first: the last of a list that is turned around.
        let nearest = fitting.rev().max_by_key(|(node, score)| (near(*node), **score));
        let (node, _) = nearest?;
        drop(near);
        self.members.push(node as u32);
        Some(slot(node, state, ask))
    }
}

fn slot(node: usize, state: &State<'_>, ask: &Ask) -> Slot {
    Slot { node: node as u32, gpus: gpus(&state.free(node), ask) }
}

/// How many pods of a kind fit in each domain, and on each node.
struct Rooms {
    domains: BTreeMap<u32, u64>,
    nodes: Vec<u32>,
}

fn rooms(state: &State<'_>, ask: &Ask) -> Rooms {
    let nodes = state.fleet().nodes();
    let copies: Vec<u32> = (0..nodes.len()).map(|node| state.free(node).copies(ask)).collect();
    let mut domains = BTreeMap::new();
    for (node, &copies) in nodes.iter().zip(&copies) {
        for &domain in &node.domains {
            *domains.entry(domain).or_default() += u64::from(copies);
        }
    }
    Rooms { domains, nodes: copies }
}

/// On how narrow a level there is room for so many around a node, and how much there is.
fn narrowest(rooms: &Rooms, state: &State<'_>, node: usize, size: u32) -> (usize, Reverse<u64>) {
    let domains = &state.fleet().nodes()[node].domains;
    let wide_to_narrow = domains.iter().map(|domain| rooms.domains[domain]);
    let levels = wide_to_narrow.chain([u64::from(rooms.nodes[node])]);
    let enough = (1..).zip(levels).filter(|(_, room)| *room >= u64::from(size));
    enough.last().map_or((0, Reverse(0)), |(level, room)| (level, Reverse(room)))
}

/// GPUs for a pod: of whole ones all on the NUMA node with the fewest unused that suffices.
fn gpus(free: &Free<'_>, ask: &Ask) -> SmallVec<[u16; 8]> {
    let any = || free.gpus_for(ask, |milli| tightest(free.gpus, milli));
    let GpuAsk::Whole(count) = ask.gpu else { return any() };
    let each = free.gpus.len() / usize::from(free.node.numa.max(1));
    let unused = |part: &[u16]| part.iter().filter(|left| **left == 1000).count();
    let parts = free.gpus.chunks(each.max(1)).enumerate();
    let enough = parts.filter(|(_, part)| unused(part) >= usize::from(count));
    let Some((at, part)) = enough.min_by_key(|(_, part)| unused(part)) else { return any() };
    let unused = part.iter().enumerate().filter(|(_, left)| **left == 1000);
    unused.map(|(gpu, _)| (at * each + gpu) as u16).take(count.into()).collect()
}
