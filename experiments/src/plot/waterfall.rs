//! Where the line rate goes: from the reference over each hop's drop to the goodput.

use super::frame::{self, LABEL, MARGIN, NAME, Sample, TICK, WIDTH};
use super::ink;
use super::picture::{Picture, Point};
use super::run::{Outcome, Run};
use super::scale::Scale;
use super::series::{Plan, Series};
use super::words;

/// Height of a row and of the bar in it \[px\].
const ROW: f64 = 17.0;
const BAR: f64 = 11.0;
/// Between two panels \[px\].
const GAP: f64 = 28.0;
/// Room for the title of a panel \[px\].
const HEAD: f64 = 24.0;
/// Hops that take less than this part of the reference are drawn together.
const SMALL: f64 = 0.005;

/// One bar of a waterfall, in bit/s.
struct Step {
    label: String,
    from: f64,
    to: f64,
    part: Part,
}

#[derive(PartialEq)]
enum Part {
    Reference,
    Drop,
    Goodput,
}

/// Draws one panel per topology for the largest message of a series.
pub fn draw(run: &Run, plan: &Plan, series: &Series) -> Picture {
    let panels: Vec<(String, Vec<Step>)> = run
        .topologies()
        .into_iter()
        .filter_map(|name| {
            let point = largest(run, series, &name)?;
            Some((heading(point), steps(run, point)))
        })
        .collect();
    let mut picture = Picture::new(WIDTH, 0.0);
    let which =
        if series.label.is_empty() { String::new() } else { format!(" ({})", series.label) };
    let title = format!("Where the line rate goes, hop by hop{which}");
    let size = words::size(run.largest_message());
    let note = format!(
        "Messages of {size}. Each bar is what its hop takes, by the time that the message waits \
         for it; hops stand in path order. Hops below {} of the line rate are drawn together.",
        words::percent(SMALL)
    );
    let first = run.topologies().first().and_then(|name| largest(run, series, name));
    let at = first.map_or(String::new(), |point| plan.folded_at(point));
    let note = if at.is_empty() { note } else { format!("{note} Shown at {at}.") };
    let top = frame::header(&mut picture, &title, &run.noted(&note));
    let gives = panels.iter().flat_map(|(_, steps)| steps).any(|step| step.gives());
    let mut entries = vec![
        (Sample::Box(ink::tint(ink::BLACK, 0.55)), "line rate".to_owned()),
        (Sample::Box(ink::VERMILLION), "taken by a hop".to_owned()),
    ];
    if gives {
        entries.push((Sample::Box(ink::GREEN), "given back by a hop".to_owned()));
    }
    entries.push((Sample::Box(ink::BLUE), "goodput".to_owned()));
    let top = frame::legend(&mut picture, top, &entries);
    let bottom = grid(&mut picture, &panels, top);
    picture.height = bottom - GAP + MARGIN;
    picture
}

/// The point with the largest message of a topology.
fn largest<'r>(run: &'r Run, series: &Series, topology: &str) -> Option<&'r Outcome> {
    let own = run.results.iter().filter(|result| result.key.topology == topology);
    let own = own.filter(|result| series.holds(&result.key));
    // The first of equals: other settings as they stand first in the file.
    own.reduce(|most, next| if next.key.message_b > most.key.message_b { next } else { most })
}

impl Step {
    fn gives(&self) -> bool {
        self.part == Part::Drop && self.to > self.from
    }
}

fn heading(point: &Outcome) -> String {
    let key = &point.key;
    format!(
        "{}: {} of {}",
        key.topology,
        words::percent(point.of_reference),
        words::bit_rate(point.reference_bit_s)
    )
}

