//! Copies from or to pageable memory: a core and a copy engine take turns on pinned buffers.
//!
//! ```text
//! buffer 1   core ████ engine ███      core ████ …
//! buffer 2             core ████ engine ███
//! ```
//!
//! With two buffers one of the two fills a buffer while the other empties the second, so a full
//! chunk costs the slower of the two, and the ends stick out:
//!
//! ```text
//! t = fill + (n − 2) · max(fill, empty) + max(empty, last fill) + last empty
//! core = per chunk + chunk · (per byte + first touch),   engine = chunk / rate
//! ```
//!
//! This is exact for two or more buffers and a last chunk that may be shorter (a test carries the
//! chunks out one by one). To the device the core fills and the engine empties, to the host the
//! other way round. Host memory that was never touched costs page faults and clearing.

use sim::{Bytes, Rate, Time};

use crate::input::InputError;
use crate::profile::Profile;

/// Which way, and into what, a core copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From host memory into the pinned buffers.
    ToDevice,
    /// From the pinned buffers into host memory whose pages are mapped.
    ToHost,
    /// From the pinned buffers into host memory that was never touched.
    ToUntouchedHost,
}

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
        let chunk = profile.bytes("staging.chunk")?;
        if chunk == Bytes::ZERO {
            return Err(profile.fault("staging.chunk", "is empty", "at least one byte"));
        }
        Ok(Staging {
            per_byte: profile.seconds_per_byte("staging.per_byte")?,
            per_chunk: profile.seconds("staging.per_chunk")?,
            chunk,
            first_touch: profile.seconds_per_byte("staging.first_touch_per_byte")?,
        })
    }

    /// Core time per byte in steady state, chunks included [s/B].
    pub fn core_per_byte(&self, way: Way) -> f64 {
        self.core_seconds(self.chunk, way) / self.chunk.as_f64()
    }

    /// The time to move `amount` with an engine of `rate`, from the first byte of the one that
    /// fills to the last of the one that empties.
    pub fn time(&self, amount: Bytes, rate: Rate, way: Way) -> Time {
        if amount == Bytes::ZERO {
            return Time::ZERO;
        }
        let fill_and_empty = |chunk: Bytes| {
            let (core, engine) =
                (self.core_seconds(chunk, way), chunk.as_f64() / rate.as_bytes_per_s());
            match way {
                Way::ToDevice => (core, engine),
                Way::ToHost | Way::ToUntouchedHost => (engine, core),
            }
        };
        let chunks = amount.div_ceil(self.chunk);
        let (last_fill, last_empty) = fill_and_empty(amount - self.chunk * (chunks - 1));
        if chunks == 1 {
            return Time::from_seconds(last_fill + last_empty);
        }
        let (fill, empty) = fill_and_empty(self.chunk);
        let middle = (chunks - 2) as f64 * fill.max(empty);
        Time::from_seconds(fill + middle + empty.max(last_fill) + last_empty)
    }

    fn core_seconds(&self, chunk: Bytes, way: Way) -> f64 {
        let touch = match way {
            Way::ToDevice | Way::ToHost => 0.0,
            Way::ToUntouchedHost => self.first_touch,
        };
        self.per_chunk + chunk.as_f64() * (self.per_byte + touch)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAGING: Staging = Staging {
        per_byte: 0.1e-9,
        per_chunk: 1e-6,
        chunk: Bytes::new(100_000),
        first_touch: 0.3e-9,
    };

    /// Fills and empties chunk by chunk with two buffers.
    fn one_by_one(chunks: &[(f64, f64)]) -> f64 {
        let (mut filled, mut emptied) = (vec![0.0], vec![0.0, 0.0]);
        for &(fill, empty) in chunks {
            let buffer_free = emptied[emptied.len() - 2];
            let full = f64::max(*filled.last().unwrap(), buffer_free) + fill;
            filled.push(full);
            emptied.push(f64::max(full, *emptied.last().unwrap()) + empty);
        }
        *emptied.last().unwrap()
    }

    #[test]
    fn three_chunks_by_hand() {
        let rate = Rate::gbyte_s(10.0);
        // The engine takes 10 us a chunk; the core 11, and 41 with first touch.
        let cases = [
            (Way::ToDevice, 11.0 + 11.0 + 11.0 + 10.0),
            (Way::ToHost, 10.0 + 11.0 + 11.0 + 11.0),
            (Way::ToUntouchedHost, 10.0 + 41.0 + 41.0 + 41.0),
        ];
        for (way, us) in cases {
            let time = STAGING.time(Bytes::new(300_000), rate, way).as_seconds();
            assert!((time - us * 1e-6).abs() < 2e-12, "{way:?}: {time} s");
            assert_eq!(STAGING.time(Bytes::ZERO, rate, way), Time::ZERO);
        }
        assert!((STAGING.core_per_byte(Way::ToUntouchedHost) - 0.41e-9).abs() < 1e-18);
    }

    proptest! {
        #[test]
        fn the_closed_form_is_what_two_buffers_do(
            amount in 1u64..2_000_000,
            gbyte_s in 0.5f64..50.0,
            per_byte in 0.01e-9f64..2e-9,
        ) {
            let staging = Staging { per_byte, ..STAGING };
            let rate = Rate::gbyte_s(gbyte_s);
            let mut left = amount;
            let mut chunks = Vec::new();
            while left > 0 {
                let chunk = left.min(100_000);
                let core = staging.per_chunk + chunk as f64 * per_byte;
                chunks.push((core, chunk as f64 / rate.as_bytes_per_s()));
                left -= chunk;
            }
            let there = staging.time(Bytes::new(amount), rate, Way::ToDevice).as_seconds();
            prop_assert!((there - one_by_one(&chunks)).abs() < 2e-12);
            chunks.iter_mut().for_each(|chunk| *chunk = (chunk.1, chunk.0));
            let back = staging.time(Bytes::new(amount), rate, Way::ToHost).as_seconds();
            prop_assert!((back - one_by_one(&chunks)).abs() < 2e-12);
        }
    }
}
