//! The figures of a calibration of this host's network.

use super::costs::{self, Cost};
use super::dots::{self, Group, Panel, Row};
use super::frame::Sample;
use super::measured::{self, Measured, spread_told};
use super::picture::Picture;
use super::{Draft, curves, ink, scatter, words};

/// Every figure that the calibration has data for.
pub(super) fn drafts(costs: &[Cost], measured: &Measured) -> Vec<Draft> {
    let mut drafts = Vec::new();
    let mut add = |name, title: &str, caption: &str, picture: Option<Picture>| {
        let Some(picture) = picture else { return };
        let alternative = format!("{title}. {caption}");
        let (title, caption) = (title.to_owned(), caption.to_owned());
        drafts.push(Draft { name, title, caption, alternative, picture });
    };
    add(
        "costs-by-hop",
        "What each hop costs",
        "What one crossing of a hop costs a core of this machine. Hollow marks were not decided by \
         these probes: they are assumptions.",
        costs::draw(costs),
    );
    let some = !measured.rows.is_empty();
    add(
        "predicted-vs-measured",
        "Predicted against measured",
        "Every figure of every probe, predicted from the fitted profile: how well one set of costs \
         explains all readings. The costs were fitted to these readings, so this is no test on \
         unseen topologies; podpath compare is.",
        some.then(|| scatter::draw(&measured.families("residuals.csv", false))),
    );
    add(
        "residuals",
        "Residuals, sorted",
        "How far each figure is predicted from the median of its readings, the most overestimated \
         at the top.",
        some.then(|| residuals(measured)),
    );
    add(
        "round-trip-by-hops",
        "Round trip against the number of hops",
        "What every hop between two hosts adds to a request and its reply of one byte.",
        curves::hops(measured),
    );
    add(
        "new-connection-by-services",
        "Round trip on a new connection against installed Services",
        "What translating the address of a Service adds to the first packet of a connection.",
        curves::services(measured),
    );
    drafts
}

/// Signed errors with the measurement's own spread, sorted.
fn residuals(measured: &Measured) -> Picture {
    let figures = measured.figures();
    let ink = |figure: &String| {
        ink::colour(figures.iter().position(|other| other == figure).unwrap_or(0))
    };
    let mut sorted: Vec<&measured::Row> = measured.rows.iter().collect();
    sorted.sort_by(|a, b| b.point.error().total_cmp(&a.point.error()));
    let row = |row: &&measured::Row| {
        let (point, ink) = (&row.point, ink(&row.point.figure));
        let against = |value: f64| point.predicted / value - 1.0;
        let interval = (against(point.measured.high), against(point.measured.low), ink);
        Row {
            name: row.subject.clone(),
            interval: (point.measured.low > 0.0).then_some(interval),
            marks: vec![(Sample::Disc(ink), point.error())],
            notes: vec![words::gain(point.error()), spread_told(&point.measured)],
        }
    };
    let named = |figure: &String| (Sample::Disc(ink(figure)), measured::name(figure));
    let mut legend: Vec<(Sample, String)> = figures.iter().map(named).collect();
    legend.push((Sample::Whisker(ink::BLACK), "against the quartiles instead".into()));
    let note = "Predicted ÷ median − 1. The spread is the distance of the quartiles over the \
                median: no prediction can be judged more finely than the measurement repeats \
                itself.";
    let panel = Panel {
        heading: "probe".into(),
        unit: String::new(),
        signed: true,
        columns: vec!["error", "spread"],
        groups: vec![Group { name: String::new(), rows: sorted.iter().map(row).collect() }],
    };
    dots::draw("Residuals, sorted", note, &legend, &[panel])
}
