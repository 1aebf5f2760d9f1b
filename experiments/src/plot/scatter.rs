//! Predicted against measured, a panel per family of published rows.

use super::frame::{self, MARGIN, NAME, NOTE, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::picture::{Picture, Point};
use super::scale::Scale;
use super::validation::{Check, Family};
use super::words;

/// Between panels, above and below a plotting area \[px\].
const GAP: f64 = 34.0;
const HEAD: f64 = 42.0;
const FOOT: f64 = 36.0;
/// Half the width of the band around the identity, as a part.
const BAND: f64 = 0.10;

/// Draws each family's rows with the identity and a band of ±10 %.
pub fn draw(families: &[Family]) -> Picture {
    let mut picture = Picture::new(WIDTH, 0.0);
    let note = "Both axes are logarithmic and share their range. On the line a prediction is \
                exact; the band is ±10 %.";
    let checks = families.iter().flat_map(|family| &family.checks);
    let repeated = checks.clone().any(|check| check.quartiles.is_some());
    let whiskers = " Whiskers: the quartiles of the measurement.";
    let note = format!("{note}{}", if repeated { whiskers } else { "" });
    let top = frame::header(&mut picture, "Predicted against measured", &note);
    let mut entries = Vec::new();
    if checks.clone().any(|check| check.held_out) {
        let label = "held out: no parameter was fitted to it";
        entries.push((Sample::Disc(ink::BLACK), label.to_owned()));
    }
    if checks.clone().any(|check| !check.held_out) {
        let label = "calibration: parameters were fitted to it";
        entries.push((Sample::Ring(ink::BLACK), label.to_owned()));
    }
    let mut y = frame::legend(&mut picture, top, &entries);
    let columns = families.len().clamp(1, 3);
    let wide = (WIDTH - 2.0 * MARGIN - GAP * (columns - 1) as f64) / columns as f64;
    let wide = wide.min(440.0);
    let side = wide - 44.0;
    for (row, members) in families.chunks(columns).enumerate() {
        for (at, family) in members.iter().enumerate() {
            let x = MARGIN + at as f64 * (wide + GAP);
            panel(&mut picture, family, row * columns + at, (x, y), wide);
        }
        y += HEAD + side + FOOT + GAP;
    }
    picture.height = y - GAP + MARGIN;
    picture
}

fn panel(picture: &mut Picture, family: &Family, at: usize, (x0, y0): Point, wide: f64) {
    picture.text((x0, y0 + 8.0), NAME.fit(&family.name, wide), NAME);
    let note = format!(
        "{}, median error {}, worst {}",
        family.counted(),
        words::error(family.median_error()),
        words::error(family.worst_error())
    );
    picture.text((x0, y0 + 25.0), frame::NOTE.fit(&note, wide), NOTE);
    let (left, top) = (x0 + 44.0, y0 + HEAD);
    let (right, bottom) = (x0 + wide, y0 + HEAD + wide - 44.0);
    let (low, high) = range(&family.checks);
    let panel = Panel {
        x: Scale::log(low, high, (left, right)),
        y: Scale::log(low, high, (bottom, top)),
        edges: [left, top, right, bottom],
    };
    let ticks = panel.x.decades(((right - left) / 52.0) as usize);
    let ticks: Vec<_> = ticks.into_iter().map(|tick| (tick, words::number(tick))).collect();
    panel.grid_x(picture, &ticks);
    panel.grid_y(picture, &ticks);
    let place = |measured: f64, predicted: f64| (panel.x.at(measured), panel.y.at(predicted));
    let (more, less) = (1.0 + BAND, 1.0 - BAND);
    let band = [
        place(low, low),
        place(low, low * more),
        place(high / more, high),
        place(high, high),
        place(high, high * less),
        place(low / less, low),
    ];
    picture.fill(&band, ink::sheer(ink::BLACK, 0.08));
    picture.stroke(&[place(low, low), place(high, high)], ink::AXIS, 1.0);
    panel.base(picture);
    picture.stroke(&[(left, top), (left, bottom)], ink::AXIS, 1.0);
    let colour = ink::colour(at);
    // The held-out rows are what counts: they lie on top.
    for held_out in [false, true] {
        for check in family.checks.iter().filter(|check| check.held_out == held_out) {
            let at = place(check.measured, check.predicted);
            if let Some((low, high)) = check.quartiles.filter(|(low, _)| *low > 0.0) {
                frame::whisker(picture, (panel.x.at(low), panel.x.at(high)), at.1, colour);
            }
            match held_out {
                true => picture.disc(at, 3.5, ink::sheer(colour, 0.75)),
                false => frame::ring(picture, at, 3.5, colour),
            }
        }
    }
    let unit = if family.unit.is_empty() { String::new() } else { format!(" [{}]", family.unit) };
    let middle = ((left + right) / 2.0, (top + bottom) / 2.0);
    picture.text((middle.0, bottom + 26.0), format!("measured{unit}"), TICK.middle());
    picture.text((x0 + 6.0, middle.1), format!("predicted{unit}"), TICK.middle().upwards());
}

/// From below the least to above the greatest value of a family.
fn range(checks: &[Check]) -> (f64, f64) {
    let values = checks.iter().flat_map(|check| {
        let (low, high) = check.quartiles.unwrap_or((check.measured, check.measured));
        [check.measured, check.predicted, low, high]
    });
    let values = values.filter(|value| *value > 0.0);
    let (low, high) =
        values.fold((f64::MAX, 0.0f64), |(low, high), value| (low.min(value), high.max(value)));
    if high > 0.0 { (low / 1.25, high * 1.25) } else { (0.1, 10.0) }
}
