//! Where the levels at which a kernel is run part: how far the warp level lies from the cohorts of
//! blocks, against the size of the grid.

use super::lines::{self, Axis, Line, Words};
use super::picture::Picture;
use super::run::{Outcome, Run, distinct};
use super::series;

/// The column of the level, and that of the grid's threads.
const LEVEL: &str = "kernel_level";
const THREADS: &str = "kernel_threads";

/// Draws how far apart they are; none if the run has not both levels at several sizes.
pub fn draw(run: &Run) -> Option<Picture> {
    let warps: Vec<&Outcome> =
        run.results.iter().filter(|result| result.key.get(LEVEL) == "warp").collect();
    let mut lines: Vec<Line> = Vec::new();
    for name in distinct(warps.iter().map(|result| name(result))) {
        let own = warps.iter().filter(|warp| self::name(warp) == name);
        let points = own.filter_map(|warp| {
            let threads = warp.key.get(THREADS).parse::<f64>().ok();
            Some((threads.filter(|threads| *threads > 0.0)?, 100.0 * apart(run, warp)?))
        });
        let mut points: Vec<_> = points.collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        if points.len() > 1 {
            lines.push(Line { name, points, ..Line::default() });
        }
    }
    let note = "Difference of the completion times, without its sign. The closed form lies on the \
                cohorts.";
    let words = Words {
        title: "How far warps and cohorts of blocks are apart",
        note: &run.noted(note),
        across: "threads of the grid",
        ticks: super::words::number,
        wide: Axis::Log,
        unit: "%",
        high: Axis::FromZero,
    };
    lines::draw(&lines, words)
}

/// The relative difference between a result at the warp level and its like at the cohort level.
fn apart(run: &Run, warp: &Outcome) -> Option<f64> {
    let alike = |other: &&Outcome| {
        let same = |(column, value): &(String, String)| {
            column == LEVEL || other.key.get(column) == value.as_str()
        };
        other.key.get(LEVEL) == "cohort" && warp.key.dimensions.iter().all(same)
    };
    let cohort = run.of_size(&warp.key.topology, warp.key.message_b).find(alike)?.completion_s?;
    Some((warp.completion_s? / cohort - 1.0).abs())
}

/// What tells a line from the others: topology, block, and whether the kernel computes.
fn name(result: &Outcome) -> String {
    let block = series::setting("kernel_block", result.key.get("kernel_block"));
    let computes = result.key.get("kernel_flop").parse::<f64>().is_ok_and(|flop| flop > 0.0);
    let topology = result.key.topology.trim_start_matches("gpu-result-");
    let bound = if computes { ", computes" } else { "" };
    format!("{topology}, {block}{bound}")
}
