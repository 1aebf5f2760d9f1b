//! Workloads: how long runs take, and what links and pools were busy with, over time.

use std::path::Path;

use super::document::{Cell, Folded, Section, Table, numbers, words as column};
use crate::plot::PlotError;
use crate::plot::table::{self, Row};
use crate::plot::words;
use crate::row::Figure;
use crate::workload::{ResourceRow, WorkloadRow};

/// What the figures of a completion are called.
const FIGURES: [&str; 5] = ["mean", "median", "p90", "p99", "p99.9"];
/// What the table of draws says.
const UNKNOWN: &str = "What is unknown about hosts, cards and the model itself was drawn several \
                       times, and the workload was simulated with each. It keeps up in a draw in \
                       which 98 % of what arrives is carried.";
/// Resources that are shown; the others stand in resources.csv.
const RESOURCES_MAX: usize = 20;

/// The answer: a sentence for each of the first few workloads.
///
/// # Errors
/// If workloads.csv is missing or broken.
pub fn answer(dir: &Path) -> Result<Vec<String>, PlotError> {
    let table = table::Table::read(dir, "workloads.csv")?;
    let varied = table.between("topology", "workload").to_vec();
    let sentence = |row: Row<'_>| -> Result<String, PlotError> {
        let own: WorkloadRow = row.read()?;
        let name = &own.workload;
        let mut on = row.text("topology")?.to_owned();
        if !varied.is_empty() {
            let settings = varied.iter().map(|key| Ok(format!("{key} {}", row.text(key)?)));
            on += &format!(" ({})", settings.collect::<Result<Vec<_>, PlotError>>()?.join(", "));
        }
        let Some(mean) = own.times.completions.completion_s.mean else {
            return Ok(format!("No run of {name} counts on {on}."));
        };
        let mut said = format!("A run of {name} on {on} takes {} on average", time(mean));
        let drawn = own.times.completion_s_mean_predicted.rising();
        if let Some([low, _, high]) = drawn {
            said += &format!(" ({} to {} with what is unknown, 90 %)", time(low), time(high));
        }
        if let Some(p99) = own.times.completions.completion_s_p99.value {
            said += &format!("; 99 of 100 take at most {}", time(p99));
        }
        let (offered, carried) = (own.offered_hz.mean, own.carried_hz.mean);
        if carried < 0.98 * offered {
            let part = words::percent(carried / offered);
            said += &format!(". Only {part} of what arrived was carried in the same time");
        }
        if own.late > 0 {
            let part = words::percent(own.late as f64 / own.arrived as f64);
            said += &format!(". {part} of the runs lasted too long and were given up");
        }
        if !own.settled {
            said += ". The run did not become steady";
        }
        Ok(said + ".")
    };
    table.rows().take(4).map(sentence).collect()
}

/// The sections on workloads and resources.
///
/// # Errors
/// If a table is missing or broken.
pub fn sections(dir: &Path) -> Result<Vec<Section>, PlotError> {
    let workloads = table::Table::read(dir, "workloads.csv")?;
    let resources = table::Table::read(dir, "resources.csv")?;
    let varied: Vec<String> = workloads.between("topology", "workload").to_vec();
    Ok(vec![completion(&workloads, &varied)?, usage(&resources, &varied)?])
}

fn keys(row: &Row<'_>, varied: &[String]) -> Result<Vec<Cell>, PlotError> {
    let names = std::iter::once("topology").chain(varied.iter().map(String::as_str));
    names.map(|name| Ok(Cell::text(row.text(name)?))).collect()
}

fn key_columns(varied: &[String]) -> Vec<super::document::Column> {
    std::iter::once("topology").chain(varied.iter().map(String::as_str)).map(column).collect()
}

