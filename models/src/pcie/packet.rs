//! Transaction-layer packets: the wire bytes that a DMA write or read puts on each direction.
//!
//! ```text
//! write   up    S + ⌈S / MPS⌉ · (frame + request header)         MWr
//! read    up        ⌈S / MRRS⌉ · (frame + request header)        MRd
//!         down  S + completions · (frame + completion header)    CplD
//! ```
//!
//! *Up* is towards the root complex. Headers are three double words, four for a request with a
//! 64-bit address, and ECRC adds one. The frame of a packet is eight bytes: start, sequence number,
//! LCRC and end with 8b/10b; a start token with the sequence number, and LCRC, with 128b/130b. In
//! flits there is none: packets follow each other in the stream (PCI Express Base Specification
//! 6.0, sections 2.2 and 4.2; byte enables and other extra header words are taken to be absent).
//! Requests are taken to be aligned and to begin and end on whole double words.

use std::ops::Add;

use sim::Bytes;

use super::generation::{Framing, Generation};
use super::settings::{AddressBits, Settings};

/// What a device does to memory above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// The device sends: device to host, or a NIC's receive path.
    Write,
    /// The device fetches: host to device, or a NIC's transmit path.
    Read,
}

/// Wire bytes per payload byte on each direction of a link, seen from the device that acts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Towards the root complex: written data, or read requests.
    pub up: f64,
    /// Away from the root complex: the data that was read.
    pub down: f64,
}

impl Weights {
    /// The same transfer on the link of the device that is written to or read from, in transfers
    /// between two devices: what left the one going up arrives at the other going down.
    pub const fn mirrored(self) -> Weights {
        Weights { up: self.down, down: self.up }
    }

    /// The weight on the direction that fills first.
    pub const fn busier(self) -> f64 {
        self.up.max(self.down)
    }
}

/// Two transfers of equal payload at once.
impl Add for Weights {
    type Output = Weights;
    fn add(self, other: Weights) -> Weights {
        Weights { up: self.up + other.up, down: self.down + other.down }
    }
}

/// See [`super::Link::weights`].
pub(super) fn weights(
    generation: Generation,
    settings: &Settings,
    operation: Operation,
    payload: Bytes,
) -> Option<Weights> {
    if payload == Bytes::ZERO {
        return None;
    }
    let extra = frame_bytes(generation) + if settings.end_to_end_check { 4 } else { 0 };
    let request = extra + request_header_bytes(settings.address);
    let completion = extra + COMPLETION_HEADER_BYTES;
    let per_byte = |packets: u64, header: u64| packets as f64 * header as f64 / payload.as_f64();
    Some(match operation {
        Operation::Write => {
            let packets = payload.div_ceil(settings.max_payload.bytes());
            Weights { up: 1.0 + per_byte(packets, request), down: 0.0 }
        }
        Operation::Read => {
            let requests = payload.div_ceil(settings.max_read_request.bytes());
            let completions = settings.completions_for(payload);
            Weights {
                up: per_byte(requests, request),
                down: 1.0 + per_byte(completions, completion),
            }
        }
    })
}

const COMPLETION_HEADER_BYTES: u64 = 12;

const fn request_header_bytes(address: AddressBits) -> u64 {
    match address {
        AddressBits::Bits32 => 12,
        AddressBits::Bits64 => 16,
    }
}

const fn frame_bytes(generation: Generation) -> u64 {
    match generation.framing() {
        Framing::Packets => 8,
        Framing::Flits => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pcie::settings::{Boundary, Completions};

    fn wire(
        settings: &Settings,
        generation: Generation,
        operation: Operation,
        size: u64,
    ) -> [f64; 2] {
        let weights = weights(generation, settings, operation, Bytes::new(size)).unwrap();
        [weights.up, weights.down].map(|weight| (weight * size as f64 * 1e6).round() / 1e6)
    }

    #[test]
    fn wire_bytes_by_hand() {
        use Generation::{Gen3, Gen6};
        use Operation::{Read, Write};
        let plain = Settings::default();
        let short = Settings { address: AddressBits::Bits32, ..plain };
        let checked = Settings { end_to_end_check: true, ..plain };
        let cut = Settings { completions: Completions::AtBoundary, ..plain };
        let coarse =
            Settings { read_completion_boundary: Boundary::new(Bytes::new(128)).unwrap(), ..cut };
        let cases = [
            (plain, Gen3, Write, 1, [25.0, 0.0]),
            (plain, Gen3, Write, 257, [257.0 + 2.0 * 24.0, 0.0]),
            (plain, Gen3, Read, 513, [2.0 * 24.0, 513.0 + 3.0 * 20.0]),
            (short, Gen3, Write, 256, [276.0, 0.0]),
            (short, Gen3, Read, 512, [20.0, 512.0 + 2.0 * 20.0]),
            (checked, Gen3, Read, 512, [28.0, 512.0 + 2.0 * 24.0]),
            (cut, Gen3, Read, 512, [24.0, 512.0 + 8.0 * 20.0]),
            (coarse, Gen3, Read, 512, [24.0, 512.0 + 4.0 * 20.0]),
            (plain, Gen6, Write, 256, [256.0 + 16.0, 0.0]),
            (checked, Gen6, Read, 256, [20.0, 256.0 + 16.0]),
        ];
        for (settings, generation, operation, size, expected) in cases {
            let found = wire(&settings, generation, operation, size);
            assert_eq!(found, expected, "{settings:?} {generation} {operation:?} {size}");
        }
    }

    #[test]
    fn a_peer_sees_the_other_direction() {
        let read = weights(Generation::Gen4, &Settings::default(), Operation::Read, Bytes::kib(64))
            .unwrap();
        assert_eq!(read.mirrored(), Weights { up: read.down, down: read.up });
        assert_eq!(read.mirrored().busier(), read.down);
    }
}
