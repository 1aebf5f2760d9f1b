//! What the link layer takes before the first transaction-layer byte is sent.
//!
//! A link of packets (generations 1 to 5) spends, per direction,
//!
//! ```text
//! share = 1 − 8 / ack − 8 / credit − 4 / 1538
//! ack = credit = ⌊(MPS + 28) · factor / lanes⌋ + delay      [symbol times]
//! ```
//!
//! An acknowledgement and a credit update are DLLPs of eight bytes (six, and two of framing). The
//! spacings are the *largest* that the standard recommends (PCI Express Base Specification 5.0,
//! tables 2-46 to 2-48 and 3-7 to 3-9, which print this formula's results); four skip symbols for
//! clock compensation follow at most 1538 symbols.
//!
//! **Convention.** A spacing counts symbol times, in which a link of *n* lanes moves *n* bytes,
//! so eight bytes are a share of 8 / (spacing · n). We follow the SIGCOMM 2018 model, which
//! divides by the spacing alone: on a gen3 x16 link that books 9.5 % where the recommended
//! minimum is 0.6 %. A port may send updates more often than it must, and the one copy bandwidth
//! that we know of gen3 is 6 % below this budget and 15 % below the minimum (see
//! [`crate::gpu::copy`]), so we keep it: as an empirical budget, not as what the standard's
//! formula means. It is not one for every port: an H200 in a gen5 x16 slot, whose registers say
//! 256 bytes, copies 5 % faster than the budget and 3 % slower than the minimum in both
//! directions, so the profile of that port says what updates take.
//!
//! A link of flits (generation 6) carries acknowledgements and credits inside each flit: of 256
//! bytes, 236 are transaction layer, 6 link layer, 8 CRC and 6 error correction (PCI Express Base
//! Specification 6.0, section 4.2.3). We assume the same share of skips.

use super::generation::{Framing, Generation, Width};
use super::settings::{PayloadSize, Settings};

/// Bytes of an acknowledgement or credit update on the wire.
const DLLP_BYTES: f64 = 8.0;
/// Skip symbols per skip ordered set, and the most symbols between two of them.
const SKIP: (f64, f64) = (4.0, 1538.0);
/// Transaction-layer bytes of a flit, and all its bytes.
const FLIT: (f64, f64) = (236.0, 256.0);
/// Symbols that the standard's formula counts for a packet besides its payload.
const PACKET_SYMBOLS: u64 = 28;

/// The part of the raw rate that is left for transaction-layer packets, 0 to 1.
pub fn packet_share(generation: Generation, width: Width, settings: &Settings) -> f64 {
    match settings.updates_ppm {
        Some(ppm) => share(generation, f64::from(ppm) / 1e6),
        None => {
            // Acknowledgements, and credits.
            let spacing = update_spacing(generation, width, settings.max_payload);
            share(generation, 2.0 * (DLLP_BYTES / spacing))
        }
    }
}

/// The same with no more updates than the standard recommends at least: what no port exceeds.
pub fn packet_share_most(generation: Generation, width: Width, settings: &Settings) -> f64 {
    let spacing = update_spacing(generation, width, settings.max_payload);
    share(generation, 2.0 * DLLP_BYTES / (spacing * f64::from(width.lanes())))
}

/// What updates and skips leave.
fn share(generation: Generation, updates: f64) -> f64 {
    let skips = SKIP.0 / SKIP.1;
    match generation.framing() {
        Framing::Packets => 1.0 - (updates + skips),
        Framing::Flits => FLIT.0 / FLIT.1 * (1.0 - skips),
    }
}

/// The recommended largest spacing of acknowledgements, and of credit updates [symbol times].
///
/// A link of flits has neither; for generation 6 this is the figure of generation 5.
pub fn update_spacing(generation: Generation, width: Width, max_payload: PayloadSize) -> f64 {
    let payload = max_payload.bytes().get();
    let tenths = factor_tenths(width, payload);
    // In whole numbers: 156 · 1.4 must not become 218.399….
    let packets = (payload + PACKET_SYMBOLS) * tenths / (10 * u64::from(width.lanes()));
    (packets + internal_delay(generation)) as f64
}

/// How many largest packets may share one update, in tenths: small packets on wide links more.
const fn factor_tenths(width: Width, payload: u64) -> u64 {
    match (width.lanes(), payload) {
        (1 | 2 | 4, ..=256) => 14,
        (8, ..=256) => 25,
        (12 | 16 | 32, ..=256) => 30,
        (12 | 16 | 32, _) => 20,
        _ => 10,
    }
}

/// Symbol times from the end of a packet to the beginning of its acknowledgement.
const fn internal_delay(generation: Generation) -> u64 {
    match generation {
        Generation::Gen1 => 19,
        Generation::Gen2 => 70,
        _ => 115,
    }
}

#[cfg(test)]
mod tests {
    use sim::Bytes;

    use super::*;

    /// The standard's tables, rows 128 to 4096 bytes, columns x1, x2, x4, x8, x12, x16, x32, as
    /// reprinted in R. Budruk and M. Jackson, *PCI Express Technology* (MindShare, 2012), tables
    /// 6-3 to 6-5. That book prints 643 for generation 3, x4, 2048 bytes; the formula gives 634.
    const TABLES: [(Generation, [[u32; 7]; 6]); 3] = [
        (
            Generation::Gen1,
            [
                [237, 128, 73, 67, 58, 48, 33],
                [416, 217, 118, 107, 90, 72, 45],
                [559, 289, 154, 86, 109, 86, 52],
                [1071, 545, 282, 150, 194, 150, 84],
                [2095, 1057, 538, 278, 365, 278, 148],
                [4143, 2081, 1050, 534, 706, 534, 276],
            ],
        ),
        (
            Generation::Gen2,
            [
                [288, 179, 124, 118, 109, 99, 84],
                [467, 268, 169, 158, 141, 123, 96],
                [610, 340, 205, 137, 160, 137, 103],
                [1122, 596, 333, 201, 245, 201, 135],
                [2146, 1108, 589, 329, 416, 329, 199],
                [4194, 2132, 1101, 585, 757, 585, 327],
            ],
        ),
        (
            Generation::Gen3,
            [
                [333, 224, 169, 163, 154, 144, 129],
                [512, 313, 214, 203, 186, 168, 141],
                [655, 385, 250, 182, 205, 182, 148],
                [1167, 641, 378, 246, 290, 246, 180],
                [2191, 1153, 634, 374, 461, 374, 244],
                [4239, 2177, 1146, 630, 802, 630, 372],
            ],
        ),
    ];

    #[test]
    fn the_formula_gives_the_tables_of_the_standard() {
        for (generation, table) in TABLES {
            for (row, exponent) in table.into_iter().zip(7..) {
                let payload = PayloadSize::new(Bytes::new(1 << exponent)).unwrap();
                for (expected, width) in row.into_iter().zip(Width::ALL) {
                    let spacing = update_spacing(generation, width, payload);
                    assert_eq!(spacing, f64::from(expected), "{generation} {width} {payload:?}");
                }
            }
        }
    }

    #[test]
    fn a_flit_leaves_236_of_256_bytes_whatever_the_payload() {
        let share = |bytes| {
            let max_payload = PayloadSize::new(Bytes::new(bytes)).unwrap();
            let settings = Settings { max_payload, ..Settings::default() };
            packet_share(Generation::Gen6, Width::new(16).unwrap(), &settings)
        };
        assert_eq!(share(128), share(4096));
        assert!((share(128) - 0.921_875 * (1.0 - 0.002_600_78)).abs() < 1e-8);
    }
}
