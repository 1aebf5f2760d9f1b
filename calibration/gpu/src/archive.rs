//! One file with everything that a measurement on a GPU leaves, to be evaluated anywhere.
//!
//! It is a tar with gzip of at most [`PACKED_MAX`] bytes, whose `manifest.json` names format and
//! version, the steps that were done, and each member with its hash. The same folder makes the
//! same bytes. An unpacked archive is a folder, and is taken wherever the file is.
//!
//! An archive may come from anybody, so nothing in it is believed: sizes are bounded before memory
//! is taken, names are plain paths below the archive, links and devices are refused, and no file is
//! ever written from it.
//!
//! | member | what it is |
//! | --- | --- |
//! | [`RAW`] | the readings of the calibration ([`super::raw`]) |
//! | [`JUDGING`] | the judging measurements, which no fit sees |
//! | `steps.csv` | the steps of `.ci/gpu` as they ended |
//! | `facts/…` | what `nvidia-smi` and others print |

mod folder;
mod manifest;
mod pack;
mod tarball;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use models::input::{InputError, Source};

pub use manifest::{LeftOut, MachineFacts, Manifest, Member, ScriptStep};
pub use pack::{Packed, pack};

/// The readings of the calibration.
pub const RAW: &str = "calibration/raw.jsonl";
/// The judging measurements.
pub const JUDGING: &str = "judging/judging.csv";
/// The steps of the script that made the folder.
pub const STEPS: &str = "steps.csv";
/// The member that describes the others.
pub const MANIFEST: &str = "manifest.json";
/// The largest archive, in bytes.
pub const PACKED_MAX: u64 = 16_000_000;
/// The largest member, in bytes.
pub const MEMBER_MAX: u64 = 16 << 20;
/// The most that all members come to, in bytes.
pub const UNPACKED_MAX: u64 = 128 << 20;
/// The most members.
pub const MEMBERS_MAX: usize = 1000;

/// An archive, whole and as its manifest says.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive {
    /// The path it was opened by.
    pub name: String,
    /// What it says of itself.
    pub manifest: Manifest,
    members: BTreeMap<String, Vec<u8>>,
}

impl Archive {
    /// The names of the members, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(String::as_str)
    }

    /// A member, if there is one of that name.
    pub fn member(&self, name: &str) -> Option<&[u8]> {
        self.members.get(name).map(Vec::as_slice)
    }

    /// A member as a text whose name in messages is that of archive and member.
    ///
    /// # Errors
    /// If there is none of that name, or it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Arc<Source>, ArchiveError> {
        let problem = |problem| ArchiveError { archive: self.name.clone().into(), problem };
        let bytes = self.member(name).ok_or_else(|| problem(Problem::NoMember(name.into())))?;
        let text = std::str::from_utf8(bytes);
        let text = text.map_err(|_| problem(Problem::NoText(name.into())))?;
        Ok(Source::new(format!("{}:{name}", self.name), text))
    }
}

/// Whether a path names a packed archive, by its ending or its first bytes (RFC 1952: gzip).
pub fn is_packed(path: &Path) -> bool {
    let mut head = [0; 2];
    path.to_string_lossy().ends_with(".gz")
        || File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok()
            && head == [0x1f, 0x8b]
}

/// Opens an archive, or the folder that one was unpacked into.
///
/// # Errors
/// If it cannot be read, is no archive of a GPU's measurement, is of another version, is cut or
/// changed, or holds what no archive may.
pub fn open(path: &Path) -> Result<Archive, ArchiveError> {
    let problem = |problem| ArchiveError { archive: path.into(), problem };
    let metadata = std::fs::metadata(path).map_err(|error| problem(Problem::Unreadable(error)))?;
    let members = match metadata.is_dir() {
        true => folder::read(path),
        false if !metadata.is_file() => Err(Problem::Foreign("it is no regular file")),
        false if metadata.len() > PACKED_MAX => Err(Problem::TooLarge("the archive", PACKED_MAX)),
        false => tarball::read(path),
    };
    let (manifest, members) = members.and_then(manifest::check).map_err(problem)?;
    Ok(Archive { name: path.display().to_string(), manifest, members })
}

