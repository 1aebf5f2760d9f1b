//! What is left of a link, in fixed point, and what a change of level changes of it.

use super::pull::{exponent, power_of_two};
use crate::Time;

/// Bits of a capacity in fixed point; four more are left for what gets larger later.
pub(super) const BITS: i32 = 59;
/// The most that one flow takes in fixed point.
const AMOUNT_MAX: f64 = (1u64 << 62) as f64;

/// A link, in a cache line: whoever comes for what is left of it finds its work there, too.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(super) struct Room {
    /// What is left of its capacity for those that rise, in fixed point: this, and `over` times
    /// 2^64. For a moment, flows may be said to take much more than there is.
    pub(super) left: i64,
    pub(super) over: i32,
    /// How many of its flows rise.
    pub(super) rising: u32,
    /// No flow that takes a known amount stands at a higher level.
    pub(super) ceiling: f64,
    /// How many flows cross it.
    pub(super) flows: u32,
    pub(super) scale: Scale,
    pub(super) marks: u8,
    /// Units of work a second [units/s].
    pub(super) capacity: f64,
    pub(super) work: Work,
}
const _: () = assert!(size_of::<Room>() == 64);

/// Units of fixed point in one of a link's: a power of two, by the exponent of its number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale(u16);

/// The work of a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Work {
    /// Up to `since` \[units\].
    pub(super) done: f64,
    pub(super) since: Time,
    /// And from then on [units/s].
    pub(super) rate: f64,
}

/// A mark of a link whose flows do not demand the same.
pub(super) const MIXED: u8 = 1;
/// A mark of a link that has changed since the last solution.
pub(super) const TOUCHED: u8 = 2;
/// A mark of a link that may not be right.
pub(super) const QUEUED: u8 = 4;
/// A mark of a link that holds flows back at another level, or other flows, than at the last
/// solution.
pub(super) const LEVELLED: u8 = 8;

/// A mark of a link of which is listed where else the flows go that it holds back.
pub(super) const LISTED: u8 = 16;
/// A mark of a link without a list whose level has changed since the flows did that it holds back.
pub(super) const SEEN: u8 = 32;

/// What the flows of a class that stand at a level take of a link before and after a change of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    before: f64,
    after: f64,
    /// The difference in fixed point, on links of this scale.
    scale: Scale,
    amount: i64,
}

impl Step {
    /// From one rate to another.
    pub(super) fn new(before: f64, after: f64) -> Step {
        Step { before, after, scale: Scale::NONE, amount: 0 }
    }

    /// What a flow of this weight takes less of a link of this scale.
    #[inline]
    pub(super) fn amount(&mut self, weight: f64, scale: Scale) -> i64 {
        // Mostly all weights are one, and links alike.
        if weight == 1.0 && self.scale == scale {
            return self.amount;
        }
        let amount = fixed(weight * self.before, scale) - fixed(weight * self.after, scale);
        if weight == 1.0 {
            (self.scale, self.amount) = (scale, amount);
        }
        amount
    }
}

impl Scale {
    /// That of no link.
    const NONE: Scale = Scale(0);

    /// The one in which a capacity is between 2^58 and 2^59.
    fn of(capacity: f64) -> Scale {
        let scale = power_of_two(BITS - 1 - exponent(capacity));
        Scale((scale.to_bits() >> 52) as u16)
    }

    #[inline]
    pub(super) fn value(self) -> f64 {
        f64::from_bits(u64::from(self.0) << 52)
    }

    /// The inverse, which is exact: the exponent turned round.
    #[inline]
    fn unit(self) -> f64 {
        f64::from_bits((2046 - u64::from(self.0)) << 52)
    }
}

impl Work {
    #[inline]
    pub(super) fn up_to(&self, now: Time) -> f64 {
        self.done + self.rate * (now - self.since).as_seconds()
    }
}

impl Room {
    pub(super) fn new(capacity: f64, work: Work) -> Room {
        let scale = Scale::of(capacity);
        let left = fixed(capacity, scale);
        let (over, rising, flows, marks, ceiling) = (0, 0, 0, 0, 0.0);
        Room { left, over, rising, ceiling, flows, scale, marks, capacity, work }
    }

    /// What flows take [units/s]: all there is, if any rise.
    #[inline]
    pub(super) fn load(&self) -> f64 {
        match self.rising {
            0 => (fixed(self.capacity, self.scale) - self.left) as f64 * self.scale.unit(),
            _ => self.capacity,
        }
    }

    /// Gives the link a mark; tells whether it had it not.
    #[inline]
    pub(super) fn mark(&mut self, mark: u8) -> bool {
        let new = self.marks & mark == 0;
        self.marks |= mark;
        new
    }

    /// Marks the link for what flows that take a known amount of it and now stand at `level` may
    /// change; returns the marks that it had not.
    #[inline]
    pub(super) fn look(&mut self, level: f64) -> u8 {
        // Seldom: most links have met higher levels, and have been marked.
        if level > self.ceiling {
            self.ceiling = level;
        }
        // Where flows rise, all is taken whatever the others do.
        let mut marks = if self.rising > 0 { QUEUED } else { TOUCHED };
        if self.is_over() {
            marks |= QUEUED;
        }
        let new = marks & !self.marks;
        if new != 0 {
            self.marks |= new;
        }
        new
    }

    #[inline]
    pub(super) fn add(&mut self, amount: i64) {
        let (left, wraps) = self.left.overflowing_add(amount);
        self.left = left;
        if wraps {
            self.over += if amount < 0 { -1 } else { 1 };
        }
    }

    #[inline]
    pub(super) fn is_over(&self) -> bool {
        self.left < 0 && self.over == 0 || self.over < 0
    }

    /// What is left; less than nothing cannot be shared.
    #[inline]
    pub(super) fn spare(&self) -> f64 {
        if self.is_over() { 0.0 } else { self.left as f64 * self.scale.unit() }
    }
}

#[inline]
pub(super) fn fixed(amount: f64, scale: Scale) -> i64 {
    // No more than what can be added to anything of its kind with one carry.
    (amount * scale.value()).min(AMOUNT_MAX) as i64
}
