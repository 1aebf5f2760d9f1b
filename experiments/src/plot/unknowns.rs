//! What a case does not know: how far each assumption moves the answer.

use super::frame::{self, LABEL, MARGIN, NAME, Panel, Sample, WIDTH};
use super::ink;
use super::manifest::{Manifest, Unknown};
use super::picture::Picture;
use super::scale::Scale;
use super::words;

/// Height of a row \[px\].
const ROW: f64 = 22.0;

/// Draws the range of goodput over each unknown; none if nothing is assumed.
pub fn draw(manifest: &Manifest) -> Option<Picture> {
    let unknowns = &manifest.unknowns;
    let most = unknowns.iter().map(|unknown| unknown.high_bit_s).fold(0.0, f64::max);
    if unknowns.is_empty() || most <= 0.0 {
        return None;
    }
    let mut picture = Picture::new(WIDTH, 0.0);
    let note = "How far goodput moves when one assumption takes its values and the others keep \
                theirs; what moves it most is worth finding out first.";
    let top = frame::header(&mut picture, "Which unknown matters most", note);
    let entries = [(Sample::Box(ink::SKY), "range of goodput".to_owned())];
    let top = frame::legend(&mut picture, top, &entries);
    let gutter = unknowns.iter().map(|unknown| NAME.width(&unknown.parameter)).fold(0.0, f64::max);
    let gutter = gutter.min(320.0);
    let (left, right) = (MARGIN + gutter + 10.0, WIDTH - MARGIN - 150.0);
    let bottom = top + unknowns.len() as f64 * ROW + 8.0;
    let (unit, scale) = words::bit_unit(most);
    let panel = Panel {
        x: Scale::from_zero(most / scale, (left, right)),
        y: Scale::from_zero(1.0, (bottom, top)),
        edges: [left, top, right, bottom],
    };
    panel.grid_x(&mut picture, &frame::ticks_with_unit(&panel.x, unit));
    for (at, unknown) in unknowns.iter().enumerate() {
        let y = top + 4.0 + (at as f64 + 0.5) * ROW;
        row(&mut picture, &panel, unknown, y, (scale, unit));
    }
    panel.base(&mut picture);
    picture.stroke(&[(left, top), (left, bottom)], ink::AXIS, 1.0);
    picture.height = bottom + 20.0 + MARGIN;
    Some(picture)
}

fn row(
    picture: &mut Picture,
    panel: &Panel,
    unknown: &Unknown,
    y: f64,
    (scale, unit): (f64, &str),
) {
    let [left, _, right, _] = panel.edges;
    let name = NAME.fit(&unknown.parameter, left - 10.0 - MARGIN);
    picture.text((left - 10.0, y), name, NAME.end());
    let (low, high) = (unknown.low_bit_s / scale, unknown.high_bit_s / scale);
    let (from, to) = (panel.x.at(low), panel.x.at(high).max(panel.x.at(low) + 2.0));
    picture.rectangle((from, y - 6.0), (to, y + 6.0), ink::SKY);
    let range = format!("{} to {} {unit}", words::number(low), words::number(high));
    picture.text((right + 12.0, y), range, LABEL);
}
