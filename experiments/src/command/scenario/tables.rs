//! What `podpath scenario` prints and writes.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::place::tables::{Estimate, Table};
use crate::console::{Sheet, number};
use crate::failure::Failure;
use crate::plot::words;
use crate::record::write_table;
use crate::scenario::doubt;
use crate::scenario::{Kind, Reported, Scenario, Sure, Told, Variant, factor, unit};

/// So many rows of a table are printed; the files have all.
const SHOWN: usize = 24;
/// The figures that are printed of a model that is served, where they are not zero throughout.
const SERVING: [&str; 8] = [
    "ttft_mean_s",
    "ttft_p99_s",
    "tpot_mean_s",
    "requests_per_s",
    "handover_mean_s",
    "handover_bytes_per_s",
    "replicas",
    "start_s",
];
/// Those of training.
const TRAINING: [&str; 5] =
    ["step_s", "samples_per_s", "efficiency_percent", "exposed_percent", "bus_bytes_per_s"];

/// What was run.
pub(super) fn about(own: &Scenario, draws: u32) -> String {
    let drawn = match draws {
        0 => "nothing drawn".to_owned(),
        draws => words::count(draws as usize, "draw"),
    };
    let variants = words::count(own.variants.len(), "variant");
    let about = if own.about.is_empty() { String::new() } else { format!(". {}", own.about) };
    format!("{}: {variants}, {drawn}{about}", own.name)
}

/// A figure in a unit that suits it.
fn figure(name: &str, value: f64) -> String {
    match unit(name) {
        "s" => words::time(value),
        "B/s" => words::byte_rate(value * 8.0),
        "B" => words::size(value),
        "%" => format!("{value:.1} %"),
        "1/s" => format!("{} /s", words::number(value)),
        _ => words::number(value),
    }
}

fn ranged(name: &str, sure: Sure) -> String {
    let [value, low, high] = [sure.value, sure.low, sure.high].map(|own| figure(name, own));
    if low == value && high == value { value } else { format!("{value} ({low} to {high})") }
}

/// A figure as a heading.
fn heading(name: &str) -> String {
    let ends = ["_bytes_per_s", "_percent", "_per_s", "_bytes", "_s"];
    let bare = ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    bare.replace('_', " ").replace("ttft", "TTFT").replace("tpot", "TPOT")
}

/// The figures that are printed.
fn shown(own: &Scenario, told: &[Told]) -> Vec<&'static str> {
    let all: &[&'static str] = match own.kind {
        Kind::Serving => &SERVING,
        Kind::Training => &TRAINING,
    };
    let says = |name: &&&str| {
        told.iter().any(|told| told.figure(name).is_some_and(|sure| sure.value > 0.0))
    };
    all.iter().filter(says).copied().collect()
}

/// A row for each variant.
pub(super) fn sheet(own: &Scenario, told: &[Told]) -> Sheet {
    let names = shown(own, told);
    let header: Vec<String> =
        own.axes.iter().cloned().chain(names.iter().map(|name| heading(name))).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut sheet = Sheet::new(&header);
    for (variant, told) in own.variants.iter().zip(told).take(SHOWN) {
        let values = variant.values.iter().map(|value| value.to_string().into());
        let figures = names
            .iter()
            .map(|name| number(told.figure(name).map_or(String::new(), |sure| ranged(name, sure))));
        sheet.add_row(values.chain(figures));
    }
    sheet
}

/// What would win it back, and what people reported.
pub(super) fn more(own: &Scenario, told: &[Told]) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    let whole = whole(own);
    if told.iter().any(|told| !told.own.gains.is_empty()) {
        let mut header: Vec<&str> = own.axes.iter().map(String::as_str).collect();
        header.extend(["with this alone", "is left", "won"]);
        let mut sheet = Sheet::new(&header);
        for (variant, told) in own.variants.iter().zip(told).take(SHOWN) {
            let all = told.own.figure(whole).unwrap_or(0.0);
            for (name, left) in &told.own.gains {
                let values = variant.values.iter().map(|value| value.to_string().into());
                let won = if all > 0.0 { 100.0 * (all - left) / all } else { 0.0 };
                let cells = [
                    name.as_str().into(),
                    number(words::time(*left)),
                    number(format!("{won:.1} %")),
                ];
                sheet.add_row(values.chain(cells));
            }
        }
        sheets.push(sheet);
    }
    if !own.reported.is_empty() {
        let mut sheet = Sheet::new(&["what", "reported", "predicted", "90 %", "in it", "factor"]);
        for reported in own.reported.iter().take(SHOWN) {
            let sure = beside(reported, told);
            let name = &reported.figure;
            let (low, high) = (figure(name, reported.low), figure(name, reported.high));
            let range = if low == high { low } else { format!("{low} to {high}") };
            let (from, to) = (figure(name, sure.low), figure(name, sure.high));
            let inside = if reported.is_used { "used" } else { inside(reported, sure) };
            sheet.add_row([
                reported.text.as_str().into(),
                number(range),
                number(figure(name, sure.value)),
                number(format!("{from} to {to}")),
                inside.into(),
                number(format!("{:.2} ×", factor(reported.low, reported.high, sure.value))),
            ]);
        }
        sheets.push(sheet);
    }
    sheets
}

