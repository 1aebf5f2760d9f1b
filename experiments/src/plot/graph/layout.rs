//! Where everything of a cluster drawing stands.
//!
//! Machines stand side by side with their cards on one line. Switches lie below them, layered by
//! their distance from the cards, each under the middle of what it joins.

use std::collections::VecDeque;

use super::super::frame::{LABEL, MARGIN, spread};
use super::super::run::distinct;
use super::machine::Machine;
use super::{GraphView, Look};

/// Size of a place's box without its text, and the room between layers \[px\].
pub const BOX_HIGH: f64 = 26.0;
const BOX_PAD: f64 = 10.0;
/// Size of a point without a name \[px\].
pub const DOT: f64 = 8.0;
const LAYER: f64 = 62.0;
/// Room in a machine around its places, and for its name \[px\].
pub const INSIDE: f64 = 20.0;
const TITLE: f64 = 30.0;
/// Between machines, and between them and the switches \[px\].
const APART: f64 = 36.0;
const BELOW: f64 = 64.0;
/// More machines than this are drawn by their cards alone.
const MOST_MACHINES: usize = 6;

/// Places and machines with coordinates \[px\].
pub struct Layout {
    /// The middle of each place and its width; none if it is left out.
    pub places: Vec<Option<Spot>>,
    /// The machines' frames.
    pub machines: Vec<Frame>,
    /// The right edge of the drawing.
    pub width: f64,
    /// The lower edge.
    pub bottom: f64,
}

/// Where a place stands.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// The middle of its box.
    pub at: (f64, f64),
    /// The width of its box.
    pub wide: f64,
    /// The height of its box.
    pub high: f64,
}

/// The frame of a machine.
pub struct Frame {
    /// Its name.
    pub name: String,
    /// Left, top, right, bottom.
    pub edges: [f64; 4],
    /// What is in it, where that is not drawn.
    pub summary: String,
    /// Where the labels of its lines begin, if they stand at its right side and not at the lines.
    pub aside: Option<f64>,
}

/// Lays a view out below `top`.
pub fn layout(view: &GraphView, top: f64) -> Layout {
    let compact = view.machines().len() > MOST_MACHINES;
    let machines: Vec<Machine> =
        view.machines().into_iter().map(|name| Machine::of(view, name, compact)).collect();
    let layers = machines.iter().map(|machine| machine.layers).max().unwrap_or(0);
    let high = TITLE + (layers.max(1) - 1) as f64 * LAYER + BOX_HIGH + INSIDE;
    let high = if compact { high + 18.0 } else { high };
    let mut places: Vec<Option<Spot>> = vec![None; view.places.len()];
    let (mut frames, mut x) = (Vec::new(), MARGIN);
    for machine in machines {
        for (place, layer, middle) in &machine.spots {
            // Machines stand on one line: their cards are at the bottom.
            let from_bottom = (machine.layers - 1 - layer) as f64 * LAYER;
            let y = top + high - INSIDE - BOX_HIGH / 2.0 - from_bottom;
            places[*place] = Some(spot(view, *place, (x + middle, y)));
        }
        let edges = [x, top, x + machine.wide, top + high];
        let aside = machine.aside.map(|from| x + from);
        frames.push(Frame { name: machine.name, edges, summary: machine.summary, aside });
        x += machine.wide + APART;
    }
    let right = (x - APART).max(MARGIN);
    let bottom = if frames.is_empty() { top } else { top + high };
    let (width, bottom) = switches(view, &mut places, right, bottom);
    Layout { places, machines: frames, width, bottom }
}

/// The width of a place's box \[px\].
pub fn width(view: &GraphView, place: usize) -> f64 {
    match view.is_passage(place) {
        true => DOT,
        false => LABEL.width(&view.places[place].name) + 2.0 * BOX_PAD,
    }
}

fn spot(view: &GraphView, place: usize, at: (f64, f64)) -> Spot {
    let high = if view.is_passage(place) { DOT } else { BOX_HIGH };
    Spot { at, wide: width(view, place), high }
}

/// Steps from the nearest of `from` to every place that `through` lets pass.
pub fn distances(
    view: &GraphView,
    from: &[usize],
    through: impl Fn(usize) -> bool,
) -> Vec<Option<usize>> {
    let mut steps = vec![None; view.places.len()];
    let mut queue: VecDeque<usize> = from.iter().copied().collect();
    for &place in from {
        steps[place] = Some(0);
    }
    while let Some(place) = queue.pop_front() {
        for next in view.neighbours(place).filter(|next| through(*next)) {
            if steps[next].is_none() {
                steps[next] = steps[place].map(|step| step + 1);
                queue.push_back(next);
            }
        }
    }
    steps
}

/// Puts switches below the machines; returns the drawing's right and lower edges.
fn switches(view: &GraphView, places: &mut [Option<Spot>], right: f64, bottom: f64) -> (f64, f64) {
    let switches: Vec<usize> =
        (0..view.places.len()).filter(|at| view.places[*at].look == Look::Switch).collect();
    let nics: Vec<usize> =
        (0..view.places.len()).filter(|at| view.places[*at].look == Look::Nic).collect();
    let steps = distances(view, &nics, |place| switches.contains(&place));
    let mut levels: Vec<usize> =
        distinct(switches.iter().map(|place| steps[*place].unwrap_or(1))).into_iter().collect();
    levels.sort_unstable();
    let (mut y, mut edge) = (bottom, right);
    for level in levels {
        let own: Vec<usize> =
            switches.iter().copied().filter(|place| steps[*place].unwrap_or(1) == level).collect();
        let wanted: Vec<f64> = own
            .iter()
            .map(|place| {
                let over: Vec<f64> =
                    view.neighbours(*place).filter_map(|next| Some(places[next]?.at.0)).collect();
                match over.len() {
                    0 => (MARGIN + right) / 2.0,
                    some => over.iter().sum::<f64>() / some as f64,
                }
            })
            .collect();
        let pitch = own.iter().map(|place| width(view, *place)).fold(0.0, f64::max) + 16.0;
        let first = MARGIN + pitch / 2.0;
        let room = (right - pitch / 2.0).max(first + (own.len() - 1) as f64 * pitch);
        y += BELOW + BOX_HIGH / 2.0;
        for (place, x) in own.iter().zip(spread(&wanted, pitch, first, room)) {
            places[*place] = Some(spot(view, *place, (x, y)));
        }
        edge = edge.max(room + pitch / 2.0);
        y += BOX_HIGH / 2.0;
    }
    (edge, y)
}
