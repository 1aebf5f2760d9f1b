//! The distribution of one number: a median, and how far it may be off to either side.
//!
//! Numbers above zero are normal in the logarithm to each side of the median, with a standard
//! deviation of its own there: `low` and `high` are the 2.5 and 97.5 per cent quantiles. Where
//! `low` or the value itself is zero, the side is normal in the number. Lines of one fit that hang
//! together are drawn otherwise: see [`Spread::at_together`].

/// Half-width of a 95 % interval of the normal distribution, in standard deviations.
pub const SIGMAS_95: f64 = 1.959_964;

/// A median and the ends of its 95 % interval, in one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The median.
    pub value: f64,
    /// Lower end; at most the value.
    pub low: f64,
    /// Upper end; at least the value.
    pub high: f64,
}

impl Spread {
    /// A number that is known to within a factor, at 95 %.
    pub fn within(value: f64, factor: f64) -> Spread {
        Spread { value, low: value / factor, high: value * factor }
    }

    /// Whether there is nothing unknown about it.
    pub fn is_exact(&self) -> bool {
        self.low == self.high
    }

    /// The number that lies `normal` standard deviations from the median; never below zero.
    pub fn at(&self, normal: f64) -> f64 {
        let (end, sigmas) = match normal < 0.0 {
            true => (self.low, -normal / SIGMAS_95),
            false => (self.high, normal / SIGMAS_95),
        };
        if end == self.value {
            self.value
        } else if end > 0.0 && self.value > 0.0 {
            self.value * libm::pow(end / self.value, sigmas)
        } else {
            (self.value + (end - self.value) * sigmas).max(0.0)
        }
    }

    /// The number that lies `normal` standard deviations from the median, of a line of a fit that
    /// hangs together with others; never below zero.
    ///
    /// Rows tell the *sum* of such lines. What is drawn keeps the sum where it was fitted only if a
    /// line moves by as much up as down: with `x` the distance in the logarithm, it is the median
    /// times `1 + x`, the fit's own linear approximation, and below half of the median times
    /// `exp(2x + 1) / 2`, which continues it without a kink. Exponentials of opposite signs would
    /// on average add to more than was measured.
    pub fn at_together(&self, normal: f64) -> f64 {
        let at = self.at(normal);
        if at > 0.0 && self.value > 0.0 {
            self.value * linear(libm::log(at / self.value))
        } else {
            at
        }
    }

    /// The mean of the two standard deviations of its logarithm; of a number that may be zero,
    /// none.
    pub fn sigma(&self) -> Option<f64> {
        (self.low > 0.0).then(|| libm::log(self.high / self.low) / (2.0 * SIGMAS_95))
    }
}

/// `1 + x`, and where that is below a half an exponential with the same value and slope.
fn linear(x: f64) -> f64 {
    if x >= -0.5 { 1.0 + x } else { libm::exp(2.0 * x + 1.0) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_quantiles_on_either_side() {
        let lopsided = Spread { value: 10.0, low: 5.0, high: 12.0 };
        assert_eq!(lopsided.at(0.0), 10.0);
        assert!((lopsided.at(-SIGMAS_95) - 5.0).abs() < 1e-12);
        assert!((lopsided.at(SIGMAS_95) - 12.0).abs() < 1e-12);
        // Half way in standard deviations is half way in the logarithm.
        assert!((lopsided.at(-SIGMAS_95 / 2.0) - 50f64.sqrt()).abs() < 1e-12);
        let even = Spread::within(10.0, 2.0);
        assert!((even.sigma().unwrap() - libm::log(2.0) / SIGMAS_95).abs() < 1e-12);
    }

    #[test]
    fn a_number_that_may_be_zero_is_normal_and_stays_above_it() {
        let none = Spread { value: 0.0, low: 0.0, high: 4.0 };
        assert_eq!((none.at(-3.0), none.at(0.0)), (0.0, 0.0));
        assert!((none.at(SIGMAS_95) - 4.0).abs() < 1e-12);
        let little = Spread { value: 1.0, low: 0.0, high: 2.0 };
        assert!((little.at(-SIGMAS_95 / 2.0) - 0.5).abs() < 1e-12);
        assert_eq!(little.at(-5.0), 0.0);
    }

    #[test]
    fn lines_that_rows_tell_together_keep_their_sum() {
        let line = Spread::within(10.0, 2.0);
        for step in 0..=20 {
            let normal = f64::from(step) / 20.0;
            let sum = line.at_together(normal) + line.at_together(-normal);
            assert!((sum - 20.0).abs() < 1e-12, "{normal}: {sum}");
            assert!(line.at(normal) + line.at(-normal) >= 20.0);
        }
        // Far below it falls, stays above zero, and has no kink where the form changes.
        let (above, below) = (linear(-0.5 + 1e-6), linear(-0.5 - 1e-6));
        assert!((above - below - 2e-6).abs() < 1e-11, "{above} {below}");
        assert!(linear(-10.0) > 0.0 && linear(-10.0) < linear(-9.0));
        let none = Spread { value: 0.0, low: 0.0, high: 4.0 };
        assert_eq!(none.at_together(1.0), none.at(1.0));
    }

    #[test]
    fn what_is_exact_stays() {
        let exact = Spread { value: 3.0, low: 3.0, high: 3.0 };
        assert!(exact.is_exact());
        assert_eq!((exact.at(-4.0), exact.at(4.0)), (3.0, 3.0));
    }
}
