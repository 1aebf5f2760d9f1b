//! Workloads: how long runs take, and what links and pools were busy with, over time.

use std::path::Path;

use super::document::{Cell, Folded, Section, Table, numbers, words as column};
use crate::interval::Predicted;
use crate::plot::PlotError;
use crate::plot::table::{self, Row};
use crate::plot::words;

/// The figures of a completion: column, and what it is called.
const FIGURES: [(&str, &str); 5] = [
    ("completion_s_mean", "mean"),
    ("completion_s_p50", "median"),
    ("completion_s_p90", "p90"),
    ("completion_s_p99", "p99"),
    ("completion_s_p999", "p99.9"),
];
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
        let name = row.text("workload")?;
        let mut on = row.text("topology")?.to_owned();
        if !varied.is_empty() {
            let settings = varied.iter().map(|key| Ok(format!("{key} {}", row.text(key)?)));
            on += &format!(" ({})", settings.collect::<Result<Vec<_>, PlotError>>()?.join(", "));
        }
        let Some(mean) = row.maybe("completion_s_mean")? else {
            return Ok(format!("No run of {name} counts on {on}."));
        };
        let mut said = format!("A run of {name} on {on} takes {} on average", time(mean));
        if let Some([_, low, high]) = predicted(&row, "completion_s_mean")? {
            said += &format!(" ({} to {} with what is unknown, 90 %)", time(low), time(high));
        }
        if let Some(p99) = row.maybe("completion_s_p99")? {
            said += &format!("; 99 of 100 take at most {}", time(p99));
        }
        let (offered, carried) = (row.number("offered_hz_mean")?, row.number("carried_hz_mean")?);
        if carried < 0.98 * offered {
            let part = words::percent(carried / offered);
            said += &format!(". Only {part} of what arrived was carried in the same time");
        }
        let late = row.number("late")?;
        if late > 0.0 {
            let part = words::percent(late / row.number("arrived")?);
            said += &format!(". {part} of the runs lasted too long and were given up");
        }
        if row.text("settled")? == "false" {
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
        cells.push(Cell::text(row.text("workload")?));
        let mut load = cells.clone();
        let mut drawn = cells.clone();
        for (name, _) in FIGURES {
            let all = predicted(&row, name)?.map(|all| all.map(time));
            let text = all.map_or("–".into(), between);
            drawn.push(Cell::number(text));
        }
        if let Some(part) = row.maybe("probability_kept_up_ratio")? {
            drawn.push(Cell::number(words::percent(part)));
            unknown.push(drawn);
        }
        for (name, _) in FIGURES {
            cells.push(Cell::number(figure(&row, name)?));
        }
        load.push(Cell::number(row.text("counted")?));
        load.push(Cell::number(row.text("late")?));
        for name in ["offered_hz_mean", "carried_hz_mean"] {
            load.push(Cell::number(format!("{} /s", words::number(row.number(name)?))));
        }
        load.push(Cell::number(words::number(row.number("in_flight_mean")?)));
        times.push(cells);
        loads.push(load);
    }
    let text = "Completion is the time from the beginning of a run to the end of its last step. \
                Ranges hold the true value with 95 % confidence: over replications by Student's t; \
                of one replication by means of batches (the mean) and by order statistics (the \
                quantiles). No range is given where there are too few runs for one.";
    let of_times = columns(&FIGURES.map(|(_, name)| name));
    let with_unknowns =
        columns(&FIGURES.map(|(_, name)| name).into_iter().chain(["keeps up"]).collect::<Vec<_>>());
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

/// Median and ends of what draws make of a figure \[s\]; none where there were none.
fn predicted(row: &Row<'_>, figure: &str) -> Result<Option<[f64; 3]>, PlotError> {
    let [median, low, high] = Predicted::columns(figure);
    let all = [row.maybe(&median)?, row.maybe(&low)?, row.maybe(&high)?];
    Ok(if let [Some(median), Some(low), Some(high)] = all {
        Some([median, low, high])
    } else {
        None
    })
}

fn time(seconds: f64) -> String {
    words::time_figure(seconds)
}

/// A figure with its interval.
fn figure(row: &Row<'_>, name: &str) -> Result<String, PlotError> {
    let stem = name.strip_suffix("_mean").unwrap_or(name);
    let Some(value) = row.maybe(name)? else { return Ok("–".into()) };
    let low = row.maybe(&format!("{stem}_low"))?;
    let high = row.maybe(&format!("{stem}_high"))?;
    Ok(match (low, high) {
        (Some(low), Some(high)) if high > low => between([value, low, high].map(time)),
        _ => time(value),
    })
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
        cells.extend([Cell::text(row.text("resource")?), Cell::text(row.text("kind")?)]);
        let busy = row.number("busy_ratio_mean")?;
        cells.push(Cell::number(words::percent(busy)));
        cells.push(Cell::number(words::number(row.number("waiting_mean")?)));
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
