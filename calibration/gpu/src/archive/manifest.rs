//! What an archive says of itself, and whether that is so.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{MANIFEST, Problem};

/// What a manifest calls its format.
pub(super) const FORMAT: &str = "podpath-gpu-archive";
/// The version of the format that is written and read.
pub(super) const VERSION: u32 = 1;

/// What an archive says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `podpath-gpu-archive`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The podpath that packed it.
    pub podpath: String,
    /// The machine on which it was packed.
    pub machine: MachineFacts,
    /// The steps that were done, in order.
    pub steps: Vec<ScriptStep>,
    /// The members but this one, sorted by name.
    pub members: Vec<Member>,
    /// What was in the folder and is not in the archive.
    pub left_out: Vec<LeftOut>,
}

/// A machine, as far as the system tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineFacts {
    /// The release of its kernel.
    pub kernel: Option<String>,
    /// The name of its processor.
    pub processor: Option<String>,
    /// The cores that this process may use.
    pub cores: Option<usize>,
    /// Its memory \[KiB\].
    pub memory_kib: Option<u64>,
}

/// A step of the script, one line of `steps.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptStep {
    /// Its name.
    pub name: String,
    /// `done`, `failed`, `timed-out`, `absent` (the program is not there), or `no-time`.
    pub status: String,
    /// The exit code; none where nothing ran.
    pub exit_code: Option<i32>,
    /// When it began, from the start of the script \[s\].
    pub began_s: f64,
    /// How long it took \[s\].
    pub seconds: f64,
    /// How long it might have taken \[s\].
    pub limit_s: f64,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its path below the archive.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The BLAKE3 hash of its content, in hexadecimal digits.
    pub blake3: String,
}

/// A file that is not in the archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its path below the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Why.
    pub why: String,
}

/// Only what tells whether the rest can be read.
#[derive(Deserialize)]
struct Kind {
    format: String,
    version: u32,
    podpath: String,
}

/// The line of a member.
pub(super) fn member(name: &str, content: &[u8]) -> Member {
    let blake3 = blake3::hash(content).to_hex().to_string();
    Member { name: name.to_owned(), bytes: content.len() as u64, blake3 }
}

/// Takes the manifest from among the members, and holds the others against it.
pub(super) fn check(
    mut members: BTreeMap<String, Vec<u8>>,
) -> Result<(Manifest, BTreeMap<String, Vec<u8>>), Problem> {
    let no_manifest = Problem::Foreign("it has no manifest.json");
    let text = members.remove(MANIFEST).ok_or(no_manifest)?;
    let foreign = |_| Problem::Foreign("its manifest.json is another program's");
    let kind: Kind = serde_json::from_slice(&text).map_err(foreign)?;
    if kind.format != FORMAT {
        return Err(Problem::Foreign("its manifest.json names another format"));
    }
    if kind.version != VERSION {
        return Err(Problem::Version { version: kind.version, podpath: kind.podpath });
    }
    let changed = |_| Problem::Changed(MANIFEST.into());
    let manifest: Manifest = serde_json::from_slice(&text).map_err(changed)?;
    for told in &manifest.members {
        match members.get(&told.name) {
            Some(content) if member(&told.name, content) == *told => {}
            _ => return Err(Problem::Changed(told.name.clone())),
        }
    }
    let told = |name: &String| manifest.members.iter().any(|member| member.name == *name);
    match members.keys().find(|name| !told(name)) {
        Some(stranger) => Err(Problem::Changed(stranger.clone())),
        None => Ok((manifest, members)),
    }
}
