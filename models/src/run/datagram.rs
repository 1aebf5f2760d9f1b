//! Datagrams: senders that nobody tells to slow down, and what is lost behind them.
//!
//! As far as a sender is held back, its datagrams share links with everyone else, max-min. Behind
//! that they are sent whatever comes:
//!
//! - A **cable**, or whatever else serves what comes first, they take at the rate at which they are
//!   offered, up to the whole of it, and everyone who can wait shares what is left. If more
//!   datagrams are offered than it can take, every flow of them loses the same part (a full
//!   drop-tail queue).
//! - A **core** is shared evenly by its threads, however much is offered to one: the kernel hands
//!   packets over to a thread of its own (`ksoftirqd`) when they come too fast. A flow of datagrams
//!   gets what everyone else on the core could have, and loses the rest.
//!
//! ```text
//!  part that passes a cable = min(1, capacity ÷ Σ over datagram flows: offered × weight)
//!  part that passes a core  = its max-min share ÷ offered
//! ```

use std::collections::BTreeMap;

use sim::share::{Claim, solve};
use sim::{Hop, LinkId};
use smallvec::{SmallVec, smallvec};

use crate::plan::{Flow, Loss, Taker};

/// Rounds after which rates are taken as they are. Each is nearer to the solution than the one
/// before; nearly all systems need fewer than ten.
pub(super) const ROUNDS: usize = 64;
/// Changes of a rate or capacity that are rounding, as a part of it.
const NEARLY: f64 = 1e-12;

/// A flow of datagrams: where it loses them, the rate at which it sends, and the rates that cores
/// have for it, in the order of its losses.
#[derive(Clone, Debug)]
pub(super) struct Sending<'a> {
    pub(super) losses: &'a [Loss],
    pub(super) sent: f64,
    pub(super) cores: SmallVec<[f64; 4]>,
}

/// A figure for each of a few links, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PerLink(SmallVec<[(LinkId, f64); 4]>);

impl PerLink {
    pub(super) fn get(&self, link: LinkId) -> Option<f64> {
        let at = self.0.binary_search_by_key(&link, |(known, _)| *known).ok()?;
        Some(self.0[at].1)
    }

