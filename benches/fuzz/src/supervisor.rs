//! Starts a process for each target, some side by side, and gathers what they found.
//!
//! A process that is ended by a signal, by the allocator or by its watch leaves the input that it
//! was trying. That is a finding, and another process goes on behind it.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::Arguments;
use crate::budget::TOO_LONG;
use crate::finding::{Finding, Kind};
use crate::table;
use crate::target::Target;
use crate::worker::{CURRENT, TALLY, Tally};

/// A target whose process ended so often is left alone for the rest.
const RESTARTS_MAX: usize = 20;

/// What came of a target.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) target: &'static Target,
    pub(crate) tally: Tally,
    pub(crate) seconds: f64,
}

/// Runs targets and prints what came of them; whether nothing was found.
///
/// # Errors
/// If a process cannot be started, or a file cannot be written.
pub(crate) fn run(targets: &[&'static Target], arguments: &Arguments) -> io::Result<bool> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.unwrap_or(cores).clamp(1, targets.len());
    // The last ones would otherwise run alone: the share is that of whole turns.
    let turns = targets.len().div_ceil(jobs) as f64;
    let share = Duration::from_secs_f64((arguments.seconds / turns).max(1.0));
    let out = std::path::absolute(&arguments.out)?;
    let waiting = Mutex::new(targets.iter());
    let outcomes: Mutex<BTreeMap<&str, Outcome>> = Mutex::new(BTreeMap::new());
    let each = || -> io::Result<()> {
        loop {
            let next = waiting.lock().expect("no worker panics").next();
            let Some(target) = next else { return Ok(()) };
            let outcome = fuzz(target, share, arguments, &out)?;
            outcomes.lock().expect("no worker panics").insert(target.name, outcome);
        }
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..jobs).map(|_| scope.spawn(each)).collect();
        all.into_iter().try_for_each(|one| one.join().expect("no worker panics"))
    })?;
    let mut outcomes = outcomes.into_inner().expect("no worker panics");
    let outcomes: Vec<Outcome> =
        targets.iter().filter_map(|target| outcomes.remove(target.name)).collect();
    table::print(&outcomes, arguments.json)?;
    Ok(outcomes.iter().all(|outcome| outcome.tally.findings.is_empty()))
}

/// Fuzzes one target for its share of the time.
fn fuzz(
    target: &'static Target,
    share: Duration,
    arguments: &Arguments,
    out: &Path,
) -> io::Result<Outcome> {
    let begin = Instant::now();
    let folder = tempfile::Builder::new().prefix("podpath-fuzz-").tempdir()?;
    let mut all = Tally::default();
    let mut faults = HashSet::new();
    for _ in 0..RESTARTS_MAX {
        let left = share.saturating_sub(begin.elapsed());
        if left < Duration::from_millis(500) {
            break;
        }
        let (status, last) = worked(target, left, arguments, (folder.path(), out), all.next)?;
        let tally: Tally = read_tally(folder.path()).unwrap_or_default();
        all.add(&tally);
        let Some(found) = broken(status, &last) else { break };
        let input = std::fs::read(folder.path().join(CURRENT)).unwrap_or_default();
        // The tally is a little older than the input that ended the process.
        all.next = all.next.max(tally.next) + 1;
        let finding = Finding::keep(out, target.name, found, &input)?;
        all.findings.push(finding);
    }
    all.findings.retain(|finding| faults.insert(finding.fault()));
    Ok(Outcome { target, tally: all, seconds: begin.elapsed().as_secs_f64() })
}

/// Lets a process work; how it ended, and what it said last.
fn worked(
    target: &Target,
    left: Duration,
    arguments: &Arguments,
    (folder, out): (&Path, &Path),
    from: u64,
) -> io::Result<(ExitStatus, String)> {
    let said: PathBuf = folder.join("said");
    let mut child = Command::new(std::env::current_exe()?)
        .args(["--target", target.name, "--work-from", &from.to_string()])
        .args(["--seconds", &left.as_secs_f64().to_string()])
        .args(["--seed", &arguments.seed.to_string(), "--limit", &arguments.limit.to_string()])
        .arg("--out")
        .arg(out)
        .current_dir(folder)
        // What counts branches would leave a file.
        .env("LLVM_PROFILE_FILE", "/dev/null")
        .env("RAYON_NUM_THREADS", "2")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&said)?)
        .spawn()?;
    let status = child.wait()?;
    Ok((status, std::fs::read_to_string(&said).unwrap_or_default()))
}

/// How a process broke, if it did.
fn broken(status: ExitStatus, said: &str) -> Option<(Kind, String)> {
    if status.success() {
        return None;
    }
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Some(match (status.code(), status.signal()) {
        (Some(TOO_LONG), _) => (Kind::Hang, "it takes more than its time".into()),
        (_, Some(signal)) => (Kind::Abort, format!("ended by signal {signal}: {last}")),
        (code, _) => (Kind::Abort, format!("ended with {code:?}: {last}")),
    })
}

fn read_tally(folder: &Path) -> Option<Tally> {
    let path = folder.join(TALLY);
    let tally = serde_json::from_slice(&std::fs::read(&path).ok()?).ok();
    std::fs::remove_file(path).ok()?;
    tally
}

impl Tally {
    /// Adds what a process did after another.
    fn add(&mut self, other: &Tally) {
        self.executions += other.executions;
        self.ended += other.ended;
        self.refused += other.refused;
        self.stopped += other.stopped;
        self.kinds = self.kinds.max(other.kinds);
        self.next = self.next.max(other.next);
        self.findings.extend(other.findings.iter().cloned());
    }
}
