//! A message's life by hop and cause: how much of its completion each of them took.
//!
//! What the models book interval by interval is added up here, in whole picoseconds, so that the
//! parts of every replication sum to its completion before anything is averaged.

use models::cluster::Cluster;
use models::outcome::{Attribution, Cause, Outcome};
use sim::Time;

use crate::estimate::Estimate;
use crate::run::Sample;

/// The time that passed at one hop for one cause, over replications.
#[derive(Clone, Debug)]
pub(crate) struct Spent {
    pub(crate) hop: String,
    pub(crate) kind: String,
    pub(crate) cause: Cause,
    pub(crate) time_s: Estimate,
    /// The part of the whole completion, of the means.
    pub(crate) share: f64,
}

/// The life of transfer `which` over all replications of its point: hops in path order, what is no
/// hop of its way where it came first. Empty where some replication never saw the result arrive.
pub(crate) fn life(cluster: &Cluster, samples: &[Sample], which: usize) -> Vec<Spent> {
    let outcomes: Vec<&Outcome> = samples.iter().map(|sample| &sample.outcomes[which]).collect();
    if outcomes.iter().any(|outcome| outcome.completion == Time::MAX) {
        return Vec::new();
    }
    let attribution = &samples[0].attributions[which];
    let whole: f64 = outcomes.iter().map(|outcome| outcome.completion.as_seconds()).sum();
    let spent = |(hop, cause): (&str, Cause)| {
        let seconds: Vec<f64> =
            outcomes.iter().map(|outcome| booked(outcome, hop, cause).as_seconds()).collect();
        Spent {
            hop: hop.to_owned(),
            kind: kind(cluster, attribution, hop),
            cause,
            time_s: Estimate::of(&seconds),
            share: if whole > 0.0 { seconds.iter().sum::<f64>() / whole } else { 0.0 },
        }
    };
    parts(&outcomes, attribution).into_iter().map(spent).collect()
}

/// All that one outcome booked to a hop and cause, adjacent or not.
fn booked(outcome: &Outcome, hop: &str, cause: Cause) -> Time {
    let here = outcome.life.iter().filter(|i| i.hop == hop && i.cause == cause);
    here.map(|interval| interval.span).sum()
}

/// Every hop and cause to which any replication booked time, each once.
fn parts<'o>(outcomes: &[&'o Outcome], attribution: &Attribution) -> Vec<(&'o str, Cause)> {
    let mut hops: Vec<&str> = Vec::new();
    let mut found: Vec<(&str, Cause)> = Vec::new();
    for outcome in outcomes {
        // What only a later replication met goes behind what it met before it.
        let mut next = 0;
        for interval in &outcome.life {
            let hop = interval.hop.as_str();
            next = 1 + match hops.iter().position(|known| *known == hop) {
                Some(at) => at,
                None => {
                    hops.insert(next, hop);
                    next
                }
            };
            if !found.contains(&(hop, interval.cause)) {
                found.push((hop, interval.cause));
            }
        }
    }
    // A request crosses some hops of its reply's way before the reply does: the order in which they
    // are first met is the path's then.
    if outcomes.iter().all(|outcome| outcome.steps.is_empty()) {
        in_path_order(&mut hops, attribution);
    }
    let place = |hop: &str| hops.iter().position(|known| *known == hop);
    found.sort_by_key(|(hop, cause)| (place(hop), *cause));
    found
}

/// Puts the hops of the way into the places that they have among `hops` in path order: a stage
/// books its slowest link first, wherever that stands.
fn in_path_order(hops: &mut [&str], attribution: &Attribution) {
    let step = |hop: &str| attribution.taken.iter().position(|taken| taken.hop == hop);
    let places: Vec<usize> = (0..hops.len()).filter(|&at| step(hops[at]).is_some()).collect();
    let mut own: Vec<&str> = places.iter().map(|&at| hops[at]).collect();
    own.sort_by_key(|hop| step(hop));
    for (at, hop) in places.into_iter().zip(own) {
        hops[at] = hop;
    }
}

/// The kind of a hop: what attribution calls it, or the cluster; what is no hop of either, like the
/// work of a name server, is named after its place and kind: `dns/names`.
fn kind(cluster: &Cluster, attribution: &Attribution, hop: &str) -> String {
    let taken = attribution.taken.iter().find(|taken| taken.hop == hop).map(|taken| &taken.kind);
    let known = || {
        let edges = cluster.graph.edge_weights();
        let services = cluster.services.values().flat_map(|service| &service.hops);
        edges.chain(services).find(|edge| edge.name == hop).map(|edge| &edge.kind)
    };
    let named = || hop.rsplit('/').next().unwrap_or(hop).replace('-', " ");
    taken.or_else(known).cloned().unwrap_or_else(named)
}

#[cfg(test)]
mod tests;
