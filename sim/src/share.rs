//! Weighted max-min sharing of links, solved once: the closed form of [`flow`](crate::flow).
//!
//! All flows are raised together. The *level* of a flow is its rate divided by its share; a flow
//! stays at the level at which it meets its own limit, or a link that has nothing left:
//!
//! ```text
//! level of a link = (capacity − Σ over flows that stay: weight × rate)
//!                   ÷ Σ over the others: weight × share
//! ```
//!
//! The lowest level at which a flow must stay comes next, and whoever it stops stays there
//! (progressive filling: Bertsekas & Gallager, *Data Networks*, 1992, § 6.5.2). The result is the
//! one allocation in which each flow is at its limit or has a *bottleneck*: a full link on which
//! nobody stands at a higher level. Each flow is stopped once, at the cost of a few additions for
//! each of its hops, since a link keeps count of what it has left (`flow/link.rs`).

use crate::Time;
use crate::flow::{Hop, Levels, Links, Stop};

/// What a flow asks of the links it crosses.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The links it crosses; one that is crossed twice counts twice.
    pub hops: &'a [Hop],
    /// Its rate may not exceed this [units/s]; may be infinite if it crosses a link.
    pub limit: f64,
    /// Its rate grows in proportion to this.
    pub share: f64,
}

impl Claim<'_> {
    /// Asserts what every solver relies on.
    pub(crate) fn check(&self) {
        assert!(self.limit >= 0.0, "a limit is zero or more, got {}", self.limit);
        assert!(self.share > 0.0 && self.share.is_finite(), "bad share {}", self.share);
        for hop in self.hops {
            let weight = hop.weight;
            assert!(weight >= 0.0 && weight.is_finite(), "bad weight {weight} on a link");
        }
        let bounded = self.limit.is_finite() || self.hops.iter().any(|hop| hop.weight > 0.0);
        assert!(bounded, "a flow without a limit must weigh on a link");
    }
}

/// The max-min rates of `claims` on links of these `capacities` [units/s], in the order of
/// `claims`. Takes time in proportion to hops, and to stops × the logarithm of links.
///
/// # Panics
/// If a share is not above zero, a capacity, limit or weight is negative, a number is not
/// finite (a limit may be), or a flow has neither a limit nor a link that it weighs on.
///
/// ```
/// use sim::share::{Claim, solve};
/// use sim::{Hop, LinkId};
/// let (a, b) = (LinkId::new(0), LinkId::new(1));
/// let hop = |link| Hop { link, weight: 1.0 };
/// let claim = |hops| Claim { hops, limit: f64::INFINITY, share: 1.0 };
/// let rates = solve(&[1.0, 3.0], &[claim(&[hop(a)]), claim(&[hop(a), hop(b)]), claim(&[hop(b)])]);
/// assert_eq!(rates, [0.5, 0.5, 2.5]);
/// ```
pub fn solve(capacities: &[f64], claims: &[Claim<'_>]) -> Vec<f64> {
    for &capacity in capacities {
        assert!(capacity >= 0.0 && capacity.is_finite(), "bad capacity {capacity}");
    }
    claims.iter().for_each(Claim::check);
    let mut filling = Filling::new(capacities, claims);
    while filling.rising > 0 {
        match filling.levels.first() {
            None => break,
            Some((Stop::Limit(at), _)) => filling.stop(at as usize, claims[at as usize].limit),
            Some((Stop::Link(link), noted)) => filling.reach(link, noted),
        }
    }
    filling.rates
}

/// Links that fill up.
struct Filling<'a> {
    claims: &'a [Claim<'a>],
    links: Links,
    /// The claims that cross each link, and where those of a link begin.
    crossing: Vec<u32>,
    first: Vec<u32>,
    levels: Levels,
    /// Rates of claims; not a number while they rise.
    rates: Vec<f64>,
    rising: usize,
}

impl<'a> Filling<'a> {
    fn new(capacities: &[f64], claims: &'a [Claim<'a>]) -> Filling<'a> {
        let mut links = Links::default();
        capacities.iter().for_each(|&capacity| links.add(capacity, Time::ZERO));
        let mut first = vec![0u32; links.len() + 1];
        for claim in claims {
            for hop in weighing(claim) {
                links.join(hop.link.index() as u32, hop.weight * claim.share);
                first[hop.link.index() + 1] += 1;
            }
        }
        for link in 0..links.len() {
            first[link + 1] += first[link];
        }
        let mut crossing = vec![0u32; first[links.len()] as usize];
        let mut next = first.clone();
        for (at, claim) in claims.iter().enumerate() {
            for hop in weighing(claim) {
                links.rise(hop.link.index() as u32, hop.weight * claim.share);
                let place = &mut next[hop.link.index()];
                crossing[*place as usize] = at as u32;
                *place += 1;
            }
        }
        let mut levels = Levels::default();
        levels.begin((0..links.len() as u32).map(|id| match links.rising(id) {
            0 => f64::INFINITY,
            _ => links.level(id),
        }));
        for (at, claim) in claims.iter().enumerate() {
            if claim.limit < f64::INFINITY {
                let level = claim.limit / claim.share;
                levels.limit(level, at as u32);
            }
        }
        let (rates, rising) = (vec![f64::NAN; claims.len()], claims.len());
        Filling { claims, links, crossing, first, levels, rates, rising }
    }

    /// A link that was said to be full at level `noted`.
    fn reach(&mut self, link: u32, noted: f64) {
        // Since then, flows may have stopped elsewhere, which raises the level.
        let level = self.links.level(link);
        if level > noted {
            self.levels.set(link, level);
            return;
        }
        let (begin, end) = (self.first[link as usize], self.first[link as usize + 1]);
        for place in begin..end {
            let claim = self.crossing[place as usize] as usize;
            self.stop(claim, level * self.claims[claim].share);
        }
    }

    /// Stops a claim at `rate`, if it rises.
    fn stop(&mut self, at: usize, rate: f64) {
        if !self.rates[at].is_nan() {
            return;
        }
        self.rates[at] = rate;
        self.rising -= 1;
        let claim = &self.claims[at];
        for hop in weighing(claim) {
            let id = hop.link.index() as u32;
            self.links.take(id, hop.weight * rate, 0.0);
            self.links.settle(id, hop.weight * claim.share);
            if self.links.rising(id) == 0 {
                self.levels.set(id, f64::INFINITY);
            }
        }
    }
}

/// The hops of a claim that weigh anything.
fn weighing<'a>(claim: &Claim<'a>) -> impl Iterator<Item = &'a Hop> {
    claim.hops.iter().filter(|hop| hop.weight > 0.0)
}
