//! What plans are to each other in closed form: the rates of one move while others are at work.
//!
//! Every other plan is taken to be there for as long. One whose stages run at the same time, chunk
//! by chunk, is a flow over all of their links at once. One that goes stage by stage is in the
//! stage that is as far before or behind the network; if that one meets none of the move's links,
//! in the longest of its stages that does.

use std::collections::{BTreeMap, HashMap};

use sim::share::{Claim, solve};
use sim::{Hop, LinkId};
use smallvec::SmallVec;

use super::datagram::{self, AllRates, Rates};
use crate::plan::{Demand, DemandId, Flow, Op, Plan, Step};

/// How a plan appears to others.
struct Guest {
    /// The component of plans that meet on links, directly or over others.
    group: usize,
    /// Flows over all stages at once, where they run at the same time.
    together: Vec<Numbered<Flow>>,
    /// Else its moves, one of each stage.
    stages: Vec<Stage>,
}

/// A stage of a guest.
struct Stage {
    id: DemandId,
    /// Every link that it loads, by its number in the group.
    links: Vec<u32>,
    flows: Vec<Numbered<()>>,
}

/// A flow whose links are numbered as its group numbers them.
struct Numbered<T> {
    flow: T,
    hops: Vec<Hop>,
    limit: f64,
    share: f64,
}

/// Plans that meet, and the links that they meet on, numbered from zero.
#[derive(Default)]
struct Group {
    members: Vec<usize>,
    links: HashMap<LinkId, u32>,
    capacities: Vec<f64>,
    /// Whether any of them sends datagrams that may be lost.
    is_lossy: bool,
}

/// All plans, as each appears to the others.
pub(crate) struct Company<'a> {
    capacities: &'a [f64],
    plans: &'a [&'a Plan],
    guests: Vec<Guest>,
    groups: Vec<Group>,
    /// The group that uses each link, where there are several.
    users: HashMap<LinkId, usize>,
}

impl Group {
    fn number(&mut self, hop: &Hop, capacities: &[f64]) -> Hop {
        let next = self.capacities.len() as u32;
        let at = *self.links.entry(hop.link).or_insert(next);
        if at == next {
            self.capacities.push(capacities[hop.link.index()]);
        }
        Hop { link: LinkId::new(at), ..*hop }
    }
}

