//! The figures of a comparison: measured and predicted, topology by topology.

use super::dots::{self, Group, Panel, Row};
use super::frame::Sample;
use super::measured::{self, Measured, spread_told};
use super::picture::Picture;
use super::run::distinct;
use super::{Draft, ink, scatter, words};

/// Every figure that the comparison has data for.
pub(super) fn drafts(measured: &Measured) -> Vec<Draft> {
    if measured.rows.is_empty() {
        return Vec::new();
    }
    let topologies = distinct(measured.rows.iter().map(|row| row.subject.clone()));
    let draft = |name, title: &str, caption: &str, picture| Draft {
        name,
        title: title.into(),
        caption: caption.into(),
        alternative: format!("{title}, for the topologies {}. {caption}", topologies.join(", ")),
        picture,
    };
    vec![
        draft(
            "measured-by-topology",
            "Measured and predicted by topology",
            "A filled mark with whiskers is the median over rounds with its quartiles; the upright \
             line is the prediction.",
            by_topology(measured),
        ),
        draft(
            "predicted-vs-measured",
            "Predicted against measured",
            "Every row of compare.csv. No parameter was fitted to any of them.",
            scatter::draw(&measured.families("compare.csv", true)),
        ),
    ]
}

/// A panel per figure, a group per topology, a row per setting.
fn by_topology(measured: &Measured) -> Picture {
    let panels: Vec<Panel> = measured.figures().iter().map(|name| panel(measured, name)).collect();
    let legend = [
        (Sample::Disc(ink::BLUE), "measured, median".to_owned()),
        (Sample::Whisker(ink::BLUE), "its quartiles".to_owned()),
        (Sample::Upright(ink::VERMILLION), "predicted".to_owned()),
    ];
    let note = "Where the prediction stands between the quartiles, measurement and prediction \
                cannot be told apart. Spread: the distance of the quartiles over the median.";
    dots::draw("Measured and predicted by topology", note, &legend, &panels)
}

fn panel(measured: &Measured, figure: &str) -> Panel {
    let unit = measured.unit(figure);
    let topologies = distinct(measured.of(figure).map(|row| row.subject.clone()));
    let settings = measured.of(figure).any(|row| !row.setting.is_empty());
    let row = |row: &measured::Row| {
        let (spread, predicted) = (row.point.measured, row.point.predicted / unit.scale);
        let name = if settings { row.setting.clone() } else { row.subject.clone() };
        Row {
            name,
            interval: Some((spread.low / unit.scale, spread.high / unit.scale, ink::BLUE)),
            marks: vec![
                (Sample::Disc(ink::BLUE), spread.median / unit.scale),
                (Sample::Upright(ink::VERMILLION), predicted),
            ],
            notes: vec![
                words::figure(spread.median / unit.scale),
                spread_told(&spread),
                words::figure(predicted),
                words::gain(row.point.error()),
            ],
        }
    };
    let group = |topology: &String| Group {
        name: if settings { topology.clone() } else { String::new() },
        rows: measured.of(figure).filter(|row| row.subject == *topology).map(row).collect(),
    };
    Panel {
        heading: format!("{} [{}]", measured::name(figure), unit.name),
        unit: unit.name.into(),
        signed: false,
        columns: vec!["measured", "spread", "predicted", "error"],
        groups: topologies.iter().map(group).collect(),
    }
}
