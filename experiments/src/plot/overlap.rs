//! Serial against overlapped copies: what taking turns costs, for each topology and size.

use plotters::style::RGBAColor;

use super::frame::{self, LABEL, MARGIN, NAME, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::picture::{Picture, Point};
use super::run::Run;
use super::scale::Scale;
use super::series::{self, Series};
use super::sizes::sizes;
use super::words;

/// The most panels in a row, and the space between them \[px\].
const COLUMNS: usize = 3;
const GAP: f64 = 22.0;
/// Height of a plotting area, of the title above and of the ticks below \[px\].
const HIGH: f64 = 130.0;
const HEAD: f64 = 38.0;
const FOOT: f64 = 22.0;
/// More kinds of pair than this and panels are no longer read.
const MOST_PAIRS: usize = 3;

/// A serial series and the overlapped one that differs from it in nothing else.
struct Pair {
    label: String,
    ink: RGBAColor,
    serial: Series,
    overlapped: Series,
}

/// Draws pairs of lines, serial and overlapped; none if the run has not both.
pub fn draw(run: &Run) -> Option<Picture> {
    let pairs = pairs(run);
    let sizes = sizes(run);
    if pairs.is_empty() {
        return None;
    }
    let mut picture = Picture::new(WIDTH, 0.0);
    let note = "Serial: copy, send and copy one after another. Overlapped: in chunks, so that the \
                slowest stage rules. The shaded area is what overlapping returns; the line below \
                each name says where it returns most.";
    let mut y = frame::header(&mut picture, "Serial against overlapped", &run.noted(note));
    let mut entries = Vec::new();
    for pair in &pairs {
        let of = if pair.label.is_empty() { String::new() } else { format!("{}, ", pair.label) };
        entries.push((Sample::Line(pair.ink, None), format!("{of}overlapped")));
        entries.push((Sample::Line(pair.ink, Some((4.0, 3.0))), format!("{of}serial")));
    }
    y = frame::legend(&mut picture, y, &entries);
    let of_pairs = pairs.iter().flat_map(|pair| [&pair.serial, &pair.overlapped]);
    let of_pairs: Vec<&Series> = of_pairs.collect();
    let drawn = run.results.iter().filter(|point| of_pairs.iter().any(|s| s.holds(&point.key)));
    let most = drawn.map(|point| point.goodput.mean).fold(0.0, f64::max);
    let names = run.topologies();
    // Four stand two by two: none is left alone in a second row.
    let columns = if names.len() == 4 { 2 } else { COLUMNS };
    let wide = (WIDTH - 2.0 * MARGIN - GAP * (columns - 1) as f64) / columns as f64;
    for row in names.chunks(columns) {
        for (at, name) in row.iter().enumerate() {
            let x = MARGIN + at as f64 * (wide + GAP);
            panel(&mut picture, run, name, &pairs, &sizes, ([x, y, x + wide], most));
        }
        y += HEAD + HIGH + FOOT + GAP;
    }
    picture.height = y - GAP + MARGIN;
    Some(picture)
}

fn pairs(run: &Run) -> Vec<Pair> {
    let plan = series::plan(run);
    let bare = |series: &Series| -> Vec<(String, String)> {
        let own = ["mode", "chunk_b", "buffers"];
        series.shared.iter().filter(|(name, _)| !own.contains(&name.as_str())).cloned().collect()
    };
    let of = |wanted: &'static str| {
        plan.series.iter().filter(move |series| series.mode() == Some(wanted))
    };
    let serials: Vec<&Series> = of("serial").collect();
    let found: Vec<(&Series, &Series)> = of("overlapped")
        .filter_map(|after| Some((*serials.iter().find(|s| bare(s) == bare(after))?, after)))
        .collect();
    let shown = match found.len() {
        many if many > MOST_PAIRS => vec![found[0], found[many - 1]],
        _ => found,
    };
    let labels = |series: &Series| {
        let parts =
            series.shared.iter().filter(|(name, value)| name != "mode" && !value.is_empty());
        parts.map(|(name, value)| series::setting(name, value)).collect::<Vec<_>>().join(", ")
    };
    let pair = |(at, (serial, overlapped)): (usize, (&Series, &Series))| Pair {
        label: labels(overlapped),
        ink: ink::colour(at),
        serial: serial.clone(),
        overlapped: overlapped.clone(),
    };
    shown.into_iter().enumerate().map(pair).collect()
}