/// The steps of a point from its reference to its goodput; small ones as one, where the first of
/// them stood.
fn steps(run: &Run, point: &Outcome) -> Vec<Step> {
    let taken: Vec<_> = run.taken.iter().filter(|taken| taken.key == point.key).collect();
    let reference = point.reference_bit_s;
    let mut level = reference;
    let label = format!("line rate ({})", point.reference_link);
    let mut steps = vec![Step { label, from: 0.0, to: reference, part: Part::Reference }];
    let small: Vec<_> = taken.iter().filter(|taken| taken.ratio.abs() < SMALL).collect();
    let mut together = (small.len() > 1).then(|| {
        let sum: f64 = small.iter().map(|taken| taken.bit_s).sum();
        (format!("{} small hops", small.len()), sum)
    });
    let gathered = together.is_some();
    for taken in &taken {
        let (label, bit_s) = if gathered && taken.ratio.abs() < SMALL {
            match together.take() {
                Some(all) => all,
                None => continue,
            }
        } else {
            (taken.hop.clone(), taken.bit_s)
        };
        steps.push(Step { label, from: level, to: level - bit_s, part: Part::Drop });
        level -= bit_s;
    }
    let goodput = point.goodput.mean;
    steps.push(Step { label: "goodput".into(), from: 0.0, to: goodput, part: Part::Goodput });
    steps
}

/// Panels in two columns, rows of panels as high as their higher one; returns the bottom \[px\].
fn grid(picture: &mut Picture, panels: &[(String, Vec<Step>)], top: f64) -> f64 {
    let columns = if panels.len() == 1 { 1 } else { 2 };
    let wide = (WIDTH - 2.0 * MARGIN - GAP * (columns - 1) as f64) / columns as f64;
    let mut y = top;
    for row in panels.chunks(columns) {
        let most = row.iter().map(|(_, steps)| steps.len()).max().unwrap_or(0);
        for (at, (heading, steps)) in row.iter().enumerate() {
            let x = MARGIN + at as f64 * (wide + GAP);
            panel(picture, heading, steps, (x, y), wide);
        }
        y += HEAD + most as f64 * ROW + GAP;
    }
    y
}

fn panel(picture: &mut Picture, heading: &str, steps: &[Step], (x, y): Point, wide: f64) {
    picture.text((x, y + 8.0), NAME.fit(heading, wide), NAME);
    let labels = steps.iter().map(|step| LABEL.width(&step.label)).fold(0.0, f64::max);
    let gutter = labels.min(wide * 0.45);
    let (left, right) = (x + gutter + 8.0, x + wide - 48.0);
    let most = steps.iter().map(|step| step.from.max(step.to)).fold(0.0, f64::max);
    let (_, scale) = words::bit_unit(most);
    let least = steps.iter().map(|step| step.to).fold(0.0, f64::min);
    let place = Scale::linear(least, most, (left, right));
    let top = y + HEAD;
    for (at, step) in steps.iter().enumerate() {
        let middle = top + (at as f64 + 0.5) * ROW;
        let ends = (place.at(step.from), place.at(step.to));
        let (from, to) = (ends.0.min(ends.1), ends.0.max(ends.1).max(ends.0.min(ends.1) + 1.0));
        let ink = match step.part {
            Part::Reference => ink::tint(ink::BLACK, 0.55),
            Part::Goodput => ink::BLUE,
            Part::Drop if step.gives() => ink::GREEN,
            Part::Drop => ink::VERMILLION,
        };
        if at % 2 == 1 {
            let band = (x, middle - ROW / 2.0);
            picture.rectangle(band, (x + wide, middle + ROW / 2.0), ink::GROUND);
        }
        picture.rectangle((from, middle - BAR / 2.0), (to, middle + BAR / 2.0), ink);
        if at + 1 < steps.len() {
            let level = place.at(step.to);
            let next = middle + ROW - BAR / 2.0;
            picture.stroke(&[(level, middle + BAR / 2.0), (level, next)], ink::AXIS, 1.0);
        }
        picture.text((left - 8.0, middle), LABEL.fit(&step.label, gutter), LABEL.end());
        let change = step.to - step.from;
        let value = match step.part {
            Part::Drop if step.gives() => {
                format!("+{}", words::part_of(change / scale, most / scale))
            }
            _ => words::part_of(change / scale, most / scale),
        };
        let style = if step.part == Part::Drop { TICK.ink(ink::TEXT) } else { LABEL.bold() };
        picture.text((x + wide - 4.0, middle), value, style.end());
    }
    picture.stroke(&[(left, top), (left, top + steps.len() as f64 * ROW)], ink::AXIS, 1.0);
}
