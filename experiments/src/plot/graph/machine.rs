//! The inside of one machine: layers from its pods down to its network cards, and columns.
//!
//! Places of the network stack are layered by their distance from the cards. Every pod has a
//! column with its GPU above it; what several pods share stands under their middle.

use super::super::frame::{TICK, spread};
use super::super::words;
use super::draw::labels;
use super::layout::{INSIDE, distances, width};
use super::{GraphView, Look};

/// With more columns than this, labels stand at the side, once for all lines that say the same.
const MOST_LABELLED: usize = 2;

/// A machine's places before they have a place on the page.
pub struct Machine {
    /// Its name.
    pub name: String,
    /// Place, layer from the top, and middle from the machine's left edge \[px\].
    pub spots: Vec<(usize, usize, f64)>,
    /// How many layers it has.
    pub layers: usize,
    /// How wide it is \[px\].
    pub wide: f64,
    /// What is in it, where that is not drawn.
    pub summary: String,
    /// Where labels begin that stand at its right side, from its left edge \[px\].
    pub aside: Option<f64>,
}

/// The places of a machine by what they are.
struct Members {
    gpus: Vec<usize>,
    pods: Vec<usize>,
    stack: Vec<usize>,
    nics: Vec<usize>,
}

/// Columns that are `pitch` apart \[px\].
#[derive(Clone, Copy)]
struct Columns {
    many: usize,
    pitch: f64,
}

impl Machine {
    /// Layers and columns of a machine; only its cards and a summary if `compact`.
    pub fn of(view: &GraphView, name: &str, compact: bool) -> Machine {
        let of = |look: Look| -> Vec<usize> {
            let own = view.places.iter().enumerate();
            let own = own.filter(|(_, p)| p.look == look && p.machine.as_deref() == Some(name));
            own.map(|(at, _)| at).collect()
        };
        let members = Members {
            gpus: of(Look::Gpu),
            pods: of(Look::Pod),
            stack: of(Look::Stack),
            nics: of(Look::Nic),
        };
        if compact { members.compact(view, name) } else { members.whole(view, name) }
    }
}

impl Members {
    fn all(&self) -> Vec<usize> {
        [&self.gpus[..], &self.pods, &self.stack, &self.nics].concat()
    }

    fn compact(&self, view: &GraphView, name: &str) -> Machine {
        let parts = [(self.gpus.len(), "GPU"), (self.pods.len(), "pod")];
        let parts = parts.into_iter().filter(|(many, _)| *many > 0);
        let parts: Vec<String> = parts.map(|(many, thing)| words::count(many, thing)).collect();
        let summary = parts.join(", ");
        let many = self.nics.len().max(1);
        let least = TICK.width(&summary) / many as f64;
        let columns = Columns { many, pitch: widest(view, &self.nics).max(least) };
        let spots = columns.evenly(&self.nics, 0);
        Machine { name: name.into(), spots, layers: 1, wide: columns.wide(), summary, aside: None }
    }

    fn whole(&self, view: &GraphView, name: &str) -> Machine {
        let placed = self.columns(view);
        let many = placed.iter().map(|(_, column)| column + 1).max().unwrap_or(1);
        let many = many.max(self.nics.len());
        let all = self.all();
        let inner = view.joints.iter().filter(|joint| !joint.direct);
        let inner = inner.filter(|joint| joint.ends.iter().all(|end| all.contains(end)));
        let label = inner.flat_map(labels).map(|text| TICK.width(&text)).fold(0.0, f64::max);
        let boxes = widest(view, &all);
        let aside = many > MOST_LABELLED;
        let pitch = if aside { boxes } else { boxes.max(2.0 * (label + 12.0)) };
        let columns = Columns { many, pitch };
        let (spots, layers) = self.layered(view, placed, columns);
        let (name, summary) = (name.into(), String::new());
        let (wide, extra) = (columns.wide(), if aside { label + INSIDE } else { 0.0 });
        Machine { name, spots, layers, wide: wide + extra, summary, aside: aside.then_some(wide) }
    }