fn inside(reported: &Reported, sure: Sure) -> &'static str {
    if reported.low <= sure.high && reported.high >= sure.low { "yes" } else { "no" }
}

/// What is predicted for a reported figure.
fn beside(reported: &Reported, told: &[Told]) -> Sure {
    let own = told[reported.variant].figure(&reported.figure);
    own.expect("its name was checked")
}

/// The figure of which gains are a part.
const fn whole(own: &Scenario) -> &'static str {
    match own.kind {
        Kind::Serving => "ttft_mean_s",
        Kind::Training => "step_s",
    }
}

/// What came of it, in a sentence or two.
pub(super) fn answer(own: &Scenario, told: &[Told]) -> String {
    let name = whole(own);
    let value = |told: &Told| told.own.figure(name).unwrap_or(0.0);
    let labelled = |at: usize| match own.variants[at].label() {
        label if label.is_empty() => String::new(),
        label => format!(" with {label}"),
    };
    let by =
        |order: fn(f64, f64) -> bool| {
            (0..told.len()).fold(0, |best, at| {
                if order(value(&told[at]), value(&told[best])) { at } else { best }
            })
        };
    let (least, most) = (by(|a, b| a < b), by(|a, b| a > b));
    let what = match own.kind {
        Kind::Serving => "The first token takes",
        Kind::Training => "A step takes",
    };
    let said = |at: usize| told[at].figure(name).map_or(String::new(), |sure| ranged(name, sure));
    if value(&told[most]) <= 0.0 {
        let start = told[0].figure("start_s").filter(|sure| sure.value > 0.0);
        return match start {
            Some(sure) => format!("A start takes {}.", ranged("start_s", sure)),
            None => "Nothing was asked.".into(),
        };
    }
    let mut text = match least == most {
        true => format!("{what} {}{}.", said(least), labelled(least)),
        false => format!(
            "{what} {}{}, and {}{}.",
            said(least),
            labelled(least),
            said(most),
            labelled(most)
        ),
    };
    let gains = told[most].own.gains.iter().skip(usize::from(told[most].own.gains.len() > 1));
    let best = gains.min_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((name, left)) = best.filter(|(_, left)| *left < 0.99 * value(&told[most])) {
        let won = 100.0 * (1.0 - left / value(&told[most]));
        text += &format!(" There, {name} would win {won:.0} % back.");
    }
    text
}

fn estimate(sure: Sure) -> Estimate {
    let round = |value: f64| match value {
        0.0 => 0.0,
        // Nine digits say more than anybody knows, and are the same on every machine.
        value => format!("{value:.8e}").parse().expect("it is a number"),
    };
    Estimate { mean: round(sure.value), low: round(sure.low), high: round(sure.high) }
}

fn cells(variant: &Variant) -> Vec<String> {
    variant.values.iter().map(ToString::to_string).collect()
}

