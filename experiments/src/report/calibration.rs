//! The report of a GPU's calibration: what was found, figures, and the state it was found in.

use std::path::Path;

use super::document::{Cell, Page, Section, Table as Sheet, numbers, words as column};
use super::pick;
use crate::plot::table::Table;
use crate::plot::{Figure, PlotError, words};

/// The whole report.
pub fn page(dir: &Path, figures: &[Figure]) -> Result<Page, PlotError> {
    let (findings, points) = (Table::read(dir, "findings.csv")?, Table::read(dir, "points.csv")?);
    let device = match findings.rows().next() {
        Some(row) => row.text("device")?.to_owned(),
        None => String::new(),
    };
    let simulated = device.starts_with("simulated");
    let state = state(&points)?;
    let sections = vec![
        Section {
            id: "findings",
            title: "What was found",
            tables: vec![found(&findings)?],
            ..Section::default()
        },
        Section {
            id: "figures",
            title: "How it was seen",
            figures: pick(
                figures,
                &["bandwidth-in-flight", "latency-working-set", "copy-bandwidth-size"],
            ),
            ..Section::default()
        },
        Section {
            id: "state",
            title: "In which state",
            paragraphs: vec![
                "The SM clock is measured before and after each probe, by the cycles that a \
                 kernel counts against the time that events give it."
                    .into(),
            ],
            tables: vec![state.table],
            ..Section::default()
        },
    ];
    let many = words::count(findings.rows().len(), "parameter");
    let mut answer = vec![format!("{many} of {device}, each with its 95 % interval.")];
    if state.moved > 0 {
        let moved = words::count(state.moved, "probe");
        answer.push(format!("During {moved} the clock moved by more than 2 %: repeat them."));
    }
    Ok(Page {
        title: format!("Calibration of {device}"),
        version: env!("CARGO_PKG_VERSION").into(),
        about: "Every point is the median of its repetitions; every parameter is fitted to the \
                points of one probe."
            .into(),
        warning: simulated.then(|| {
            "No GPU was measured: this device is simulated, its parameters made up.".into()
        }),
        answer,
        sections,
    })
}

fn found(findings: &Table) -> Result<Sheet, PlotError> {
    let columns = vec![
        column("parameter"),
        numbers("value"),
        numbers("low"),
        numbers("high"),
        column("unit"),
        column("how"),
    ];
    let mut rows = Vec::new();
    for row in findings.rows() {
        rows.push(vec![
            Cell::text(row.text("parameter")?),
            Cell::number(row.text("value")?),
            Cell::number(row.text("low")?),
            Cell::number(row.text("high")?),
            Cell::text(row.text("unit")?),
            Cell::text(row.text("source")?),
        ]);
    }
    Ok(Sheet::plain("Parameters with their 95 % intervals", columns, rows))
}

/// The clock around each probe.
struct State {
    table: Sheet,
    moved: usize,
}

fn state(points: &Table) -> Result<State, PlotError> {
    let columns = vec![
        column("probe"),
        numbers("points"),
        numbers("clock before [MHz]"),
        numbers("after [MHz]"),
        numbers("largest spread"),
    ];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut moved = 0;
    let all: Vec<_> = points.rows().collect();
    let mut begin = 0;
    while begin < all.len() {
        let probe = all[begin].text("probe")?;
        let mut end = begin;
        let mut spread: f64 = 0.0;
        while end < all.len() && all[end].text("probe")? == probe {
            spread = spread.max(all[end].number("spread_ratio")?);
            end += 1;
        }
        moved += usize::from(all[begin].text("clock_moved")? == "true");
        rows.push(vec![
            Cell::text(probe),
            Cell::number((end - begin).to_string()),
            Cell::number(all[begin].text("sm_clock_before_mhz")?),
            Cell::number(all[begin].text("sm_clock_after_mhz")?),
            Cell::number(words::percent(spread)),
        ]);
        begin = end;
    }
    Ok(State { table: Sheet::plain("The clock around each probe", columns, rows), moved })
}