fn completion(table: &table::Table, varied: &[String]) -> Result<Section, PlotError> {
    let columns = |figures: &[&str]| {
        let mut columns = key_columns(varied);
        columns.push(column("workload"));
        columns.extend(figures.iter().map(|name| numbers(name)));
        columns
    };
    let (mut times, mut unknown, mut loads) = (Vec::new(), Vec::new(), Vec::new());
    for row in table.rows() {
        let mut cells = keys(&row, varied)?;
        let row: WorkloadRow = row.read()?;
        cells.push(Cell::text(&row.workload));
        let mut load = cells.clone();
        let mut drawn = cells.clone();
        drawn.extend(row.times.predicted().map(|ends| {
            let all = ends.rising().map(|[low, median, high]| [median, low, high].map(time));
            Cell::number(all.map_or("–".into(), between))
        }));
        if let Some(part) = row.probability_kept_up_ratio {
            drawn.push(Cell::number(words::percent(part)));
            unknown.push(drawn);
        }
        cells.extend(row.times.completions.figures().map(|one| Cell::number(figure(one))));
        load.extend([row.counted, row.late].map(|count| Cell::number(count.to_string())));
        for rate in [row.offered_hz, row.carried_hz] {
            load.push(Cell::number(format!("{} /s", words::number(rate.mean))));
        }
        load.push(Cell::number(words::number(row.in_flight.mean)));
        times.push(cells);
        loads.push(load);
    }
    let text = "Completion is the time from the beginning of a run to the end of its last step. \
                Ranges hold the true value with 95 % confidence: over replications by Student's t; \
                of one replication by means of batches (the mean) and by order statistics (the \
                quantiles). No range is given where there are too few runs for one.";
    let of_times = columns(&FIGURES);
    let with_unknowns = columns(&FIGURES.into_iter().chain(["keeps up"]).collect::<Vec<_>>());
    let of_loads = columns(&["runs", "late", "offered", "carried", "in flight"]);
    let mut section = Section {
        id: "workloads",
        title: "How long runs take",
        paragraphs: vec![text.into()],
        tables: vec![Table::plain("Completion of the runs of each workload", of_times, times)],
        ..Section::default()
    };
    if !unknown.is_empty() {
        section.paragraphs.push(UNKNOWN.into());
        let caption = "Completion with what is unknown: median (90 % of draws)";
        section.tables.push(Table::plain(caption, with_unknowns, unknown));
    }
    let caption = "Runs, and how many a second arrived and ended";
    section.tables.push(Table::plain(caption, of_loads, loads));
    Ok(section)
}

fn time(seconds: f64) -> String {
    words::time_figure(seconds)
}

/// A figure with its interval.
fn figure(of: Figure) -> String {
    match (of.value, of.low, of.high) {
        (None, ..) => "–".into(),
        (Some(value), Some(low), Some(high)) if high > low => between([value, low, high].map(time)),
        (Some(value), ..) => time(value),
    }
}

/// A value with the ends of its interval.
fn between([value, low, high]: [String; 3]) -> String {
    let units = [&value, &low, &high].map(|text| text.rsplit_once(' '));
    match units {
        // One unit for all three leaves room.
        [Some((value, unit)), Some((low, a)), Some((high, b))] if a == unit && b == unit => {
            format!("{value} ({low} to {high}) {unit}")
        }
        _ => format!("{value} ({low} to {high})"),
    }
}

fn usage(table: &table::Table, varied: &[String]) -> Result<Section, PlotError> {
    let mut columns = key_columns(varied);
    columns.extend([column("resource"), column("kind")]);
    columns.extend([numbers("busy"), numbers("waiting")]);
    let mut rows = Vec::new();
    for row in table.rows() {
        let mut cells = keys(&row, varied)?;
        let row: ResourceRow = row.read()?;
        cells.extend([Cell::text(&row.resource), Cell::text(&row.kind)]);
        let busy = row.busy_ratio.mean;
        cells.push(Cell::number(words::percent(busy)));
        cells.push(Cell::number(words::number(row.waiting.mean)));
        rows.push((busy, cells));
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: Vec<Vec<Cell>> = rows.into_iter().map(|(_, cells)| cells).collect();
    let shown = all.iter().take(RESOURCES_MAX).cloned().collect();
    let text = "Waiting is a number in the mean: of those in line for a pool, and of moves that a \
                link holds back, each by the part of its rate that it lacks. Divided by runs a \
                second, it is what a run waits there (Little's law). windows.csv has both over \
                time.";
    let caption = "The busiest links and pools";
    let mut section = Section {
        id: "resources",
        title: "What was busy",
        paragraphs: vec![text.into()],
        tables: vec![Table::plain(caption, columns.clone(), shown)],
        ..Section::default()
    };
    if all.len() > RESOURCES_MAX {
        section.folded.push(Folded {
            summary: format!("All {}", words::count(all.len(), "resource")),
            table: Some(Table::plain("All links and pools that were used", columns, all)),
            text: None,
        });
    }
    Ok(section)
}