/// The sizes at which both of a pair have a result: size \[B\], serial and overlapped \[bit/s\].
fn both(run: &Run, name: &str, pair: &Pair, sizes: &[f64]) -> Vec<(f64, f64, f64)> {
    let point = |size: &f64| {
        let serial = pair.serial.value(run, name, *size)?.bit_s;
        Some((*size, serial, pair.overlapped.value(run, name, *size)?.bit_s))
    };
    sizes.iter().filter_map(point).collect()
}

fn panel(
    picture: &mut Picture,
    run: &Run,
    name: &str,
    pairs: &[Pair],
    sizes: &[f64],
    ([x0, y0, x1], most): ([f64; 3], f64),
) {
    let (unit, scale) = words::bit_unit(most);
    let (left, top, bottom) = (x0 + 30.0, y0 + HEAD, y0 + HEAD + HIGH);
    let panel = Panel {
        x: Scale::log(sizes[0], sizes[sizes.len() - 1], (left + 6.0, x1 - 10.0)),
        y: Scale::from_zero(most / scale * 1.04, (bottom, top)),
        edges: [left, top, x1, bottom],
    };
    let heading = NAME.fit(name, x1 - x0 - 50.0);
    picture.text((x0 + NAME.width(&heading) + 8.0, y0 + 8.0), unit, TICK);
    picture.text((x0, y0 + 8.0), heading, NAME);
    let named = |tick: f64| (tick, words::number(tick));
    panel.grid_y(picture, &panel.y.ticks(4).into_iter().map(named).collect::<Vec<_>>());
    let sized = |tick: f64| (tick, words::size(tick));
    let ticks = if sizes.len() == 1 { sizes.to_vec() } else { panel.x.powers_of_two(4) };
    panel.grid_x(picture, &ticks.into_iter().map(sized).collect::<Vec<_>>());
    panel.base(picture);

    let mut x = x0;
    for pair in pairs {
        let points = both(run, name, pair, sizes);
        draw_pair(picture, &panel, pair, &points, scale);
        let best = points.iter().map(|(size, serial, after)| (after / serial - 1.0, *size));
        if let Some((gain, size)) = best.max_by(|a, b| a.0.total_cmp(&b.0)) {
            let text = format!("{} at {}", words::gain(gain), words::size(size));
            picture.text((x, y0 + 25.0), text.clone(), LABEL.ink(pair.ink));
            x += LABEL.width(&text) + 14.0;
        }
    }
}

fn draw_pair(
    picture: &mut Picture,
    panel: &Panel,
    pair: &Pair,
    points: &[(f64, f64, f64)],
    scale: f64,
) {
    let place = |size: f64, bit_s: f64| (panel.x.at(size), panel.y.at(bit_s / scale));
    let serial: Vec<Point> = points.iter().map(|(size, rate, _)| place(*size, *rate)).collect();
    let after: Vec<Point> = points.iter().map(|(size, _, rate)| place(*size, *rate)).collect();
    let area: Vec<Point> = serial.iter().chain(after.iter().rev()).copied().collect();
    if points.len() > 1 {
        picture.fill(&area, ink::sheer(pair.ink, 0.12));
    }
    picture.dashes(&serial, pair.ink, 1.75, (4.0, 3.0));
    picture.stroke(&after, pair.ink, 1.75);
    for (before, after) in serial.iter().zip(&after) {
        frame::ring(picture, *before, 2.5, pair.ink);
        picture.disc(*after, 2.5, pair.ink);
    }
}
