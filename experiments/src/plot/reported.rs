//! What users reported beside what the run predicts for it.

use super::frame::{self, LABEL, MARGIN, NAME, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::manifest::Reported;
use super::picture::Picture;
use super::scale::Scale;
use super::words;

/// Height of a row with its two bars \[px\].
const ROW: f64 = 36.0;
/// Height of a bar \[px\].
const BAR: f64 = 11.0;

/// Draws two ranges per reported figure; none if nothing is reported.
pub fn draw(reported: &[Reported]) -> Option<Picture> {
    let ends = |one: &Reported| one.bit_s.1.max(one.predicted_bit_s.map_or(0.0, |range| range.1));
    let most = reported.iter().map(ends).fold(0.0, f64::max);
    if most <= 0.0 {
        return None;
    }
    let mut picture = Picture::new(WIDTH, 0.0);
    let note = "A range over the settings that a report leaves open; a single value is a bar from \
                zero to a mark.";
    let top = frame::header(&mut picture, "Reported figures beside the predictions", note);
    let entries = [
        (Sample::Box(ink::GREEN), "reported by users".to_owned()),
        (Sample::Box(ink::BLUE), "predicted".to_owned()),
    ];
    let top = frame::legend(&mut picture, top, &entries);
    let names: Vec<(String, String)> = reported.iter().map(names).collect();
    let wide = names.iter().map(|(name, more)| NAME.width(name).max(TICK.width(more)));
    let gutter = wide.fold(0.0, f64::max).min(330.0);
    let (left, right) = (MARGIN + gutter + 10.0, WIDTH - MARGIN - 140.0);
    let bottom = top + reported.len() as f64 * ROW + 6.0;
    let (unit, scale) = match reported.iter().all(Reported::in_bytes) {
        true => ("GB/s", 8e9),
        false => words::bit_unit(most),
    };
    let panel = Panel {
        x: Scale::from_zero(most / scale, (left, right)),
        y: Scale::from_zero(1.0, (bottom, top)),
        edges: [left, top, right, bottom],
    };
    panel.grid_x(&mut picture, &frame::ticks_with_unit(&panel.x, unit));
    for (at, (one, (name, more))) in reported.iter().zip(&names).enumerate() {
        let y = top + 3.0 + (at as f64 + 0.5) * ROW;
        let apart = if more.is_empty() { 0.0 } else { 7.0 };
        picture.text((left - 10.0, y - apart), NAME.fit(name, gutter), NAME.end());
        picture.text((left - 10.0, y + apart), TICK.fit(more, gutter), TICK.end());
        range(&mut picture, &panel, Some(one.bit_s), (y - 7.0, ink::GREEN), (scale, unit));
        range(&mut picture, &panel, one.predicted_bit_s, (y + 7.0, ink::BLUE), (scale, unit));
    }
    panel.base(&mut picture);
    picture.stroke(&[(left, top), (left, bottom)], ink::AXIS, 1.0);
    picture.height = bottom + 20.0 + MARGIN;
    Some(picture)
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
