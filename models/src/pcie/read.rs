//! Reads in flight: a device may await only as many answers as it has tags.
//!
//! ```text
//! rate ≤ tags · request / round trip          (Little's law)
//! ```
//!
//! Writes are posted: nothing is awaited, and only the link bounds them. Eight-bit tags allow 256
//! reads in flight, ten-bit tags (generation 4 on) 768, fourteen-bit tags (generation 6) 15 360
//! (PCI Express Base Specification 6.0, section 2.2.6.2).

use std::num::NonZeroU32;

use sim::{Bytes, Rate, Time};

use super::settings::PayloadSize;

/// How many reads a device keeps in flight, and how long each takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Reads that may be outstanding at once.
    pub tags: NonZeroU32,
    /// From sending a request to having its first byte, on an idle path.
    pub round_trip: Time,
}

impl Window {
    /// The most that back-to-back reads of `payload` bytes can fetch [B/s]; `None` where nothing
    /// bounds them: an empty payload, or no time to wait.
    pub fn limit(&self, max_read_request: PayloadSize, payload: Bytes) -> Option<Rate> {
        let request = max_read_request.bytes().min(payload);
        Rate::over(request * u64::from(self.tags.get()), self.round_trip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: u64 = 512;

    fn limit_gbyte_s(tags: u32, round_trip: Time, payload: u64) -> Option<f64> {
        let window = Window { tags: NonZeroU32::new(tags).unwrap(), round_trip };
        let request = PayloadSize::new(Bytes::new(REQUEST)).unwrap();
        let limit = window.limit(request, Bytes::new(payload));
        limit.map(|limit| (limit.as_gbyte_s() * 1e9).round() / 1e9)
    }

    #[test]
    fn tags_times_request_over_round_trip() {
        let round_trip = Time::from_ns(512);
        assert_eq!(limit_gbyte_s(32, round_trip, 1 << 20), Some(32.0));
        assert_eq!(limit_gbyte_s(32, round_trip, 64), Some(4.0));
        assert_eq!(limit_gbyte_s(32, Time::from_us(10), 1 << 20), Some(1.6384));
    }

    #[test]
    fn nothing_bounds_nothing() {
        assert_eq!(limit_gbyte_s(32, Time::ZERO, 1 << 20), None);
        assert_eq!(limit_gbyte_s(32, Time::from_ns(500), 0), None);
    }
}
