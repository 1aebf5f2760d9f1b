//! Rows of marks with intervals: panels below each other, each with an axis of its own.

use plotters::style::RGBAColor;

use super::frame::{self, LABEL, MARGIN, NAME, Panel as Area, Sample, TICK, WIDTH};
use super::ink;
use super::picture::Picture;
use super::scale::Scale;
use super::words;

/// Height of a row \[px\].
const ROW: f64 = 17.0;
/// Above a group's rows for its name, and above a panel's axis \[px\].
const HEAD: f64 = 20.0;
/// Below a panel \[px\].
const FOOT: f64 = 40.0;
/// The least and the most room for names of rows \[px\].
const GUTTER: (f64, f64) = (60.0, 400.0);
/// Values that are farther apart than this need a logarithmic axis to be told apart.
const FAR: f64 = 20.0;

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is about.
    pub name: String,
    /// An interval and its ink.
    pub interval: Option<(f64, f64, RGBAColor)>,
    /// Marks at values: [`Sample::Disc`], [`Sample::Ring`] or [`Sample::Upright`].
    pub marks: Vec<(Sample, f64)>,
    /// What stands at the right, a text per column of the panel.
    pub notes: Vec<String>,
}

/// Rows under one name.
#[derive(Clone, Debug)]
pub struct Group {
    /// The name, empty for none.
    pub name: String,
    /// The rows.
    pub rows: Vec<Row>,
}

/// Groups on one axis.
#[derive(Clone, Debug)]
pub struct Panel {
    /// Its heading.
    pub heading: String,
    /// The unit of its values.
    pub unit: String,
    /// Whether zero is in its middle, as for errors.
    pub signed: bool,
    /// The headings of the notes.
    pub columns: Vec<&'static str>,
    /// The groups.
    pub groups: Vec<Group>,
}

/// Draws panels below each other.
pub fn draw(title: &str, note: &str, legend: &[(Sample, String)], panels: &[Panel]) -> Picture {
    let mut picture = Picture::new(WIDTH, 0.0);
    let top = frame::header(&mut picture, title, note);
    let mut y = frame::legend(&mut picture, top, legend);
    for panel in panels {
        y = draw_panel(&mut picture, panel, y);
    }
    picture.height = y - FOOT + 22.0 + MARGIN;
    picture
}

fn draw_panel(picture: &mut Picture, panel: &Panel, top: f64) -> f64 {
    let rows = panel.groups.iter().flat_map(|group| &group.rows);
    let names = rows.map(|row| LABEL.width(&row.name));
    let headings = panel.groups.iter().map(|group| NAME.width(&group.name));
    let names = names.chain(headings).fold(GUTTER.0, f64::max);
    let left = MARGIN + names.min(GUTTER.1) + 10.0;
    let places = columns(panel);
    let right = places.first().map_or(WIDTH - MARGIN, |first| first - column(panel, 0) - 16.0);
    let begin = top + HEAD;
    let height: f64 = panel.groups.iter().map(|group| group.height()).sum();
    let bottom = begin + height + 6.0;
    let x = axis(panel, (left, right));
    let area =
        Area { x, y: Scale::from_zero(1.0, (bottom, begin)), edges: [left, begin, right, bottom] };
    picture.text((MARGIN, top + 8.0), NAME.fit(&panel.heading, right - MARGIN), NAME);
    for (heading, place) in panel.columns.iter().zip(&places) {
        picture.text((*place, top + 8.0), *heading, TICK.end());
    }
    area.grid_x(picture, &ticks(panel, &x));
    if panel.signed {
        picture.stroke(&[(x.at(0.0), begin), (x.at(0.0), bottom)], ink::AXIS, 1.5);
    }
    let mut y = begin + 4.0;
    for group in &panel.groups {
        if !group.name.is_empty() {
            let name = NAME.fit(&group.name, left - 10.0 - MARGIN);
            picture.text((MARGIN, y + HEAD / 2.0), name, NAME);
            y += HEAD;
        }
        for row in &group.rows {
            draw_row(picture, &area, row, y + ROW / 2.0, &places);
            y += ROW;
        }
    }
    area.base(picture);
    picture.stroke(&[(left, begin), (left, bottom)], ink::AXIS, 1.0);
    bottom + FOOT
}

fn draw_row(picture: &mut Picture, area: &Area, row: &Row, y: f64, places: &[f64]) {
    let [left, _, right, _] = area.edges;
    picture.text((left - 10.0, y), LABEL.fit(&row.name, left - 10.0 - MARGIN), LABEL.end());
    let at = |value: f64| area.x.at(value).clamp(left, right);
    if let Some((low, high, ink)) = row.interval {
        frame::whisker(picture, (at(low), at(high)), y, ink);
    }
    for (sample, value) in &row.marks {
        frame::mark(picture, *sample, (at(*value), y));
    }
    for (note, place) in row.notes.iter().zip(places) {
        picture.text((*place, y), note.clone(), LABEL.end());
    }
}

impl Group {
    fn height(&self) -> f64 {
        self.rows.len() as f64 * ROW + if self.name.is_empty() { 0.0 } else { HEAD }
    }
}

/// How wide the `at`th column of notes is \[px\].
fn column(panel: &Panel, at: usize) -> f64 {
    let rows = panel.groups.iter().flat_map(|group| &group.rows);
    let notes = rows.filter_map(|row| row.notes.get(at));
    notes.map(|note| LABEL.width(note)).fold(TICK.width(panel.columns[at]), f64::max)
}

/// Where the columns of notes end \[px\].
fn columns(panel: &Panel) -> Vec<f64> {
    let mut end = WIDTH - MARGIN;
    let mut places = Vec::new();
    for at in (0..panel.columns.len()).rev() {
        places.push(end);
        end -= column(panel, at) + 14.0;
    }
    places.reverse();
    places
}

/// From zero where values are near each other, else logarithmic.
fn axis(panel: &Panel, pixels: (f64, f64)) -> Scale {
    let rows = panel.groups.iter().flat_map(|group| &group.rows);
    let values = rows.flat_map(|row| {
        let ends = row.interval.map(|(low, high, _)| [low, high]);
        row.marks.iter().map(|(_, value)| *value).chain(ends.into_iter().flatten())
    });
    let range = |(low, high): (f64, f64), value: f64| (low.min(value), high.max(value));
    if panel.signed {
        let (low, high) = values.fold((-0.01, 0.01), range);
        return Scale::linear(low * 1.05, high * 1.05, pixels);
    }
    let (low, high) = values.filter(|value| *value > 0.0).fold((f64::MAX, 0.0), range);
    if high > FAR * low {
        Scale::log(low / 1.15, high * 1.15, pixels)
    } else {
        Scale::from_zero(high * 1.03, pixels)
    }
}

fn ticks(panel: &Panel, x: &Scale) -> Vec<(f64, String)> {
    if panel.signed {
        return x.ticks(7).into_iter().map(|tick| (tick, words::gain(tick))).collect();
    }
    if x.values().0 == 0.0 {
        return frame::ticks_with_unit(x, &panel.unit);
    }
    let mut ticks: Vec<(f64, String)> =
        x.decades(8).into_iter().map(|tick| (tick, words::number(tick))).collect();
    if let Some((_, last)) = ticks.last_mut() {
        *last = format!("{last} {}", panel.unit);
    }
    ticks
}
