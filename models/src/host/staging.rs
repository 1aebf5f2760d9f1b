//! Copies from or to pageable memory: a core and a copy engine take turns on pinned buffers.
//!
//! ```text
//! buffer 1   core ████ engine ███      core ████ …
//! buffer 2             core ████ engine ███
//! ```
//!
//! With two buffers one of the two fills a buffer while the other empties the second, so a full
//! chunk costs the slower of the two. In a plan the core is a link of the copy, which it loads with
//!
//! ```text
//! per byte + per chunk ÷ chunk + first touch \[s/B\]
//! ```
//!
//! Host memory that was never touched costs page faults and clearing.

use sim::Bytes;

use crate::input::InputError;
use crate::profile::Profile;

/// How a driver stages copies through pinned buffers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Staging {
    /// Core time per byte moved [s/B].
    pub per_byte: f64,
    /// Core time per chunk in seconds: calls and waiting for the engine.
    pub per_chunk: f64,
    /// The size of a pinned buffer; above zero.
    pub chunk: Bytes,
    /// Core time per byte of untouched memory: page faults and clearing [s/B].
    pub first_touch: f64,
}

impl Staging {
    /// Reads `staging.per_byte`, `staging.per_chunk`, `staging.chunk` and
    /// `staging.first_touch_per_byte` from a profile of kind `host`.
    ///
    /// # Errors
    /// If one is missing, has the wrong unit, or the chunk is empty.
    pub fn from_profile(profile: &Profile) -> Result<Staging, InputError> {
        Ok(Staging {
            per_byte: profile.seconds_per_byte("staging.per_byte")?,
            per_chunk: profile.seconds("staging.per_chunk")?,
            chunk: profile.buffer("staging.chunk")?,
            first_touch: profile.seconds_per_byte("staging.first_touch_per_byte")?,
        })
    }
}
