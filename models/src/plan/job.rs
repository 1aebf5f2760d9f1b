//! A job as a plan: the steps that a user wrote down, each after those that it names.
//!
//! ```text
//!  take gpu ─► load (transfer) ─► kernel ─► give gpu
//!                            └► report (wait)
//! ```
//!
//! Pools of the user's own are counted behind those of the cluster.

use std::collections::HashMap;
use std::slice::from_ref;

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};
use sim::{Seed, Time};

use super::draft::{Draft, Link};
use super::draw::Amount;
use super::message::{After, named};
use super::transfer::{append, append_kernel};
use super::{Book, Context, Op, Phase, Plan, Step, place};
use crate::cluster::{Cluster, PoolIndex};
use crate::input::InputError;
use crate::predict::way;
use crate::price::Change;
use crate::route::Route;
use crate::transfer::Transfer;
use crate::workload::{Does, Step as Wanted, pairs};

/// What a job is made on.
#[derive(Clone, Copy)]
pub(crate) struct JobContext<'a> {
    pub(crate) cluster: &'a Cluster,
    /// Decides on which cores the work of its transfers falls.
    pub(crate) seed: Seed,
}

/// The plan of a job.
pub(crate) fn job(context: &JobContext<'_>, steps: &[Wanted]) -> Result<Plan, InputError> {
    let order = order(steps)?;
    pairs(steps)?;
    let (transfers, connection) = connections(steps);
    let ways = transfers.iter().map(|transfer| way(context.cluster, transfer));
    let mut ways: Vec<Route<'_>> = ways.collect::<Result<_, _>>()?;
    let cores = place(context.cluster, &transfers, &mut ways, context.seed);
    let own = |pool: usize| PoolIndex(context.cluster.pools.len() + pool);
    let clusters = [context.cluster];
    let mut draft = Draft::new(1);
    let mut ends: Vec<After> = vec![After::new(); steps.len()];
    for at in order {
        let step = &steps[at];
        let mut after: After = step.after.iter().flat_map(|&before| ends[before].clone()).collect();
        let only_if = (step.chance < 1.0).then(|| draft.chance(step.chance, None));
        for _ in 0..step.repeat {
            let which = connection[at];
            let change = Change::default();
            let of = |transfer| {
                let (ways, cores) = (from_ref(&ways[which]), &cores[which][..]);
                let once = Context::once(&clusters, transfer, ways, cores, &change);
                Context { seed: context.seed, template: true, only_if, ..once }
            };
            after = match &step.does {
                Does::Wait(dist) => {
                    let drawn = Some(draft.amount(Amount::Dist(dist.clone())));
                    let phase = draft.alike(Phase::NOTHING);
                    let wait = Step { drawn, only_if, ..Step::repeated(phase, 1) };
                    vec![(draft.step(wait, &after), Link::default())]
                }
                Does::Take(pool) => {
                    let take = draft.once(Op::Acquire(own(*pool)), Book::Nobody, &after);
                    vec![(take, Link::default())]
                }
                Does::Give(pool) => {
                    let give = draft.once(Op::Release(own(*pool)), Book::Nobody, &after);
                    vec![(give, Link::default())]
                }
                Does::Batch(batch) => {
                    // Servers of batches are counted behind those of the cluster.
                    let server = (context.cluster.turns.len() + batch) as u32;
                    let op = Op::Turn { server, client: 0, work: Time::ZERO };
                    let phase = draft.alike(Phase::new(op, Book::Nobody));
                    let batch = Step { only_if, ..Step::repeated(phase, 1) };
                    vec![(draft.step(batch, &after), Link::default())]
                }
                Does::Transfer { transfer, size } => {
                    let context = Context { size: size.as_ref(), ..of(transfer) };
                    let hops = named(&mut draft, context.route());
                    append(&mut draft, &context, hops, false, after)?
                }
                Does::Kernel(transfer) => append_kernel(&mut draft, &of(transfer), after),
            };
        }
        ends[at] = after;
    }
    let plan = draft.freeze();
    plan.map_err(|flaw| InputError::new("step", flaw.to_string()))
}

/// The connections of a job, and which one each step uses: transfers that differ in nothing but
/// their message share one, and so the thread that writes to it and the receive queue.
fn connections(steps: &[Wanted]) -> (Vec<Transfer>, Vec<usize>) {
    let mut known: Vec<Transfer> = Vec::new();
    let mut of: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    let mut which = vec![0; steps.len()];
    for (at, step) in steps.iter().enumerate() {
        let Some(transfer) = step.transfer() else { continue };
        let between = of.entry((&transfer.from, &transfer.to)).or_default();
        let alike =
            |known: &Transfer| *known == Transfer { message: known.message, ..transfer.clone() };
        which[at] = match between.iter().find(|&&at| alike(&known[at])) {
            Some(&at) => at,
            None => {
                between.push(known.len());
                known.push(transfer.clone());
                known.len() - 1
            }
        };
    }
    (known, which)
}

/// The steps in an order in which each comes after those that it names.
pub(crate) fn order(steps: &[Wanted]) -> Result<Vec<usize>, InputError> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    for _ in steps {
        graph.add_node(());
    }
    for (at, step) in steps.iter().enumerate() {
        for &before in &step.after {
            graph.add_edge(NodeIndex::new(before), NodeIndex::new(at), ());
        }
    }
    match toposort(&graph, None) {
        Ok(order) => Ok(order.into_iter().map(NodeIndex::index).collect()),
        Err(circle) => {
            let name = &steps[circle.node_id().index()].name;
            let problem = format!("`{name}` waits for itself");
            Err(InputError::new(format!("step.{name}.after"), problem)
                .help("steps that come before it, without a circle"))
        }
    }
}
