//! The cluster drawing: frames, lines, boxes, in this order.

use plotters::style::RGBAColor;

use super::super::frame::{self, LABEL, MARGIN, NAME, NOTE, Sample, TICK, WIDTH};
use super::super::ink;
use super::super::picture::{Picture, Point};
use super::super::run::distinct;
use super::super::words;
use super::layout::{DOT, Frame, Layout, Spot, layout};
use super::{GraphView, Joint, Look};

/// More lines of one kind than this would hide each other; they are counted in words instead.
const MOST_LINES: usize = 4;
/// Between two lines of a label \[px\].
const LINE: f64 = 13.0;

const LOOKS: [(Look, RGBAColor, &str); 5] = [
    (Look::Gpu, ink::GREEN, "GPU memory"),
    (Look::Pod, ink::BLUE, "pod"),
    (Look::Stack, ink::AXIS, "point of the network stack"),
    (Look::Nic, ink::ORANGE, "network card"),
    (Look::Switch, ink::PURPLE, "switch"),
];

/// Draws a cluster.
pub fn draw(view: &GraphView) -> Picture {
    // The page grows with the cluster; a first layout tells how wide title and legend may be.
    let wide = layout(view, 0.0).width + MARGIN;
    let mut picture = Picture::new(wide.max(WIDTH * 0.6), 0.0);
    let mut top = frame::header(&mut picture, &view.name, &view.about);
    top = frame::legend(&mut picture, top, &entries(view, &layout(view, 0.0)));
    let layout = layout(view, top);
    for machine in &layout.machines {
        let [left, top, right, bottom] = machine.edges;
        picture.rectangle((left, top), (right, bottom), ink::GROUND);
        picture.outline((left, top), (right, bottom), ink::tint(ink::AXIS, 0.4), 1.0);
        let name = NAME.fit(&machine.name, right - left - 20.0);
        picture.text((left + 10.0, top + 14.0), name, NAME);
        let summary = TICK.fit(&machine.summary, right - left - 20.0);
        picture.text((left + 10.0, top + 30.0), summary, TICK);
    }
    let fabric = fabric_label(view);
    let mut low = layout.bottom;
    for joint in view.joints.iter().filter(|joint| !joint.direct) {
        let named = match outside(view, joint) {
            true => fabric.is_none(),
            false => frame_of(view, &layout, joint).is_none_or(|frame| frame.aside.is_none()),
        };
        low = low.max(line(&mut picture, view, &layout, joint, named));
    }
    for machine in &layout.machines {
        label_aside(&mut picture, view, &layout, machine);
    }
    for note in notes(view, &layout, fabric) {
        for text in frame::wrap(&note, NOTE, picture.width - 2.0 * MARGIN) {
            low += 18.0;
            picture.text((MARGIN, low + 4.0), text, NOTE);
        }
    }
    for (place, spot) in view.places.iter().zip(&layout.places) {
        let Some(spot) = spot else { continue };
        let (_, ink, _) = look(place.look);
        if spot.wide <= DOT {
            picture.disc(spot.at, DOT / 2.0, ink);
            continue;
        }
        let half = (spot.wide / 2.0, spot.high / 2.0);
        let corners =
            ((spot.at.0 - half.0, spot.at.1 - half.1), (spot.at.0 + half.0, spot.at.1 + half.1));
        picture.rectangle(corners.0, corners.1, ink::tint(ink, 0.8));
        picture.outline(corners.0, corners.1, ink, 1.25);
        picture.text(spot.at, place.name.clone(), LABEL.middle());
    }
    picture.height = low + 14.0 + MARGIN;
    picture
}

fn look(look: Look) -> (Look, RGBAColor, &'static str) {
    LOOKS.into_iter().find(|(other, ..)| *other == look).unwrap_or(LOOKS[2])
}

fn entries(view: &GraphView, layout: &Layout) -> Vec<(Sample, String)> {
    let drawn = view.places.iter().zip(&layout.places).filter(|(_, spot)| spot.is_some());
    let drawn: Vec<Look> = drawn.map(|(place, _)| place.look).collect();
    let shown = LOOKS.into_iter().filter(|(look, ..)| drawn.contains(look));
    shown.map(|(_, ink, name)| (Sample::Box(ink::tint(ink, 0.4)), name.to_owned())).collect()
}

