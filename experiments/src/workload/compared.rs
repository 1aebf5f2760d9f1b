//! Two topologies under the same workload: how much longer a run takes on one of them, and with
//! what probability it does.

use std::collections::BTreeMap;
use std::path::Path;

use super::record::Keyed;
use super::sure::Sure;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::interval::compared::{EACH_WITH_EACH_MAX, over};
use crate::record::write_table;

/// The columns of `workload_comparisons.csv`.
const COLUMNS: [&str; 10] = [
    "experiment",
    "workload",
    "point_a",
    "topology_a",
    "point_b",
    "topology_b",
    "completion_ratio_median",
    "completion_ratio_low",
    "completion_ratio_high",
    "probability_a_shorter_ratio",
];

/// A point, and what draws make of a workload there.
type Drawn<'a> = (usize, &'a Sure);

/// Writes `workload_comparisons.csv` into `folder`, if there is anything to compare: every two
/// topologies that differ in nothing else, the one on which runs are shorter first.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write(
    folder: &Path,
    experiment: &Experiment,
    plan: &Plan,
    keyed: &[Keyed<'_>],
) -> Result<(), Failure> {
    let names = experiment.load.as_ref().map_or(Vec::new(), |load| load.workloads());
    let mut groups: BTreeMap<(Vec<usize>, usize), Vec<Drawn<'_>>> = BTreeMap::new();
    for keyed in keyed {
        let steps = plan.point(keyed.point).steps;
        for (which, workload) in keyed.digest.workloads.iter().enumerate() {
            if let Some(sure) = workload.sure.as_ref().filter(|sure| !sure.draws.is_empty()) {
                groups.entry((steps.clone(), which)).or_default().push((keyed.point, sure));
            }
        }
    }
    let label = |point: usize| {
        let topology = plan.point(point).topology;
        [point.to_string(), experiment.topologies[topology].label.clone()]
    };
    let mut rows = Vec::new();
    for ((_, which), mut group) in groups {
        let mean = |sure: &Sure| sure.completion_s.map_or(f64::INFINITY, |of| of[0].median);
        group.sort_by(|a, b| mean(a.1).total_cmp(&mean(b.1)));
        for (at, (shorter, a)) in group.iter().enumerate() {
            let most = if group.len() > EACH_WITH_EACH_MAX { 1 } else { usize::MAX };
            for (longer, b) in group[at + 1..].iter().take(most) {
                let (ratio, _) = over(&a.draws, &b.draws);
                let (_, probability) = over(&b.draws, &a.draws);
                let mut cells = vec![experiment.name.clone(), names[which].to_owned()];
                cells.extend(label(*shorter));
                cells.extend(label(*longer));
                let figures = [ratio.median, ratio.low, ratio.high, probability];
                cells.extend(figures.map(|value| value.to_string()));
                rows.push(cells);
            }
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let header = std::iter::once(COLUMNS.map(str::to_owned).to_vec());
    write_table(&folder.join("workload_comparisons.csv"), header.chain(rows))
}
