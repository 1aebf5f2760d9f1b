//! A link as sharing sees it: its flows, and the level at which it is full.

use super::sharing::Rated;

/// A link.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) capacity: f64,
    /// The flows that cross it, in the order in which they came.
    pub(super) crossings: Vec<Crossing>,
    /// How many of them rise.
    pub(super) rising: u32,
    pub(super) touched: bool,
    pub(super) stale: bool,
    pub(super) slack: bool,
    /// The level in the one valid candidate of a touched link, no higher than its own; infinite
    /// if there is none.
    pub(super) noted: f64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Crossing {
    pub(super) flow: u32,
    pub(super) weight: f64,
}

impl Link {
    pub(super) fn new(capacity: f64) -> Link {
        Link {
            capacity,
            crossings: Vec::new(),
            rising: 0,
            touched: false,
            stale: false,
            slack: false,
            noted: 0.0,
        }
    }

    /// The level at which it is full, if those that rise now are stopped by nothing else.
    pub(super) fn level(&self, flows: &[Rated]) -> f64 {
        let (mut left, mut demand) = (self.capacity, 0.0);
        for crossing in &self.crossings {
            let flow = &flows[crossing.flow as usize];
            left -= crossing.weight * flow.rate;
            demand += crossing.weight * flow.pull;
        }
        // Rounding may leave a full link a hair below zero.
        left.max(0.0) / demand
    }
}