/// A joint's text: one line where both ways say the same, else one with an arrow for each way.
pub fn labels(joint: &Joint) -> Vec<String> {
    let said = |way: &[String]| distinct(way.iter().cloned()).join(", ");
    let (there, back) = (said(&joint.there), said(&joint.back));
    match (there.is_empty(), back.is_empty()) {
        (_, true) => vec![there],
        (true, _) => vec![back],
        _ if there == back => vec![there],
        _ => vec![format!("↓ {there}"), format!("↑ {back}")],
    }
}

fn outside(view: &GraphView, joint: &Joint) -> bool {
    let own = |end: usize| view.places[end].machine.as_deref();
    own(joint.ends[0]) != own(joint.ends[1]) || own(joint.ends[0]).is_none()
}

/// What all cables say, if there are several and they say the same.
fn fabric_label(view: &GraphView) -> Option<String> {
    let cables: Vec<&Joint> = view.joints.iter().filter(|joint| outside(view, joint)).collect();
    let said = distinct(cables.iter().map(|joint| labels(joint).join(", ")));
    (cables.len() > 1 && said.len() == 1).then(|| said[0].clone())
}

/// Draws a joint with its label; returns the lowest point that it reaches \[px\].
fn line(
    picture: &mut Picture,
    view: &GraphView,
    layout: &Layout,
    joint: &Joint,
    named: bool,
) -> f64 {
    let [Some(one), Some(other)] = joint.ends.map(|end| layout.places[end]) else { return 0.0 };
    if (one.at.1 - other.at.1).abs() > 1.0 {
        return upright(picture, joint, one, other, named);
    }
    if outside(view, joint) {
        return below(picture, joint, one, other, named);
    }
    if adjacent(layout, one, other) {
        level(picture, joint, one, other);
    }
    0.0
}

/// A line between layers; its label stands beside its upper part.
fn upright(picture: &mut Picture, joint: &Joint, one: Spot, other: Spot, named: bool) -> f64 {
    let flipped = one.at.1 > other.at.1;
    let (upper, lower) = if flipped { (other, one) } else { (one, other) };
    let from = (upper.at.0, upper.at.1 + upper.high / 2.0);
    let to = (lower.at.0, lower.at.1 - lower.high / 2.0);
    picture.stroke(&[from, to], ink::AXIS, 1.5);
    if named {
        let turned =
            Joint { there: joint.back.clone(), back: joint.there.clone(), ..joint.clone() };
        let lines = labels(if flipped { &turned } else { joint });
        let high = (lines.len() - 1) as f64 * LINE;
        let part = if (to.0 - from.0).abs() < 1.0 { 0.5 } else { 0.36 };
        let x = from.0 + (to.0 - from.0) * part;
        let middle = from.1 + (to.1 - from.1) * part;
        for (at, text) in lines.into_iter().enumerate() {
            let y = middle - high / 2.0 + at as f64 * LINE;
            picture.text((x + 6.0, y), text, TICK);
        }
    }
    lower.at.1
}

/// The frame of the machine that a joint is in.
fn frame_of<'l>(view: &GraphView, layout: &'l Layout, joint: &Joint) -> Option<&'l Frame> {
    let name = view.places[joint.ends[0]].machine.as_deref()?;
    layout.machines.iter().find(|frame| frame.name == name)
}

/// The labels of a machine's lines at its right side, for each pair of layers what lines say.
fn label_aside(picture: &mut Picture, view: &GraphView, layout: &Layout, frame: &Frame) {
    let Some(x) = frame.aside else { return };
    let gap = |joint: &Joint| -> Option<(f64, Vec<String>)> {
        let own = |end: usize| view.places[end].machine.as_deref() == Some(&frame.name);
        if joint.direct || !joint.ends.iter().all(|end| own(*end)) {
            return None;
        }
        let [one, other] = joint.ends.map(|end| layout.places[end]);
        let (one, other) = (one?.at.1, other?.at.1);
        let turned =
            Joint { there: joint.back.clone(), back: joint.there.clone(), ..joint.clone() };
        let said = labels(if one > other { &turned } else { joint });
        ((one - other).abs() > 1.0).then_some(((one + other) / 2.0, said))
    };
    let found: Vec<(f64, Vec<String>)> = view.joints.iter().filter_map(gap).collect();
    for middle in distinct(found.iter().map(|(middle, _)| middle.to_bits())) {
        let middle = f64::from_bits(middle);
        let own = found.iter().filter(|(other, _)| *other == middle);
        let lines = distinct(own.flat_map(|(_, said)| said.clone()));
        let high = lines.len().saturating_sub(1) as f64 * LINE;
        for (at, text) in lines.into_iter().enumerate() {
            picture.text((x, middle - high / 2.0 + at as f64 * LINE), text, TICK);
        }
    }
}

