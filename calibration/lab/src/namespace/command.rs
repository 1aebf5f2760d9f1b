//! Running programs: with an input, with a time-out, inside a network namespace.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};

use super::error::LabError;

/// No program that a lab runs takes longer: 10 000 Services by iptables take some twenty seconds.
const TIME_OUT: Duration = Duration::from_secs(180);

/// The Debian package that brings a program.
const PACKAGES: [(&str, &str); 9] = [
    ("dnsmasq", "dnsmasq-base"),
    ("ip", "iproute2"),
    ("bridge", "iproute2"),
    ("tc", "iproute2"),
    ("ethtool", "ethtool"),
    ("iptables", "iptables"),
    ("iptables-restore", "iptables"),
    ("nft", "nftables"),
    ("ipvsadm", "ipvsadm"),
];

/// Where `program` is found, looking also where only root's path looks.
///
/// # Errors
/// If it is in none of the folders: which package of Debian brings it.
pub(crate) fn find(program: &str) -> Result<PathBuf, LabError> {
    let mut all = folders().into_iter().map(|folder| folder.join(program));
    all.find(|file| file.is_file()).ok_or_else(|| {
        let package = PACKAGES.iter().find(|(name, _)| *name == program);
        let package = package.map_or(program, |(_, package)| package).to_owned();
        LabError::Missing { program: program.to_owned(), package }
    })
}

/// The folders in which programs are looked for.
fn folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = std::env::split_paths(&path);
    own.chain(["/usr/sbin", "/sbin", "/usr/bin", "/bin"].map(PathBuf::from)).collect()
}

/// `PATH` with these folders, for programs that start others: `ip netns exec` and CNI plug-ins must
/// find what was found here. None, if a folder's name cannot stand in it.
pub(crate) fn search_path() -> Option<OsString> {
    std::env::join_paths(folders()).ok()
}

/// What a program that has ended leaves.
#[derive(Debug)]
pub(super) struct Output {
    /// Whether it says that it succeeded.
    pub(super) success: bool,
    /// What it wrote to its standard output.
    pub(super) out: String,
    /// What it wrote to its standard error.
    pub(super) complaint: String,
}

/// Runs a program on `input`; what it wrote to its standard output.
///
/// # Errors
/// If it is not installed, fails, or takes longer than three minutes.
pub(crate) fn run(command: &[String], input: &str) -> Result<String, LabError> {
    let output = output(command, &[], input)?;
    match output.success {
        true => Ok(output.out),
        false => Err(LabError::failed(command, &output.complaint)),
    }
}

/// Runs a program on `input`, with more environment variables, to its end.
///
/// # Errors
/// If it is not installed or takes longer than three minutes.
pub(super) fn output(
    command: &[String],
    environment: &[(&str, String)],
    input: &str,
) -> Result<Output, LabError> {
    let (name, arguments) = command.split_first().expect("a program to run");
    let program = match name.contains('/') {
        true => PathBuf::from(name),
        false => find(name)?,
    };
    let mut child = Command::new(program)
        .args(arguments)
        .envs(search_path().map(|path| ("PATH", path)))
        .envs(environment.iter().map(|(key, value)| (key, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| LabError::failed(command, &error.to_string()))?;
    let texts = collect(&mut child, input);
    let ended = texts.and_then(|texts| Some((texts, wait(&mut child)?)));
    match ended {
        Some(((out, complaint), success)) => Ok(Output { success, out, complaint }),
        None => {
            // It may have ended just now; either way it is gone afterwards.
            let _ = child.kill();
            let _ = child.wait();
            Err(LabError::failed(command, "no answer within three minutes"))
        }
    }
}

/// Feeds and reads a program until it closes its outputs; nothing, if it takes too long.
fn collect(child: &mut Child, input: &str) -> Option<(String, String)> {
    let (mut stdin, input) = (child.stdin.take()?, input.to_owned());
    // A program may end before it has read everything; its complaint says why.
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    let (sender, outputs) = mpsc::channel();
    let read = |which: usize, mut from: Box<dyn Read + Send>| {
        let sender = sender.clone();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = from.read_to_end(&mut bytes);
            let _ = sender.send((which, String::from_utf8_lossy(&bytes).into_owned()));
        });
    };
    read(0, Box::new(child.stdout.take()?));
    read(1, Box::new(child.stderr.take()?));
    let until = Instant::now() + TIME_OUT;
    let mut texts = [String::new(), String::new()];
    for _ in 0..2 {
        let left = until.saturating_duration_since(Instant::now());
        let (which, text) = outputs.recv_timeout(left).ok()?;
        texts[which] = text;
    }
    let [out, complaint] = texts;
    Some((out, complaint))
}

/// Whether a program that has closed its outputs succeeded; nothing, if it does not end.
fn wait(child: &mut Child) -> Option<bool> {
    let until = Instant::now() + TIME_OUT;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_micros(200)),
            _ => return None,
        }
    }
}

/// The file that a network namespace's name stands for.
pub fn netns_file(name: &str) -> PathBuf {
    Path::new("/run/netns").join(name)
}

/// Does `work` inside a network namespace, on a thread of its own, so that no other work of this
/// program is moved.
///
/// # Errors
/// If the namespace is not there or may not be entered.
pub fn inside<T: Send>(netns: &str, work: impl FnOnce() -> T + Send) -> Result<T, LabError> {
    let enter = || -> Result<(), String> {
        let file = File::open(netns_file(netns)).map_err(|error| error.to_string())?;
        setns(file, CloneFlags::CLONE_NEWNET).map_err(|error| error.to_string())
    };
    let worker = || match enter() {
        Ok(()) => Ok(work()),
        Err(problem) => Err(LabError::Enter { netns: netns.to_owned(), problem }),
    };
    thread::scope(|scope| match scope.spawn(worker).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}
