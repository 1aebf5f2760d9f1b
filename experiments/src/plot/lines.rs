//! One panel of lines over an axis of bytes, counts, percents or time, each named at its end.

use super::frame::{self, LABEL, MARGIN, Panel, TICK, WIDTH};
use super::ink;
use super::picture::{Picture, Point};
use super::scale::Scale;
use super::words;

/// Height of the plotting area \[px\].
const HIGH: f64 = 300.0;
/// Room for ticks and titles of axes \[px\].
const LEFT: f64 = 52.0;
const FOOT: f64 = 40.0;
const HEAD: f64 = 16.0;
/// Between two names at the ends of lines \[px\].
const PITCH: f64 = 13.0;

/// A named line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// What is across, and what stands over it.
    pub points: Vec<Point>,
    /// The ends of an interval about each point; empty where there is none.
    pub within: Vec<(f64, f64)>,
    /// What it could be at best, drawn across the panel.
    pub ideal: Option<f64>,
}

/// How an axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Logarithmically.
    Log,
    /// Evenly, from zero on.
    FromZero,
    /// Evenly, from the least to the most.
    Even,
}

/// What a panel of lines says besides its lines.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The title of the figure.
    pub title: &'a str,
    /// The line below it.
    pub note: &'a str,
    /// The title of the horizontal axis.
    pub across: &'a str,
    /// How a number of that axis is written.
    pub ticks: fn(f64) -> String,
    /// How the horizontal axis is divided.
    pub wide: Axis,
    /// The unit of the vertical axis.
    pub unit: &'a str,
    /// How the vertical axis is divided.
    pub high: Axis,
}

/// Draws the lines; none without points.
pub fn draw(lines: &[Line], words: Words<'_>) -> Option<Picture> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let bound =
        |pick: fn(&Point) -> f64, fold: fn(f64, f64) -> f64| points().map(pick).reduce(fold);
    let (from, to) = (bound(|p| p.0, f64::min)?, bound(|p| p.0, f64::max)?);
    let beside = || {
        let ends = lines.iter().flat_map(|line| &line.within).flat_map(|ends| [ends.0, ends.1]);
        ends.chain(lines.iter().filter_map(|line| line.ideal))
    };
    let least = beside().fold(bound(|p| p.1, f64::min)?, f64::min);
    let most = beside().fold(bound(|p| p.1, f64::max)?, f64::max);
    let mut picture = Picture::new(WIDTH, 0.0);
    let top = frame::header(&mut picture, words.title, words.note) + HEAD;
    let names = lines.iter().map(|line| LABEL.width(&line.name)).fold(0.0, f64::max);
    let (left, right) = (MARGIN + LEFT, WIDTH - MARGIN - names - 24.0);
    let bottom = top + HIGH;
    let y = match words.high {
        Axis::Log => Scale::log(least / 1.15, most * 1.15, (bottom, top)),
        Axis::FromZero => Scale::from_zero(most * 1.05, (bottom, top)),
        Axis::Even => Scale::linear(least, most, (bottom, top)),
    };
    let across = (left + 6.0, right - 6.0);
    let x = match words.wide {
        Axis::Log => Scale::log(from, to, across),
        Axis::FromZero => Scale::from_zero(to, across),
        Axis::Even => Scale::linear(from, to, across),
    };
    let panel = Panel { x, y, edges: [left, top, right, bottom] };
    axes(&mut picture, &panel, words);
    let ends: Vec<Point> =
        lines.iter().enumerate().map(|(at, line)| one(&mut picture, &panel, at, line)).collect();
    let heights: Vec<f64> = ends.iter().map(|end| end.1).collect();
    let heights = frame::spread(&heights, PITCH, top + 2.0, bottom - 2.0);
    for (at, ((line, end), height)) in lines.iter().zip(&ends).zip(heights).enumerate() {
        let ink = ink::colour(at);
        let elbow = [(end.0 + 3.0, end.1), (right + 4.0, end.1), (right + 14.0, height)];
        picture.stroke(&elbow, ink::sheer(ink, 0.5), 0.75);
        picture.text((right + 18.0, height), line.name.clone(), LABEL.ink(ink));
    }
    picture.height = bottom + FOOT + MARGIN;
    Some(picture)
}

fn axes(picture: &mut Picture, panel: &Panel, words: Words<'_>) {
    let [left, top, right, bottom] = panel.edges;
    let ticks = if words.high == Axis::Log { panel.y.decades(8) } else { panel.y.ticks(6) };
    let named = |tick: f64| (tick, words::number(tick));
    panel.grid_y(picture, &ticks.into_iter().map(named).collect::<Vec<_>>());
    let written = |tick: f64| (tick, (words.ticks)(tick));
    let room = ((right - left) / 62.0) as usize;
    let ticks = match words.wide {
        Axis::Log => panel.x.powers_of_two(room),
        Axis::FromZero | Axis::Even => panel.x.ticks(room),
    };
    panel.grid_x(picture, &ticks.into_iter().map(written).collect::<Vec<_>>());
    panel.base(picture);
    picture.text((MARGIN, top - 9.0), words.unit, TICK);
    picture.text(((left + right) / 2.0, bottom + 28.0), words.across, TICK.middle());
}

/// Draws one line; returns where it ends.
fn one(picture: &mut Picture, panel: &Panel, at: usize, line: &Line) -> Point {
    let places: Vec<Point> =
        line.points.iter().map(|(x, y)| (panel.x.at(*x), panel.y.at(*y))).collect();
    let ink = ink::colour(at);
    let ends = line.points.iter().zip(&line.within);
    let (low, high): (Vec<Point>, Vec<Point>) = ends
        .map(|((x, _), (low, high))| {
            let x = panel.x.at(*x);
            ((x, panel.y.at(*low)), (x, panel.y.at(*high)))
        })
        .unzip();
    if !low.is_empty() {
        let around: Vec<Point> = low.into_iter().chain(high.into_iter().rev()).collect();
        picture.fill(&around, ink::sheer(ink, 0.12));
    }
    if let Some(ideal) = line.ideal {
        let [left, _, right, _] = panel.edges;
        let level = panel.y.at(ideal);
        picture.dashes(&[(left, level), (right, level)], ink::sheer(ink, 0.7), 1.0, (2.0, 3.0));
    }
    match ink::dash(at) {
        Some(dash) => picture.dashes(&places, ink, 1.75, dash),
        None => picture.stroke(&places, ink, 1.75),
    }
    for place in &places {
        picture.disc(*place, 2.25, ink);
    }
    places.last().copied().unwrap_or((panel.edges[2], panel.edges[3]))
}
