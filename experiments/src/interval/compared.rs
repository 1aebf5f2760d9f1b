//! Two topologies side by side: by how much one is faster in the draws that both meet, and with
//! what probability it is.

use std::collections::BTreeMap;
use std::path::Path;

use super::Predicted;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::record::{Keyed, write_table};

/// The file that has the comparisons.
const FILE: &str = "comparisons.csv";
/// With more topologies than this, each is compared with the next one in order alone.
pub(crate) const EACH_WITH_EACH_MAX: usize = 32;

/// The columns of `comparisons.csv`.
const COLUMNS: [&str; 10] = [
    "experiment",
    "transfer",
    "point_a",
    "topology_a",
    "point_b",
    "topology_b",
    "goodput_ratio_median",
    "goodput_ratio_low",
    "goodput_ratio_high",
    "probability_a_higher_ratio",
];

/// Two topologies at the same settings, the one with the higher median first.
pub(crate) struct Pair<'k> {
    pub(crate) higher: &'k Keyed<'k>,
    pub(crate) lower: &'k Keyed<'k>,
    /// Goodput of the first over that of the second.
    pub(crate) ratio: Predicted,
    /// The part of draws in which the first is higher; of those that are equal, half.
    pub(crate) probability: f64,
}

/// Every pair of topologies that differ in nothing else, in the order of the plan.
pub(crate) fn pairs<'k>(plan: &Plan, keyed: &'k [Keyed<'k>]) -> Vec<Pair<'k>> {
    let mut groups: BTreeMap<(Vec<usize>, usize), Vec<&Keyed<'_>>> = BTreeMap::new();
    for keyed in keyed {
        if keyed.digest.sure.as_ref().is_some_and(|sure| !sure.draws.is_empty()) {
            let steps = plan.point(keyed.point).steps;
            groups.entry((steps, keyed.transfer)).or_default().push(keyed);
        }
    }
    let mut pairs = Vec::new();
    for group in groups.into_values() {
        let mut ordered = group;
        ordered.sort_by(|a, b| median(b).total_cmp(&median(a)));
        for (at, higher) in ordered.iter().enumerate() {
            let most = if ordered.len() > EACH_WITH_EACH_MAX { 1 } else { usize::MAX };
            // Those of another number of draws met others.
            let draws = |keyed: &Keyed<'_>| keyed.digest.sure.as_ref().map(|s| s.draws.len());
            let same = |lower: &&&Keyed<'_>| draws(lower) == draws(higher);
            let others = ordered[at + 1..].iter().filter(same).take(most);
            pairs.extend(others.map(|lower| pair(higher, lower)));
        }
    }
    pairs
}

fn median(keyed: &Keyed<'_>) -> f64 {
    keyed.digest.sure.as_ref().map_or(0.0, |sure| sure.goodput_bit_s.median)
}

fn pair<'k>(higher: &'k Keyed<'k>, lower: &'k Keyed<'k>) -> Pair<'k> {
    let draws = |keyed: &'k Keyed<'k>| keyed.digest.sure.as_ref().map_or(&[][..], |s| &s.draws);
    let (ratio, probability) = over(draws(higher), draws(lower));
    Pair { higher, lower, ratio, probability }
}

/// What the first of two figures is over the second in the draws that both meet, and the part of
/// the draws in which it is more; of those in which they are equal, half.
pub(crate) fn over(first: &[f64], second: &[f64]) -> (Predicted, f64) {
    let both = || first.iter().zip(second);
    let ratios: Vec<f64> = both().map(|(a, b)| a / b).collect();
    let wins = |(a, b): (&f64, &f64)| match a.total_cmp(b) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    };
    let probability = both().map(wins).sum::<f64>() / ratios.len() as f64;
    (Predicted::of(&ratios), probability)
}

/// Writes `comparisons.csv` into `folder`, if there is anything to compare.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(
    folder: &Path,
    experiment: &Experiment,
    plan: &Plan,
    keyed: &[Keyed<'_>],
) -> Result<(), Failure> {
    let pairs = pairs(plan, keyed);
    if pairs.is_empty() {
        return Ok(());
    }
    let label = |keyed: &Keyed<'_>| {
        let topology = plan.point(keyed.point).topology;
        [keyed.point.to_string(), experiment.topologies[topology].label.clone()]
    };
    let row = |pair: &Pair<'_>| {
        let transfer = &experiment.transfers[pair.higher.transfer].name;
        let mut cells = vec![experiment.name.clone(), transfer.clone()];
        cells.extend(label(pair.higher));
        cells.extend(label(pair.lower));
        let Predicted { median, low, high } = pair.ratio;
        cells.extend([median, low, high, pair.probability].map(|value| value.to_string()));
        cells
    };
    let header = std::iter::once(COLUMNS.map(str::to_owned).to_vec());
    write_table(&folder.join(FILE), header.chain(pairs.iter().map(row)))
}
