//! A link as sharing sees it: what its flows leave of it, and the level at which it is full.
//!
//! What flows take of a link is summed in fixed point: a whole number of units, of which the link's
//! first capacity has between 2^58 and 2^59. Such sums do not depend on the order in which they are
//! made and do not drift, so that a flow can be added to them and taken off again, however often:
//! the level costs no walk over the link's flows, and needs no epsilon.

/// Bits of a capacity in fixed point; four more are left for what gets larger later.
const BITS: i32 = 59;
/// Bits of the demand of the flow that came first; others may demand up to 2^40 times as much, and
/// 2^17 times less without loss of a digit.
const DEMAND_BITS: i32 = 70;
/// The most that one flow's demand counts, so that 65 536 of them have room.
const DEMAND_MAX: f64 = (1u128 << 110) as f64;

/// A link, in one cache line.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(crate) struct Link {
    /// What is left of its capacity, in fixed point; a hair below zero at most.
    left: i64,
    /// Units of fixed point in one of the link's: a power of two.
    scale: f64,
    /// What the flow that came first demands for each unit of level, and all others where they
    /// demand the same.
    pull: f64,
    /// Where its level is noted, while it is touched.
    pub(crate) place: u32,
    /// How many of its flows rise.
    pub(crate) rising: u32,
    /// How many flows cross it.
    flows: u32,
    /// Whether its flows do not demand the same.
    mixed: bool,
    pub(crate) touched: bool,
    pub(crate) stale: bool,
    pub(crate) slack: bool,
    /// What rising flows demand for each unit of level, where they do not demand the same: two
    /// halves of a number in fixed point.
    demand: (u64, i64),
}
const _: () = assert!(size_of::<Link>() == 64);

impl Link {
    pub(crate) fn new(capacity: f64) -> Link {
        let scale = power_of_two(BITS - 1 - exponent(capacity));
        Link {
            left: fixed(capacity, scale),
            scale,
            pull: 0.0,
            place: 0,
            rising: 0,
            flows: 0,
            mixed: false,
            touched: false,
            stale: false,
            slack: false,
            demand: (0, 0),
        }
    }

    /// Whether a capacity is too large for the fixed point of this link.
    pub(crate) fn exceeds(&self, capacity: f64) -> bool {
        capacity * self.scale >= power_of_two(BITS + 3)
    }

    /// Changes the capacity; neither exceeds the link.
    pub(crate) fn capacity(&mut self, before: f64, now: f64) {
        self.left += fixed(now, self.scale) - fixed(before, self.scale);
    }

    /// A flow crosses it from now on, and demands `pull` for each unit of level; nobody rises.
    pub(crate) fn join(&mut self, pull: f64) {
        if self.flows == 0 {
            (self.pull, self.mixed) = (pull, false);
        }
        self.mixed |= self.pull.to_bits() != pull.to_bits();
        self.flows += 1;
    }

    /// A flow no longer crosses it.
    pub(crate) fn leave(&mut self) {
        self.flows -= 1;
    }

    /// A flow takes `amount` of it.
    #[inline]
    pub(crate) fn take(&mut self, amount: f64) {
        self.left -= fixed(amount, self.scale);
    }

    /// A flow that took `amount` of it no longer does.
    #[inline]
    pub(crate) fn give(&mut self, amount: f64) {
        self.left += fixed(amount, self.scale);
    }

    /// A flow rises, which demands `pull` for each unit of level.
    #[inline]
    pub(crate) fn rise(&mut self, pull: f64) {
        self.rising += 1;
        if self.mixed {
            self.add_demand(pull, false);
        }
    }

    /// A flow rises no more.
    #[inline]
    pub(crate) fn settle(&mut self, pull: f64) {
        self.rising -= 1;
        if self.mixed {
            self.add_demand(pull, true);
        }
    }

    #[cold]
    fn add_demand(&mut self, pull: f64, off: bool) {
        let amount =
            (pull * power_of_two(DEMAND_BITS - exponent(self.pull))).min(DEMAND_MAX) as i128;
        let sum = join_halves(self.demand) + if off { -amount } else { amount };
        self.demand = halves(sum);
    }