/// Writes all tables.
pub(super) fn write(own: &Scenario, told: &[Told], folder: &Path) -> Result<(), Failure> {
    let axes: Vec<&str> = own.axes.iter().map(String::as_str).collect();
    let with = |more: &[&'static str]| {
        axes.iter().copied().chain(more.iter().copied()).collect::<Vec<&str>>()
    };
    let names: Vec<&str> = told[0].sure.iter().map(|(name, _)| name.as_str()).collect();
    let mut tables = vec![Table::of("summary.csv", &axes, &names)];
    let mut stages = Table::of("stages.csv", &with(&["stage"]), &["mean_s"]);
    let mut gains = Table::new("gains.csv", &with(&["with_this_alone", "left_s"]));
    let mut gantt =
        Table::new("gantt.csv", &["gpu", "instance", "function", "what", "from_s", "until_s"]);
    let mut spoiled = Table::new("spoiled.csv", &with(&["victim", "culprit", "link", "lost_s"]));
    let mut links = Table::new("links.csv", &with(&["link", "used_percent"]));
    let mut requests = Table::new("requests.csv", &[]);
    for (variant, told) in own.variants.iter().zip(told) {
        let row: Vec<Estimate> = told.sure.iter().map(|(_, sure)| estimate(*sure)).collect();
        tables[0].add(cells(variant), &row);
        for (name, sure) in &told.spent {
            let stage = name.strip_suffix("_s").unwrap_or(name).replace('_', " ");
            stages.add(cells(variant).into_iter().chain([stage]), &[estimate(*sure)]);
        }
        for (name, left) in &told.own.gains {
            gains
                .rows
                .push(cells(variant).into_iter().chain([name.clone(), left.to_string()]).collect());
        }
        let label = match variant.label() {
            label if label.is_empty() => own.name.clone(),
            label => label,
        };
        for (stage, from, until) in &told.own.start {
            gantt.rows.push(vec![
                label.clone(),
                "0".into(),
                stage.clone(),
                stage.clone(),
                from.to_string(),
                until.to_string(),
            ]);
        }
        for lost in &told.own.lost {
            let own = [
                lost.victim.clone(),
                lost.culprit.clone(),
                lost.link.clone(),
                lost.seconds.to_string(),
            ];
            spoiled.rows.push(cells(variant).into_iter().chain(own).collect());
        }
        for (link, part) in &told.own.used {
            let own = [link.clone(), (100.0 * part).to_string()];
            links.rows.push(cells(variant).into_iter().chain(own).collect());
        }
        if requests.rows.is_empty() {
            let mut rows = told.own.requests.iter().cloned();
            requests.header = rows.next().unwrap_or_default();
            requests.rows = rows.collect();
        }
    }
    tables.push(stated());
    tables.push(stages);
    let more = [gains, gantt, spoiled, links, requests, reported(own, told)];
    tables.extend(more.into_iter().filter(|table| !table.rows.is_empty()));
    for table in tables {
        let rows = std::iter::once(&table.header).chain(&table.rows).cloned();
        write_table(&folder.join(table.name), rows)?;
    }
    Ok(())
}

/// How far numbers that a file states are taken to be off for another run.
fn stated() -> Table {
    let mut table = Table::new("stated.csv", &["stated", "factor_of_90_percent"]);
    let row = |(name, factor): (&str, f64)| vec![name.to_owned(), factor.to_string()];
    table.rows = doubt::all().map(row).collect();
    table
}

fn reported(own: &Scenario, told: &[Told]) -> Table {
    let header = [
        "figure",
        "kind",
        "text",
        "variant",
        "reported_low",
        "reported_high",
        "predicted",
        "predicted_low",
        "predicted_high",
        "used",
        "inside",
        "factor",
        "source",
    ];
    let mut table = Table::new("reported.csv", &header);
    for one in &own.reported {
        let sure = estimate(beside(one, told));
        let numbers = [one.low, one.high, sure.mean, sure.low, sure.high];
        let mut cells = vec![
            one.figure.clone(),
            one.kind.clone(),
            one.text.clone(),
            own.variants[one.variant].label(),
        ];
        cells.extend(numbers.map(|value| value.to_string()));
        cells.push(one.is_used.to_string());
        cells.push((inside(one, beside(one, told)) == "yes").to_string());
        cells.push(factor(one.low, one.high, sure.mean).to_string());
        cells.push(one.source.clone());
        table.rows.push(cells);
    }
    table
}

/// A variant as JSON.
pub(super) fn json(own: &Scenario, variant: &Variant, told: &Told) -> Value {
    let mut object = Map::new();
    for (axis, value) in own.axes.iter().zip(&variant.values) {
        object.insert(axis.clone(), json!(value));
    }
    for (name, sure) in told.sure.iter().chain(&told.spent) {
        let own = estimate(*sure);
        object.insert(name.clone(), json!(own.mean));
        object.insert(format!("{name}_low"), json!(own.low));
        object.insert(format!("{name}_high"), json!(own.high));
    }
    let gain = |(name, left): &(String, f64)| json!({ "with_this_alone": name, "left_s": left });
    object.insert("gains".into(), told.own.gains.iter().map(gain).collect::<Vec<_>>().into());
    Value::Object(object)
}

/// The reported figures as JSON.
pub(super) fn reported_json(own: &Scenario, told: &[Told]) -> Value {
    let table = reported(own, told);
    let row = |row: &Vec<String>| {
        let cell = |text: &String| text.parse::<f64>().map_or_else(|_| json!(text), |n| json!(n));
        Value::Object(table.header.iter().cloned().zip(row.iter().map(cell)).collect())
    };
    table.rows.iter().map(row).collect::<Vec<_>>().into()
}
