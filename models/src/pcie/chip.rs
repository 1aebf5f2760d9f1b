//! A link between two chips on one board that takes the place of a slot: NVLink-C2C between a Grace
//! CPU and its GPU.
//!
//! It is coherent, and neither its packets nor its credits are documented. So its profile says what
//! it signals and which part of that reads and writes of the GPU's copy engines were measured to
//! reach; the card's own efficiencies, which were found in a slot, have no part in it. Reads are
//! not bounded by tags.

use sim::Rate;

use super::{Operation, Weights};
use crate::input::InputError;
use crate::profile::Profile;

/// A chip-to-chip link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chip {
    /// What one direction signals [B/s].
    pub rate: Rate,
    /// The part of it that payload reaches which the GPU reads, above 0 to 1.
    pub read_efficiency: f64,
    /// The part of it that payload reaches which the GPU writes, above 0 to 1.
    pub write_efficiency: f64,
}

impl Chip {
    /// Reads `link_rate`, `link_read_efficiency` and `link_write_efficiency`; none where the
    /// profile has no `link_rate`, since it is a slot then.
    ///
    /// # Errors
    /// If one of the others is missing or out of range, or a line of a slot stands beside them.
    pub(super) fn from_profile(profile: &Profile) -> Result<Option<Chip>, InputError> {
        let Some(rate) = profile.optional("link_rate", Profile::rate)? else { return Ok(None) };
        if profile.has("generation") {
            let help = "a slot has generation and lanes, a link between chips has link_rate";
            return Err(profile.fault("link_rate", "stands beside `generation`", help));
        }
        let efficiency = |parameter| match profile.ratio(parameter)? {
            ratio if ratio > 0.0 && ratio <= 1.0 => Ok(ratio),
            _ => Err(profile.fault(parameter, "is not a part", "above 0 and at most 1")),
        };
        Ok(Some(Chip {
            rate,
            read_efficiency: efficiency("link_read_efficiency")?,
            write_efficiency: efficiency("link_write_efficiency")?,
        }))
    }

    /// Wire bytes per payload byte on each direction.
    pub(super) fn weights(&self, operation: Operation) -> Weights {
        match operation {
            Operation::Read => Weights { up: 0.0, down: 1.0 / self.read_efficiency },
            Operation::Write => Weights { up: 1.0 / self.write_efficiency, down: 0.0 },
        }
    }
}