/// A cable between cards without a switch: down, across and up again.
fn below(picture: &mut Picture, joint: &Joint, one: Spot, other: Spot, named: bool) -> f64 {
    let low = one.at.1 + one.high / 2.0 + 44.0;
    let (from, to) = (one.at, other.at);
    picture.stroke(&[from, (from.0, low), (to.0, low), to], ink::AXIS, 1.5);
    if named {
        let text = labels(joint).join(", ");
        picture.text(((from.0 + to.0) / 2.0, low - 9.0), text, TICK.middle());
    }
    low
}

/// A line between neighbours of one layer, such as NVLink, with its label if there is room.
fn level(picture: &mut Picture, joint: &Joint, one: Spot, other: Spot) {
    let [from, to] = gap(one, other);
    picture.stroke(&[from, to], ink::AXIS, 1.5);
    if level_fits(joint, one, other) {
        let middle = ((from.0 + to.0) / 2.0, from.1 - 9.0);
        picture.text(middle, labels(joint).join(" "), TICK.middle());
    }
}

/// The room between two boxes of one layer: right edge of the left one, left edge of the right one.
fn gap(one: Spot, other: Spot) -> [Point; 2] {
    let (left, right) = if one.at.0 < other.at.0 { (one, other) } else { (other, one) };
    [(left.at.0 + left.wide / 2.0, left.at.1), (right.at.0 - right.wide / 2.0, right.at.1)]
}

fn level_fits(joint: &Joint, one: Spot, other: Spot) -> bool {
    let [from, to] = gap(one, other);
    TICK.width(&labels(joint).join(" ")) + 8.0 <= to.0 - from.0
}

/// Whether nothing stands between two places of one layer.
fn adjacent(layout: &Layout, one: Spot, other: Spot) -> bool {
    let [from, to] = gap(one, other);
    let between =
        |spot: &Spot| (spot.at.1 - from.1).abs() <= 1.0 && from.0 < spot.at.0 && spot.at.0 < to.0;
    !layout.places.iter().flatten().any(between)
}

/// What the lines do not show.
fn notes(view: &GraphView, layout: &Layout, fabric: Option<String>) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(fabric.map(|said| format!("Every cable: {said}.")));
    for (name, pods) in &view.services {
        notes.push(format!("Service {name} stands for {}.", words::list(pods)));
    }
    let named = |joint: &Joint| {
        let [one, other] = joint.ends.map(|end| view.places[end].name.as_str());
        format!("{one} and {other}")
    };
    let direct: Vec<&Joint> = view.joints.iter().filter(|joint| joint.direct).collect();
    if !direct.is_empty() {
        let pairs = listed(direct.iter().map(|joint| named(joint)).collect());
        notes.push(format!("GPUDirect RDMA is possible between {pairs}."));
    }
    let level = |joint: &&Joint| match joint.ends.map(|end| layout.places[end]) {
        [Some(one), Some(other)] => {
            let shown = adjacent(layout, one, other) && level_fits(joint, one, other);
            (one.at.1 - other.at.1).abs() <= 1.0 && !joint.direct && !outside(view, joint) && !shown
        }
        _ => false,
    };
    let hidden: Vec<&Joint> = view.joints.iter().filter(level).collect();
    for said in distinct(hidden.iter().map(|joint| labels(joint).join(", "))) {
        let own = hidden.iter().filter(|joint| labels(joint).join(", ") == said);
        notes.push(format!("{said}: {}.", listed(own.map(|joint| named(joint)).collect())));
    }
    notes
}

/// A few pairs by name, many by their number.
fn listed(pairs: Vec<String>) -> String {
    if pairs.len() <= MOST_LINES { pairs.join("; ") } else { words::count(pairs.len(), "pair") }
}
