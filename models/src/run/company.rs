//! What plans are to each other in closed form: the rates of one move while others are at work.
//!
//! Every other plan is taken to be there for as long. One whose stages run at the same time, chunk
//! by chunk, is a flow over all of their links at once. One that goes stage by stage is in the
//! stage that is as far before or behind the network; if that one meets none of the move's links,
//! in the longest of its stages that does.

use std::collections::BTreeMap;

use sim::LinkId;

use super::datagram::{self, Rates};
use crate::plan::{Demand, DemandId, Flow, Op, Plan, Step};

/// How a plan appears to others.
struct Guest {
    /// The component of plans that meet on links, directly or over others.
    group: usize,
    /// Flows over all stages at once, where they run at the same time.
    together: Vec<Flow>,
    /// Else its moves, one of each stage.
    stages: Vec<DemandId>,
}

/// All plans, as each appears to the others.
pub(super) struct Company<'a> {
    capacities: &'a [f64],
    plans: &'a [&'a Plan],
    guests: Vec<Guest>,
    groups: Vec<Vec<usize>>,
}

impl<'a> Company<'a> {
    /// As they appear in a lane.
    pub(super) fn new(capacities: &'a [f64], plans: &'a [&'a Plan], lane: u32) -> Company<'a> {
        let group_of = grouped(plans, lane);
        let groups = group_of.iter().copied().max().map_or(0, |most| most + 1);
        let mut members = vec![Vec::new(); groups];
        group_of.iter().enumerate().for_each(|(plan, &group)| members[group].push(plan));
        let guests = plans.iter().zip(group_of).map(|(plan, group)| {
            let alone = members[group].len() == 1;
            let stages = if alone { Vec::new() } else { stages(plan, lane) };
            let looped = plan.steps.iter().any(|step| step.count > 1);
            let together = match looped && !alone {
                true => together(plan, lane, &stages),
                false => Vec::new(),
            };
            Guest { group, together, stages }
        });
        Company { capacities, plans, guests: guests.collect(), groups: members }
    }

    fn capacity(&self, link: LinkId) -> f64 {
        self.capacities[link.index()]
    }

    /// The rates of the flows of a demand of plan `of`.
    pub(super) fn rates(&self, of: usize, demand: &Demand) -> Vec<Rates> {
        let mut flows: Vec<&Flow> = demand.flows.iter().collect();
        let own = flows.len();
        if demand.main {
            let others = &self.groups[self.guests[of].group];
            for &other in others.iter().filter(|&&other| other != of) {
                flows.extend(self.meets(other, demand));
            }
        }
        let capacity = |link| self.capacity(link);
        let mut rates = datagram::steady(&capacity, &flows);
        rates.truncate(own);
        rates
    }

    /// The rates of the flows of a demand that has everything to itself.
    pub(super) fn alone(&self, demand: &Demand) -> Vec<Rates> {
        let flows: Vec<&Flow> = demand.flows.iter().collect();
        datagram::steady(&|link| self.capacity(link), &flows)
    }

    /// The other plans that are there at the same time, for as long as anything meets anything.
    pub(super) fn others(&self, of: usize) -> impl Iterator<Item = usize> {
        let group = &self.groups[self.guests[of].group];
        group.iter().copied().filter(move |&other| other != of)
    }

    /// The flows of another plan that a demand meets.
    fn meets(&self, other: usize, demand: &Demand) -> impl Iterator<Item = &Flow> {
        let (guest, plan) = (&self.guests[other], &self.plans[other]);
        let stages = || guest.stages.iter().map(|&id| plan.demand(id));
        let shares = |theirs: &&Demand| {
            theirs.works().any(|(link, _)| demand.works().any(|(own, _)| own == link))
        };
        let alike = |theirs: &&Demand| theirs.place == demand.place;
        let stage = match guest.together.is_empty() {
            true => stages()
                .find(|theirs| alike(theirs) && shares(theirs))
                .or_else(|| {
                    let meeting = stages().filter(shares);
                    meeting.max_by(|a, b| a.streaming.alone.total_cmp(&b.streaming.alone))
                })
                .or_else(|| stages().find(alike)),
            false => None,
        };
        guest.together.iter().chain(stage.into_iter().flat_map(|stage| &stage.flows))
    }
}

/// The number of each plan's component: plans that use one link are in one.
fn grouped(plans: &[&Plan], lane: u32) -> Vec<usize> {
    if plans.len() < 2 {
        return vec![0; plans.len()];
    }
    let mut parents: Vec<usize> = (0..plans.len()).collect();
    fn root(parents: &mut [usize], mut at: usize) -> usize {
        while parents[at] != at {
            parents[at] = parents[parents[at]];
            at = parents[at];
        }
        at
    }
    let mut users: BTreeMap<LinkId, usize> = BTreeMap::new();
    for (at, plan) in plans.iter().enumerate() {
        for link in plan.links(lane) {
            let first = *users.entry(link).or_insert(at);
            let (a, b) = (root(&mut parents, first), root(&mut parents, at));
            parents[a.max(b)] = a.min(b);
        }
    }
    let mut numbers = BTreeMap::new();
    (0..plans.len())
        .map(|at| {
            let next = numbers.len();
            *numbers.entry(root(&mut parents, at)).or_insert(next)
        })
        .collect()
}

/// The moves of a plan's own transfer, one of each stage.
fn stages(plan: &Plan, lane: u32) -> Vec<DemandId> {
    let moves = plan.steps.iter().filter_map(|step| {
        let phase = if step.count == 1 { step.first } else { step.middle };
        match plan.phase(phase, lane).op {
            Op::Move(id) => Some(id),
            _ => None,
        }
    });
    moves.filter(|id| plan.demand(*id).main).collect()
}

/// A flow for each stream over the links of all stages that run at the same time.
fn together(plan: &Plan, lane: u32, stages: &[DemandId]) -> Vec<Flow> {
    let demands = || stages.iter().map(|&id| plan.demand(id));
    let streams = demands().map(|demand| demand.flows.len()).max().unwrap_or(0);
    let flow = |stream: usize| {
        let mut all = Flow {
            hops: Vec::new(),
            met: Vec::new(),
            beside: Vec::new(),
            limit: f64::INFINITY,
            losses: Vec::new(),
        };
        for (demand, setup) in demands().zip(stages.iter().map(|&id| setup(plan, lane, id))) {
            let (flow, part) = match demand.flows.len() == streams {
                true => (&demand.flows[stream], 1.0),
                false => (&demand.flows[0], streams as f64),
            };
            let busy = demand.bytes / (demand.streaming.alone + setup);
            let limit =
                (flow.limit / part).min(if setup > 0.0 { busy / part } else { f64::INFINITY });
            all.limit = all.limit.min(limit);
            for hop in &flow.hops {
                match all.hops.iter_mut().find(|known| known.link == hop.link) {
                    Some(known) => known.weight += hop.weight,
                    None => {
                        all.hops.push(*hop);
                        all.met.push(0);
                        all.beside.push(false);
                    }
                }
            }
            all.losses.extend(flow.losses.iter().copied());
        }
        all
    };
    (0..streams).map(flow).collect()
}

/// What an engine does before each chunk \[s\].
fn setup(plan: &Plan, lane: u32, id: DemandId) -> f64 {
    let middle = |step: &Step| plan.phase(step.middle, lane).op;
    let moves = plan.steps.iter().position(|step| middle(step) == Op::Move(id));
    let Some(at) = moves else { return 0.0 };
    let before = plan.into(at as u32).iter().filter(|edge| edge.lag == 0);
    let waits = before.filter_map(|edge| match middle(&plan.steps[edge.step as usize]) {
        Op::Wait(time) => Some(time.as_seconds()),
        _ => None,
    });
    waits.sum()
}
