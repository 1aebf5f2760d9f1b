//! Datagrams: senders that nobody tells to slow down, and what is lost behind them.
//!
//! As far as a sender is held back, its datagrams share links with everyone else, max-min. Behind
//! that they are sent whatever comes: they take what they are offered at, up to the whole link, and
//! everyone who can wait shares what is left. At a link that is offered more datagrams than it can
//! take, every flow of them loses the same part (a full drop-tail queue):
//!
//! ```text
//!  part that passes = min(1, capacity ÷ Σ over datagram flows: offered × weight)
//! ```

use std::collections::BTreeMap;

use sim::LinkId;
use sim::share::{Claim, solve};

use crate::plan::{Flow, Loss, Taker};

/// Rounds after which rates are taken as they are. Each is nearer to the solution than the one
/// before; random systems need fewer than ten.
const ROUNDS: usize = 64;
/// Changes of a capacity that are rounding.
const NEARLY: f64 = 1e-12;

/// What becomes of datagrams that are sent at some rates.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Passed {
    /// For each flow, the part that passes each of its places of loss.
    pub(super) parts: Vec<Vec<f64>>,
    /// The work of what passes on each link that it loads [units/s].
    pub(super) loads: BTreeMap<LinkId, f64>,
}

impl Passed {
    /// The part of flow `at` that arrives.
    pub(super) fn arrives(&self, at: usize) -> f64 {
        self.parts[at].iter().product()
    }
}

/// Sends datagram flows through their places of loss.
pub(super) fn pass(capacity: &dyn Fn(LinkId) -> f64, flows: &[(&[Loss], f64)]) -> Passed {
    let mut passing: BTreeMap<LinkId, f64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let offered = offered(flows, &passing);
        let next: BTreeMap<LinkId, f64> = offered
            .into_iter()
            .map(|(link, offered)| (link, (capacity(link) / offered).min(1.0)))
            .collect();
        let same = next.iter().all(|(link, part)| {
            passing.get(link).is_some_and(|known| (known - part).abs() <= NEARLY)
        });
        let before = std::mem::replace(&mut passing, next);
        if same {
            break;
        }
        if round + 1 == ROUNDS {
            // Ways that lead in a circle: the lower of two rounds never overfills a link.
            for (link, part) in &mut passing {
                *part = part.min(before.get(link).copied().unwrap_or(1.0));
            }
        }
    }
    let mut passed = Passed::default();
    for &(losses, sent) in flows {
        let mut rate = sent;
        let parts = losses.iter().map(|loss| {
            let part = part(loss, rate, &passing);
            rate *= part;
            if let Taker::Link(hop) = loss.taker {
                *passed.loads.entry(hop.link).or_default() += rate * hop.weight;
            }
            part
        });
        let parts = parts.collect();
        passed.parts.push(parts);
    }
    passed
}

/// The part of what reaches a place that passes it.
fn part(loss: &Loss, rate: f64, passing: &BTreeMap<LinkId, f64>) -> f64 {
    match loss.taker {
        Taker::Link(hop) => passing.get(&hop.link).copied().unwrap_or(1.0),
        Taker::Queue(most) if rate > most => most / rate,
        Taker::Queue(_) => 1.0,
    }
}

/// The work that reaches each link.
fn offered(flows: &[(&[Loss], f64)], passing: &BTreeMap<LinkId, f64>) -> BTreeMap<LinkId, f64> {
    let mut offered = BTreeMap::new();
    for &(losses, sent) in flows {
        let mut rate = sent;
        for loss in losses {
            if let Taker::Link(hop) = loss.taker {
                *offered.entry(hop.link).or_default() += rate * hop.weight;
            }
            rate *= part(loss, rate, passing);
        }
    }
    offered.retain(|_, offered| *offered > 0.0);
    offered
}

/// The rates of one flow in steady state [B/s]; infinite where nothing limits it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) sent: f64,
    pub(super) delivered: f64,
}

/// The rates of flows that run beside each other for long.
pub(super) fn steady(capacity: &dyn Fn(LinkId) -> f64, flows: &[&Flow]) -> Vec<Rates> {
    let mut local: BTreeMap<LinkId, u32> = BTreeMap::new();
    for hop in flows.iter().flat_map(|flow| &flow.hops) {
        let next = local.len() as u32;
        local.entry(hop.link).or_insert(next);
    }
    let mut whole = vec![0.0; local.len()];
    for (link, at) in &local {
        whole[*at as usize] = capacity(*link);
    }
    let hops: Vec<Vec<sim::Hop>> = flows
        .iter()
        .map(|flow| {
            let near = |hop: &sim::Hop| sim::Hop { link: LinkId::new(local[&hop.link]), ..*hop };
            flow.hops.iter().map(near).collect()
        })
        .collect();
    let bounded = |at: &usize| flows[*at].limit.is_finite() || !hops[*at].is_empty();
    let bound: Vec<usize> = (0..flows.len()).filter(bounded).collect();
    let claims: Vec<Claim<'_>> = bound
        .iter()
        .map(|&at| Claim { hops: &hops[at], limit: flows[at].limit, share: 1.0 })
        .collect();
    let share = |left: &[f64]| {
        let mut sent = vec![f64::INFINITY; flows.len()];
        bound.iter().zip(solve(left, &claims)).for_each(|(&at, rate)| sent[at] = rate);
        sent
    };
    let mut sent = share(&whole);
    let lossy: Vec<usize> =
        bound.iter().copied().filter(|&at| !flows[at].losses.is_empty()).collect();
    let mut delivered = sent.clone();
    if lossy.is_empty() {
        return sent.into_iter().map(|rate| Rates { sent: rate, delivered: rate }).collect();
    }
    let mut left = whole.clone();
    for _ in 0..ROUNDS {
        let datagrams: Vec<(&[Loss], f64)> =
            lossy.iter().map(|&at| (&flows[at].losses[..], sent[at])).collect();
        let passed = pass(capacity, &datagrams);
        for (at, &flow) in lossy.iter().enumerate() {
            delivered[flow] = sent[flow] * passed.arrives(at);
        }
        let mut changed = false;
        for (link, at) in &local {
            let (whole, left) = (whole[*at as usize], &mut left[*at as usize]);
            let load = passed.loads.get(link).copied().unwrap_or(0.0);
            let next = (whole - load).max(0.0);
            changed |= (next - *left).abs() > NEARLY * whole;
            *left = next;
        }
        if !changed {
            break;
        }
        sent = share(&left);
    }
    let patient = (0..flows.len()).filter(|at| !lossy.contains(at));
    patient.for_each(|at| delivered[at] = sent[at]);
    sent.into_iter()
        .zip(delivered)
        .map(|(sent, delivered)| Rates { sent, delivered: delivered.min(sent) })
        .collect()
}
