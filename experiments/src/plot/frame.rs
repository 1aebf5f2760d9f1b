//! What every figure has around its data: title, note, legend, and panels with grids.

use plotters::style::RGBAColor;

use super::ink;
use super::picture::{Picture, Point, Style};
use super::scale::Scale;
use super::words;

/// The width of every figure \[px\]: an A4 page or a browser column.
pub const WIDTH: f64 = 960.0;
/// Space around a figure \[px\].
pub const MARGIN: f64 = 12.0;

/// Titles of figures.
pub const TITLE: Style = Style::new(16.0).bold();
/// The line below a title.
pub const NOTE: Style = Style::new(12.0).ink(ink::MUTED);
/// Titles of panels, names of rows.
pub const NAME: Style = Style::new(12.0).bold();
/// Values and labels.
pub const LABEL: Style = Style::new(11.0);
/// Ticks and titles of axes.
pub const TICK: Style = Style::new(10.5).ink(ink::MUTED);

/// What a legend shows before a label.
#[derive(Clone, Copy, Debug)]
pub enum Sample {
    /// A filled box.
    Box(RGBAColor),
    /// An outlined box.
    Outline(RGBAColor),
    /// A line, whole or broken.
    Line(RGBAColor, Option<(f64, f64)>),
    /// An upright line.
    Upright(RGBAColor),
    /// A whisker.
    Whisker(RGBAColor),
    /// A filled circle.
    Disc(RGBAColor),
    /// A hollow circle.
    Ring(RGBAColor),
}

/// Breaks `text` into lines no longer than `room` \[px\].
pub fn wrap(text: &str, style: Style, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if style.width(&format!("{line} {word}")) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(style.fit(word, room)),
        }
    }
    lines
}

/// Draws title and note at the top; returns where the next thing may begin \[px\].
pub fn header(picture: &mut Picture, title: &str, note: &str) -> f64 {
    let room = picture.width - 2.0 * MARGIN;
    let mut y = MARGIN;
    for (text, style, pitch) in [(title, TITLE, 20.0), (note, NOTE, 16.0)] {
        for line in wrap(text, style, room) {
            picture.text((MARGIN, y + pitch / 2.0), line, style);
            y += pitch;
        }
    }
    y + 8.0
}

/// Draws a legend in as many rows as it needs; returns where the next thing may begin \[px\].
pub fn legend(picture: &mut Picture, top: f64, entries: &[(Sample, String)]) -> f64 {
    if entries.is_empty() {
        return top;
    }
    const SAMPLE: f64 = 22.0;
    const PITCH: f64 = 18.0;
    let (mut x, mut y) = (MARGIN, top + PITCH / 2.0);
    let most = picture.width - 2.0 * MARGIN - SAMPLE - 6.0;
    for (sample, label) in entries {
        let label = LABEL.fit(label, most);
        let wide = SAMPLE + 6.0 + LABEL.width(&label) + 20.0;
        if x > MARGIN && x + wide - 20.0 > picture.width - MARGIN {
            (x, y) = (MARGIN, y + PITCH);
        }
        draw_sample(picture, *sample, (x, y), SAMPLE);
        picture.text((x + SAMPLE + 6.0, y), label, LABEL);
        x += wide;
    }
    y + PITCH / 2.0 + 8.0
}

fn draw_sample(picture: &mut Picture, sample: Sample, (x, y): Point, wide: f64) {
    let middle = x + wide / 2.0;
    match sample {
        Sample::Box(ink) => picture.rectangle((x, y - 5.0), (x + wide, y + 5.0), ink),
        Sample::Outline(ink) => {
            picture.outline((x + 0.5, y - 4.5), (x + wide - 0.5, y + 4.5), ink, 1.0);
        }
        Sample::Line(ink, None) => picture.stroke(&[(x, y), (x + wide, y)], ink, 2.0),
        Sample::Line(ink, Some(dash)) => {
            picture.dashes(&[(x, y), (x + wide, y)], ink, 2.0, dash);
        }
        Sample::Whisker(ink) => whisker(picture, (x + 3.0, x + wide - 3.0), y, ink),
        Sample::Upright(_) | Sample::Disc(_) | Sample::Ring(_) => {
            mark(picture, sample, (middle, y));
        }
    }
}

/// A mark at a value, as in the legend; samples of lines and areas have none.
pub fn mark(picture: &mut Picture, sample: Sample, at: Point) {
    match sample {
        Sample::Upright(ink) => {
            picture.stroke(&[(at.0, at.1 - 6.0), (at.0, at.1 + 6.0)], ink, 2.0);
        }
        Sample::Disc(ink) => picture.disc(at, 4.0, ink),
        Sample::Ring(ink) => ring(picture, at, 4.0, ink),
        Sample::Box(_) | Sample::Outline(_) | Sample::Line(..) | Sample::Whisker(_) => {}
    }
}

/// A horizontal interval with ends, `y` its height \[px\].
pub fn whisker(picture: &mut Picture, (low, high): (f64, f64), y: f64, ink: RGBAColor) {
    picture.stroke(&[(low, y), (high, y)], ink, 1.25);
    for end in [low, high] {
        picture.stroke(&[(end, y - 3.0), (end, y + 3.0)], ink, 1.25);
    }
}

