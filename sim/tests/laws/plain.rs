//! Max-min sharing as the textbook has it: round by round, each link summed afresh. The yardstick
//! of both solvers.

use sim::Hop;
use sim::share::Claim;

/// The max-min rates of `claims`.
pub(crate) fn solve(capacities: &[f64], claims: &[Claim<'_>]) -> Vec<f64> {
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
