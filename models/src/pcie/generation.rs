//! Generations and widths: how fast a link signals, and what its line coding leaves for bytes.
//!
//! | generation | GT/s a lane | line code | unit on the wire |
//! | --- | --- | --- | --- |
//! | 1, 2 | 2.5, 5 | 8b/10b | packets |
//! | 3, 4, 5 | 8, 16, 32 | 128b/130b | packets |
//! | 6 | 64 (PAM4) | 1b/1b | flits of 256 bytes |
//!
//! Source: PCI Express Base Specification, revision 6.0, section 4.2.

use std::fmt;
use std::str::FromStr;

use sim::Rate;

/// A generation of PCI Express, 1 to 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generation {
    /// 2.5 GT/s, 8b/10b.
    Gen1,
    /// 5 GT/s, 8b/10b.
    Gen2,
    /// 8 GT/s, 128b/130b.
    Gen3,
    /// 16 GT/s, 128b/130b.
    Gen4,
    /// 32 GT/s, 128b/130b.
    Gen5,
    /// 64 GT/s, PAM4 in flits.
    Gen6,
}

/// What is put on the wire, one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Packets of any length, each with its own sequence number and check.
    Packets,
    /// Flits of fixed length that packets are poured into; the check is the flit's.
    Flits,
}

impl Generation {
    /// Every generation, oldest first.
    pub const ALL: [Generation; 6] = {
        use Generation::{Gen1, Gen2, Gen3, Gen4, Gen5, Gen6};
        [Gen1, Gen2, Gen3, Gen4, Gen5, Gen6]
    };

    /// The generation of this number.
    ///
    /// # Errors
    /// If there is none.
    pub fn new(number: u32) -> Result<Generation, UnknownGeneration> {
        let known = Generation::ALL.into_iter().find(|generation| generation.number() == number);
        known.ok_or_else(|| UnknownGeneration(number.to_string()))
    }

    /// Its number, 1 to 6.
    pub const fn number(self) -> u32 {
        self as u32 + 1
    }

    /// Transfers per second and lane [GT/s]; each carries one bit before decoding.
    pub const fn gigatransfers(self) -> f64 {
        match self {
            Generation::Gen1 => 2.5,
            Generation::Gen2 => 5.0,
            Generation::Gen3 => 8.0,
            Generation::Gen4 => 16.0,
            Generation::Gen5 => 32.0,
            Generation::Gen6 => 64.0,
        }
    }

    /// Bits that mean something, per bit on the line.
    const fn code(self) -> f64 {
        match self {
            Generation::Gen1 | Generation::Gen2 => 8.0 / 10.0,
            Generation::Gen3 | Generation::Gen4 | Generation::Gen5 => 128.0 / 130.0,
            Generation::Gen6 => 1.0,
        }
    }

    /// The rate of `lanes` lanes in one direction after decoding [B/s].
    pub(super) fn rate_per_lane(self, lanes: f64) -> Rate {
        Rate::gbit_s(self.gigatransfers() * self.code() * lanes)
    }

    /// What is put on the wire.
    pub const fn framing(self) -> Framing {
        match self {
            Generation::Gen6 => Framing::Flits,
            _ => Framing::Packets,
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("gen{}", self.number()))
    }
}

/// Reads `gen3`.
impl FromStr for Generation {
    type Err = UnknownGeneration;
    fn from_str(text: &str) -> Result<Generation, UnknownGeneration> {
        let known = Generation::ALL.into_iter().find(|generation| generation.to_string() == text);
        known.ok_or_else(|| UnknownGeneration(text.to_owned()))
    }
}

/// The number of lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Width(u32);

impl Width {
    /// Every width that the standard has had; x12 and x32 left it with revision 6.0.
    pub const ALL: [Width; 7] =
        [Width(1), Width(2), Width(4), Width(8), Width(12), Width(16), Width(32)];

    /// A link of this many lanes.
    ///
    /// # Errors
    /// If the standard never had this width.
    pub fn new(lanes: u32) -> Result<Width, UnknownWidth> {
        let width = Width(lanes);
        Width::ALL.contains(&width).then_some(width).ok_or_else(|| UnknownWidth(lanes.to_string()))
    }

    /// The number of lanes.
    pub const fn lanes(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Width {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&format!("x{}", self.0))
    }
}

/// Reads `x16`.
impl FromStr for Width {
    type Err = UnknownWidth;
    fn from_str(text: &str) -> Result<Width, UnknownWidth> {
        let known = Width::ALL.into_iter().find(|width| width.to_string() == text);
        known.ok_or_else(|| UnknownWidth(text.to_owned()))
    }
}

/// A generation that does not exist (yet).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a PCI Express generation: gen1 to gen6")]
pub struct UnknownGeneration(String);

/// A width that the standard never had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a PCI Express width: x1, x2, x4, x8, x12, x16 or x32")]
pub struct UnknownWidth(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for generation in Generation::ALL {
            assert_eq!(generation.to_string().parse(), Ok(generation));
            assert_eq!(Generation::new(generation.number()), Ok(generation));
        }
        for width in Width::ALL {
            assert_eq!(width.to_string().parse(), Ok(width));
            assert_eq!(Width::new(width.lanes()), Ok(width));
        }
    }

    #[test]
    fn what_does_not_exist_is_refused_with_what_does() {
        assert_eq!(
            Generation::new(7).unwrap_err().to_string(),
            "`7` is not a PCI Express generation: gen1 to gen6"
        );
        assert_eq!(
            "x3".parse::<Width>().unwrap_err().to_string(),
            "`x3` is not a PCI Express width: x1, x2, x4, x8, x12, x16 or x32"
        );
        assert!("Gen3".parse::<Generation>().is_err());
        assert!(Width::new(0).is_err());
    }

    #[test]
    fn a_lane_carries_what_the_standard_says() {
        let gbit_s = |generation: Generation| generation.rate_per_lane(1.0).as_gbit_s();
        assert_eq!(gbit_s(Generation::Gen1), 2.0);
        assert_eq!(gbit_s(Generation::Gen2), 4.0);
        assert!((gbit_s(Generation::Gen5) - 31.507_692).abs() < 1e-6);
        assert_eq!(gbit_s(Generation::Gen6), 64.0);
    }
}
