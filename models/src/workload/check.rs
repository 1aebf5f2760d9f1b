//! What is wrong with a scenario, found before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::simulate::{check_limit, templates};
use super::{Does, Scenario, Step, Work};
use crate::cluster::Cluster;
use crate::input::InputError;
use crate::plan::order;
use crate::predict::clock;

/// Finds what is wrong with a scenario on a cluster, without running it.
///
/// # Errors
/// If a transfer in it is not possible on the cluster or takes longer than the simulated clock, a
/// step waits for itself, a pool is not given back, or pools are taken in orders that can block
/// each other for ever.
pub fn check(cluster: &Cluster, scenario: &Scenario) -> Result<(), InputError> {
    check_orders(scenario)?;
    for workload in &scenario.workloads {
        let work = workload.work.in_closed_form();
        let templates = templates(cluster, &work, 0, 1)?;
        check_limit(workload, &templates)?;
        clock::check(cluster, &templates)?;
    }
    Ok(())
}

impl Work {
    /// The same with kernels at their closed form, which takes no time to find.
    fn in_closed_form(&self) -> Work {
        match self {
            Work::Transfer { transfer, size } => {
                let transfer = Box::new(transfer.in_closed_form());
                Work::Transfer { transfer, size: size.clone() }
            }
            Work::Steps(steps) => {
                let quick = |step: &Step| {
                    let does = match &step.does {
                        Does::Transfer { transfer, size } => {
                            let transfer = Box::new(transfer.in_closed_form());
                            Does::Transfer { transfer, size: size.clone() }
                        }
                        Does::Kernel(transfer) => Does::Kernel(Box::new(transfer.in_closed_form())),
                        other => other.clone(),
                    };
                    Step { does, ..step.clone() }
                };
                Work::Steps(steps.iter().map(quick).collect())
            }
        }
    }
}

/// A slot of a pool, from the step that takes it to the one that gives it back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    pool: usize,
    take: usize,
    give: usize,
}

/// For each step that takes a slot, which steps come behind it.
fn behind(steps: &[Step]) -> Vec<Vec<bool>> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (at, step) in steps.iter().enumerate() {
        step.after.iter().for_each(|&before| next[before].push(at));
    }
    let behind = |(take, step): (usize, &Step)| {
        if !matches!(step.does, Does::Take(_)) {
            return Vec::new();
        }
        let (mut behind, mut open) = (vec![false; steps.len()], next[take].clone());
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut behind[at], true) {
                open.extend(&next[at]);
            }
        }
        behind
    };
    steps.iter().enumerate().map(behind).collect()
}

/// Every step that takes a slot with the step that gives it back: the last one before it that has
/// not been given back by then.
pub(crate) fn pairs(steps: &[Step]) -> Result<Vec<Pair>, InputError> {
    paired(steps, &behind(steps))
}

fn paired(steps: &[Step], behind: &[Vec<bool>]) -> Result<Vec<Pair>, InputError> {
    let mut pairs: Vec<Pair> = Vec::new();
    // The steps that have taken a slot of each pool, as they come after each other.
    let mut taken: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in order(steps)? {
        match steps[at].does {
            Does::Take(pool) => taken.entry(pool).or_default().push(at),
            Does::Give(pool) => {
                let open = taken.entry(pool).or_default();
                let Some(last) = open.iter().rposition(|&take| behind[take][at]) else {
                    return Err(InputError::new(
                        format!("step.{}.give", steps[at].name),
                        "no step before it has taken one that is not given back yet",
                    )
                    .help(
                        "a step with `take` of the same pool, and `after` that leads from it to \
                         here",
                    ));
                };
                pairs.push(Pair { pool, take: open.remove(last), give: at });
            }
            _ => {}
        }
    }
    match taken.into_values().flatten().min() {
        Some(kept) => {
            let problem = "nothing behind it gives the slot back";
            Err(InputError::new(format!("step.{}.take", steps[kept].name), problem)
                .help("a step with `give` of the same pool, after this one"))
        }
        None => Ok(pairs),
    }
}

