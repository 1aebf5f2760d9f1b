//! What `podpath replay` prints and writes.

use std::cmp::Reverse;
use std::path::Path;

use calibration_data::trace::Imported;
use models::outcome::Cause;
use models::replay::{KindReport, RankReport, Report};
use serde_json::{Value, json};
use sim::Time;

use crate::console::{Sheet, number};
use crate::failure::Failure;
use crate::overview::percent;
use crate::plot::words;
use crate::record::word;

/// The most ranks, parts of the path and links that are printed.
const ROWS_MAX: usize = 16;
const PATH_MAX: usize = 12;
const LINKS_MAX: usize = 5;

/// What was replayed and what came of it, and what had to be inferred.
pub(super) fn headline(imported: &Imported, carrier: &str, report: &Report) -> String {
    let traced = &imported.traced;
    let mut text = format!(
        "{}: {} of {} on {carrier}\ncompletion: {}",
        imported.format,
        words::count(traced.operations.len(), "operation"),
        words::count(traced.ranks as usize, "rank"),
        exact(report.completion),
    );
    if let Some(recorded) = imported.recorded {
        let ratio = report.completion.as_seconds() / recorded.as_seconds().max(1e-12);
        text += &format!(", recorded: {} ({} of it)", exact(recorded), percent(ratio));
    }
    text.push('\n');
    if let Some(first) = by_kind(report).first() {
        let share = first.time.as_seconds() / report.completion.as_seconds().max(1e-12);
        text += &format!(
            "bottleneck: {} ({}) at {}, {} of the longest path\n",
            first.kind,
            word(&first.cause),
            first.places(),
            percent(share),
        );
    }
    for note in &imported.notes {
        text += &format!("note: {note}\n");
    }
    text
}

/// Kinds, ranks, the longest path and the busiest links.
pub(super) fn sheets(report: &Report) -> Vec<Sheet> {
    let mut kinds = Sheet::new(&["kind", "operations", "bytes", "time"]);
    for kind in &report.kinds {
        kinds.add_row([
            kind.kind.word().into(),
            number(kind.operations),
            number(size(kind.bytes.get())),
            number(figure(kind.time)),
        ]);
    }
    let words = report.kinds.iter().map(|kind| kind.kind.word());
    let header: Vec<&str> = ["rank", "place", "end"].into_iter().chain(words).collect();
    let mut ranks = Sheet::new(&header);
    for (at, rank) in report.ranks.iter().enumerate().take(ROWS_MAX) {
        let mut row = vec![number(at), (&rank.place).into(), number(figure(rank.end))];
        for kind in &report.kinds {
            let own = rank.kinds.iter().find(|own| own.kind == kind.kind);
            row.push(number(own.map_or("–".into(), |own| figure(own.time))));
        }
        ranks.add_row(row);
    }
    if let Some(more) = report.ranks.len().checked_sub(ROWS_MAX + 1) {
        ranks.add_row([format!("… {}", words::count(more + 1, "more rank"))]);
    }
    let mut sheets = vec![kinds, ranks, path(report)];
    if !report.links.is_empty() {
        let mut links = Sheet::new(&["busiest links", "busy"]);
        for (link, busy) in report.links.iter().take(LINKS_MAX) {
            links.add_row([link.into(), number(percent(*busy))]);
        }
        sheets.push(links);
    }
    sheets
}

fn path(report: &Report) -> Sheet {
    let mut path = Sheet::new(&["longest path", "cause", "most of it at", "time", "of whole"]);
    let whole = report.completion.as_seconds().max(1e-12);
    let mut row = |[kind, cause, at]: [&str; 3], time: Time| {
        let share = number(percent(time.as_seconds() / whole));
        path.add_row([kind.into(), cause.into(), at.into(), number(figure(time)), share]);
    };
    let parts = by_kind(report);
    for part in parts.iter().take(PATH_MAX) {
        row([part.kind, &word(&part.cause), &part.places()], part.time);
    }
    if let Some(rest) = parts.get(PATH_MAX..).filter(|rest| !rest.is_empty()) {
        let name = words::count(rest.len(), "smaller part");
        row([&name, "", ""], rest.iter().map(|part| part.time).sum());
    }
    row(["whole", "", ""], report.completion);
    path
}

/// A part of the longest path: one kind of thing and one cause, wherever.
struct Part<'a> {
    kind: &'a str,
    cause: Cause,
    time: Time,
    /// Where most of it passes, and at how many other places.
    at: &'a str,
    others: usize,
}

