//! A process that tries inputs of one target until its time is over.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sim::Seed;

use crate::Arguments;
use crate::budget;
use crate::corpus::seeds;
use crate::coverage::Coverage;
use crate::finding::{Finding, Kind};
use crate::mutate::Mutator;
use crate::target::Target;
use crate::verdict::Verdict;

/// The file that has the input that is being tried: what is left of a process that was ended.
pub(crate) const CURRENT: &str = "current";
/// The file that says how far a worker came, whoever ends it.
pub(crate) const TALLY: &str = "tally.json";
/// How often that is written.
const TOLD_EVERY: Duration = Duration::from_millis(500);

/// What came of inputs.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) executions: u64,
    pub(crate) ended: u64,
    pub(crate) refused: u64,
    pub(crate) stopped: u64,
    /// Inputs that came to another kind of end than all before.
    pub(crate) kinds: u64,
    /// The number of the input that comes next.
    pub(crate) next: u64,
    pub(crate) findings: Vec<Finding>,
}

/// Where and why something panicked last.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Notes panics, and prints none.
fn note_panics() {
    panic::set_hook(Box::new(|info| {
        let place =
            info.location().map_or(String::new(), |at| format!(" ({}:{})", at.file(), at.line()));
        let said = info.payload().downcast_ref::<String>().map(String::as_str);
        let said = said.or(info.payload().downcast_ref::<&str>().copied()).unwrap_or("a panic");
        let told = format!("{said}{place}");
        // The first one is the cause; other threads panic as they wait for it.
        PANIC.lock().unwrap_or_else(|error| error.into_inner()).get_or_insert(told);
    }));
}

/// What comes of an input, or how it panics.
fn tried(target: &Target, input: &[u8]) -> Result<Verdict, String> {
    let run = || panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    budget::watched(run).map_err(|_| {
        let told = PANIC.lock().unwrap_or_else(|error| error.into_inner()).take();
        told.unwrap_or_else(|| "a panic".into())
    })
}

/// Tries inputs from the number `from` on, and leaves a tally. The process stands in a folder of
/// its own, where the target may write.
///
/// # Errors
/// If the folder cannot be written.
pub(crate) fn work(target: &'static Target, arguments: &Arguments, from: u64) -> io::Result<()> {
    let begin = Instant::now();
    budget::bound_memory();
    note_panics();
    let seed = Seed::new(arguments.seed).of(target.name);
    let mut mutator = Mutator::new(target.form, seed, seeds(target));
    let mut tally = Tally { next: from, ..Tally::default() };
    let mut coverage = Coverage::default();
    let mut known: HashSet<String> = HashSet::new();
    let mut faults: HashSet<String> = HashSet::new();
    budget::watch(Duration::from_secs(arguments.limit));
    let mut told = begin;
    while begin.elapsed() < Duration::from_secs_f64(arguments.seconds) {
        let input = mutator.input(tally.next);
        fs::write(CURRENT, &input)?;
        tally.next += 1;
        tally.executions += 1;
        coverage.begin();
        match tried(target, &input) {
            Ok(verdict) => {
                match verdict {
                    Verdict::Ended(_) => tally.ended += 1,
                    Verdict::Refused(_) => tally.refused += 1,
                    Verdict::Stopped => tally.stopped += 1,
                }
                let new = known.insert(verdict.kind());
                tally.kinds += u64::from(new);
                // Both are asked: each learns from every input.
                if coverage.is_new() | new {
                    mutator.keep(input, matches!(verdict, Verdict::Ended(_)));
                }
            }
            Err(problem) => {
                let found = (Kind::Panic, problem);
                let finding = Finding::keep(&arguments.out, target.name, found, &input)?;
                if faults.insert(finding.fault()) {
                    tally.findings.push(finding);
                    tell(&tally)?;
                } else if tally.findings.iter().all(|known| known.file != finding.file) {
                    fs::remove_file(&finding.file)?;
                }
            }
        }
        if told.elapsed() > TOLD_EVERY {
            tell(&tally)?;
            told = Instant::now();
        }
    }
    tell(&tally)
}

/// Leaves a tally, whole at any time.
fn tell(tally: &Tally) -> io::Result<()> {
    let new = format!("{TALLY}.new");
    fs::write(&new, serde_json::to_vec(tally)?)?;
    fs::rename(new, TALLY)
}

/// Tries one file, or each of a folder, and says what comes of it: whether nothing is wrong.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn replay(target: &Target, path: &Path, limit: u64) -> io::Result<bool> {
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        paths = fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        paths.sort();
    }
    let inputs = paths.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    // The target writes where it stands.
    let folder = tempfile::tempdir()?;
    std::env::set_current_dir(folder.path())?;
    budget::bound_memory();
    note_panics();
    budget::watch(Duration::from_secs(limit));
    let mut right = true;
    for (path, input) in paths.iter().zip(&inputs) {
        // A hang and an abort end the process: what is tried is told before.
        print!("{}: ", path.display());
        io::stdout().flush()?;
        let begin = Instant::now();
        let told = match tried(target, input) {
            Ok(Verdict::Ended(how)) => format!("ended: {how}"),
            Ok(Verdict::Refused(why)) => format!("refused: {why}"),
            Ok(Verdict::Stopped) => "stopped in time".to_owned(),
            Err(problem) => {
                right = false;
                let shown = (target.shown)(input).map_or(String::new(), |text| format!("{text}\n"));
                format!("WRONG: {problem}\n{shown}")
            }
        };
        println!("{told} ({:.2} s)", begin.elapsed().as_secs_f64());
    }
    Ok(right)
}
