//! What the experiment asked: reported figures, assumptions, and the manifest.

use serde_json::Value;

use super::answer::span;
use super::document::{Cell, Folded, Section, Table, numbers, words as column};
use super::pick;
use crate::plot::Figure;
use crate::plot::manifest::{Manifest, Reported, plain};
use crate::plot::words;

/// What a reader of an incomplete run must know first.
pub fn warning(manifest: &Manifest) -> Option<String> {
    let whole = &manifest.whole;
    if whole["complete"].as_bool() != Some(false) {
        return None;
    }
    let (done, planned) = (plain(&whole["points_done"]), plain(&whole["points_planned"]));
    let rest = match done == planned {
        true => "The tables are whole, and figures may be missing.",
        false => "Those are whole; the others are missing from every figure and table.",
    };
    Some(format!("This run was interrupted: {done} of {planned} points are there. {rest}"))
}

/// Reported figures beside predictions, and the cause; none if the experiment gives neither.
pub fn reported(manifest: &Manifest, figures: &[Figure]) -> Option<Section> {
    let (reported, cause) = (manifest.reported(), manifest.said("cause"));
    if reported.is_empty() && cause.is_empty() {
        return None;
    }
    let caused = reported.iter().any(|one| one.cause.is_some());
    let row = |one: &Reported| {
        let about = one.about();
        let mut row = vec![
            Cell::text(if about.is_empty() { "the whole run".into() } else { about }),
            Cell::number(one.value.clone()),
            Cell::number(one.say_predicted()),
            verdict(one),
        ];
        row.extend(caused.then(|| Cell::text(one.say_cause())));
        row.push(Cell::text(one.text.clone()));
        row.push(Cell::link(one.source.clone(), &one.source));
        row
    };
    let sure = reported.iter().any(|one| one.sure.is_some());
    let mut columns = vec![
        column("about"),
        numbers("reported"),
        numbers(if sure { "predicted (90 %)" } else { "predicted" }),
        column("verdict"),
    ];
    columns.extend(caused.then(|| column("cause")));
    columns.extend([column("what was said"), column("source")]);
    let caption = if sure {
        "What users reported, and what is predicted over what they left open, with its 90 % \
         interval"
    } else {
        "What users reported, and the range predicted over what they left open"
    };
    let rows: Vec<Vec<Cell>> = reported.iter().map(row).collect();
    let tables =
        if rows.is_empty() { Vec::new() } else { vec![Table::plain(caption, columns, rows)] };
    Some(Section {
        id: "reported",
        title: "What was reported, and why",
        paragraphs: cause
            .split("\n\n")
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect(),
        figures: pick(figures, &["reported-vs-predicted"]),
        tables,
        ..Section::default()
    })
}

/// A miss above this is coloured.
const FAR: f64 = 0.10;

/// Whether reported and predicted meet, and if not by how much they miss.
fn verdict(one: &Reported) -> Cell {
    let cell = Cell::text(one.verdict());
    match one.miss {
        None => Cell::text("–"),
        Some(0.0) => cell.class("good"),
        Some(miss) if miss.abs() > FAR => cell.class("bad"),
        Some(_) => cell,
    }
}

/// What is assumed, and how much each assumption matters; none if nothing is.
pub fn assumptions(manifest: &Manifest, figures: &[Figure]) -> Option<Section> {
    let assumed =
        manifest.experiment()["assumptions"].as_array().filter(|list| !list.is_empty())?;
    let effect = |name: &str| manifest.unknowns.iter().find(|unknown| unknown.parameter == name);
    let mut ranked: Vec<&Value> = assumed.iter().collect();
    let rank = |one: &&Value| {
        let name = one["parameter"].as_str().unwrap_or("");
        manifest.unknowns.iter().position(|unknown| unknown.parameter == name).unwrap_or(usize::MAX)
    };
    ranked.sort_by_key(rank);
    let row = |one: &Value| {
        let name = one["parameter"].as_str().unwrap_or("").to_owned();
        let effect = effect(&name);
        let range = effect.map(|e| span(e.low_bit_s, e.high_bit_s, words::bit_rate));
        vec![
            Cell::text(name),
            Cell::text(plain(&one["values"])),
            Cell::text(plain(&one["because"])),
            Cell::number(range.unwrap_or("–".into())),
            Cell::number(effect.map_or("–".into(), |effect| words::percent(effect.spread_ratio))),
        ]
    };
    let columns = vec![
        column("parameter"),
        column("values taken"),
        column("why it is assumed"),
        numbers("goodput over them"),
        numbers("spread"),
    ];
    let rows = ranked.into_iter().map(row).collect();
    let text = "These are not known; each was swept, so the answer is a range. The one that \
                matters most stands first.";
    Some(Section {
        id: "assumptions",
        title: "Assumptions",
        paragraphs: vec![text.into()],
        figures: pick(figures, &["unknowns"]),
        tables: vec![Table::plain("Assumptions and what they do to the answer", columns, rows)],
        ..Section::default()
    })
}

/// The run's settings, and the whole manifest for those who repeat it.
pub fn manifest(manifest: &Manifest) -> Section {
    let asked = manifest.experiment();
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: &Value| {
        let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
        if !empty {
            facts.push((name.to_owned(), plain(value)));
        }
    };
    fact("topologies", &asked["topologies"]);
    for transfer in asked["transfers"].as_array().into_iter().flatten() {
        fact("transfer", transfer);
    }
    fact("settings", &asked["set"]);
    fact("crossed", &asked["sweep"]["cross"]);
    fact("zipped", &asked["sweep"]["zip"]);
    fact("repetitions", &asked["repetitions"]);
    fact("seed", &asked["seed"]);
    fact("fidelity", &asked["fidelity"]);
    fact("podpath", &manifest.whole["podpath"]);
    fact("experiment (BLAKE3)", &manifest.whole["experiment_blake3"]);
    let profiles = manifest.whole["profiles"].as_array().into_iter().flatten();
    let row = |of: &Value| {
        ["kind", "name", "file", "blake3"].map(|key| Cell::text(plain(&of[key]))).to_vec()
    };
    let columns = ["kind", "name", "file", "BLAKE3"].map(column).to_vec();
    let rows: Vec<Vec<Cell>> = profiles.map(row).collect();
    let whole = serde_json::to_string_pretty(&manifest.whole).unwrap_or_default();
    Section {
        id: "manifest",
        title: "How to repeat it",
        facts,
        folded: vec![
            Folded {
                summary: format!("The {} that were read", words::count(rows.len(), "data file")),
                table: Some(Table::plain("Data files with their hashes", columns, rows)),
                text: None,
            },
            Folded { summary: "The whole manifest".into(), table: None, text: Some(whole) },
        ],
        ..Section::default()
    }
}