impl Part<'_> {
    fn places(&self) -> String {
        match self.others {
            0 => self.at.to_owned(),
            others => format!("{} and {}", self.at, words::count(others, "other")),
        }
    }
}

/// The longest path by kind and cause, most first.
fn by_kind(report: &Report) -> Vec<Part<'_>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    // The path itself is sorted: the first of a kind is the place with the most.
    for interval in &report.path {
        let (kind, cause) = (interval.kind.as_str(), interval.cause);
        match parts.iter_mut().find(|part| (part.kind, part.cause) == (kind, cause)) {
            Some(part) => {
                part.time += interval.span;
                part.others += 1;
            }
            None => {
                let (time, at) = (interval.span, interval.hop.as_str());
                parts.push(Part { kind, cause, time, at, others: 0 });
            }
        }
    }
    parts.sort_by_key(|part| Reverse(part.time));
    parts
}

/// A time to the nanosecond where that is readable.
fn exact(time: Time) -> String {
    match time.as_ps() {
        ps if ps < 1_000_000_000 => format!("{} ns", ps as f64 / 1e3),
        _ => words::time_figure(time.as_seconds()),
    }
}

fn figure(time: Time) -> String {
    if time == Time::ZERO { "0".into() } else { words::time_figure(time.as_seconds()) }
}

fn size(bytes: u64) -> String {
    if bytes == 0 { "–".into() } else { words::size(bytes as f64) }
}

pub(super) fn kind_json(kind: &KindReport) -> Value {
    json!({
        "kind": kind.kind,
        "operations": kind.operations,
        "bytes": kind.bytes.get(),
        "time_s": kind.time.as_seconds(),
    })
}

pub(super) fn rank_json((at, rank): (usize, &RankReport)) -> Value {
    json!({
        "rank": at,
        "place": rank.place,
        "end_s": rank.end.as_seconds(),
        "kinds": rank.kinds.iter().map(kind_json).collect::<Vec<_>>(),
    })
}

/// Writes the tables of `--out`.
pub(super) fn write(folder: &Path, imported: &Imported, report: &Report) -> Result<(), Failure> {
    let seconds = |time: Time| time.as_seconds().to_string();
    let kind = |kind: &KindReport| {
        [
            kind.kind.word().to_owned(),
            kind.operations.to_string(),
            kind.bytes.get().to_string(),
            seconds(kind.time),
        ]
    };
    let kinds = report.kinds.iter().map(|of| kind(of).to_vec());
    table(folder, "kinds.csv", &["kind", "operations", "bytes", "time_s"], kinds)?;
    let ranks = report.ranks.iter().enumerate().flat_map(|(at, rank)| {
        let row = move |of: &KindReport| {
            let own = [at.to_string(), rank.place.clone(), seconds(rank.end)];
            own.into_iter().chain(kind(of)).collect()
        };
        rank.kinds.iter().map(row)
    });
    let header = ["rank", "place", "end_s", "kind", "operations", "bytes", "time_s"];
    table(folder, "ranks.csv", &header, ranks)?;
    let path = report.path.iter().map(|interval| {
        let cause = word(&interval.cause);
        vec![interval.hop.clone(), interval.kind.clone(), cause, seconds(interval.span)]
    });
    table(folder, "path.csv", &["where", "kind", "cause", "time_s"], path)?;
    let links = report.links.iter().map(|(link, busy)| vec![link.clone(), busy.to_string()]);
    table(folder, "links.csv", &["link", "busy_ratio"], links)?;
    let operations = imported.traced.operations.iter().zip(&report.spans).enumerate();
    let operations = operations.map(|(at, (operation, [begin, end]))| {
        vec![
            at.to_string(),
            operation.rank.to_string(),
            operation.does.kind().word().to_owned(),
            operation.does.bytes().get().to_string(),
            seconds(*begin),
            seconds(*end),
        ]
    });
    let header = ["operation", "rank", "kind", "bytes", "begin_s", "end_s"];
    table(folder, "operations.csv", &header, operations)
}

fn table(
    folder: &Path,
    name: &str,
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), Failure> {
    let failed = |error: csv::Error| Failure::run(format!("writing {name}"), error);
    let mut writer = csv::Writer::from_path(folder.join(name)).map_err(failed)?;
    writer.write_record(header).map_err(failed)?;
    for row in rows {
        writer.write_record(row).map_err(failed)?;
    }
    writer.flush().map_err(|error| Failure::run(format!("writing {name}"), error))
}
