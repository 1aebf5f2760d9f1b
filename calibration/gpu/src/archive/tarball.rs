//! Reading a tar with gzip from a stranger.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use tar::EntryType;

use super::{MEMBER_MAX, MEMBERS_MAX, PACKED_MAX, Problem, UNPACKED_MAX, plain};

/// The first bytes of gzip (RFC 1952).
const MAGIC: [u8; 2] = [0x1f, 0x8b];

pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let mut packed = Vec::new();
    let file = File::open(path).map_err(Problem::Unreadable)?;
    // It may have grown since its size was asked.
    file.take(PACKED_MAX + 1).read_to_end(&mut packed).map_err(Problem::Unreadable)?;
    if packed.len() as u64 > PACKED_MAX {
        return Err(Problem::TooLarge("the archive", PACKED_MAX));
    }
    if packed.is_empty() {
        return Err(Problem::Cut("it is empty".into()));
    }
    if !packed.starts_with(&MAGIC) {
        return Err(Problem::Foreign("it is no gzip"));
    }
    unpacked(&packed)
}

fn unpacked(packed: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let mut bounded = BufReader::new(GzDecoder::new(packed).take(UNPACKED_MAX + 1));
    let mut members = BTreeMap::new();
    let mut tarball = tar::Archive::new(&mut bounded);
    let mut count = 0;
    for entry in tarball.entries().map_err(cut)? {
        let mut entry = entry.map_err(cut)?;
        count += 1;
        if count > MEMBERS_MAX {
            return Err(Problem::TooLarge("the number of members", MEMBERS_MAX as u64));
        }
        let told = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let hostile = |what| Problem::Hostile { member: told.clone(), what };
        match entry.header().entry_type() {
            EntryType::Regular => {}
            // What plain tar writes of a folder says nothing.
            EntryType::Directory => continue,
            EntryType::Link | EntryType::Symlink => return Err(hostile("a link")),
            _ => return Err(hostile("neither a file nor a folder")),
        }
        let path = entry.path().map_err(|_| hostile("not named in text"))?;
        let name = plain(&path).map_err(hostile)?;
        if name.is_empty() {
            return Err(hostile("not named"));
        }
        if entry.size() > MEMBER_MAX {
            return Err(Problem::TooLarge("a member", MEMBER_MAX));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(cut)?;
        if members.insert(name, content).is_some() {
            return Err(hostile("there twice"));
        }
    }
    // The checksum stands at the very end, behind what tar reads.
    let mut rest = [0; 4096];
    while bounded.read(&mut rest).map_err(cut)? > 0 {}
    match bounded.into_inner().limit() {
        0 => Err(Problem::TooLarge("what is in it", UNPACKED_MAX)),
        _ => Ok(members),
    }
}

fn cut(error: io::Error) -> Problem {
    Problem::Cut(error.to_string())
}