/// An upright interval with ends, `x` its place across \[px\].
pub fn upright_whisker(picture: &mut Picture, x: f64, (low, high): (f64, f64), ink: RGBAColor) {
    picture.stroke(&[(x, low), (x, high)], ink, 1.25);
    for end in [low, high] {
        picture.stroke(&[(x - 3.0, end), (x + 3.0, end)], ink, 1.25);
    }
}

/// A hollow circle.
pub fn ring(picture: &mut Picture, at: Point, radius: f64, ink: RGBAColor) {
    picture.disc(at, radius, ink);
    picture.disc(at, radius - 1.5, ink::PAPER);
}

/// A plotting area between two scales.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// From values to pixels across.
    pub x: Scale,
    /// From values to pixels down; its first pixel is the bottom.
    pub y: Scale,
    /// Left, top, right, bottom \[px\].
    pub edges: [f64; 4],
}

impl Panel {
    /// Upright grid lines at `ticks`, labelled below.
    pub fn grid_x(&self, picture: &mut Picture, ticks: &[(f64, String)]) {
        let [_, top, _, bottom] = self.edges;
        for (value, label) in ticks {
            let x = self.x.at(*value);
            picture.stroke(&[(x, top), (x, bottom)], ink::GRID, 1.0);
            picture.text((x, bottom + 10.0), label.clone(), TICK.middle());
        }
    }

    /// Level grid lines at `ticks`, labelled at the left.
    pub fn grid_y(&self, picture: &mut Picture, ticks: &[(f64, String)]) {
        let [left, _, right, _] = self.edges;
        for (value, label) in ticks {
            let y = self.y.at(*value);
            picture.stroke(&[(left, y), (right, y)], ink::GRID, 1.0);
            picture.text((left - 6.0, y), label.clone(), TICK.end());
        }
    }

    /// The line along the bottom.
    pub fn base(&self, picture: &mut Picture) {
        let [left, _, right, bottom] = self.edges;
        picture.stroke(&[(left, bottom), (right, bottom)], ink::AXIS, 1.0);
    }
}

/// Labelled ticks of a straight scale; the last one names the unit.
pub fn ticks_with_unit(scale: &Scale, unit: &str) -> Vec<(f64, String)> {
    ticks_about(scale, unit, 6)
}

/// The same, about as many as `wanted`.
pub fn ticks_about(scale: &Scale, unit: &str, wanted: usize) -> Vec<(f64, String)> {
    let mut ticks: Vec<(f64, String)> =
        scale.ticks(wanted).into_iter().map(|tick| (tick, words::number(tick))).collect();
    if let Some((_, last)) = ticks.last_mut() {
        *last = format!("{last} {unit}");
    }
    ticks
}

/// Moves labels apart: heights in order become heights at least `pitch` apart within `top` and
/// `bottom` \[px\], each as near to where it was as its neighbours let it.
pub fn spread(wanted: &[f64], pitch: f64, top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // Blocks of labels that touch, each at the mean of what its members want.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for &at in &order {
        blocks.push((wanted[at], 1));
        while let [.., (above, many), (below, more)] = blocks[..] {
            let reach = (many + more) as f64 * pitch / 2.0;
            if below - above >= reach {
                break;
            }
            let middle = (above * many as f64 + below * more as f64) / (many + more) as f64;
            blocks.truncate(blocks.len() - 2);
            blocks.push((middle, many + more));
        }
    }
    let mut placed = vec![0.0; wanted.len()];
    let (mut next, mut floor) = (order.into_iter(), top);
    for (middle, many) in blocks {
        let half = (many - 1) as f64 * pitch / 2.0;
        let first = (middle - half).min(bottom - 2.0 * half).max(floor);
        for step in 0..many {
            if let Some(at) = next.next() {
                placed[at] = first + step as f64 * pitch;
                floor = placed[at] + pitch;
            }
        }
    }
    // What was pushed below the bottom pushes the ones above it up.
    let mut sinking: Vec<usize> = (0..placed.len()).collect();
    sinking.sort_by(|&a, &b| placed[b].total_cmp(&placed[a]));
    let mut ceiling = bottom;
    for at in sinking {
        placed[at] = placed[at].min(ceiling);
        ceiling = placed[at] - pitch;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_apart_and_near() {
        assert_eq!(spread(&[10.0, 50.0], 12.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(spread(&[50.0, 50.0, 50.0], 10.0, 0.0, 100.0), [40.0, 50.0, 60.0]);
        assert_eq!(spread(&[99.0, 98.0], 10.0, 0.0, 100.0), [100.0, 90.0]);
        assert_eq!(spread(&[0.0, 0.0], 10.0, 0.0, 100.0), [0.0, 10.0]);
        let many: Vec<f64> = (0..30).map(|at| f64::from(at % 3) * 20.0).collect();
        let mut placed = spread(&many, 10.0, 0.0, 300.0);
        placed.sort_by(f64::total_cmp);
        assert!(placed.windows(2).all(|pair| pair[1] - pair[0] > 9.999), "{placed:?}");
        assert!(placed[0] >= 0.0 && placed[29] <= 300.0);
    }

    #[test]
    fn text_wraps_at_words() {
        let lines = wrap("how much of the line rate each topology reaches", NOTE, 120.0);
        assert!(lines.len() >= 3 && lines.iter().all(|line| NOTE.width(line) <= 120.0));
        assert_eq!(lines.join(" "), "how much of the line rate each topology reaches");
    }
}
