//! PCI Express as arithmetic: what a link signals, what framing takes, what payload is left.
//!
//! ```text
//! GT/s × lanes ──line code──► raw ──link layer──► capacity ──packet headers──► payload
//!               generation         overhead                  packet
//! ```
//!
//! - [`generation`]: signalling rate, encoding and width.
//! - [`settings`]: payload sizes, completion boundary, addresses, digest, as validated types.
//! - [`overhead`]: what the link layer takes before the first TLP byte is sent.
//! - [`packet`]: the wire bytes that one write or read puts on each direction.
//! - [`read`]: reads are bounded by outstanding tags × request size ÷ round trip.
//! - [`chip`]: a link between chips that takes the place of a slot.
//! - [`port`]: all of it from one profile, as a cluster uses it.
//!
//! Nothing here is an event. A DMA transfer is a flow whose *weight* on each direction of a link is
//! [`Link::weights`] and whose limit is [`read::Window::limit`]; a direction's capacity is
//! [`Link::capacity`]. A switch adds nothing of its own: its shared uplink is one more [`Link`].
//!
//! The arithmetic is that of R. Neugebauer et al., *Understanding PCIe performance for end host
//! networking*, SIGCOMM 2018, <https://doi.org/10.1145/3230543.3230560>, whose tables of
//! acknowledgement limits are replaced by the formula that they were computed from.

pub mod chip;
pub mod generation;
pub mod overhead;
pub mod packet;
pub mod port;
pub mod read;
pub mod reference;
pub mod settings;

pub use chip::Chip;
pub use generation::{Framing, Generation, Width};
pub use packet::{Operation, Weights};
pub use port::{Connector, Port};
pub use settings::{AddressBits, Boundary, Completions, PayloadSize, Settings};

use sim::{Bytes, Rate};

use crate::input::InputError;
use crate::profile::Profile;

/// A point-to-point link: the same rate in each of its two directions at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The signalling generation that both ends agreed on.
    pub generation: Generation,
    /// The number of lanes that both ends agreed on.
    pub width: Width,
    /// How packets are cut and framed.
    pub settings: Settings,
}

impl Link {
    /// The link that a card makes of this one: the lesser generation and width of the two ends.
    /// What the card's profile does not say it does as well as the slot.
    ///
    /// # Errors
    /// If the card has no generation or width that the standard has.
    pub fn with_card(self, card: &Profile) -> Result<Link, InputError> {
        let impossible = |parameter, help: String| card.fault(parameter, "is not possible", &help);
        let mut link = self;
        if let Some(own) = card.optional("pcie_generation", Profile::count)? {
            let own = Generation::new(own)
                .map_err(|error| impossible("pcie_generation", error.to_string()))?;
            link.generation = link.generation.min(own);
        }
        if let Some(own) = card.optional("pcie_lanes", Profile::count)? {
            let own =
                Width::new(own).map_err(|error| impossible("pcie_lanes", error.to_string()))?;
            link.width = link.width.min(own);
        }
        if (link.generation, link.width) != (self.generation, self.width) {
            // What was measured of the slot holds at its own speed alone.
            link.settings.updates_ppm = None;
        }
        Ok(link)
    }

    /// What one direction carries after encoding: GT/s × lanes × encoding efficiency [B/s].
    pub fn raw(&self) -> Rate {
        self.generation.rate_per_lane(f64::from(self.width.lanes()))
    }

    /// What is left of [`Link::raw`] for transaction-layer packets, headers included [B/s].
    pub fn capacity(&self) -> Rate {
        let share = overhead::packet_share(self.generation, self.width, &self.settings);
        Rate::bytes_per_s(self.raw().as_bytes_per_s() * share)
    }

    /// What of [`Link::capacity`] no port of this kind exceeds: with no more acknowledgements and
    /// credits than the standard recommends at least [B/s].
    pub fn capacity_most(&self) -> Rate {
        let share = overhead::packet_share_most(self.generation, self.width, &self.settings);
        Rate::bytes_per_s(self.raw().as_bytes_per_s() * share)
    }

    /// The wire bytes per payload byte that a device's DMA of `payload` bytes puts on each
    /// direction of this link. `None` for an empty payload.
    pub fn weights(&self, operation: Operation, payload: Bytes) -> Option<Weights> {
        packet::weights(self.generation, &self.settings, operation, payload)
    }

    /// The payload rate of back-to-back DMA writes of `payload` bytes [B/s]; `None` if empty.
    pub fn write_bandwidth(&self, payload: Bytes) -> Option<Rate> {
        Some(self.payload_rate(self.weights(Operation::Write, payload)?))
    }

    /// The payload rate of back-to-back DMA reads of `payload` bytes [B/s], however many may be
    /// outstanding (see [`read`]); `None` if empty.
    pub fn read_bandwidth(&self, payload: Bytes) -> Option<Rate> {
        Some(self.payload_rate(self.weights(Operation::Read, payload)?))
    }

