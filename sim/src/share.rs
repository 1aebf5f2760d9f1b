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
//! In each round the lowest level at which a flow must stay is found, and whoever it stops stays
//! there (progressive filling: Bertsekas & Gallager, *Data Networks*, 1992, § 6.5.2). The result
//! is the one allocation in which each flow is at its limit or has a *bottleneck*: a full link on
//! which nobody stands at a higher level. Each round stops at least one flow, so there is
//! no epsilon and no guard on the number of rounds.

use crate::flow::Hop;

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
/// `claims`. Takes time in proportion to rounds × hops: meant for small systems, and as the twin
/// against which [`Flows`](crate::Flows) is tested.
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
    let mut rates: Vec<Option<f64>> = vec![None; claims.len()];
    while rates.contains(&None) {
        let levels = levels(capacities, claims, &rates);
        let rising = || claims.iter().zip(&rates).filter(|(_, rate)| rate.is_none());
        let limits = rising().map(|(claim, _)| claim.limit / claim.share);
        let level = levels.iter().copied().chain(limits).fold(f64::INFINITY, f64::min);
        for (claim, rate) in claims.iter().zip(&mut rates).filter(|(_, rate)| rate.is_none()) {
            let full = |hop: &Hop| hop.weight > 0.0 && levels[hop.link.index()] <= level;
            if claim.limit / claim.share <= level {
                *rate = Some(claim.limit);
            } else if claim.hops.iter().any(full) {
                *rate = Some(level * claim.share);
            }
        }
    }
    rates.into_iter().flatten().collect()
}

/// The level at which each link is full; infinite for a link that no rising flow crosses.
fn levels(capacities: &[f64], claims: &[Claim<'_>], rates: &[Option<f64>]) -> Vec<f64> {
    let mut left = capacities.to_vec();
    let mut demand = vec![0.0; capacities.len()];
    for (claim, rate) in claims.iter().zip(rates) {
        for hop in claim.hops {
            match rate {
                Some(rate) => left[hop.link.index()] -= hop.weight * rate,
                None => demand[hop.link.index()] += hop.weight * claim.share,
            }
        }
    }
    let level = |(left, demand): (f64, f64)| {
        // Rounding may leave a full link a hair below zero.
        if demand > 0.0 { left.max(0.0) / demand } else { f64::INFINITY }
    };
    left.into_iter().zip(demand).map(level).collect()
}
