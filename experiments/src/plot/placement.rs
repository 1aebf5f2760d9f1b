//! The figures of placements: what is allocated and fragmented, against what has arrived or time.

use std::path::Path;

use super::lines::{self, Axis, Line, Words};
use super::run::distinct;
use super::table::Table;
use super::{Draft, PlotError, words};

/// A figure from one column of a table.
struct Plan {
    name: &'static str,
    table: &'static str,
    /// The column across, what it is divided by, and its title.
    across: (&'static str, f64, &'static str),
    column: &'static str,
    /// The part of the horizontal axis that is left out, from its beginning.
    left_out: f64,
    unit: &'static str,
    high: Axis,
    title: &'static str,
    caption: &'static str,
}

/// A day \[s\].
const DAY_S: f64 = 86_400.0;
const ARRIVED: (&str, f64, &str) =
    ("arrived_percent", 1.0, "GPU that arrived pods ask for [% of the cluster]");
const DAYS: (&str, f64, &str) = ("time_s", DAY_S, "days since the first arrival");

const PLANS: [Plan; 5] = [
    Plan {
        name: "allocated",
        table: "placement.csv",
        across: ARRIVED,
        column: "allocated_percent",
        // Where there is room for everybody all lines are one.
        left_out: 0.5,
        unit: "% of the cluster's GPU",
        high: Axis::Even,
        title: "Allocated GPU against what has arrived",
        caption: "The mean of all seeds. Where a line leaves the diagonal, pods fit nowhere.",
    },
    Plan {
        name: "fragmented",
        table: "placement.csv",
        across: ARRIVED,
        column: "fragmented_percent",
        left_out: 0.0,
        unit: "% of the unallocated GPU",
        high: Axis::FromZero,
        title: "Fragmented GPU against what has arrived",
        caption: "The part of what is free that the typical pods of the trace cannot use.",
    },
    Plan {
        name: "allocated-over-time",
        table: "moments.csv",
        across: DAYS,
        column: "allocated_percent",
        left_out: 0.0,
        unit: "% of the cluster's GPU",
        high: Axis::FromZero,
        title: "Allocated GPU over time",
        caption: "The mean of all seeds.",
    },
    Plan {
        name: "fragmented-over-time",
        table: "moments.csv",
        across: DAYS,
        column: "fragmented_percent",
        left_out: 0.0,
        unit: "% of the unallocated GPU",
        high: Axis::FromZero,
        title: "Fragmented GPU over time",
        caption: "The part of what is free that the typical pods of the trace cannot use.",
    },
    Plan {
        name: "waiting-over-time",
        table: "moments.csv",
        across: DAYS,
        column: "waiting_pods",
        left_out: 0.0,
        unit: "pods",
        high: Axis::FromZero,
        title: "Waiting pods over time",
        caption: "Pods that have arrived and are not placed.",
    },
];

/// The most points of a line.
const POINTS_MAX: usize = 40;

/// Every figure that the tables in `dir` have data for.
pub(super) fn drafts(dir: &Path) -> Result<Vec<Draft>, PlotError> {
    let mut drafts = Vec::new();
    for plan in &PLANS {
        let Some(table) = Table::read_if_there(dir, plan.table)? else { continue };
        let lines = read(&table, plan)?;
        let nothing = lines.iter().flat_map(|line| &line.points).all(|point| point.1 == 0.0);
        let said = Words {
            title: plan.title,
            note: plan.caption,
            across: plan.across.2,
            ticks: words::number,
            wide: Axis::Even,
            unit: plan.unit,
            high: plan.high,
        };
        let Some(picture) = lines::draw(&lines, said).filter(|_| !nothing) else { continue };
        drafts.push(Draft {
            name: plan.name,
            title: plan.title.into(),
            caption: plan.caption.into(),
            alternative: format!("{}, a line for each scheduler. {}", plan.title, plan.caption),
            picture,
        });
    }
    Ok(drafts)
}

fn read(table: &Table, plan: &Plan) -> Result<Vec<Line>, PlotError> {
    let names: Result<Vec<String>, PlotError> =
        table.rows().map(|row| Ok(row.text("scheduler")?.to_owned())).collect();
    let (column, unit, _) = plan.across;
    let line = |name: String| {
        let own = table.rows().filter(|row| row.text("scheduler").is_ok_and(|own| own == name));
        let points: Result<Vec<_>, PlotError> =
            own.map(|row| Ok((row.number(column)? / unit, row.number(plan.column)?))).collect();
        let mut points = points?;
        let end = points.last().map_or(0.0, |last| last.0);
        points.retain(|(across, _)| *across >= plan.left_out * end);
        // The last point is always shown.
        let step = points.len().div_ceil(POINTS_MAX).max(1);
        let mut shown: Vec<_> = points.iter().rev().step_by(step).copied().collect();
        shown.reverse();
        Ok(Line { name, points: shown, ..Line::default() })
    };
    distinct(names?.into_iter()).into_iter().map(line).collect()
}
