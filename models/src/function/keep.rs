//! How long an instance is kept that nobody calls.
//!
//! [`Histogram`] is the policy of Shahrad et al. ("Serverless in the Wild", USENIX ATC 2020): idle
//! times of a function, in bins of a minute up to four hours, say when it should be there again
//! and until when. Where they say little, the instance is kept for the whole range. Their third
//! case, a forecast for functions with idle times beyond the range, is not modelled; such
//! functions are kept for the range as well.

use sim::Time;

/// How long an instance is kept that nobody calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Keep {
    /// For a fixed time.
    For(Time),
    /// Until its room is needed.
    Forever,
    /// As the function's own idle times say.
    Histogram,
}

/// The width of a bin.
const BIN: Time = Time::from_ms(60_000);
/// So many bins.
const BINS: usize = 240;
/// The quantiles of idle times from which and until which it should be there.
const HEAD: f64 = 0.05;
const TAIL: f64 = 0.99;
/// What is taken off the one and added to the other.
const MARGIN: f64 = 0.1;
/// Bins say enough if the coefficient of variation of their counts is at least this.
const VARIATION_MIN: f64 = 2.0;
/// A function with more idle times beyond the range than this part is not told by it.
const BEYOND_MAX: f64 = 0.5;

/// The idle times of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    counts: Vec<u32>,
    total: u32,
    beyond: u32,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram { counts: vec![0; BINS], total: 0, beyond: 0 }
    }
}

impl Histogram {
    /// Notes an idle time.
    pub fn add(&mut self, idle: Time) {
        match self.counts.get_mut((idle.as_ps() / BIN.as_ps()) as usize) {
            Some(count) => {
                *count += 1;
                self.total += 1;
            }
            None => self.beyond += 1,
        }
    }

    /// After how long an instance should be there again, and for how long from then on.
    pub fn windows(&self) -> (Time, Time) {
        let range = BIN * BINS as u64;
        let beyond = f64::from(self.beyond) > BEYOND_MAX * f64::from(self.beyond + self.total);
        if self.total == 0 || beyond || self.variation() < VARIATION_MIN {
            return (Time::ZERO, range);
        }
        let head = BIN.as_seconds() * self.bin(HEAD) as f64 * (1.0 - MARGIN);
        let tail = BIN.as_seconds() * (self.bin(TAIL) + 1) as f64 * (1.0 + MARGIN);
        let (head, tail) = (Time::from_seconds(head), Time::from_seconds(tail));
        (head, tail.saturating_sub(head))
    }

    /// The bin in which the quantile `p` lies.
    fn bin(&self, p: f64) -> usize {
        let mut below = 0;
        let reached = |count: &u32| {
            below += count;
            f64::from(below) >= p * f64::from(self.total)
        };
        self.counts.iter().position(reached).unwrap_or(BINS - 1)
    }

    /// The coefficient of variation of the counts of bins.
    fn variation(&self) -> f64 {
        let mean = f64::from(self.total) / BINS as f64;
        let squares: f64 = self.counts.iter().map(|&n| (f64::from(n) - mean).powi(2)).sum();
        (squares / BINS as f64).sqrt() / mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn minutes(n: u64) -> Time {
        Time::from_ms(60_000 * n)
    }

    #[test]
    fn windows_by_hand() {
        let mut own = Histogram::default();
        assert_eq!(own.windows(), (Time::ZERO, minutes(240)), "nothing is known");
        (0..100).for_each(|_| own.add(minutes(30)));
        // Bin 30: from 27 minutes on, until 31 × 1.1 = 34.1.
        let (head, keep) = own.windows();
        assert_eq!(head, minutes(27));
        assert!((keep.as_seconds() - 7.1 * 60.0).abs() < 1e-6, "{keep}");
        // Idle times that are all alike say nothing.
        let mut flat = Histogram::default();
        (0..240).for_each(|at| flat.add(minutes(at)));
        assert_eq!(flat.windows(), (Time::ZERO, minutes(240)));
        // Most lie beyond four hours.
        (0..101).for_each(|_| own.add(minutes(300)));
        assert_eq!(own.windows(), (Time::ZERO, minutes(240)));
    }
}
