//! Where the line rate goes, and what would bring it back.

use super::answer::largest;
use super::document::{Cell, Group, Section, Table, numbers, words as column};
use super::pick;
use crate::plot::Figure;
use crate::plot::run::{Outcome, Returned, Run, distinct};
use crate::plot::series::{Plan, Series};
use crate::plot::words;

/// More columns than this do not fit a page.
const MOST_KINDS: usize = 9;
/// Changes shown per topology: those a user can make, and those that only bound.
const FEASIBLE: usize = 3;
const BOUNDS: usize = 2;

/// The section on what each hop takes.
pub fn taken(run: &Run, plan: &Plan, figures: &[Figure]) -> Section {
    let text = "A hop takes of the line rate what it takes of the time: all but the time at line \
                rate is divided among the hops that the message waited for, and resources that are \
                equally slow take equal parts, in whatever order they stand. The parts and the \
                goodput sum to the line rate. Hops of one kind are added up in the tables.";
    Section {
        id: "loss",
        title: "Where the line rate goes",
        paragraphs: [Some(text.to_owned()), shown_at(run, plan)].into_iter().flatten().collect(),
        figures: pick(figures, &["loss-by-hop", "loss-by-hop-last"]),
        tables: plan.ends().into_iter().map(|series| parts(run, series)).collect(),
        ..Section::default()
    }
}

/// Which of the folded settings the tables are about, if there are any.
fn shown_at(run: &Run, plan: &Plan) -> Option<String> {
    let at = plan.folded_at(run.results.first()?);
    (!at.is_empty()).then(|| {
        format!("Of the settings that were swept, figures and tables show the first: {at}.")
    })
}

/// A row per topology, a column per kind of hop, in per cent of the line rate.
fn parts(run: &Run, series: &Series) -> Table {
    let points = largest(run, series);
    let of = |point: &Outcome, kind: &str| -> f64 {
        let parts = run.taken.iter().filter(|part| part.key == point.key && part.kind == kind);
        parts.map(|part| part.ratio).sum()
    };
    let own = run.taken.iter().filter(|part| points.iter().any(|point| point.key == part.key));
    let kinds = distinct(own.map(|part| part.kind.clone()));
    let most = |kind: &String| points.iter().map(|p| of(p, kind).abs()).fold(0.0, f64::max);
    let mut ranked: Vec<&String> = kinds.iter().collect();
    ranked.sort_by(|a, b| most(b).total_cmp(&most(a)));
    ranked.truncate(MOST_KINDS);
    let shown: Vec<&String> = kinds.iter().filter(|kind| ranked.contains(kind)).collect();
    let rest = kinds.len() > shown.len();

    let rates = distinct(points.iter().map(|point| words::bit_rate(point.reference_bit_s)));
    let mut columns = vec![column("topology")];
    columns.extend(shown.iter().map(|kind| numbers(kind)));
    columns.extend(rest.then(|| numbers("all others")));
    columns.push(numbers("goodput"));
    columns.extend((rates.len() > 1).then(|| numbers("line rate")));
    let group = |point: &&Outcome| {
        let crosses =
            |kind: &str| run.taken.iter().any(|part| part.key == point.key && part.kind == kind);
        let cell = |ratio: f64| Cell::number(words::percent(ratio)).shaded(ratio);
        let of_kind = |kind: &&String| match crosses(kind) {
            true => cell(of(point, kind)),
            false => Cell::number(""),
        };
        let mut row: Vec<Cell> = shown.iter().map(of_kind).collect();
        let others = kinds.iter().filter(|kind| !shown.contains(kind));
        row.extend(rest.then(|| cell(others.map(|kind| of(point, kind)).sum())));
        row.push(Cell::number(words::percent(point.of_reference)));
        row.extend((rates.len() > 1).then(|| Cell::number(words::bit_rate(point.reference_bit_s))));
        Group { name: point.key.topology.clone(), rows: vec![row] }
    };
    let line = if rates.len() == 1 { rates[0].clone() } else { "the line rate".into() };
    Table {
        caption: format!("Taken of {line} by kind of hop, largest message{}", series.suffix()),
        columns,
        groups: points.iter().map(group).collect(),
        shaded: true,
    }
}

/// The section on what would bring bandwidth back.
pub fn returned(run: &Run, plan: &Plan) -> Section {
    let text = "Each change is made alone and the whole path is solved again. The gains of several \
                changes do not add up. A bound makes a hop free of cost: no work on that hop can \
                return more.";
    let company = (!run.together.is_empty()).then(|| {
        "Where transfers share a point, a change to one is weighed in closed form, with all others \
         beside it from its beginning to its end, also those that are done before: its gain holds \
         for as long as they are there."
            .to_owned()
    });
    let paragraphs = [Some(text.to_owned()), company, shown_at(run, plan)];
    Section {
        id: "advice",
        title: "What would bring it back",
        paragraphs: paragraphs.into_iter().flatten().collect(),
        tables: plan.ends().into_iter().map(|series| advice(run, series)).collect(),
        ..Section::default()
    }
}

fn advice(run: &Run, series: &Series) -> Table {
    let group = |point: &Outcome| {
        let own: Vec<&Returned> = run.returned_to(&point.key).collect();
        let can = own.iter().filter(|advice| advice.feasible && advice.gain > 0.0).take(FEASIBLE);
        let bound = own.iter().filter(|advice| !advice.feasible && advice.gain > 0.0).take(BOUNDS);
        let mut rows: Vec<Vec<Cell>> = can.chain(bound).map(|advice| advised(advice)).collect();
        if rows.is_empty() {
            let none = ["nothing returns anything", "", "", ""].map(Cell::text);
            rows.push(none.to_vec());
        }
        Group { name: point.key.topology.clone(), rows }
    };
    Table {
        caption: format!("Best changes for the largest message{}", series.suffix()),
        columns: vec![
            column("topology"),
            column("change"),
            column("requires"),
            numbers("goodput then"),
            numbers("gain"),
        ],
        groups: largest(run, series).into_iter().map(group).collect(),
        shaded: false,
    }
}

fn advised(advice: &Returned) -> Vec<Cell> {
    let gives_up = match advice.gives_up.as_str() {
        "" => String::new(),
        lost => format!("; gives up {lost}"),
    };
    let requires = match advice.feasible {
        true => Cell::text(format!("{}{gives_up}", advice.requires)),
        false => Cell::text("bound").class("bound"),
    };
    vec![
        Cell::text(advice.change.clone()),
        requires,
        Cell::number(words::bit_rate_figure(advice.goodput_bit_s)),
        Cell::number(words::gain(advice.gain)),
    ]
}