    /// The payload rate, each way, of as many reads as writes of `payload` bytes at once [B/s];
    /// read requests share their direction with written data. `None` if empty.
    pub fn concurrent_bandwidth(&self, payload: Bytes) -> Option<Rate> {
        let writes = self.weights(Operation::Write, payload)?;
        let reads = self.weights(Operation::Read, payload)?;
        Some(self.payload_rate(writes + reads))
    }

    fn payload_rate(&self, weights: Weights) -> Rate {
        Rate::bytes_per_s(self.capacity().as_bytes_per_s() / weights.busier())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(generation: u32, lanes: u32, max_payload: u64, max_read_request: u64) -> Link {
        Link {
            generation: Generation::new(generation).unwrap(),
            width: Width::new(lanes).unwrap(),
            settings: Settings {
                max_payload: PayloadSize::new(Bytes::new(max_payload)).unwrap(),
                max_read_request: PayloadSize::new(Bytes::new(max_read_request)).unwrap(),
                ..Settings::default()
            },
        }
    }

    /// 8 GT/s × 16 × 128/130 = 15.754 GB/s. On 16 lanes with 256 B, an acknowledgement and a credit
    /// update of 8 B each per ⌊284 · 3 / 16⌋ + 115 = 168 symbol times, and 4 skips per 1538.
    #[test]
    fn a_gen3_x16_link_by_hand() {
        let link = link(3, 16, 256, 512);
        let raw = 8.0 * 16.0 * (128.0 / 130.0) / 8.0;
        let capacity = raw * (1.0 - 16.0 / 168.0 - 4.0 / 1538.0);
        let close = |rate: Rate, gbyte_s: f64| (rate.as_gbyte_s() / gbyte_s - 1.0).abs() < 1e-12;
        assert!(close(link.raw(), raw));
        assert!(close(link.capacity(), capacity));
        let block = Bytes::mib(1);
        assert!(close(link.write_bandwidth(block).unwrap(), capacity * 256.0 / 280.0));
        assert!(close(link.read_bandwidth(block).unwrap(), capacity * 256.0 / 276.0));
        // One way 280 per 256 written, plus half a 24-byte request per 256 read.
        assert!(close(link.concurrent_bandwidth(block).unwrap(), capacity * 256.0 / 292.0));
    }

    #[test]
    fn an_empty_payload_has_no_rate() {
        assert_eq!(link(3, 8, 256, 512).write_bandwidth(Bytes::ZERO), None);
        assert_eq!(link(6, 8, 256, 512).concurrent_bandwidth(Bytes::ZERO), None);
    }

    /// What 128-byte writes lose to a packet link's framing and acknowledgements, a flit link does
    /// not; and 64 GT/s without line coding is more than twice 32 GT/s at 128b/130b.
    #[test]
    fn generation_six_more_than_doubles_generation_five() {
        let rate = |generation| {
            let link = link(generation, 16, 128, 512);
            link.write_bandwidth(Bytes::mib(1)).unwrap().as_gbyte_s()
        };
        assert!(rate(6) > 2.0 * rate(5), "{} against {}", rate(6), rate(5));
    }

    fn any_link() -> impl Strategy<Value = Link> {
        let lanes = prop::sample::select(vec![1u32, 2, 4, 8, 12, 16, 32]);
        (1u32..=6, lanes, 7u32..=12, 7u32..=12)
            .prop_map(|(generation, lanes, mps, mrrs)| link(generation, lanes, 1 << mps, 1 << mrrs))
    }

    proptest! {
        #[test]
        fn payload_is_slower_than_capacity_and_capacity_than_raw(
            link in any_link(),
            payload in 1u64..1 << 40,
        ) {
            let payload = Bytes::new(payload);
            prop_assert!(link.capacity() < link.raw());
            let writes = link.write_bandwidth(payload).unwrap();
            let reads = link.read_bandwidth(payload).unwrap();
            let both = link.concurrent_bandwidth(payload).unwrap();
            prop_assert!(writes < link.capacity() && reads < link.capacity());
            prop_assert!(both < writes && both < reads);
        }

        /// With one exception in the standard's own recommendation: on generation 1, x8, updates
        /// are due every 107 symbol times at 256 bytes and every 86 at 512, which costs more than
        /// the fewer headers bring. Reads gain only while a request fills the larger payload.
        #[test]
        fn a_larger_maximum_payload_never_hurts_long_transfers(link in any_link()) {
            let block = Bytes::gib(1);
            let largest = link.settings.max_payload.bytes().get();
            let exception = (link.generation.number(), link.width.lanes(), largest) == (1, 8, 256);
            prop_assume!(largest < 4096 && !exception);
            let mut larger = link;
            larger.settings.max_payload = PayloadSize::new(Bytes::new(2 * largest)).unwrap();
            prop_assert!(larger.write_bandwidth(block) > link.write_bandwidth(block));
            if link.settings.max_read_request.bytes().get() > largest {
                prop_assert!(larger.read_bandwidth(block) > link.read_bandwidth(block));
            }
        }

        #[test]
        fn a_payload_of_any_size_has_a_rate(link in any_link(), payload in 1u64..) {
            prop_assert!(link.concurrent_bandwidth(Bytes::new(payload)).is_some());
        }
    }
}
