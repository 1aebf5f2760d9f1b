//! Goodput against message size: a panel per series, a line per topology, named at its end.

use super::frame::{self, LABEL, MARGIN, NAME, Panel, TICK, WIDTH};
use super::ink;
use super::picture::{Picture, Point};
use super::run::{Run, distinct};
use super::scale::Scale;
use super::series::{self, Series};
use super::words;

/// Between panels \[px\].
const GAP: f64 = 26.0;
/// Room for the title of a panel, and for the ticks below it \[px\].
const HEAD: f64 = 24.0;
const FOOT: f64 = 22.0;
/// The least height of a plotting area \[px\], and of one of many.
const LEAST: f64 = 230.0;
const LEAST_OF_MANY: f64 = 165.0;
/// Between two names at the ends of lines \[px\].
const PITCH: f64 = 12.5;

/// One topology's line in a panel.
struct Line {
    name: String,
    /// Its place among the topologies: decides colour and dash.
    at: usize,
    /// Message size \[B\] and goodput \[bit/s\].
    points: Vec<(f64, f64)>,
}

/// Draws goodput against message size; none if the run has one size only.
pub fn draw(run: &Run) -> Option<Picture> {
    let sizes = sizes(run);
    if sizes.len() < 2 {
        return None;
    }
    let plan = series::plan(run);
    let mut picture = Picture::new(WIDTH, 0.0);
    let folded = match plan.folded.is_empty() {
        true => String::new(),
        false => format!(" Middle of the range over {}.", plan.folded_names()),
    };
    let note = format!("One line per topology; all panels share their axes.{folded}");
    let top = frame::header(&mut picture, "Goodput against message size", &run.noted(&note));
    let panels: Vec<(&Series, Vec<Line>)> =
        plan.series.iter().map(|series| (series, lines(run, series, &sizes))).collect();
    let most = run.results.iter().map(|result| result.goodput.mean).fold(0.0, f64::max);
    let columns = if panels.len() == 1 { 1 } else { 2 };
    let wide = (WIDTH - 2.0 * MARGIN - GAP * (columns - 1) as f64) / columns as f64;
    let names = run.topologies();
    let least = if panels.len() > 6 { LEAST_OF_MANY } else { LEAST };
    let high = least.max(names.len() as f64 * PITCH);
    let mut y = top;
    for row in panels.chunks(columns) {
        for (at, (series, lines)) in row.iter().enumerate() {
            let x = MARGIN + at as f64 * (wide + GAP);
            let corners = [x, y, x + wide, y + HEAD + high];
            panel(&mut picture, &series.label, lines, corners, &sizes, most);
        }
        y += HEAD + high + FOOT + GAP;
    }
    picture.height = y - GAP + MARGIN;
    Some(picture)
}

/// The message sizes of a run in ascending order \[B\].
pub fn sizes(run: &Run) -> Vec<f64> {
    let sizes = distinct(run.results.iter().map(|result| result.key.message_b.to_bits()));
    let mut sizes: Vec<f64> = sizes.into_iter().map(f64::from_bits).collect();
    sizes.sort_by(f64::total_cmp);
    sizes
}

fn lines(run: &Run, series: &Series, sizes: &[f64]) -> Vec<Line> {
    let line = |(at, name): (usize, String)| {
        let point = |size: &f64| Some((*size, series.value(run, &name, *size)?.bit_s));
        let points = sizes.iter().filter_map(point).collect();
        Line { at, points, name }
    };
    let lines = run.topologies().into_iter().enumerate().map(line);
    lines.filter(|line| !line.points.is_empty()).collect()
}

fn panel(
    picture: &mut Picture,
    label: &str,
    lines: &[Line],
    [x0, y0, x1, bottom]: [f64; 4],
    sizes: &[f64],
    most: f64,
) {
    let names = lines.iter().map(|line| LABEL.width(&line.name)).fold(0.0, f64::max);
    let (left, right) = (x0 + 34.0, x1 - names.min((x1 - x0) * 0.35) - 22.0);
    let top = y0 + HEAD;
    let (unit, scale) = words::bit_unit(most);
    let panel = Panel {
        x: Scale::log(sizes[0], sizes[sizes.len() - 1], (left + 6.0, right - 6.0)),
        y: Scale::from_zero(most / scale * 1.04, (bottom, top)),
        edges: [left, top, right, bottom],
    };
    picture.text((x0, y0 + 8.0), NAME.fit(label, x1 - x0 - 60.0), NAME);
    let unit_at = x0 + if label.is_empty() { 0.0 } else { NAME.width(label) + 10.0 };
    picture.text((unit_at, y0 + 8.0), unit, TICK);
    let named = |tick: f64| (tick, words::number(tick));
    panel.grid_y(picture, &panel.y.ticks(5).into_iter().map(named).collect::<Vec<_>>());
    let sized = |tick: f64| (tick, words::size(tick));
    let wanted = ((right - left) / 62.0) as usize;
    let ticks = panel.x.powers_of_two(wanted.max(2)).into_iter().map(sized).collect::<Vec<_>>();
    panel.grid_x(picture, &ticks);
    panel.base(picture);

    let ends: Vec<Point> = lines
        .iter()
        .map(|line| {
            let places: Vec<Point> = line
                .points
                .iter()
                .map(|(size, bit_s)| (panel.x.at(*size), panel.y.at(bit_s / scale)))
                .collect();
            let ink = ink::colour(line.at);
            match ink::dash(line.at) {
                Some(dash) => picture.dashes(&places, ink, 1.75, dash),
                None => picture.stroke(&places, ink, 1.75),
            }
            for place in places.iter().filter(|_| places.len() <= 24) {
                picture.disc(*place, 2.25, ink);
            }
            places[places.len() - 1]
        })
        .collect();
    name_ends(picture, lines, &ends, &panel, x1);
}

/// Names at the right, joined to the ends of their lines.
fn name_ends(picture: &mut Picture, lines: &[Line], ends: &[Point], panel: &Panel, edge: f64) {
    let [_, top, right, bottom] = panel.edges;
    let wanted: Vec<f64> = ends.iter().map(|end| end.1).collect();
    let heights = frame::spread(&wanted, PITCH, top + 2.0, bottom - 2.0);
    for ((line, end), height) in lines.iter().zip(ends).zip(heights) {
        let ink = ink::colour(line.at);
        let elbow = [(end.0 + 3.0, end.1), (right + 4.0, end.1), (right + 14.0, height)];
        picture.stroke(&elbow, ink::sheer(ink, 0.5), 0.75);
        let name = LABEL.fit(&line.name, edge - right - 18.0);
        picture.text((right + 18.0, height), name, LABEL.ink(ink));
    }
}
