//! Amounts and rates: [`Bytes`] and [`Rate`], so that a bandwidth is never a bare `f64`.
//!
//! `Bytes / Rate = Time`, rounded up to a whole picosecond. Bits and bytes meet only in the named
//! constructors and getters of [`Rate`]; 10^9 and 2^30 meet nowhere.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Sub};

use serde::{Deserialize, Serialize};

use crate::Time;

/// An amount of data in bytes \[B\].
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Bytes(u64);

impl Bytes {
    /// No data.
    pub const ZERO: Bytes = Bytes(0);

    /// `bytes` bytes.
    pub const fn new(bytes: u64) -> Bytes {
        Bytes(bytes)
    }

    /// `kib` × 2^10 bytes.
    pub const fn kib(kib: u64) -> Bytes {
        Bytes(kib << 10)
    }

    /// `mib` × 2^20 bytes.
    pub const fn mib(mib: u64) -> Bytes {
        Bytes(mib << 20)
    }

    /// `gib` × 2^30 bytes.
    pub const fn gib(gib: u64) -> Bytes {
        Bytes(gib << 30)
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of bytes as a real number; exact below 2^53 (8 PiB).
    pub fn as_f64(self) -> f64 {
        self.0 as f64
    }

    /// How many pieces of at most `piece` bytes it takes to carry this amount.
    ///
    /// # Panics
    /// If `piece` is zero.
    pub const fn div_ceil(self, piece: Bytes) -> u64 {
        self.0.div_ceil(piece.0)
    }
}

impl Add for Bytes {
    type Output = Bytes;
    fn add(self, other: Bytes) -> Bytes {
        Bytes(self.0 + other.0)
    }
}

impl AddAssign for Bytes {
    fn add_assign(&mut self, other: Bytes) {
        *self = *self + other;
    }
}

impl Sub for Bytes {
    type Output = Bytes;
    fn sub(self, other: Bytes) -> Bytes {
        Bytes(self.0 - other.0)
    }
}

impl Mul<u64> for Bytes {
    type Output = Bytes;
    fn mul(self, times: u64) -> Bytes {
        Bytes(self.0 * times)
    }
}

impl Sum for Bytes {
    fn sum<I: Iterator<Item = Bytes>>(amounts: I) -> Bytes {
        amounts.fold(Bytes::ZERO, Add::add)
    }
}

/// Exact where a binary prefix divides it (`64 KiB`), else one decimal (`1.5 KiB`).
impl fmt::Display for Bytes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shift, unit) = match self.0 {
            0..1_024 => return out.pad(&format!("{} B", self.0)),
            1_024..1_048_576 => (10, "KiB"),
            1_048_576..1_073_741_824 => (20, "MiB"),
            _ => (30, "GiB"),
        };
        if self.0.is_multiple_of(1 << shift) {
            out.pad(&format!("{} {unit}", self.0 >> shift))
        } else {
            out.pad(&format!("{:.1} {unit}", self.0 as f64 / (1u64 << shift) as f64))
        }
    }
}

/// A data rate in bytes per second [B/s]: always finite and above zero.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(f64);

impl Rate {
    /// `value` bytes per second, or `None` unless it is finite and above zero.
    pub fn try_bytes_per_s(value: f64) -> Option<Rate> {
        (value.is_finite() && value > 0.0).then_some(Rate(value))
    }

    /// `value` bytes per second [B/s].
    ///
    /// # Panics
    /// If `value` is not finite and above zero.
    pub fn bytes_per_s(value: f64) -> Rate {
        Rate::try_bytes_per_s(value)
            .unwrap_or_else(|| panic!("a rate must be finite and above zero, got {value} B/s"))
    }

    /// `value` × 10^9 bits per second [Gbit/s]. Panics as [`Rate::bytes_per_s`].
    pub fn gbit_s(value: f64) -> Rate {
        Rate::bytes_per_s(value * 1e9 / 8.0)
    }

    /// `value` × 10^9 bytes per second [GB/s]. Panics as [`Rate::bytes_per_s`].
    pub fn gbyte_s(value: f64) -> Rate {
        Rate::bytes_per_s(value * 1e9)
    }

    /// In bytes per second [B/s].
    pub const fn as_bytes_per_s(self) -> f64 {
        self.0
    }

    /// In 10^9 bits per second [Gbit/s].
    pub fn as_gbit_s(self) -> f64 {
        self.0 * 8.0 / 1e9
    }

    /// In 10^9 bytes per second [GB/s].
    pub fn as_gbyte_s(self) -> f64 {
        self.0 / 1e9
    }

    /// The slower of two rates.
    pub fn min(self, other: Rate) -> Rate {
        Rate(self.0.min(other.0))
    }

    /// The rate at which `amount` is done in `span`; `None` for an empty amount or span.
    pub fn over(amount: Bytes, span: Time) -> Option<Rate> {
        Rate::try_bytes_per_s(amount.as_f64() / span.as_seconds())
    }
}

/// The time to move an amount at a rate, rounded up to a whole picosecond.
impl Div<Rate> for Bytes {
    type Output = Time;
    fn div(self, rate: Rate) -> Time {
        Time::from_seconds(self.as_f64() / rate.0)
    }
}

/// `39.59 Gbit/s`: network speeds are read in bits; PCIe and memory code prints
/// [`Rate::as_gbyte_s`] itself.
impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gbit_s = self.as_gbit_s();
        let text = match gbit_s {
            g if g >= 100.0 => format!("{g:.1} Gbit/s"),
            g if g >= 1.0 => format!("{g:.2} Gbit/s"),
            g if g >= 1e-3 => format!("{:.2} Mbit/s", g * 1e3),
            g => format!("{:.2} kbit/s", g * 1e6),
        };
        out.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_bytes_meet_in_one_place() {
        assert_eq!(Rate::gbit_s(8.0), Rate::gbyte_s(1.0));
        assert_eq!(Bytes::mib(1) / Rate::bytes_per_s(1_048_576.0), Time::from_ms(1_000));
        assert_eq!(Bytes::new(1) / Rate::gbyte_s(3.0), Time::from_ps(334));
    }

    #[test]
    fn a_rate_is_finite_and_positive() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Rate::try_bytes_per_s(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn display_is_exact_where_a_prefix_divides() {
        assert_eq!(Bytes::kib(64).to_string(), "64 KiB");
        assert_eq!(Bytes::new(1536).to_string(), "1.5 KiB");
        assert_eq!(Bytes::gib(1).to_string(), "1 GiB");
        assert_eq!(Rate::gbit_s(39.592).to_string(), "39.59 Gbit/s");
    }
}
