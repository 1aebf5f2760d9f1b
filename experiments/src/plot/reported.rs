//! What users reported beside what the run predicts for it.

use super::frame::{self, LABEL, MARGIN, NAME, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::manifest::{Reported, Unit};
use super::picture::Picture;
use super::scale::Scale;
use super::words;

/// Height of a row with its two bars \[px\].
const ROW: f64 = 36.0;
/// Height of a bar \[px\].
const BAR: f64 = 11.0;
/// Between panels \[px\].
const APART: f64 = 14.0;

/// Draws two ranges per reported figure, a panel for each unit; none if nothing is reported.
pub fn draw(reported: &[Reported]) -> Option<Picture> {
    if reported.is_empty() {
        return None;
    }
    let mut picture = Picture::new(WIDTH, 0.0);
    let note = "A range over the settings that a report leaves open, or the 90 % interval; a \
                single value is a bar from zero to a mark.";
    let top = frame::header(&mut picture, "Reported figures beside the predictions", note);
    let entries = [
        (Sample::Box(ink::GREEN), "reported by users".to_owned()),
        (Sample::Box(ink::BLUE), "predicted".to_owned()),
    ];
    let mut top = frame::legend(&mut picture, top, &entries);
    let wide = reported.iter().map(names);
    let wide = wide.map(|(name, more)| NAME.width(&name).max(TICK.width(&more)));
    let gutter = wide.fold(0.0, f64::max).min(330.0);
    for unit in Unit::ALL {
        let own: Vec<&Reported> = reported.iter().filter(|one| one.unit == unit).collect();
        if !own.is_empty() {
            top = panel(&mut picture, &own, top, gutter);
        }
    }
    picture.height = top - APART + MARGIN;
    Some(picture)
}

/// One panel of figures of one unit; where the next begins.
fn panel(picture: &mut Picture, reported: &[&Reported], top: f64, gutter: f64) -> f64 {
    let ends = |one: &Reported| one.range.1.max(predicted(one).map_or(0.0, |range| range.1));
    let most = reported.iter().map(|one| ends(one)).fold(0.0, f64::max);
    let (left, right) = (MARGIN + gutter + 10.0, WIDTH - MARGIN - 140.0);
    let bottom = top + reported.len() as f64 * ROW + 6.0;
    let first = reported[0];
    let in_bytes = reported.iter().all(|one| one.in_bytes());
    let (unit, scale) = match first.unit {
        Unit::Bandwidth if in_bytes => ("GB/s", 8e9),
        Unit::Bandwidth => words::bit_unit(most),
        _ => first.scale(most),
    };
    let panel = Panel {
        x: Scale::from_zero(most / scale, (left, right)),
        y: Scale::from_zero(1.0, (bottom, top)),
        edges: [left, top, right, bottom],
    };
    panel.grid_x(picture, &frame::ticks_with_unit(&panel.x, unit));
    for (at, one) in reported.iter().enumerate() {
        let (name, more) = names(one);
        let y = top + 3.0 + (at as f64 + 0.5) * ROW;
        let apart = if more.is_empty() { 0.0 } else { 7.0 };
        picture.text((left - 10.0, y - apart), NAME.fit(&name, gutter), NAME.end());
        picture.text((left - 10.0, y + apart), TICK.fit(&more, gutter), TICK.end());
        range(picture, &panel, Some(one.range), (y - 7.0, ink::GREEN), (scale, unit));
        range(picture, &panel, predicted(one), (y + 7.0, ink::BLUE), (scale, unit));
    }
    panel.base(picture);
    picture.stroke(&[(left, top), (left, bottom)], ink::AXIS, 1.0);
    bottom + 20.0 + APART
}

/// The interval of what is predicted; without one, the range over points.
fn predicted(one: &Reported) -> Option<(f64, f64)> {
    one.sure.or(one.predicted)
}

/// What a report is about, and what it says.
fn names(one: &Reported) -> (String, String) {
    let about = one.about();
    if about.is_empty() { (one.text.clone(), String::new()) } else { (about, one.text.clone()) }
}

fn range(
    picture: &mut Picture,
    panel: &Panel,
    range: Option<(f64, f64)>,
    (y, ink): (f64, plotters::style::RGBAColor),
    (scale, unit): (f64, &str),
) {
    let [left, _, right, _] = panel.edges;
    let Some((low, high)) = range else {
        picture.text((left + 6.0, y), "no point of the run matches", TICK);
        return;
    };
    let (from, to) = (panel.x.at(low / scale), panel.x.at(high / scale));
    let said = |value: f64| words::number(value / scale);
    let text = if high - low <= 1e-3 * high {
        picture.rectangle((left, y - BAR / 2.0), (to, y + BAR / 2.0), ink::tint(ink, 0.7));
        picture.rectangle((to - 3.0, y - BAR / 2.0), (to, y + BAR / 2.0), ink);
        format!("{} {unit}", said(high))
    } else {
        picture.rectangle((from, y - BAR / 2.0), (to.max(from + 2.0), y + BAR / 2.0), ink);
        format!("{} to {} {unit}", said(low), said(high))
    };
    picture.text((right + 12.0, y), text, LABEL.ink(ink));
}
