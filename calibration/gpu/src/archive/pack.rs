//! Making an archive of a folder, whatever steps that went wrong have left in it.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use flate2::{Compression, GzBuilder};

use super::folder::{self, Found};
use super::manifest::{FORMAT, VERSION, member};
use super::{
    ArchiveError, LeftOut, MANIFEST, MEMBER_MAX, MachineFacts, Manifest, PACKED_MAX, Problem,
    STEPS, ScriptStep, UNPACKED_MAX,
};

/// What is drawn again from the tables when an archive is imported.
const DRAWN: [&str; 2] = ["plots/", "report.html"];

/// An archive that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it says of itself.
    pub manifest: Manifest,
}

/// Makes an archive of everything in a folder. What cannot be in one (a link, a file that is too
/// large) is left out and named as such, the largest first where all together are too large.
///
/// # Errors
/// If the folder cannot be read, or has nothing in it.
pub fn pack(folder: &Path) -> Result<Packed, ArchiveError> {
    packed(folder).map_err(|problem| ArchiveError { archive: folder.into(), problem })
}

fn packed(folder: &Path) -> Result<Packed, Problem> {
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    let mut left_out = Vec::new();
    for found in folder::files(folder)? {
        let Found { path, name, bytes } = found;
        let mut leave = |name: String, why: &str| {
            left_out.push(LeftOut { name, bytes, why: why.to_owned() });
        };
        match name {
            Err((name, what)) => leave(name, what),
            Ok(name) if name == MANIFEST => {}
            Ok(name) if drawn(&name) => leave(name, "drawn again from the tables"),
            Ok(name) if bytes > MEMBER_MAX => leave(name, "larger than a member may be"),
            Ok(name) => match folder::content(&path) {
                Ok(content) => members.push((name, content)),
                Err(problem) => leave(name, &problem.to_string()),
            },
        }
    }
    if members.is_empty() {
        return Err(Problem::Foreign("there is nothing in it to pack"));
    }
    let steps = steps(&members);
    let machine = machine();
    loop {
        let told = members.iter().map(|(name, content)| member(name, content)).collect();
        let manifest = Manifest {
            format: FORMAT.into(),
            version: VERSION,
            podpath: env!("CARGO_PKG_VERSION").into(),
            machine: machine.clone(),
            steps: steps.clone(),
            members: told,
            left_out: left_out.clone(),
        };
        let all: u64 = members.iter().map(|(_, content)| content.len() as u64).sum();
        let bytes = written(&manifest, &members).map_err(Problem::Unreadable)?;
        if all <= UNPACKED_MAX && bytes.len() as u64 <= PACKED_MAX {
            return Ok(Packed { bytes, manifest });
        }
        let largest = (0..members.len()).max_by_key(|at| members[*at].1.len());
        let (name, content) = members.remove(largest.expect("something is too large"));
        let why = "the largest, where all together are too large";
        left_out.push(LeftOut { name, bytes: content.len() as u64, why: why.into() });
    }
}

fn drawn(name: &str) -> bool {
    let within = |part: &&str| name.ends_with(*part) || name.contains(&format!("/{part}"));
    DRAWN.iter().any(within)
}

/// The tar with gzip: the manifest first, no times and no owners.
fn written(manifest: &Manifest, members: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    let mut tarball = tar::Builder::new(packer);
    let text = serde_json::to_string_pretty(manifest)? + "\n";
    add(&mut tarball, MANIFEST, text.as_bytes())?;
    for (name, content) in members {
        add(&mut tarball, name, content)?;
    }
    tarball.into_inner()?.finish()
}

fn add(tarball: &mut tar::Builder<impl Write>, name: &str, content: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    tarball.append_data(&mut header, name, content)
}

/// The steps of the script, if it left any; a line that is none is passed over, as is the rest of
/// what a step that writes rubbish leaves.
fn steps(members: &[(String, Vec<u8>)]) -> Vec<ScriptStep> {
    let text = members.iter().find(|(name, _)| name == STEPS);
    let bytes = text.map(|(_, content)| content.as_slice()).unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    reader.deserialize().filter_map(Result::ok).collect()
}

/// The machine that this runs on.
fn machine() -> MachineFacts {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
    let memory = value(&read("/proc/meminfo"), "MemTotal");
    MachineFacts {
        kernel: (!kernel.is_empty()).then_some(kernel),
        processor: value(&read("/proc/cpuinfo"), "model name"),
        cores: std::thread::available_parallelism().ok().map(usize::from),
        memory_kib: memory.and_then(|text| text.trim_end_matches(" kB").parse().ok()),
    }
}