/// Why an archive was refused.
#[derive(Debug)]
pub struct ArchiveError {
    /// Which.
    pub archive: PathBuf,
    /// Why.
    pub problem: Problem,
}

/// What is wrong with an archive.
#[derive(Debug)]
pub enum Problem {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is something else, and this shows.
    Foreign(&'static str),
    /// It ends too early, or bytes in it were changed on the way.
    Cut(String),
    /// It was written in another version of the format.
    Version {
        /// Which.
        version: u32,
        /// By which podpath.
        podpath: String,
    },
    /// A member is not as the manifest says.
    Changed(String),
    /// A member is what none may be.
    Hostile {
        /// Its name, as far as it is text.
        member: String,
        /// What it is.
        what: &'static str,
    },
    /// This is larger than so many bytes.
    TooLarge(&'static str, u64),
    /// There is no such member.
    NoMember(String),
    /// A member that should be text is none.
    NoText(String),
}

impl Problem {
    /// What would be valid.
    fn help(&self) -> String {
        match self {
            Problem::Unreadable(_) | Problem::Foreign(_) => {
                "the archive that `.ci/gpu` or `podpath calibrate gpu --pack` wrote, or the folder \
                 it was unpacked into"
                    .into()
            }
            Problem::Cut(_) => "copy it again: a whole archive ends in its checksum".into(),
            Problem::Version { podpath, .. } => format!(
                "this podpath reads version {}: take podpath {podpath}, or unpack it and make it \
                 anew with --pack",
                manifest::VERSION
            ),
            Problem::Changed(_) => {
                "the archive as it was packed; `podpath calibrate gpu --pack` packs a changed \
                 folder anew"
                    .into()
            }
            Problem::Hostile { .. } => {
                "regular files with plain names below the archive; do not trust where it is from"
                    .into()
            }
            Problem::TooLarge(..) => format!(
                "at most {} MB packed, {} MiB unpacked, {MEMBERS_MAX} members",
                PACKED_MAX / 1_000_000,
                UNPACKED_MAX >> 20
            ),
            Problem::NoMember(_) => "an archive whose step for it ended; see its steps.csv".into(),
            Problem::NoText(_) => "a member of UTF-8 text".into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Unreadable(error) => write!(out, "cannot be read: {error}"),
            Problem::Foreign(why) => write!(out, "is no archive of a GPU's measurement: {why}"),
            Problem::Cut(why) => write!(out, "is cut or damaged: {why}"),
            Problem::Version { version, podpath } => {
                write!(out, "is of version {version}, written by podpath {podpath}")
            }
            Problem::Changed(member) => {
                write!(out, "is not as it was packed: `{member}` is not what its manifest says")
            }
            Problem::Hostile { member, what } => {
                write!(out, "is refused: its member `{}` is {what}", member.escape_debug())
            }
            Problem::TooLarge(what, most) => {
                write!(out, "is refused: {what} is larger than {most} bytes")
            }
            Problem::NoMember(member) => write!(out, "has no `{member}`"),
            Problem::NoText(member) => write!(out, "has a `{member}` that is no text"),
        }
    }
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ArchiveError { archive, problem } = self;
        write!(out, "`{}` {problem} ({})", archive.display(), problem.help())
    }
}

impl std::error::Error for ArchiveError {}

impl ArchiveError {
    /// The same as an error of the argument that named the archive.
    pub fn input(self, field: &str) -> InputError {
        let told = format!("`{}` {}", self.archive.display(), self.problem);
        InputError::new(field, told).help(self.problem.help())
    }
}

/// The name of a member from a path below the archive, if it is a plain one.
fn plain(path: &Path) -> Result<String, &'static str> {
    use std::path::Component;
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => match part.to_str() {
                Some(part) if !part.chars().any(char::is_control) => parts.push(part),
                _ => return Err("not named in text"),
            },
            Component::ParentDir => return Err("outside the archive"),
            Component::RootDir | Component::Prefix(_) => return Err("an absolute path"),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests;
