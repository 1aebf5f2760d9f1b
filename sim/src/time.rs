//! Simulated time: an integer number of picoseconds.
//!
//! A `u64` of picoseconds spans 213 days. A PCIe 5.0 x16 link moves one byte in 15.9 ps, so
//! nanoseconds would be too coarse and floating point would make order depend on rounding.
//! One rule for every conversion from a real number: round **up** to the next picosecond, so that
//! work never finishes before it physically could. And one for what is past the end of the clock:
//! sums and products stay at [`Time::MAX`], which no run reaches, so that who asks sees one value
//! that means *never* and not a short time that is left over.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

/// A point in simulated time or a span of it, in picoseconds \[ps\].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(u64);

impl Time {
    /// The beginning of every run.
    pub const ZERO: Time = Time(0);
    /// Later than anything that can happen; an alarm that is not set.
    pub const MAX: Time = Time(u64::MAX);

    /// `ps` picoseconds.
    pub const fn from_ps(ps: u64) -> Time {
        Time(ps)
    }

    /// `ns` nanoseconds, at most [`Time::MAX`].
    pub const fn from_ns(ns: u64) -> Time {
        Time(ns.saturating_mul(1_000))
    }

    /// `us` microseconds, at most [`Time::MAX`].
    pub const fn from_us(us: u64) -> Time {
        Time(us.saturating_mul(1_000_000))
    }

    /// `ms` milliseconds, at most [`Time::MAX`].
    pub const fn from_ms(ms: u64) -> Time {
        Time(ms.saturating_mul(1_000_000_000))
    }

    /// `seconds`, rounded up to a whole picosecond; saturates at [`Time::MAX`].
    ///
    /// # Panics
    /// If `seconds` is negative or not a number: inside the simulator that is a bug, and input is
    /// checked at the edge.
    pub fn from_seconds(seconds: f64) -> Time {
        assert!(seconds >= 0.0, "time must be zero or more, got {seconds} s");
        let ps = seconds * 1e12;
        // 300 ns is 3e-7 s, which times 1e12 is an ulp above 300 000: still 300 000 ps.
        let whole = ps.round();
        let exact = (ps - whole).abs() <= 4.0 * f64::EPSILON * whole;
        // `as` saturates: anything past 213 days is `Time::MAX`.
        Time(if exact { whole } else { ps.ceil() } as u64)
    }

    /// The number of picoseconds.
    pub const fn as_ps(self) -> u64 {
        self.0
    }

    /// The same span in seconds; exact below 2^53 ps (2.5 hours).
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 * 1e-12
    }

    /// The difference, or zero if `other` is later.
    pub const fn saturating_sub(self, other: Time) -> Time {
        Time(self.0.saturating_sub(other.0))
    }
}

/// The sum, or [`Time::MAX`] if it does not fit.
impl Add for Time {
    type Output = Time;
    fn add(self, other: Time) -> Time {
        Time(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Time {
    fn add_assign(&mut self, other: Time) {
        *self = *self + other;
    }
}

impl Sub for Time {
    type Output = Time;
    fn sub(self, other: Time) -> Time {
        Time(self.0 - other.0)
    }
}

/// The product, or [`Time::MAX`] if it does not fit.
impl Mul<u64> for Time {
    type Output = Time;
    fn mul(self, times: u64) -> Time {
        Time(self.0.saturating_mul(times))
    }
}

impl Div<u64> for Time {
    type Output = Time;
    fn div(self, parts: u64) -> Time {
        Time(self.0 / parts)
    }
}

impl Sum for Time {
    fn sum<I: Iterator<Item = Time>>(times: I) -> Time {
        times.fold(Time::ZERO, Add::add)
    }
}

/// Four significant digits with an SI prefix: `12.35 us`.
impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ps = self.0 as f64;
        let (value, unit) = match self.0 {
            0..1_000 => return out.pad(&format!("{} ps", self.0)),
            1_000..1_000_000 => (ps / 1e3, "ns"),
            1_000_000..1_000_000_000 => (ps / 1e6, "us"),
            1_000_000_000..1_000_000_000_000 => (ps / 1e9, "ms"),
            _ => (ps / 1e12, "s"),
        };
        let decimals = match value {
            v if v >= 1000.0 => 0,
            v if v >= 100.0 => 1,
            v if v >= 10.0 => 2,
            _ => 3,
        };
        out.pad(&format!("{value:.decimals$} {unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_up_to_a_whole_picosecond() {
        assert_eq!(Time::from_seconds(1.5e-12), Time::from_ps(2));
        assert_eq!(Time::from_seconds(0.0), Time::ZERO);
        assert_eq!(Time::from_seconds(300.0 * 1e-9), Time::from_ns(300));
        assert_eq!(Time::from_seconds(1.0), Time::from_ms(1_000));
        assert_eq!(Time::from_seconds(1e30), Time::MAX);
    }

    #[test]
    fn what_is_past_the_end_of_the_clock_is_never_early() {
        let (late, day) = (Time::MAX - Time::from_ps(1), Time::from_ms(86_400_000));
        assert_eq!((late + day, day * u64::MAX), (Time::MAX, Time::MAX));
        assert_eq!([late, day, day].into_iter().sum::<Time>(), Time::MAX);
        assert_eq!((Time::from_ns(u64::MAX), Time::from_ms(u64::MAX)), (Time::MAX, Time::MAX));
    }

    #[test]
    fn display_keeps_four_digits() {
        let cases = [
            (Time::from_ps(999), "999 ps"),
            (Time::from_ps(12_346), "12.35 ns"),
            (Time::from_us(1), "1.000 us"),
            (Time::from_ms(250), "250.0 ms"),
            (Time::from_ms(90_000), "90.00 s"),
        ];
        for (time, text) in cases {
            assert_eq!(time.to_string(), text);
        }
    }
}
