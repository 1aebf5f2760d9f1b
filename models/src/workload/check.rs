//! What is wrong with a scenario, found before anything runs.

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::simulate::{check_limit, templates};
use super::{Does, Scenario, Step, Work};
use crate::cluster::Cluster;
use crate::input::InputError;

/// Finds what is wrong with a scenario on a cluster, without running it.
///
/// # Errors
/// If a transfer in it is not possible on the cluster, a step waits for itself, a pool is not given
/// back, or pools are taken in orders that can block each other for ever.
pub fn check(cluster: &Cluster, scenario: &Scenario) -> Result<(), InputError> {
    check_orders(scenario)?;
    for workload in &scenario.workloads {
        let work = workload.work.in_closed_form();
        check_limit(workload, &templates(cluster, &work, 0, 1)?)?;
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

/// Which steps come behind each step.
fn behind(steps: &[Step]) -> Vec<Vec<bool>> {
    let mut behind = vec![vec![false; steps.len()]; steps.len()];
    for (at, _) in steps.iter().enumerate() {
        let mut open: Vec<usize> = steps[at].after.clone();
        while let Some(before) = open.pop() {
            if !std::mem::replace(&mut behind[before][at], true) {
                open.extend(&steps[before].after);
            }
        }
    }
    behind
}

/// Every step that takes a slot with the step that gives it back.
pub(crate) fn pairs(steps: &[Step]) -> Result<Vec<Pair>, InputError> {
    let behind = behind(steps);
    let mut pairs: Vec<Pair> = Vec::new();
    for (give, step) in steps.iter().enumerate() {
        let Does::Give(pool) = step.does else { continue };
        let mut takes = (0..steps.len()).filter(|&take| {
            steps[take].does == Does::Take(pool)
                && behind[take][give]
                && pairs.iter().all(|pair| pair.take != take)
        });
        let Some(take) = takes.next_back() else {
            return Err(InputError::new(
                format!("step.{}.give", step.name),
                "no step before it has taken one that is not given back yet",
            )
            .help("a step with `take` of the same pool, and `after` that leads from it to here"));
        };
        pairs.push(Pair { pool, take, give });
    }
    let kept = steps.iter().enumerate().find(|(at, step)| {
        matches!(step.does, Does::Take(_)) && pairs.iter().all(|pair| pair.take != *at)
    });
    match kept {
        Some((_, step)) => {
            let problem = "nothing behind it gives the slot back";
            Err(InputError::new(format!("step.{}.take", step.name), problem)
                .help("a step with `give` of the same pool, after this one"))
        }
        None => Ok(pairs),
    }
}

/// Refuses jobs that can wait for each other's pools for ever: if a slot of one pool may be asked
/// for while one of another is held, and the other way round.
fn check_orders(scenario: &Scenario) -> Result<(), InputError> {
    let mut order: DiGraph<(), String> = DiGraph::new();
    for _ in &scenario.pools {
        order.add_node(());
    }
    for workload in &scenario.workloads {
        let Work::Steps(steps) = &workload.work else { continue };
        let behind = behind(steps);
        let pairs = pairs(steps)?;
        for held in &pairs {
            for asked in pairs.iter().filter(|asked| *asked != held) {
                let earlier = behind[asked.take][held.take];
                let later = behind[held.give][asked.take];
                if !earlier && !later {
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
