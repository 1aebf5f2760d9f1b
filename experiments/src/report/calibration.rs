//! The report of a GPU's calibration: what was found, figures, and the state it was found in.

use std::path::Path;

use super::document::{Cell, Page, Section, Table as Sheet, numbers, words as column};
use super::pick;
use crate::plot::calibration::names;
use crate::plot::table::{Row, Table};
use crate::plot::{Figure, PlotError, words};

/// The whole report.
pub fn page(dir: &Path, figures: &[Figure]) -> Result<Page, PlotError> {
    let (findings, points) = (Table::read(dir, "findings.csv")?, Table::read(dir, "points.csv")?);
    let probes = Table::read(dir, "probes.csv")?;
    let device = match probes.rows().next() {
        Some(row) => row.text("device")?.to_owned(),
        None => String::new(),
    };
    let simulated = device.starts_with("simulated");
    let state = state(&points)?;
    let mut answer = answer(&findings, &state)?;
    let (lost, unknown) = lost(&probes)?;
    let mut sections = vec![
        Section {
            id: "findings",
            title: "What was found",
            tables: vec![found(&findings)?],
            ..Section::default()
        },
        Section {
            id: "figures",
            title: "How it was seen",
            figures: pick(figures, &names()),
            ..Section::default()
        },
        Section {
            id: "state",
            title: "In which state",
            paragraphs: vec![
                "The SM clock is measured before and after each probe, by the cycles that a \
                 kernel counts against the time that events give it. The driver's management \
                 library (NVML) is asked once after each pass: the range of both clocks, the \
                 greatest power and temperature, and what held the clocks down."
                    .into(),
            ],
            tables: vec![state.table],
            ..Section::default()
        },
    ];
    if let Some(lost) = lost {
        sections.insert(1, lost);
        let those = words::count(unknown, "parameter");
        answer.insert(1, format!("NOT everything was found: {those} stay unknown, see below."));
    }
    Ok(Page {
        title: format!("Calibration: {device}"),
        version: env!("CARGO_PKG_VERSION").into(),
        about: "Every point is the median of its repetitions; every parameter is fitted to the \
                points of one probe, those of streams and graphs beside what the probes before \
                them found."
            .into(),
        warning: simulated.then(|| {
            "No GPU was measured: this device is simulated, its parameters made up.".into()
        }),
        answer,
        sections,
    })
}

/// What the findings and the state in which they were made say in sentences.
fn answer(findings: &Table, state: &State) -> Result<Vec<String>, PlotError> {
    let many = words::count(findings.rows().len(), "parameter");
    let mut answer = vec![format!("{many}, each with its 95 % interval.")];
    let vague = vague(findings)?;
    if !vague.is_empty() {
        let names = words::list(&vague);
        answer.push(format!("Hardly decided, as their intervals span more than 2 : 1: {names}."));
    }
    if state.moved > 0 {
        let moved = words::count(state.moved, "probe");
        answer.push(format!("During {moved} the clock moved by more than 2 %: repeat them."));
    }
    if state.throttled > 0 {
        let throttled = words::count(state.throttled, "probe");
        answer.push(format!("During {throttled} something held the clocks down, see below."));
    }
    if state.untold {
        answer.push("NVML told nothing: power and what held the clocks down are unknown.".into());
    }
    Ok(answer)
}

/// The probes that came to no end, if there are any, and how many parameters they would tell.
fn lost(probes: &Table) -> Result<(Option<Section>, usize), PlotError> {
    let columns = vec![column("probe"), column("unknown parameters"), column("why")];
    let (mut rows, mut unknown) = (Vec::new(), 0);
    for row in probes.rows() {
        if matches!(row.text("status")?, "found" | "absent") {
            continue;
        }
        let parameters: Vec<&str> = row.text("missing")?.split_whitespace().collect();
        unknown += parameters.len();
        rows.push(vec![
            Cell::text(row.text("probe")?),
            Cell::text(parameters.join(", ")),
            Cell::text(row.text("why")?),
        ]);
    }
    let section = Section {
        id: "lost",
        title: "What was not found",
        paragraphs: vec![
            "Where the models need such a parameter, the profile has it from the most similar \
             shipped GPU, as an assumption."
                .into(),
        ],
        tables: vec![Sheet::plain("Probes without a result", columns, rows)],
        ..Section::default()
    };
    Ok(((unknown > 0).then_some(section), unknown))
}

/// Parameters of which the points say little.
fn vague(findings: &Table) -> Result<Vec<String>, PlotError> {
    let mut names = Vec::new();
    for row in findings.rows() {
        if row.number("high")? > 2.0 * row.number("low")? {
            names.push(row.text("parameter")?.to_owned());
        }
    }
    Ok(names)
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

/// The state of the device around and during each probe.
struct State {
    table: Sheet,
    /// Probes during which the clock moved.
    moved: usize,
    /// Probes during which something held the clocks down.
    throttled: usize,
    /// Whether nobody told of power and clocks.
    untold: bool,
}

fn state(points: &Table) -> Result<State, PlotError> {
    let columns = vec![
        column("probe"),
        numbers("points"),
        numbers("largest spread"),
        numbers("SM clock before [MHz]"),
        numbers("after [MHz]"),
        numbers("by NVML [MHz]"),
        numbers("memory clock [MHz]"),
        numbers("power [W]"),
        numbers("temperature [°C]"),
        column("held down by"),
    ];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let (mut moved, mut throttled, mut untold) = (0, 0, false);
    let all: Vec<_> = points.rows().collect();
    for probe in all.chunk_by(|a, b| a.text("probe").ok() == b.text("probe").ok()) {
        let first = &probe[0];
        let mut spread: f64 = 0.0;
        for row in probe {
            spread = spread.max(row.number("spread_ratio")?);
        }
        let held = first.text("throttled_by")?;
        moved += usize::from(first.text("clock_moved")? == "true");
        throttled += usize::from(!matches!(held, "nothing" | "unknown"));
        untold |= held == "unknown";
        rows.push(vec![
            Cell::text(first.text("probe")?),
            Cell::number(probe.len().to_string()),
            Cell::number(words::percent(spread)),
            Cell::number(first.text("sm_clock_before_mhz")?),
            Cell::number(first.text("sm_clock_after_mhz")?),
            Cell::number(range(first, "nvml_sm_clock")?),
            Cell::number(range(first, "memory_clock")?),
            Cell::number(known(first.text("power_max_w")?)),
            Cell::number(known(first.text("temperature_max_c")?)),
            Cell::text(held),
        ]);
    }
    let table = Sheet::plain("The device around and during each probe", columns, rows);
    Ok(State { table, moved, throttled, untold })
}

/// The lowest and the highest of a clock, or that nobody told it.
fn range(row: &Row<'_>, clock: &str) -> Result<String, PlotError> {
    let low = row.text(&format!("{clock}_min_mhz"))?;
    let high = row.text(&format!("{clock}_max_mhz"))?;
    Ok(if low == high { known(low) } else { format!("{low} – {high}") })
}

fn known(cell: &str) -> String {
    if cell.is_empty() { "unknown".into() } else { cell.into() }
}
