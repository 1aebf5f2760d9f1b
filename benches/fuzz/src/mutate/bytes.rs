//! Changes to bytes, whatever they mean.

use rand::RngExt;
use sim::Stream;

/// Values at which something changes.
const BYTES: [u8; 10] = [0, 1, 0x7f, 0x80, 0xff, b'\n', b'"', b',', b'[', b'{'];
/// The longest part that is moved, left out or repeated \[B\].
const PART_MAX: usize = 64;

/// Makes one change; `other` is what parts are borrowed from.
pub(super) fn change(input: &mut Vec<u8>, other: &[u8], chance: &mut Stream) {
    if input.is_empty() {
        input.extend(other);
        return;
    }
    let at = chance.random_range(0..input.len());
    let end = (at + chance.random_range(1..=PART_MAX)).min(input.len());
    match chance.random_range(0..10) {
        0 | 1 => input[at] ^= 1 << chance.random_range(0..8),
        2 => input[at] = BYTES[chance.random_range(0..BYTES.len())],
        3 => input[at] = chance.random_range(0..=255),
        4 => drop(input.drain(at..end)),
        5 => {
            let part = input[at..end].to_vec();
            input.splice(at..at, part);
        }
        6 => input.insert(at, BYTES[chance.random_range(0..BYTES.len())]),
        7 => input.truncate(at),
        8 if !other.is_empty() => {
            let from = chance.random_range(0..other.len());
            let to = (from + end - at).min(other.len());
            input.splice(at..end, other[from..to].iter().copied());
        }
        // A number of four bytes in the order of this machine's files.
        _ if input.len() >= 4 => {
            let at = at.min(input.len() - 4);
            let number = [0u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX][chance.random_range(0..5)];
            input[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        _ => input.push(0),
    }
}