    /// Every place with its layer and middle, and how many layers there are.
    fn layered(
        &self,
        view: &GraphView,
        placed: Vec<(usize, usize)>,
        columns: Columns,
    ) -> (Vec<(usize, usize, f64)>, usize) {
        let tops = usize::from(!self.gpus.is_empty());
        let layer = |place| if self.gpus.contains(&place) { 0 } else { tops };
        let mut spots: Vec<(usize, usize, f64)> = placed
            .into_iter()
            .map(|(place, column)| (place, layer(place), columns.middle(column as f64)))
            .collect();
        let tops = tops + usize::from(!self.pods.is_empty());
        let last = self.stack.last().copied().into_iter().collect();
        let ends = if self.nics.is_empty() { last } else { self.nics.clone() };
        let steps = distances(view, &ends, |place| self.stack.contains(&place));
        let deepest = self.stack.iter().filter_map(|place| steps[*place]).max().unwrap_or(0);
        for step in (0..=deepest).rev() {
            let own: Vec<usize> =
                self.stack.iter().copied().filter(|place| steps[*place] == Some(step)).collect();
            let wanted: Vec<f64> =
                own.iter().map(|place| columns.under(view, *place, &spots)).collect();
            let (first, end) = (columns.middle(0.0), columns.middle(columns.many as f64 - 1.0));
            let middles = spread(&wanted, columns.pitch, first, end);
            let layer = tops + deepest - step;
            spots.extend(own.into_iter().zip(middles).map(|(place, x)| (place, layer, x)));
        }
        if self.nics.is_empty() {
            let layers = tops + deepest + usize::from(!self.stack.is_empty());
            return (spots, layers.max(1));
        }
        spots.extend(columns.evenly(&self.nics, tops + deepest));
        (spots, tops + deepest + 1)
    }

    /// A column for each pod with its first GPU above it; other GPUs have their own.
    fn columns(&self, view: &GraphView) -> Vec<(usize, usize)> {
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for (column, pod) in self.pods.iter().enumerate() {
            taken.push((*pod, column));
            let free = |gpu: &usize| {
                self.gpus.contains(gpu) && !taken.iter().any(|(place, _)| place == gpu)
            };
            let own = view.neighbours(*pod).find(free);
            taken.extend(own.map(|gpu| (gpu, column)));
        }
        let mut next = self.pods.len();
        for gpu in &self.gpus {
            if !taken.iter().any(|(place, _)| place == gpu) {
                taken.push((*gpu, next));
                next += 1;
            }
        }
        taken
    }
}

/// The widest box of `places` with room beside it \[px\].
fn widest(view: &GraphView, places: &[usize]) -> f64 {
    places.iter().map(|place| width(view, *place)).fold(70.0, f64::max) + 14.0
}

impl Columns {
    fn wide(&self) -> f64 {
        self.many as f64 * self.pitch + INSIDE
    }

    fn middle(&self, column: f64) -> f64 {
        INSIDE / 2.0 + (column + 0.5) * self.pitch
    }

    /// Places evenly over all columns.
    fn evenly(&self, places: &[usize], layer: usize) -> Vec<(usize, usize, f64)> {
        let step = self.many as f64 / places.len().max(1) as f64;
        let spot = |(at, place): (usize, &usize)| {
            (*place, layer, self.middle((at as f64 + 0.5) * step - 0.5))
        };
        places.iter().enumerate().map(spot).collect()
    }

    /// The mean of where a place's neighbours already stand, or the middle of all columns.
    fn under(&self, view: &GraphView, place: usize, spots: &[(usize, usize, f64)]) -> f64 {
        let x = |next: usize| spots.iter().find(|(other, ..)| *other == next).map(|(.., x)| *x);
        let over: Vec<f64> = view.neighbours(place).filter_map(x).collect();
        match over.len() {
            0 => self.wide() / 2.0,
            some => over.iter().sum::<f64>() / some as f64,
        }
    }
}
