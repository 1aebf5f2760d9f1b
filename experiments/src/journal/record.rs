//! The bytes of a journal.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use models::input::InputError;

/// What every journal begins with; the digit is that of [`super::header::FORMAT`].
const MAGIC: &[u8; 18] = b"podpath journal 1\n";
/// The length of the hash behind it, in hexadecimal digits.
const HASH: usize = 64;
/// The length of a record's head: a number and two lengths of four bytes, and a checksum.
const HEAD: usize = 12 + CHECK;
/// The length of a checksum.
const CHECK: usize = 8;

/// Where a record is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) number: u32,
    /// Which of several journals.
    pub(super) journal: u32,
    /// Where its digest begins; its rows are behind that.
    pub(super) offset: u64,
    pub(super) digest: u32,
    pub(super) rows: u32,
}

/// What stands in front of the records of the run with this hash.
pub(super) fn begin(hash: &str) -> Vec<u8> {
    [MAGIC.as_slice(), hash.as_bytes()].concat()
}

/// A record, and its place after the end of the journal.
pub(super) fn encoded(number: usize, digest: &[u8], rows: &[u8]) -> (Vec<u8>, Place) {
    let rows = if rows.is_empty() { Vec::new() } else { lz4_flex::compress_prepend_size(rows) };
    let short = |length: usize| u32::try_from(length).expect("a point is less than 4 GiB");
    let place = Place {
        number: short(number),
        journal: 0,
        offset: HEAD as u64,
        digest: short(digest.len()),
        rows: short(rows.len()),
    };
    let mut bytes = Vec::with_capacity(HEAD + digest.len() + rows.len());
    for part in [place.number, place.digest, place.rows] {
        bytes.extend(part.to_le_bytes());
    }
    bytes.extend([0; CHECK]);
    bytes.extend(digest);
    bytes.extend(rows);
    let sum = checksum(&bytes);
    bytes[HEAD - CHECK..HEAD].copy_from_slice(&sum);
    (bytes, place)
}

/// Of all of a record but the checksum.
fn checksum(bytes: &[u8]) -> [u8; CHECK] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..HEAD - CHECK]).update(&bytes[HEAD..]);
    let mut sum = [0; CHECK];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..CHECK]);
    sum
}

/// All records of a journal, and where the whole ones end.
///
/// # Errors
/// If it is no journal of the run with this hash, or is broken before its end.
pub(super) fn scan(
    path: &Path,
    file: &File,
    hash: &str,
    room: usize,
) -> Result<(Vec<Place>, u64), InputError> {
    let broken = |problem: String| {
        InputError::new("journal", format!("`{}` {problem}", path.display()))
            .help("--fresh begins anew")
    };
    let unreadable = |error: io::Error| broken(format!("cannot be read: {error}"));
    let length = file.metadata().map_err(unreadable)?.len();
    let mut front = vec![0; MAGIC.len() + HASH];
    if length < front.len() as u64 {
        return Err(broken("is no journal of podpath".into()));
    }
    file.read_exact_at(&mut front, 0).map_err(unreadable)?;
    if !front.starts_with(MAGIC) {
        return Err(broken("is no journal of this version of podpath".into()));
    }
    if front != begin(hash) {
        return Err(broken("is the journal of another run".into()));
    }
    let mut places = Vec::with_capacity(room);
    let mut at = front.len() as u64;
    let mut bytes = Vec::new();
    while length - at >= HEAD as u64 {
        bytes.resize(HEAD, 0);
        file.read_exact_at(&mut bytes, at).map_err(unreadable)?;
        let part = |n: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[4 * n + i]));
        let (number, digest, rows) = (part(0), part(1), part(2));
        let whole = HEAD as u64 + u64::from(digest) + u64::from(rows);
        if whole > length - at {
            break;
        }
        bytes.resize(whole as usize, 0);
        file.read_exact_at(&mut bytes[HEAD..], at + HEAD as u64).map_err(unreadable)?;
        if checksum(&bytes)[..] != bytes[HEAD - CHECK..HEAD] {
            // What a machine that lost its power had not put on disk reads as zeros.
            if whole == length - at || zeros(file, at, length).map_err(unreadable)? {
                break;
            }
            return Err(broken(format!("is broken at byte {at}")));
        }
        places.push(Place { number, journal: 0, offset: at + HEAD as u64, digest, rows });
        at += whole;
    }
    Ok((places, at))
}

/// Whether a file is nothing but zeros from `at` on.
fn zeros(file: &File, mut at: u64, length: u64) -> io::Result<bool> {
    let mut bytes = vec![0; 1 << 16];
    while at < length {
        let some = bytes.len().min((length - at) as usize);
        file.read_exact_at(&mut bytes[..some], at)?;
        if bytes[..some].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += some as u64;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;

    const OURS: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    /// A journal of three records, where each of them ends, and its text.
    fn three(path: &Path) -> (Vec<u64>, Vec<u8>) {
        let journal = Journal::create(path, OURS, 3).unwrap();
        let ends = [5, 3, 9].map(|number| {
            journal.add(number, &[number as u8; 40], b"one,two\none,two\n").unwrap();
            std::fs::metadata(path).unwrap().len()
        });
        (ends.to_vec(), std::fs::read(path).unwrap())
    }

    #[test]
    fn cut_anywhere_it_keeps_the_records_that_are_whole_and_takes_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let (ends, bytes) = three(&path);
        for length in MAGIC.len() + HASH..=bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let journal = Journal::open(&path, OURS, 3).unwrap();
            let whole = ends.iter().filter(|end| **end <= length as u64).count();
            assert_eq!(journal.len(), whole, "of {length} bytes");
            journal.add(7, b"more", b"").unwrap();
            drop(journal);
            assert_eq!(Journal::open(&path, OURS, 3).unwrap().len(), whole + 1);
        }
    }

    #[test]
    fn every_byte_that_is_changed_is_found_and_its_record_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let (ends, bytes) = three(&path);
        // A changed length may say that the record is the last one, and that one is cut.
        for at in (MAGIC.len() + HASH + 12)..ends[0] as usize {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            let error = Journal::open(&path, OURS, 3).unwrap_err();
            assert!(error.problem.ends_with("is broken at byte 82"), "{error}");
        }
        for at in 0..MAGIC.len() + HASH {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            assert!(Journal::open(&path, OURS, 3).is_err(), "byte {at}");
        }
    }

    #[test]
    fn zeros_at_the_end_are_no_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("j");
        let (_, mut bytes) = three(&path);
        bytes.extend([0; 5_000]);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Journal::open(&path, OURS, 3).unwrap().len(), 3);
    }
}
