//! The report of a calibration: what each hop costs, which costs the probes decided, and how well
//! they explain the readings.

use std::path::Path;

use super::document::{Cell, Folded, Group, Page, Section, Table, numbers, words as column};
use super::{pick, verdict};
use crate::plot::costs::{self, Cost, Knowledge};
use crate::plot::measured::{self, Measured};
use crate::plot::run::distinct;
use crate::plot::{Figure, PlotError, table, words};

/// The whole report of the calibration in `dir`, made on `machine`.
///
/// # Errors
/// If a file of the calibration is missing or broken.
pub fn page(dir: &Path, machine: &str, figures: &[Figure]) -> Result<Page, PlotError> {
    let (costs, measured) = (costs::read(dir)?, Measured::residuals(dir)?);
    let readings = table::Table::read_if_there(dir, "readings.csv")?;
    let readings = readings.map(|table| table.rows().len());
    let mut sections = vec![decided(&costs, figures), fit(&measured, figures)];
    let drawn = pick(figures, &["round-trip-by-hops", "new-connection-by-services"]);
    if !drawn.is_empty() {
        sections.push(Section {
            id: "latencies",
            title: "Latencies",
            figures: drawn,
            ..Section::default()
        });
    }
    sections.push(residuals(&measured, figures));
    Ok(Page {
        title: "What this host's network costs".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        about: about(machine, &measured, readings),
        warning: (measured.rounds() == 1).then(|| {
            "Every probe ran once: nothing is known of how well the readings repeat. More rounds \
             give spreads and intervals that can be trusted."
                .into()
        }),
        answer: answer(&costs, &measured),
        sections,
    })
}

fn about(machine: &str, measured: &Measured, readings: Option<usize>) -> String {
    let probes = distinct(measured.rows.iter().map(|row| &row.subject)).len();
    let read = readings.map(|count| format!(": {}", words::count(count, "reading")));
    format!(
        "Measured on {machine}, in network namespaces, through the kernel's own veth pairs, \
         bridges, routes and tunnels. {} of {} in {}{}.",
        words::count(measured.rows.len(), "figure"),
        words::count(probes, "probe"),
        words::count(measured.rounds(), "round"),
        read.unwrap_or_default()
    )
}

fn answer(costs: &[Cost], measured: &Measured) -> Vec<String> {
    let verdict = measured.verdict();
    let of = |summary| verdict::sentence(summary, measured.rounds());
    let mut sentences: Vec<String> = verdict.figures.iter().map(of).collect();
    let probed = costs.iter().filter(|cost| cost.how == "fitted").count();
    let open: Vec<&Cost> =
        costs.iter().filter(|c| c.knowledge == Knowledge::Undecided && own(c)).collect();
    sentences.push(match open.len() {
        0 => {
            format!("The probes decided all of the {} they look at.", words::count(probed, "cost"))
        }
        some => format!(
            "The probes decided {} of the {} they look at; {some} stay as assumed and are marked \
             \u{201c}not decided by these probes\u{201d}.",
            probed,
            words::count(probed + some, "cost"),
        ),
    });
    if !measured.skipped.is_empty() {
        let many = words::count(measured.skipped.len(), "figure");
        sentences.push(format!("{many} could not be judged: {}.", measured.skipped.join("; ")));
    }
    sentences
}

/// Whether a number stands for itself and is not tied to another.
fn own(cost: &Cost) -> bool {
    cost.tied_to().is_none()
}

/// The costs with their intervals; what was not decided stands in sight, what is tied is folded.
fn decided(costs: &[Cost], figures: &[Figure]) -> Section {
    let of = |knowledge: Knowledge| -> Vec<&Cost> {
        costs.iter().filter(|c| c.knowledge == knowledge && own(c)).collect()
    };
    let mut tables =
        vec![listed("Decided by the probes, or read from the machine", &of(Knowledge::Decided))];
    let open = of(Knowledge::Undecided);
    if !open.is_empty() {
        let caption = "Not decided by these probes: assumed. The readings are as likely with other \
                       values, so these came with the program";
        tables.push(listed(caption, &open));
    }
    let all: Vec<&Cost> = costs.iter().collect();
    let summary = "All numbers of the profile, with those that are set equal to another one";
    Section {
        id: "costs",
        title: "What each hop costs",
        figures: pick(figures, &["costs-by-hop"]),
        tables,
        folded: vec![Folded {
            summary: summary.into(),
            table: Some(listed("profiles/host/this-host.csv", &all)),
            text: None,
        }],
        ..Section::default()
    }
}

fn listed(caption: &str, costs: &[&Cost]) -> Table {
    let row = |cost: &&Cost| {
        let interval = cost.interval.map_or(String::new(), |(low, high)| {
            format!("{} to {}", words::number(low), words::number(high))
        });
        let unit = if cost.unit == "us" { "µs" } else { &cost.unit };
        let known = match cost.knowledge {
            Knowledge::Decided => Cell::text(cost.how.clone()).class("good"),
            Knowledge::Undecided => Cell::text(cost.knowledge.told()).class("bad"),
            other => Cell::text(other.told()),
        };
        vec![
            Cell::text(cost.what()),
            Cell::number(words::number(cost.value)),
            Cell::text(unit),
            Cell::number(interval),
            known,
            Cell::text(cost.source.clone()),
        ]
    };
    let hops = distinct(costs.iter().map(|cost| cost.hop()));
    let group = |hop: &str| Group {
        name: if hop.is_empty() { "machine".into() } else { hop.into() },
        rows: costs.iter().filter(|cost| cost.hop() == hop).map(row).collect(),
    };
    Table {
        caption: caption.into(),
        columns: vec![
            column("hop"),
            column("cost"),
            numbers("value"),
            column("unit"),
            numbers("95 % interval"),
            column("how"),
            column("where from"),
        ],
        groups: hops.into_iter().map(group).collect(),
        shaded: false,
    }
}

fn fit(measured: &Measured, figures: &[Figure]) -> Section {
    Section {
        id: "fit",
        title: "How well these costs explain the readings",
        figures: pick(figures, &["predicted-vs-measured"]),
        tables: vec![verdict::summaries(&measured.verdict().figures, measured.rounds())],
        ..Section::default()
    }
}

fn residuals(measured: &Measured, figures: &[Figure]) -> Section {
    let group = |figure: String| {
        let row = |row: &measured::Row| {
            let mut cells = vec![Cell::text(row.subject.clone())];
            cells.extend(verdict::cells(measured, row));
            cells
        };
        Group { name: measured::name(&figure), rows: measured.of(&figure).map(row).collect() }
    };
    let mut columns = vec![column("figure"), column("probe")];
    columns.extend(verdict::columns());
    let table = Table {
        caption: "Every figure of every probe".into(),
        columns,
        groups: measured.figures().into_iter().map(group).collect(),
        shaded: false,
    };
    Section {
        id: "residuals",
        title: "Residuals",
        figures: pick(figures, &["residuals"]),
        folded: vec![Folded {
            summary: format!("All {}", words::count(measured.rows.len(), "residual")),
            table: Some(table),
            text: None,
        }],
        ..Section::default()
    }
}
