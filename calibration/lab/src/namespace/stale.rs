//! Whose namespaces are whose: names, a file for each standing lab, and the removal of labs whose
//! process is gone.
//!
//! A lab's namespaces are called `podpath-PID-LAB-INDEX-NAME`. Before the first is made, a file
//! below `/run/podpath` says which process makes them and when that process began, so that a later
//! process of the same number is not taken for it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::command::{self, netns_file};
use super::error::LabError;
use super::script::{self, Act};

const PREFIX: &str = "podpath-";
const FOLDER: &str = "/run/podpath";
const NAMESPACES: &str = "/run/netns";
/// How much of a name goes into the name of a namespace.
const SHORT: usize = 32;

/// A lab's claim on its name.
#[derive(Debug)]
pub(super) struct Claim {
    pid: u32,
    lab: String,
}

impl Claim {
    /// Claims `lab` for this process, after removing what a dead process left under that name.
    pub(super) fn take(lab: &str) -> Result<Claim, LabError> {
        let claim = Claim { pid: std::process::id(), lab: short(lab) };
        fs::create_dir_all(FOLDER).map_err(|e| LabError::file(Path::new(FOLDER), &e))?;
        let path = claim.path();
        if path.exists() && !is_standing(&path) {
            remove_stale(&path)?;
        }
        let start = start_of(claim.pid).unwrap_or_default();
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&path);
        let written = file.and_then(|mut file| writeln!(file, "{start}"));
        match written {
            Ok(()) => Ok(claim),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(LabError::Exists { lab: lab.into(), netns: claim.prefix(), pid: claim.pid })
            }
            Err(error) => Err(LabError::file(&path, &error)),
        }
    }

    /// The name of the namespace of a space.
    pub(super) fn netns(&self, index: usize, name: &str) -> String {
        format!("{}{index}-{}", self.prefix(), short(name))
    }

    fn prefix(&self) -> String {
        format!("{PREFIX}{}-{}-", self.pid, self.lab)
    }

    fn path(&self) -> PathBuf {
        Path::new(FOLDER).join(format!("{}-{}", self.pid, self.lab))
    }

    /// A folder for what programs keep while the lab stands.
    pub(super) fn folder(&self) -> PathBuf {
        folder_of(&self.path())
    }

    /// Removes the lab's namespaces, the processes in them, and the claim.
    pub(super) fn clear(&self) -> Result<(), LabError> {
        remove(&namespaces(&self.prefix()))?;
        forget(&self.path());
        Ok(())
    }
}

/// Removes the labs of processes that are gone; how many there were.
///
/// # Errors
/// If a namespace cannot be removed.
pub fn sweep_stale() -> Result<usize, LabError> {
    let mut swept = 0;
    for entry in fs::read_dir(FOLDER).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_file() && !is_standing(&path) {
            remove_stale(&path)?;
            swept += 1;
        }
    }
    // What has no file at all is a lab's whose file went first; its process may still be at it.
    let lost: Vec<String> = namespaces(PREFIX)
        .into_iter()
        .filter(|name| pid_of(name).is_some_and(|pid| start_of(pid).is_none()))
        .collect();
    let labs: BTreeSet<&str> = lost.iter().filter_map(|name| name.rsplitn(3, '-').nth(2)).collect();
    swept += labs.len();
    remove(&lost)?;
    Ok(swept)
}

fn folder_of(claim: &Path) -> PathBuf {
    claim.with_extension("d")
}

fn remove_stale(claim: &Path) -> Result<(), LabError> {
    if let Some(name) = claim.file_name().and_then(|name| name.to_str()) {
        remove(&namespaces(&format!("{PREFIX}{name}-")))?;
    }
    forget(claim);
    Ok(())
}

fn forget(claim: &Path) {
    // Either may be missing: the claim is the last thing that says so.
    let _ = fs::remove_dir_all(folder_of(claim));
    let _ = fs::remove_file(claim);
}

/// Whether the process that wrote a claim is still the one of that number.
fn is_standing(claim: &Path) -> bool {
    let name = claim.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Some(start) = name.split('-').next().and_then(|pid| start_of(pid.parse().ok()?)) else {
        return false;
    };
    // A claim without a time is being written at this moment.
    let written = fs::read_to_string(claim).unwrap_or_default();
    written.trim().is_empty() || written.trim() == start
}

/// When a process began, in the kernel's ticks (`/proc/PID/stat`, field 22); nothing, if there is
/// no such process.
fn start_of(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in the second field may hold blanks and parentheses; it ends at the last one.
    let rest = stat.rsplit_once(')')?.1;
    rest.split_whitespace().nth(19).map(str::to_owned)
}

fn pid_of(netns: &str) -> Option<u32> {
    netns.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

/// The namespaces whose names begin with `prefix`, in order.
fn namespaces(prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(NAMESPACES).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    names.sort();
    names
}

/// Removes namespaces and kills what runs in them.
fn remove(netns: &[String]) -> Result<(), LabError> {
    if netns.is_empty() {
        return Ok(());
    }
    // Held open, a namespace keeps its identity after its name is gone.
    let held: Vec<File> =
        netns.iter().filter_map(|name| File::open(netns_file(name)).ok()).collect();
    kill_inside(&held);
    let Act::Run { command, input } = script::removal(netns).act else { return Ok(()) };
    let result = command::run(&command, &input);
    // Somebody may have come in after the first look; without names, nobody comes any more.
    kill_inside(&held);
    // `ip -force` goes on after a namespace that somebody else has removed meanwhile.
    let left = netns.iter().any(|name| netns_file(name).exists());
    if left { result.map(|_| ()) } else { Ok(()) }
}

/// Kills every other process whose network is one of these.
fn kill_inside(netns: &[File]) {
    let identity = |file: &fs::Metadata| (file.dev(), file.ino());
    let inside: BTreeSet<(u64, u64)> =
        netns.iter().filter_map(|file| Some(identity(&file.metadata().ok()?))).collect();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let network = fs::metadata(entry.path().join("ns/net"));
        let is_inside = network.is_ok_and(|network| inside.contains(&identity(&network)));
        if is_inside && pid != std::process::id() {
            let pid = i32::try_from(pid).expect("a process number");
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

/// A name as a part of a namespace's: letters, digits, `.` and `_`, not too long.
fn short(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' };
    name.chars().take(SHORT).map(plain).collect()
}
