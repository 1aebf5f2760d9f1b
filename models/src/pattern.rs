//! Patterns of traffic: many equal transfers among the members of a set, begun together.
//!
//! ```text
//! all-to-all    each to each other                        n·(n−1) flows
//! ring          each to the next, the last to the first   n
//! permutation   each to one other, drawn                  n
//! incast        each to one receiver                      n
//! pairs         the first half to the second, in order    n/2
//! ```
//!
//! A permutation is drawn evenly from those in which nobody sends to itself, by one random stream
//! of its own. Pairs are those of `osu_mbw_mr` (OSU Micro-Benchmarks): rank `i` and rank `i + n/2`.

use std::collections::BTreeSet;

use rand::RngExt;
use serde::{Deserialize, Serialize};
use sim::Seed;

use crate::cluster::{Cluster, Endpoint, PlaceKind};
use crate::input::InputError;
use crate::transfer::Transfer;

/// More flows than this in one pattern are taken for a mistake.
pub const FLOWS_MAX: usize = 100_000;
/// The stream that permutations are drawn from.
const STREAM: &str = "pattern/permutation";

/// Who sends to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Each member sends to each other one.
    AllToAll,
    /// Each sends to the next, and the last to the first.
    Ring,
    /// Each sends to one other and receives from one.
    Permutation,
    /// All send to one receiver.
    Incast,
    /// Each of the first half sends to one of the second.
    Pairs,
}

impl Shape {
    /// Every one with its name in files.
    pub const ALL: [(&'static str, Shape); 5] = [
        ("all-to-all", Shape::AllToAll),
        ("ring", Shape::Ring),
        ("permutation", Shape::Permutation),
        ("incast", Shape::Incast),
        ("pairs", Shape::Pairs),
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        Shape::ALL.iter().find(|(_, one)| *one == self).expect("each has a name").0
    }
}

/// A pattern of traffic: the transfer that has it says what each flow is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// Who sends to whom.
    pub shape: Shape,
    /// The members in order: pods, GPUs, counted tables of them, or [`Pattern::ALL`].
    pub among: Vec<String>,
}

impl Pattern {
    /// What stands for every pod of a topology.
    pub const ALL: &str = "all";

    /// How many flows there are.
    ///
    /// # Errors
    /// If the members or their number are not possible.
    pub(crate) fn len(&self, cluster: &Cluster, transfer: &Transfer) -> Result<usize, InputError> {
        let members = self.members(cluster, transfer)?;
        self.check(members.len())
    }

    /// The flows, each a transfer of its own.
    ///
    /// # Errors
    /// As [`Pattern::len`].
    pub(crate) fn flows(
        &self,
        cluster: &Cluster,
        transfer: &Transfer,
        seed: Seed,
    ) -> Result<Vec<Transfer>, InputError> {
        let members = self.members(cluster, transfer)?;
        let n = members.len();
        self.check(n)?;
        let one = Transfer { pattern: None, ..transfer.clone() };
        let flow = |from: usize, to: &str| Transfer {
            from: members[from].clone(),
            to: to.to_owned(),
            ..one.clone()
        };
        let all = 0..n;
        Ok(match self.shape {
            Shape::AllToAll => {
                // In rounds, so that no receiver comes first for everybody.
                let rounds = (1..n).flat_map(|round| all.clone().map(move |at| (at, round)));
                rounds.map(|(at, round)| flow(at, &members[(at + round) % n])).collect()
            }
            Shape::Ring => all.map(|at| flow(at, &members[(at + 1) % n])).collect(),
            Shape::Permutation => {
                let to = deranged(n, seed);
                all.map(|at| flow(at, &members[to[at]])).collect()
            }
            Shape::Incast => all.map(|at| flow(at, &transfer.to)).collect(),
            Shape::Pairs => (0..n / 2).map(|at| flow(at, &members[at + n / 2])).collect(),
        })
    }

