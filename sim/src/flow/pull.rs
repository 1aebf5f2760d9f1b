//! What flows demand of a link for each unit of level, summed without order and without drift.

/// Bits of the demand of the flow that came first; others may demand up to 2^40 times as much, and
/// 2^17 times less without loss of a digit.
const DEMAND_BITS: i32 = 70;
/// The most that one flow's demand counts, so that 65 536 of them have room.
const DEMAND_MAX: f64 = (1u128 << 110) as f64;

/// What the flows of a link demand for each unit of level.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pull {
    /// The flow that came first, and all others where they demand the same.
    pub(super) first: f64,
    /// All that rise, where they do not demand the same: two halves of a number in fixed point.
    rising: (u64, i64),
}

impl Pull {
    /// So many rise, and demand what the first did.
    pub(super) fn begin(&mut self, rising: u32) {
        self.rising = halves(self.amount(self.first) * i128::from(rising));
    }

    /// A flow rises, or no more.
    #[cold]
    pub(super) fn add(&mut self, pull: f64, off: bool) {
        let amount = self.amount(pull);
        let sum = join_halves(self.rising) + if off { -amount } else { amount };
        self.rising = halves(sum);
    }

    /// A demand in fixed point.
    fn amount(&self, pull: f64) -> i128 {
        (pull * power_of_two(DEMAND_BITS - exponent(self.first))).min(DEMAND_MAX) as i128
    }

    /// What all that rise demand, where they do not demand the same.
    #[cold]
    pub(super) fn sum(&self) -> f64 {
        join_halves(self.rising) as f64 * power_of_two(exponent(self.first) - DEMAND_BITS)
    }
}

fn halves(sum: i128) -> (u64, i64) {
    (sum as u64, (sum >> 64) as i64)
}

fn join_halves((low, high): (u64, i64)) -> i128 {
    i128::from(high) << 64 | i128::from(low)
}

/// The exponent of a number above zero: 2^e ≤ x < 2^(e + 1); zero has the exponent of one.
pub(super) fn exponent(x: f64) -> i32 {
    match (x.to_bits() >> 52) as i32 & 0x7ff {
        // Zero, or next to it: any will do.
        0 => 0,
        bits => bits - 1023,
    }
}

/// 2^e, at most what a number can hold.
pub(super) fn power_of_two(e: i32) -> f64 {
    f64::from_bits(((e.clamp(-1022, 1023) + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two() {
        for (x, e) in [(1.0, 0), (1.99, 0), (2.0, 1), (0.5, -1), (12.5e9, 33)] {
            assert_eq!(exponent(x), e);
            assert_eq!(power_of_two(e), 2f64.powi(e));
        }
    }

    #[test]
    fn the_sum_is_of_those_that_rise() {
        let mut pull = Pull { first: 3.0, ..Pull::default() };
        pull.begin(4);
        assert_eq!(pull.sum(), 12.0);
        pull.add(0.125, false);
        assert_eq!(pull.sum(), 12.125);
        (0..4).for_each(|_| pull.add(3.0, true));
        assert_eq!(pull.sum(), 0.125);
    }
}