    /// The figure of a link, which is zero at first.
    pub(super) fn entry(&mut self, link: LinkId) -> &mut f64 {
        let at = self.0.binary_search_by_key(&link, |(known, _)| *known);
        let at = at.unwrap_or_else(|at| {
            self.0.insert(at, (link, 0.0));
            at
        });
        &mut self.0[at].1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (LinkId, f64)> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn retain_positive(&mut self) {
        self.0.retain(|(_, figure)| *figure > 0.0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What becomes of datagrams that are sent at some rates.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Passed {
    /// For each flow, the part that passes each of its places of loss.
    pub(super) parts: SmallVec<[SmallVec<[f64; 4]>; 2]>,
    /// For each flow, the rate that reaches each of its cores [B/s].
    pub(super) reaching: SmallVec<[SmallVec<[f64; 4]>; 2]>,
    /// The work of what passes on each cable that it loads [units/s].
    pub(super) loads: PerLink,
}

impl Passed {
    /// The part of flow `at` that arrives.
    pub(super) fn arrives(&self, at: usize) -> f64 {
        self.parts[at].iter().product()
    }
}

/// Sends datagram flows through their places of loss.
pub(super) fn pass(capacity: &dyn Fn(LinkId) -> f64, flows: &[Sending<'_>]) -> Passed {
    let mut passing = PerLink::default();
    for round in 0..ROUNDS {
        let mut next = offered(flows, &passing);
        for (link, figure) in &mut next.0 {
            *figure = (capacity(*link) / *figure).min(1.0);
        }
        let same = next.iter().all(|(link, part)| {
            passing.get(link).is_some_and(|known| (known - part).abs() <= NEARLY)
        });
        let before = std::mem::replace(&mut passing, next);
        if same {
            break;
        }
        if round + 1 == ROUNDS {
            // Ways that lead in a circle: the lower of two rounds never overfills a link.
            for (link, part) in &mut passing.0 {
                *part = part.min(before.get(*link).unwrap_or(1.0));
            }
        }
    }
    let mut passed = Passed::default();
    for flow in flows {
        let (mut parts, mut reaching) = (SmallVec::new(), SmallVec::new());
        walk(flow, &passing, &mut |loss, rate, part| {
            parts.push(part);
            match loss.taker {
                Taker::Wire(hop) => *passed.loads.entry(hop.link) += rate * part * hop.weight,
                Taker::Core(_) => reaching.push(rate),
                Taker::Queue(_) | Taker::Chance(_) => {}
            }
        });
        passed.parts.push(parts);
        passed.reaching.push(reaching);
    }
    passed
}

/// Goes along a flow's places of loss: the rate that reaches each, and the part of it that passes.
fn walk(flow: &Sending<'_>, passing: &PerLink, visit: &mut dyn FnMut(&Loss, f64, f64)) {
    let mut rate = flow.sent;
    let mut cores = flow.cores.iter();
    for loss in flow.losses {
        let most = |most: f64| if rate > most { most / rate } else { 1.0 };
        let part = match loss.taker {
            Taker::Wire(hop) => passing.get(hop.link).unwrap_or(1.0),
            Taker::Core(_) => most(*cores.next().expect("a rate for each core")),
            Taker::Queue(limit) => most(limit),
            Taker::Chance(lost) => 1.0 - lost,
        };
        visit(loss, rate, part);
        rate *= part;
    }
}

/// The work that reaches each cable.
fn offered(flows: &[Sending<'_>], passing: &PerLink) -> PerLink {
    let mut offered = PerLink::default();
    for flow in flows {
        walk(flow, passing, &mut |loss, rate, _| {
            if let Taker::Wire(hop) = loss.taker {
                *offered.entry(hop.link) += rate * hop.weight;
            }
        });
    }
    offered.retain_positive();
    offered
}

/// The cores of a flow, in the order of its losses.
pub(super) fn cores(losses: &[Loss]) -> impl Iterator<Item = Hop> {
    losses.iter().filter_map(|loss| match loss.taker {
        Taker::Core(hop) => Some(hop),
        Taker::Wire(_) | Taker::Queue(_) | Taker::Chance(_) => None,
    })
}

/// The rates of one flow in steady state [B/s]; infinite where nothing limits it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) sent: f64,
    pub(super) delivered: f64,
}

/// The rates of the flows of a move.
pub(super) type AllRates = SmallVec<[Rates; 2]>;

/// What claims links in a static system: a flow as far as it is held back, or its work on a core
/// behind that.
struct Claimed {
    hops: Vec<Hop>,
    limit: f64,
}

/// Flows that run beside each other for long, with links numbered from zero.
struct Steady {
    links: BTreeMap<LinkId, u32>,
    claims: Vec<Claimed>,
    /// For each flow its claim, if anything limits it, and those of its cores.
    own: Vec<Option<usize>>,
    cores: Vec<Vec<usize>>,
}

/// The rates of flows that run beside each other for long.
pub(super) fn steady(capacity: &dyn Fn(LinkId) -> f64, flows: &[&Flow]) -> AllRates {
    if let [Flow { hops, limit, losses, .. }] = flows
        && losses.is_empty()
    {
        // It meets nobody: what `solve` would say.
        let full = hops.iter().map(|hop| capacity(hop.link) / hop.weight);
        let sent = full.fold(*limit, f64::min);
        return smallvec![Rates { sent, delivered: sent }];
    }
    let mut steady = Steady::new(flows);
    let whole: Vec<f64> = {
        let mut whole = vec![0.0; steady.links.len()];
        steady.links.iter().for_each(|(link, at)| whole[*at as usize] = capacity(*link));
        whole
    };
    let mut left = whole.clone();
    let is_lossy = |at: &usize| steady.own[*at].is_some() && !flows[*at].losses.is_empty();
    let lossy: Vec<usize> = (0..flows.len()).filter(is_lossy).collect();
    let mut rates = steady.share(&left);
    let mut arrives = vec![1.0; flows.len()];
    for _ in 0..if lossy.is_empty() { 0 } else { ROUNDS } {
        let sending = lossy.iter().map(|&at| steady.sending(at, flows[at], &rates));
        let passed = pass(capacity, &sending.collect::<Vec<_>>());
        let mut changed = false;
        for (at, &flow) in lossy.iter().enumerate() {
            arrives[flow] = passed.arrives(at);
            for (&claim, &reaching) in steady.cores[flow].iter().zip(&passed.reaching[at]) {
                let limit = &mut steady.claims[claim].limit;
                changed |= is_other(*limit, reaching, reaching);
                *limit = reaching;
            }
        }
        for (link, at) in &steady.links {
            let (whole, left) = (whole[*at as usize], &mut left[*at as usize]);
            let next = (whole - passed.loads.get(*link).unwrap_or(0.0)).max(0.0);
            changed |= is_other(*left, next, whole);
            *left = next;
        }
        if !changed {
            break;
        }
        rates = steady.share(&left);
    }
    let of = |(own, arrives): (&Option<usize>, f64)| {
        let sent = own.map_or(f64::INFINITY, |claim| rates[claim]);
        Rates { sent, delivered: sent * arrives }
    };
    steady.own.iter().zip(arrives).map(of).collect()
}

/// Whether two rates differ by more than rounding of a third.
pub(super) fn is_other(before: f64, after: f64, of: f64) -> bool {
    before.is_infinite() || (after - before).abs() > NEARLY * of
}

impl Steady {
    fn new(flows: &[&Flow]) -> Steady {
        let mut links: BTreeMap<LinkId, u32> = BTreeMap::new();
        let mut near = |hop: &Hop| {
            let next = links.len() as u32;
            Hop { link: LinkId::new(*links.entry(hop.link).or_insert(next)), ..*hop }
        };
        let (mut claims, mut own, mut of_cores) = (Vec::new(), Vec::new(), Vec::new());
        for flow in flows {
            let bounded = flow.limit.is_finite() || !flow.hops.is_empty();
            own.push(bounded.then_some(claims.len()));
            if bounded {
                let hops = flow.hops.iter().map(&mut near).collect();
                claims.push(Claimed { hops, limit: flow.limit });
            }
            let mut behind = Vec::new();
            for hop in cores(&flow.losses).filter(|_| bounded) {
                behind.push(claims.len());
                claims.push(Claimed { hops: vec![near(&hop)], limit: f64::INFINITY });
            }
            of_cores.push(behind);
        }
        Steady { links, claims, own, cores: of_cores }
    }

    /// The max-min rates of all claims.
    fn share(&self, left: &[f64]) -> Vec<f64> {
        let claims: Vec<Claim<'_>> = self
            .claims
            .iter()
            .map(|claim| Claim { hops: &claim.hops, limit: claim.limit, share: 1.0 })
            .collect();
        solve(left, &claims)
    }

    fn sending<'f>(&self, at: usize, flow: &'f Flow, rates: &[f64]) -> Sending<'f> {
        Sending {
            losses: &flow.losses,
            sent: self.own[at].map_or(0.0, |claim| rates[claim]),
            cores: self.cores[at].iter().map(|&claim| rates[claim]).collect(),
        }
    }
}