/// Refuses jobs that can wait for each other's pools for ever: if a slot of one pool has to be had
/// before one of another is given back, and the other way round.
fn check_orders(scenario: &Scenario) -> Result<(), InputError> {
    let mut order: DiGraph<(), String> = DiGraph::new();
    for _ in &scenario.pools {
        order.add_node(());
    }
    for workload in &scenario.workloads {
        let Work::Steps(steps) = &workload.work else { continue };
        let behind = behind(steps);
        let pairs = paired(steps, &behind)?;
        let mut known = BTreeSet::new();
        for held in &pairs {
            for asked in pairs.iter().filter(|asked| *asked != held) {
                let earlier = behind[asked.take][held.take];
                let needed = behind[asked.take][held.give];
                if needed && !earlier && known.insert((held.pool, asked.pool)) {
                    let name = steps[asked.take].name.clone();
                    order.add_edge(NodeIndex::new(held.pool), NodeIndex::new(asked.pool), name);
                }
            }
        }
    }
    for circle in tarjan_scc(&order) {
        let inside = |node: NodeIndex| circle.contains(&node);
        let mut edges = order.edge_indices().filter_map(|edge| {
            let (from, to) = order.edge_endpoints(edge)?;
            (inside(from) && inside(to)).then_some((from, to, &order[edge]))
        });
        let Some((from, to, step)) = edges.next() else { continue };
        let (from, to) = (&scenario.pools[from.index()].name, &scenario.pools[to.index()].name);
        let problem = format!(
            "may ask for `{to}` while `{from}` is held, and elsewhere it is the other way round"
        );
        return Err(InputError::new(format!("step.{step}.take"), problem)
            .help("pools taken in one order everywhere, and one slot of a pool at a time"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sim::{Dist, Time};

    use super::super::{Arrivals, Pool, Stop, WarmUp, Workload};
    use super::*;

    fn steps(list: &[(&str, Does, &[usize])]) -> Vec<Step> {
        let step = |(name, does, after): &(&str, Does, &[usize])| Step {
            name: (*name).into(),
            does: does.clone(),
            after: after.to_vec(),
            chance: 1.0,
            repeat: 1,
        };
        list.iter().map(step).collect()
    }

    fn scenario(jobs: Vec<Vec<Step>>) -> Scenario {
        let workload = |steps| Workload {
            name: "w".into(),
            work: Work::Steps(steps),
            arrivals: Arrivals::At(Time::ZERO),
            stop: Stop::default(),
            limit: None,
            warm_up: WarmUp::Until(Time::ZERO),
        };
        let pool = |name: &str| Pool { name: name.into(), slots: 1, set_up: None };
        Scenario {
            batches: Vec::new(),
            pools: vec![pool("a"), pool("b")],
            workloads: jobs.into_iter().map(workload).collect(),
        }
    }

    fn wait() -> Does {
        Does::Wait(Dist::Constant { value: 1.0 })
    }

    #[test]
    fn a_slot_is_taken_before_it_is_given_back_and_given_back_once() {
        let (take, give) = (Does::Take(0), Does::Give(0));
        let good =
            steps(&[("t", take.clone(), &[]), ("w", wait(), &[0]), ("g", give.clone(), &[1])]);
        assert_eq!(pairs(&good).unwrap(), [Pair { pool: 0, take: 0, give: 2 }]);
        // Whatever the order in which they are written down.
        let turned = steps(&[
            ("g", give.clone(), &[2]),
            ("h", give.clone(), &[3]),
            ("t", take.clone(), &[]),
            ("u", take.clone(), &[0]),
        ]);
        let expected = [(2, 0), (3, 1)].map(|(take, give)| Pair { pool: 0, take, give });
        assert_eq!(pairs(&turned).unwrap(), expected);
        let early = steps(&[("g", give.clone(), &[]), ("t", take.clone(), &[0])]);
        assert_eq!(pairs(&early).unwrap_err().field, "step.g.give");
        let twice =
            steps(&[("t", take.clone(), &[]), ("g", give.clone(), &[0]), ("h", give, &[1])]);
        assert_eq!(pairs(&twice).unwrap_err().field, "step.h.give");
        assert_eq!(pairs(&steps(&[("t", take, &[])])).unwrap_err().field, "step.t.take");
    }

    #[test]
    fn orders_that_can_block_each_other_are_refused() {
        let nested = |first: usize, second: usize| {
            steps(&[
                ("one", Does::Take(first), &[]),
                ("two", Does::Take(second), &[0]),
                ("three", Does::Give(second), &[1]),
                ("four", Does::Give(first), &[2]),
            ])
        };
        assert_eq!(check_orders(&scenario(vec![nested(0, 1), nested(0, 1)])), Ok(()));
        assert!(check_orders(&scenario(vec![nested(0, 1), nested(1, 0)])).is_err());
        assert!(check_orders(&scenario(vec![nested(0, 0)])).is_err(), "two of one pool");
        // Side by side it may be either order.
        let beside = steps(&[
            ("a", Does::Take(0), &[]),
            ("b", Does::Take(1), &[]),
            ("w", wait(), &[0, 1]),
            ("c", Does::Give(0), &[2]),
            ("d", Does::Give(1), &[2]),
        ]);
        assert!(check_orders(&scenario(vec![beside])).is_err());
        // Neither has to wait for the other before it is given back.
        let apart = steps(&[
            ("a", Does::Take(0), &[]),
            ("b", Does::Take(1), &[]),
            ("c", Does::Give(0), &[0]),
            ("d", Does::Give(1), &[1]),
            ("e", Does::Take(0), &[1]),
            ("f", Does::Give(0), &[4]),
        ]);
        assert_eq!(check_orders(&scenario(vec![apart])), Ok(()));
        // One after the other holds one at a time.
        let after = steps(&[
            ("a", Does::Take(0), &[]),
            ("b", Does::Give(0), &[0]),
            ("c", Does::Take(1), &[1]),
            ("d", Does::Give(1), &[2]),
            ("e", Does::Take(0), &[3]),
            ("f", Does::Give(0), &[4]),
        ]);
        assert_eq!(check_orders(&scenario(vec![after])), Ok(()));
    }
}
