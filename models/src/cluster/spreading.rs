//! How a switch spreads traffic over equal ways.

use crate::input::{InputError, suggest};
use crate::topology::{Placed, SwitchTable};

/// Another way than by a hash of the switch's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spreading {
    /// By a hash that all such switches share: flows that one of them puts on one way meet again
    /// at the next (polarisation).
    SameHash,
    /// Packet by packet, evenly.
    Packets,
}

impl Spreading {
    /// What a switch's table says; none of a switch with a hash of its own.
    ///
    /// # Errors
    /// If it is another word.
    pub(super) fn of(at: &Placed<SwitchTable>) -> Result<Option<Spreading>, InputError> {
        let Some(word) = &at.table.spread else { return Ok(None) };
        match word.get_ref().as_str() {
            "flow" => Ok(None),
            "same-hash" => Ok(Some(Spreading::SameHash)),
            "packet" => Ok(Some(Spreading::Packets)),
            other => {
                let problem = format!("no spreading is called `{other}`");
                let help = suggest(other, ["flow", "same-hash", "packet"]);
                Err(at.fault(word, "spread", problem).help(help))
            }
        }
    }
}