    /// How many flows so many members have.
    fn check(&self, members: usize) -> Result<usize, InputError> {
        let wrong = |problem: String, help: &str| Err(InputError::new("among", problem).help(help));
        let (least, flows) = match self.shape {
            Shape::AllToAll => (2, members.saturating_mul(members.saturating_sub(1))),
            Shape::Ring | Shape::Permutation => (2, members),
            Shape::Incast => (1, members),
            Shape::Pairs => (2, members / 2),
        };
        let name = self.shape.name();
        if members < least {
            let problem = format!("`{name}` over {members} of them has nobody to send to");
            return wrong(problem, "at least 2 pods or GPUs");
        }
        if self.shape == Shape::Pairs && !members.is_multiple_of(2) {
            return wrong(format!("{members} of them are no pairs"), "an even number");
        }
        if flows > FLOWS_MAX {
            let problem = format!("`{name}` over {members} of them has {flows} flows");
            return wrong(problem, &format!("at most {FLOWS_MAX} flows: fewer members"));
        }
        Ok(flows)
    }

    /// Who sends, in order; of an incast, all but the receiver.
    fn members(&self, cluster: &Cluster, transfer: &Transfer) -> Result<Vec<String>, InputError> {
        let receiver = match self.shape {
            Shape::Incast => Some(cluster.endpoint("to", &transfer.to)?),
            _ => None,
        };
        let mut members: Vec<String> = Vec::new();
        for name in &self.among {
            match (name.as_str(), cluster.families.get(name)) {
                (Pattern::ALL, _) => members.extend(pods(cluster)),
                (_, Some(family)) => members.extend((0..family.len()).map(|at| family.at(at))),
                _ => members.push(name.clone()),
            }
        }
        let mut seen = BTreeSet::new();
        let mut senders = Vec::with_capacity(members.len());
        for name in members {
            let place = match cluster.endpoint("among", &name)? {
                Endpoint::Place(place) => place,
                Endpoint::Service(_) => {
                    let problem = format!("`{name}` is a Service, which sends nothing");
                    return Err(InputError::new("among", problem).help("pods or GPUs"));
                }
            };
            if !seen.insert(place) {
                let problem = format!("`{name}` stands twice");
                return Err(InputError::new("among", problem).help("each pod or GPU once"));
            }
            let is_receiver = matches!(receiver, Some(Endpoint::Place(to)) if to == place);
            if !is_receiver {
                senders.push(name);
            }
        }
        Ok(senders)
    }
}

/// Every pod, in the order of the topology.
fn pods(cluster: &Cluster) -> impl Iterator<Item = String> {
    let places = cluster.graph.node_indices();
    let pods = places.filter(|at| cluster.graph[*at].kind == PlaceKind::PodMemory);
    pods.map(|at| cluster.graph[at].name.owner().to_string())
}

/// A permutation of so many, in which nobody stays where it is: drawn evenly by trying again, some
/// 2.7 times on average.
fn deranged(n: usize, seed: Seed) -> Vec<usize> {
    let mut chance = seed.stream(STREAM);
    loop {
        let mut to: Vec<usize> = (0..n).collect();
        for last in (1..n).rev() {
            to.swap(last, chance.random_range(0..=last));
        }
        if to.iter().enumerate().all(|(from, to)| from != *to) {
            return to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sends_to_itself_and_all_derangements_are_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..9_000 {
            let to = deranged(4, Seed::new(1).replication(number));
            assert!(to.iter().enumerate().all(|(from, to)| from != *to), "{to:?}");
            *counts.entry(to).or_insert(0) += 1;
        }
        // Four have nine derangements: 1000 each, and five standard deviations of 30.
        assert_eq!(counts.len(), 9);
        assert!(counts.values().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_permutation_hangs_on_the_seed_alone() {
        assert_eq!(deranged(100, Seed::new(7)), deranged(100, Seed::new(7)));
        assert_ne!(deranged(100, Seed::new(7)), deranged(100, Seed::new(8)));
    }
}
