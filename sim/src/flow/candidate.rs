//! A level at which something may stop a rising flow, packed so that one comparison orders it.

use std::cmp::Reverse;

/// The bits of a level, whose order is that of levels since they are never negative, above those
/// that tell what stops flows there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Candidate(u128);

/// What stops a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// The limit of the flow in this slot.
    Limit(u32),
    /// This link, which is full.
    Link(u32),
}

/// Tells a link from a flow.
const LINK: u128 = 1 << 32;

impl Candidate {
    /// For a heap that gives the lowest level first.
    pub(crate) fn new(level: f64, stop: Stop) -> Reverse<Candidate> {
        let stop = match stop {
            Stop::Limit(slot) => u128::from(slot),
            Stop::Link(link) => u128::from(link) | LINK,
        };
        // Adding zero turns a negative zero, whose bits are the greatest, into zero.
        Reverse(Candidate(u128::from((level + 0.0).to_bits()) << 64 | stop))
    }

    /// The level.
    pub(crate) fn level(self) -> f64 {
        f64::from_bits((self.0 >> 64) as u64)
    }

    /// What stops flows there.
    pub(crate) fn stop(self) -> Stop {
        let index = self.0 as u32;
        if self.0 & LINK == 0 { Stop::Limit(index) } else { Stop::Link(index) }
    }
}
