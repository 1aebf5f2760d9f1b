//! What transfers reach side by side: their sum, who gets how much of it, how evenly.

use super::answer::span;
use super::document::{Cell, Folded, Group, Section, Table, numbers, words as column};
use crate::plot::run::{Run, Together, distinct};
use crate::plot::series::quantity;
use crate::plot::words;

/// More rows than this are folded away.
const ROWS_MAX: usize = 40;

/// The section on transfers that share a point; none where each has its own.
pub fn section(run: &Run) -> Option<Section> {
    if run.together.is_empty() {
        return None;
    }
    let text = "The transfers of a point run at the same time and share what they have in common. \
                The sum is that of their goodputs. Fairness is Jain's index: 1 where all get the \
                same, 1/n where one of n gets everything. Each one's part of the sum is in \
                summary.csv (goodput_share_ratio), all of this in together.csv.";
    let table = table(run);
    let (tables, folded) = match run.together.len() <= ROWS_MAX {
        true => (vec![table], Vec::new()),
        false => {
            let summary = format!("Transfers side by side ({} rows)", run.together.len());
            (Vec::new(), vec![Folded { summary, table: Some(table), text: None }])
        }
    };
    Some(Section {
        id: "together",
        title: "Side by side",
        paragraphs: vec![text.into()],
        tables,
        folded,
        ..Section::default()
    })
}

/// A row per point, with the columns that differ between points.
fn table(run: &Run) -> Table {
    let values = |name: &str| {
        let of = |point: &Together| point.dimensions.iter().find(|d| d.0 == name).cloned();
        distinct(run.together.iter().filter_map(of)).len()
    };
    let all =
        distinct(run.together.iter().flat_map(|point| &point.dimensions).map(|d| d.0.clone()));
    let varied: Vec<String> = all.into_iter().filter(|name| values(name) > 1).collect();
    let mut columns = vec![column("topology")];
    columns.extend(varied.iter().map(|name| column(&quantity(name, "0").0)));
    let figures = ["transfers", "payload", "sum", "each", "fairness", "last arrives after"];
    columns.extend(figures.map(numbers));
    let row = |point: &Together| {
        let mut row: Vec<Cell> = Vec::new();
        for name in &varied {
            let value = point.dimensions.iter().find(|d| d.0 == *name).map_or("", |d| &d.1);
            row.push(Cell::text(quantity(name, value).1));
        }
        row.push(Cell::number(point.transfers.to_string()));
        row.push(Cell::number(words::size(point.message_b)));
        row.push(Cell::number(words::bit_rate_figure(point.sum_bit_s)));
        row.push(Cell::number(span(point.span_bit_s.0, point.span_bit_s.1, words::bit_rate)));
        row.push(Cell::number(format!("{:.2}", point.fairness)));
        row.push(Cell::number(point.last_s.map_or("never whole".into(), words::time)));
        row
    };
    let group = |name: String| {
        let own = run.together.iter().filter(|point| point.topology == name);
        Group { rows: own.map(row).collect(), name }
    };
    let names = distinct(run.together.iter().map(|point| point.topology.clone()));
    Table {
        caption: "What the transfers of each point reach together".into(),
        columns,
        groups: names.into_iter().map(group).collect(),
        shaded: false,
    }
}
