//! The figures of a GPU's calibration, from its points.csv.

use super::lines::{self, Line, Words};
use super::picture::Point;
use super::run::distinct;
use super::table::{Row, Table};
use super::{Draft, PlotError};

/// What is drawn.
struct Plan {
    name: &'static str,
    title: &'static str,
    caption: &'static str,
    probe: &'static str,
    axis: &'static str,
    across: &'static str,
    unit: &'static str,
    log: bool,
    /// From median \[s\] and amount to what is drawn.
    value: fn(f64, f64) -> f64,
}

fn gb_s(seconds: f64, amount: f64) -> f64 {
    amount / seconds / 1e9
}

fn ns_each(seconds: f64, amount: f64) -> f64 {
    seconds / amount * 1e9
}

const PLANS: [Plan; 3] = [
    Plan {
        name: "bandwidth-in-flight",
        title: "Bandwidth against bytes in flight",
        caption: "Few bytes in flight are bound by latency (Little's law), many by what the level \
                  can carry; the knee between is where a kernel has threads enough.",
        probe: "bandwidth",
        axis: "flight_b",
        across: "bytes in flight, all SMs together",
        unit: "GB/s",
        log: true,
        value: gb_s,
    },
    Plan {
        name: "latency-working-set",
        title: "Latency against working set",
        caption: "One thread's dependent loads: a plateau for each level that holds the whole \
                  ring, and slopes where a level holds a part of it.",
        probe: "latency",
        axis: "working_set_b",
        across: "working set",
        unit: "ns",
        log: false,
        value: ns_each,
    },
    Plan {
        name: "copy-bandwidth-size",
        title: "Copy bandwidth against size",
        caption: "Small copies take what a call takes; large ones reach the rate of the bus, of a \
                  core that copies, or of device memory.",
        probe: "copies",
        axis: "copy_b",
        across: "size of the copy",
        unit: "GB/s",
        log: true,
        value: gb_s,
    },
];

/// Everything that the table has points for.
///
/// # Errors
/// If the table is not what `podpath calibrate gpu` writes.
pub(super) fn drafts(table: &Table) -> Result<Vec<Draft>, PlotError> {
    let mut drafts = Vec::new();
    let device = table.rows().next().map_or(Ok(""), |row| row.text("device"))?;
    for plan in &PLANS {
        let lines = read(table, plan)?;
        let words = Words {
            title: plan.title,
            note: &format!("{device}; medians"),
            across: plan.across,
            unit: plan.unit,
            log: plan.log,
        };
        let Some(picture) = lines::draw(&lines, words) else { continue };
        drafts.push(Draft {
            name: plan.name,
            title: plan.title.into(),
            caption: plan.caption.into(),
            alternative: format!("{} of {device}. {}", plan.title, plan.caption),
            picture,
        });
    }
    Ok(drafts)
}

fn read(table: &Table, plan: &Plan) -> Result<Vec<Line>, PlotError> {
    let mut points: Vec<(String, Point)> = Vec::new();
    for row in table.rows() {
        if row.text("probe")? == plan.probe && row.text("axis")? == plan.axis {
            points.push((row.text("series")?.replace('_', " "), point(&row, plan)?));
        }
    }
    let line = |name: String| {
        let mut own: Vec<Point> =
            points.iter().filter(|(series, _)| *series == name).map(|(_, point)| *point).collect();
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        Line { name, points: own }
    };
    Ok(distinct(points.iter().map(|(series, _)| series.clone())).into_iter().map(line).collect())
}

fn point(row: &Row<'_>, plan: &Plan) -> Result<Point, PlotError> {
    let value = (plan.value)(row.number("median_s")?, row.number("amount")?);
    Ok((row.number("x")?, value))
}