    /// The inverse of the scale, which is exact: the exponent turned round.
    #[inline]
    fn unit(&self) -> f64 {
        f64::from_bits((2046 << 52) - self.scale.to_bits())
    }

    /// The level at which it is full, if those that rise now are stopped by nothing else.
    #[inline]
    pub(crate) fn level(&self) -> f64 {
        // Rounding may leave a full link a hair below zero.
        let left = self.left.max(0) as f64 * self.unit();
        match self.mixed {
            false => left / (f64::from(self.rising) * self.pull),
            true => left / self.demand(),
        }
    }

    #[cold]
    fn demand(&self) -> f64 {
        join_halves(self.demand) as f64 * power_of_two(exponent(self.pull) - DEMAND_BITS)
    }

    /// What flows take of its `capacity`.
    pub(crate) fn load(&self, capacity: f64) -> f64 {
        (fixed(capacity, self.scale) - self.left) as f64 * self.unit()
    }
}

#[inline]
fn fixed(amount: f64, scale: f64) -> i64 {
    (amount * scale) as i64
}

fn halves(sum: i128) -> (u64, i64) {
    (sum as u64, (sum >> 64) as i64)
}

fn join_halves((low, high): (u64, i64)) -> i128 {
    i128::from(high) << 64 | i128::from(low)
}

/// The exponent of a number above zero: 2^e ≤ x < 2^(e + 1); zero has the exponent of one.
fn exponent(x: f64) -> i32 {
    match (x.to_bits() >> 52) as i32 & 0x7ff {
        // Zero, or next to it: any will do.
        0 => 0,
        bits => bits - 1023,
    }
}

/// 2^e, at most what a number can hold.
fn power_of_two(e: i32) -> f64 {
    f64::from_bits(((e.clamp(-1022, 1023) + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn powers_of_two() {
        for (x, e) in [(1.0, 0), (1.99, 0), (2.0, 1), (0.5, -1), (12.5e9, 33)] {
            assert_eq!(exponent(x), e);
            assert_eq!(power_of_two(e), 2f64.powi(e));
        }
    }

    #[test]
    fn equal_flows_get_equal_parts_without_rounding() {
        let mut link = Link::new(6.0);
        for _ in 0..3 {
            link.join(1.0);
        }
        for _ in 0..3 {
            link.rise(1.0);
        }
        assert_eq!(link.level(), 2.0);
    }

    proptest! {
        /// In whatever order flows come and go, what is left is the same to the last bit.
        #[test]
        fn sums_have_no_order(
            capacity in 1e-3..1e15f64,
            parts in prop::collection::vec((1e-9..1.0f64, 0.01..100.0f64), 1..40),
            turn in any::<prop::sample::Index>(),
        ) {
            let amount = |part: f64| part * capacity / parts.len() as f64;
            let mut there = Link::new(capacity);
            let mut back = there.clone();
            for (link, turned) in [(&mut there, false), (&mut back, true)] {
                let mut order = parts.clone();
                if turned {
                    order.reverse();
                    order.rotate_left(turn.index(parts.len()));
                }
                parts.iter().for_each(|(_, pull)| link.join(*pull));
                for (part, pull) in &order {
                    link.take(amount(*part));
                    link.rise(*pull);
                }
            }
            prop_assert_eq!(there.left, back.left);
            prop_assert_eq!(there.demand, back.demand);
            let (taken, pulls) = parts.iter().fold((0.0, 0.0), |(t, p), (part, pull)| {
                (t + amount(*part), p + pull)
            });
            let expected = (capacity - taken) / pulls;
            prop_assert!((there.level() - expected).abs() <= 1e-12 * capacity / pulls);
            for (part, pull) in &parts {
                there.give(amount(*part));
                there.settle(*pull);
            }
            prop_assert_eq!((there.left, there.demand), (fixed(capacity, there.scale), (0, 0)));
        }
    }
}
