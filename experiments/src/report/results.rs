//! What arrives: goodput by topology and setting, and at every size.

use super::answer::span;
use super::document::{Cell, Folded, Group, Section, Table, numbers, words as column};
use super::pick;
use crate::plot::Figure;
use crate::plot::run::{Outcome, Run};
use crate::plot::series::{Plan, Series, quantity};
use crate::plot::words;

/// The section on goodput.
pub fn goodput(run: &Run, plan: &Plan, figures: &[Figure]) -> Section {
    let names = ["goodput-by-topology", "goodput-by-size", "kernel-levels", "serial-vs-overlapped"];
    let largest = |topology: &str| {
        let own = run.results.iter().filter(|result| result.key.topology == topology);
        own.map(|result| result.key.message_b).fold(0.0, f64::max)
    };
    let caption = "Goodput of the largest message of each topology";
    let of_largest = match plan.folded.is_empty() {
        true => table(run, plan, caption, |topology, size| size == largest(topology)),
        false => ranges(run, plan, largest),
    };
    let every = match run.shown.told() {
        None => "Goodput at every point",
        Some(_) => "Goodput at every shown point",
    };
    let told = run.shown.told().map(|told| format!("{told} All are in summary.csv."));
    let text = "Goodput is the payload that arrives, over the time from its being ready in memory, \
                or from the launch of the kernel that makes it, to its last byte's arrival. The \
                line rate is that of the slowest link on the way. In 90 % of draws of what is \
                unknown (costs, latencies, what the model leaves out) goodput lies in the range \
                beside it; the interval of luck is that of its mean over replications.";
    Section {
        id: "goodput",
        title: "What arrives",
        paragraphs: [Some(text.to_owned()), told].into_iter().flatten().collect(),
        figures: pick(figures, &names),
        tables: vec![of_largest],
        folded: vec![Folded {
            summary: format!("{every} ({} rows)", run.results.len()),
            table: Some(table(run, plan, every, |_, _| true)),
            text: None,
        }],
        ..Section::default()
    }
}

fn table(run: &Run, plan: &Plan, caption: &str, wanted: impl Fn(&str, f64) -> bool) -> Table {
    let lossy = run.results.iter().any(|result| result.loss_ratio > 5e-4);
    let many_sizes = caption.ends_with("point");
    let mut columns = vec![column("topology")];
    if many_sizes {
        columns.push(numbers("message"));
    }
    if plan.series.iter().any(|series| !series.label.is_empty()) {
        columns.push(column("setting"));
    }
    columns.extend(plan.folded.iter().map(|name| column(&quantity(name, "0").0)));
    columns.extend(["goodput", "90 % lie in", "95 % of luck"].map(numbers));
    columns.extend(["of line rate", "arrives after"].map(numbers));
    if lossy {
        columns.push(numbers("lost"));
    }
    columns.extend([column("busiest"), column("takes most")]);
    let group = |name: String| {
        let own = run.results.iter().filter(|result| result.key.topology == name);
        let own = own.filter(|result| wanted(&name, result.key.message_b));
        let rows = own.map(|point| row(point, plan, many_sizes, lossy)).collect();
        Group { rows, name }
    };
    let groups: Vec<Group> = run.topologies().into_iter().map(group).collect();
    let groups = groups.into_iter().filter(|group| !group.rows.is_empty()).collect();
    Table { caption: caption.into(), columns, groups, shaded: false }
}

/// A row per topology and series: the range over the settings that a series leaves open.
fn ranges(run: &Run, plan: &Plan, largest: impl Fn(&str) -> f64) -> Table {
    let mut columns = vec![column("topology")];
    let labelled = plan.series.iter().any(|series| !series.label.is_empty());
    columns.extend(labelled.then(|| column("setting")));
    columns.extend(["points", "lowest goodput", "highest goodput", "of line rate"].map(numbers));
    let group = |name: String| {
        let row = |series: &Series| {
            let value = series.value(run, &name, largest(&name))?;
            let (low, high) = value.span.unwrap_or((value.bit_s, value.bit_s));
            let mut row = Vec::new();
            row.extend(labelled.then(|| Cell::text(series.label.clone()).class("name")));
            row.push(Cell::number(value.points.to_string()));
            row.push(Cell::number(words::bit_rate_figure(low)));
            row.push(Cell::number(words::bit_rate_figure(high)));
            row.push(Cell::number(span(value.share.0, value.share.1, words::percent)));
            Some(row)
        };
        Group { rows: plan.series.iter().filter_map(row).collect(), name }
    };
    let groups: Vec<Group> = run.topologies().into_iter().map(group).collect();
    Table {
        caption: format!(
            "Goodput of the largest message of each topology, lowest and highest over {}",
            plan.folded_names()
        ),
        columns,
        groups: groups.into_iter().filter(|group| !group.rows.is_empty()).collect(),
        shaded: false,
    }
}

fn row(point: &Outcome, plan: &Plan, many_sizes: bool, lossy: bool) -> Vec<Cell> {
    let mut row = Vec::new();
    if many_sizes {
        row.push(Cell::number(words::size(point.key.message_b)));
    }
    let series = plan.series.iter().find(|series: &&Series| series.holds(&point.key));
    if let Some(series) = series.filter(|series| !series.label.is_empty()) {
        row.push(Cell::text(series.label.clone()).class("name"));
    }
    for name in &plan.folded {
        row.push(Cell::text(quantity(name, point.key.get(name)).1));
    }
    row.push(Cell::number(words::bit_rate_figure(point.goodput.mean)));
    let range = |low: f64, high: f64| {
        let (unit, scale) = words::bit_unit(point.goodput.mean);
        format!("{} to {} {unit}", words::figure(low / scale), words::figure(high / scale))
    };
    row.push(Cell::number(match point.predicted_bit_s {
        Some([low, _, high]) => range(low, high),
        None => "not asked".into(),
    }));
    row.push(Cell::number(match (point.goodput.low, point.goodput.high) {
        (Some(low), Some(high)) if high - low > 1e-4 * point.goodput.mean => range(low, high),
        (Some(_), Some(_)) => "no spread".into(),
        _ => "one run".into(),
    }));
    row.push(Cell::number(words::percent(point.of_reference)));
    row.push(Cell::number(point.completion_s.map_or("never whole".into(), words::time)));
    if lossy {
        row.push(Cell::number(words::percent(point.loss_ratio)));
    }
    row.push(Cell::text(point.busiest_link.clone()));
    row.push(Cell::text(match point.most_taken_ratio {
        Some(ratio) if !point.most_taken_by.is_empty() => {
            format!("{} ({})", point.most_taken_by, words::percent(ratio))
        }
        _ => "nothing".into(),
    }));
    row
}
