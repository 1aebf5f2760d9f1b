//! Latencies against how much stands in the way: hops, or installed Services.

use super::frame::{self, MARGIN, Panel, Sample, TICK, WIDTH};
use super::ink;
use super::measured::{Measured, Row, unit};
use super::picture::{Picture, Point};
use super::run::distinct;
use super::scale::Scale;
use super::words;
use crate::verdict;

/// Height of the plotting area \[px\].
const HIGH: f64 = 260.0;

/// Measurements in a line.
struct Curve<'m> {
    name: String,
    points: Vec<(f64, &'m Row)>,
}

/// The parts of a probe's name: `routed, 5000 Services by iptables: round trip` is
/// (`routed`, [`5000 Services by iptables`], `round trip`).
fn parts(probe: &str) -> (&str, Vec<&str>, &str) {
    let (way, what) = probe.split_once(": ").unwrap_or((probe, ""));
    let mut parts = way.split(", ");
    (parts.next().unwrap_or(way), parts.collect(), what)
}

/// `route×3` as (`route`, 3); none for what is no chain of forwarders.
fn chain(part: &str) -> Option<(&str, usize)> {
    let (kind, many) = part.split_once('×').unwrap_or((part, "1"));
    let word =
        !kind.is_empty() && kind.chars().all(|letter| letter.is_alphanumeric() || letter == '-');
    word.then_some(())?;
    Some((kind, many.parse().ok()?))
}

/// Draws round trips against the hops between two hosts; none where no kind of hop was doubled.
pub fn hops(measured: &Measured) -> Option<Picture> {
    let own = measured.of("round_trip_s").filter_map(|row| {
        let (way, between, what) = parts(&row.subject);
        let chains = between.iter().map(|part| chain(part)).collect::<Option<Vec<_>>>()?;
        (what == "round trip").then_some((way, chains, row))
    });
    let own: Vec<_> = own.collect();
    let mut curves: Vec<Curve> = Vec::new();
    let ends =
        distinct(own.iter().map(|(way, chains, _)| {
            (*way, chains.iter().map(|(kind, _)| *kind).collect::<Vec<_>>())
        }));
    let longer = ends.iter().filter(|(_, kinds)| !kinds.is_empty());
    for (way, kinds) in longer {
        let mut points: Vec<(f64, &Row)> = own
            .iter()
            .filter(|(other, chains, _)| {
                let chain: Vec<&str> = chains.iter().map(|(kind, _)| *kind).collect();
                other == way && (chain.is_empty() || chain == *kinds)
            })
            .map(|(_, chains, row)| {
                (chains.iter().map(|(_, many)| *many as f64).sum::<f64>(), *row)
            })
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        curves.push(Curve { name: format!("{way}, {}", kinds.join(" and ")), points });
    }
    let note = "Between two hosts of one network. Where a line meets the left edge nothing stands \
                in between; its slope is what a hop and back costs.";
    draw("Round trip against the number of hops", note, "hops in between", &curves)
}

/// Draws the first round trip of a connection against installed Services; none where their number
/// does not vary.
pub fn services(measured: &Measured) -> Option<Picture> {
    let mut curves: Vec<Curve> = Vec::new();
    for row in measured.of("round_trip_s") {
        let (way, between, what) = parts(&row.subject);
        let [installed] = between[..] else { continue };
        let Some((many, proxy)) = installed.split_once(" Services by ") else { continue };
        let (Ok(many), true) = (many.parse::<f64>(), what.ends_with("new connection")) else {
            continue;
        };
        let name = format!("{way}, {proxy}");
        match curves.iter_mut().find(|curve| curve.name == name) {
            Some(curve) => curve.points.push((many, row)),
            None => curves.push(Curve { name, points: vec![(many, row)] }),
        }
    }
    for curve in &mut curves {
        curve.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    let note = "Handshake, request and reply of one byte through one of so many Services. iptables \
                goes through its rules one by one; nftables and IPVS look the address up in a \
                table.";
    draw("Round trip on a new connection against installed Services", note, "Services", &curves)
}

fn draw(title: &str, note: &str, across: &str, curves: &[Curve]) -> Option<Picture> {
    let curves: Vec<&Curve> = curves.iter().filter(|curve| curve.points.len() > 1).collect();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let most_x = points().map(|(x, _)| *x).fold(0.0, f64::max);
    if most_x <= 0.0 {
        return None;
    }
    let top_s = |row: &Row| row.point.measured.high.max(row.point.predicted);
    let most = points().map(|(_, row)| top_s(row)).fold(0.0, f64::max);
    let medians = points().map(|(_, row)| row.point.measured.median);
    let unit = unit("round_trip_s", verdict::quantile(medians, 0.5));
    let mut picture = Picture::new(WIDTH, 0.0);
    let top = frame::header(&mut picture, title, note);
    let top = frame::legend(&mut picture, top, &legend(&curves)) + 6.0;
    let (left, right, bottom) = (MARGIN + 52.0, WIDTH - MARGIN - 30.0, top + HIGH);
    let panel = Panel {
        x: Scale::from_zero(most_x, (left + 8.0, right)),
        y: Scale::from_zero(most / unit.scale * 1.05, (bottom, top)),
        edges: [left, top, right, bottom],
    };
    let named = |tick: f64| (tick, words::number(tick));
    let whole = panel.x.ticks(6).into_iter().filter(|tick| tick.fract() == 0.0);
    panel.grid_x(&mut picture, &whole.map(named).collect::<Vec<_>>());
    panel.grid_y(&mut picture, &panel.y.ticks(5).into_iter().map(named).collect::<Vec<_>>());
    for (at, curve) in curves.iter().enumerate() {
        line(&mut picture, &panel, curve, at, unit.scale);
    }
    panel.base(&mut picture);
    picture.text(((left + right) / 2.0, bottom + 26.0), across, TICK.middle());
    let title = format!("round trip [{}]", unit.name);
    picture.text((MARGIN + 6.0, (top + bottom) / 2.0), title, TICK.middle().upwards());
    picture.height = bottom + 32.0 + MARGIN;
    Some(picture)
}

fn legend(curves: &[&Curve]) -> Vec<(Sample, String)> {
    let named = curves.iter().enumerate();
    let mut entries: Vec<(Sample, String)> =
        named.map(|(at, curve)| (Sample::Box(ink::colour(at)), curve.name.clone())).collect();
    entries.push((Sample::Disc(ink::BLACK), "measured, with its quartiles".into()));
    entries.push((Sample::Line(ink::BLACK, Some((4.0, 3.0))), "predicted".into()));
    entries
}

fn line(picture: &mut Picture, panel: &Panel, curve: &Curve, at: usize, scale: f64) {
    let ink = ink::colour(at);
    let place = |x: f64, value: f64| -> Point { (panel.x.at(x), panel.y.at(value / scale)) };
    let predicted: Vec<Point> =
        curve.points.iter().map(|(x, row)| place(*x, row.point.predicted)).collect();
    picture.dashes(&predicted, ink, 1.5, (4.0, 3.0));
    let medians = curve.points.iter().map(|(x, row)| place(*x, row.point.measured.median));
    picture.stroke(&medians.collect::<Vec<Point>>(), ink::sheer(ink, 0.5), 1.5);
    for (x, row) in &curve.points {
        let measured = row.point.measured;
        let ends = (place(*x, measured.low).1, place(*x, measured.high).1);
        frame::upright_whisker(picture, panel.x.at(*x), ends, ink);
        picture.disc(place(*x, measured.median), 3.5, ink);
    }
}