impl<'a> Company<'a> {
    /// As they appear in a lane.
    pub(crate) fn new(capacities: &'a [f64], plans: &'a [&'a Plan], lane: u32) -> Company<'a> {
        let group_of = grouped(plans, lane);
        let mut groups: Vec<Group> = Vec::new();
        for (plan, &group) in group_of.iter().enumerate() {
            groups.resize_with(groups.len().max(group + 1), Group::default);
            groups[group].members.push(plan);
        }
        let (mut users, several) = (HashMap::new(), groups.len() > 1);
        let guests = plans.iter().zip(group_of).map(|(plan, at)| {
            let group = &mut groups[at];
            let alone = group.members.len() == 1;
            let ids = if alone { Vec::new() } else { stages(plan, lane) };
            let looped = plan.steps.iter().any(|step| step.count > 1);
            let together = match looped && !alone {
                true => together(plan, lane, &ids),
                false => Vec::new(),
            };
            let number = |group: &mut Group, flow: &Flow| -> Vec<Hop> {
                flow.hops.iter().map(|hop| group.number(hop, capacities)).collect()
            };
            let stages = ids.into_iter().map(|id| {
                let demand = plan.demand(id);
                let flows = demand.flows.iter().map(|flow| Numbered {
                    flow: (),
                    hops: number(group, flow),
                    limit: flow.limit,
                    share: flow.share,
                });
                let flows = flows.collect();
                let all = demand.works().map(|(link, _)| Hop { link, weight: 0.0 });
                let mut links: Vec<u32> =
                    all.map(|hop| group.number(&hop, capacities).link.index() as u32).collect();
                links.sort_unstable();
                links.dedup();
                Stage { id, links, flows }
            });
            let stages: Vec<Stage> = stages.collect();
            let together = together.into_iter().map(|flow| {
                let (hops, limit, share) = (number(group, &flow), flow.limit, flow.share);
                Numbered { flow, hops, limit, share }
            });
            let together = together.collect();
            group.is_lossy |= plan.demands(lane).any(|demand| demand.main && demand.is_lossy());
            if several {
                users.extend(plan.links(lane).into_iter().map(|link| (link, at)));
            }
            Guest { group: at, together, stages }
        });
        let guests = guests.collect();
        Company { capacities, plans, guests, groups, users }
    }

    /// Whether another plan in the place of plan `of` meets nobody but whom that one meets, so that
    /// it can be read beside them. Where datagrams are lost, who else is there decides how much.
    pub(crate) fn seats(&self, of: usize, plan: &Plan, lane: u32) -> bool {
        let own = self.guests[of].group;
        let meets = |link| self.users.get(&link).is_none_or(|group| *group == own);
        !self.groups[own].is_lossy
            && plan.links(lane).into_iter().all(meets)
            && !plan.demands(lane).any(Demand::is_lossy)
    }

    fn capacity(&self, link: LinkId) -> f64 {
        self.capacities[link.index()]
    }

    /// The rates of the flows of a demand of plan `of`, or of one in its place.
    pub(super) fn rates(&self, of: usize, demand: &Demand) -> AllRates {
        let group = &self.groups[self.guests[of].group];
        if !demand.main || group.members.len() == 1 {
            return self.alone(demand);
        }
        if group.is_lossy || demand.is_lossy() {
            let mut flows: Vec<&Flow> = demand.flows.iter().collect();
            let marks = Marks::of(group, demand);
            for other in self.others(of) {
                let guest = &self.guests[other];
                flows.extend(guest.together.iter().map(|own| &own.flow));
                let stage = self.met(other, demand, &marks);
                flows.extend(stage.iter().flat_map(|s| &self.plans[other].demand(s.id).flows));
            }
            let mut rates = datagram::steady(&|link| self.capacity(link), &flows);
            rates.truncate(demand.flows.len());
            return rates;
        }
        self.shared(of, group, demand)
    }

    /// The same where nobody loses anything: one max-min system.
    fn shared(&self, of: usize, group: &Group, demand: &Demand) -> AllRates {
        let mut capacities = group.capacities.clone();
        let mut own: HashMap<LinkId, u32> = HashMap::new();
        let mut number = |hop: &Hop| {
            let known = group.links.get(&hop.link).copied();
            let at = known.unwrap_or_else(|| {
                *own.entry(hop.link).or_insert_with(|| {
                    capacities.push(self.capacity(hop.link));
                    capacities.len() as u32 - 1
                })
            });
            Hop { link: LinkId::new(at), ..*hop }
        };
        let flows: Vec<Vec<Hop>> =
            demand.flows.iter().map(|flow| flow.hops.iter().map(&mut number).collect()).collect();
        let bounded = |hops: &[Hop], limit: f64| limit.is_finite() || !hops.is_empty();
        let mut claims: Vec<Claim<'_>> = Vec::with_capacity(flows.len() + group.members.len());
        let mut claim = |hops, limit, share| {
            if bounded(hops, limit) {
                claims.push(Claim { hops, limit, share });
            }
        };
        demand
            .flows
            .iter()
            .zip(&flows)
            .for_each(|(flow, hops)| claim(hops, flow.limit, flow.share));
        let marks = Marks::of(group, demand);
        for other in self.others(of) {
            let together = self.guests[other].together.iter();
            together.for_each(|own| claim(&own.hops, own.limit, own.share));
            let stage = self.met(other, demand, &marks);
            let flows = stage.iter().flat_map(|s| &s.flows);
            flows.for_each(|flow| claim(&flow.hops, flow.limit, flow.share));
        }
        let mut rates = solve(&capacities, &claims).into_iter();
        let of = |(flow, hops): (&Flow, &Vec<Hop>)| {
            let is_bounded = bounded(hops, flow.limit);
            let sent = is_bounded.then(|| rates.next().expect("a rate for each claim"));
            let sent = sent.unwrap_or(f64::INFINITY);
            Rates { sent, delivered: sent }
        };
        demand.flows.iter().zip(&flows).map(of).collect()
    }

    /// The rates of the flows of a demand that has everything to itself.
    pub(super) fn alone(&self, demand: &Demand) -> AllRates {
        let flows: SmallVec<[&Flow; 2]> = demand.flows.iter().collect();
        datagram::steady(&|link| self.capacity(link), &flows)
    }

    /// The other plans that are there at the same time, for as long as anything meets anything.
    pub(super) fn others(&self, of: usize) -> impl Iterator<Item = usize> {
        let group = &self.groups[self.guests[of].group];
        group.members.iter().copied().filter(move |&other| other != of)
    }

    /// The stage of another plan that a demand meets, if its stages do not run together.
    fn met(&self, other: usize, demand: &Demand, marks: &Marks) -> Option<&Stage> {
        let guest = &self.guests[other];
        if !guest.together.is_empty() {
            return None;
        }
        let theirs = |stage: &Stage| self.plans[other].demand(stage.id);
        let shares = |stage: &&Stage| stage.links.iter().any(|link| marks.0[*link as usize]);
        let alike = |stage: &&Stage| theirs(stage).place == demand.place;
        let alone = |stage: &Stage| theirs(stage).streaming.alone;
        let stages = || guest.stages.iter();
        stages()
            .find(|stage| alike(stage) && shares(stage))
            .or_else(|| stages().filter(shares).max_by(|a, b| alone(a).total_cmp(&alone(b))))
            .or_else(|| stages().find(alike))
    }
}

/// The links of a group that a demand loads.
struct Marks(Vec<bool>);

impl Marks {
    fn of(group: &Group, demand: &Demand) -> Marks {
        let mut marks = vec![false; group.capacities.len()];
        let known = demand.works().filter_map(|(link, _)| group.links.get(&link));
        known.for_each(|link| marks[*link as usize] = true);
        Marks(marks)
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
            share: 1.0,
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
            all.share = all.share.min(flow.share);
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
