//! A run that is killed goes on where it was, and results are the old ones or the new ones.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::determinism::bytes;
use super::needs::{self, Need};
use super::{Folder, SMALL, nightly};

/// Says how often a run is killed at some moment; without it, that is for day and night to say.
const KILLS: &str = "PODPATH_KILLS";

type Files = BTreeMap<String, Vec<u8>>;

/// Older results of another experiment, a file of the user, and new results, all whole.
struct Before {
    folder: Folder,
    old: Files,
    new: Files,
}

impl Before {
    fn new() -> Before {
        let folder = Folder::new();
        let sizes: Vec<String> = (1..=40).map(|n| format!("\"{n} MiB\"")).collect();
        let text = SMALL.replace(r#"["64 KiB", "4 MiB"]"#, &format!("[{}]", sizes.join(", ")));
        folder.write("new.toml", text);
        let old = SMALL.replace("topologies", "repetitions = 1\ntopologies");
        folder.write("old.toml", old.replacen("repetitions = 3", "", 1));
        folder.run(&["run", "old.toml", "--out", "old"]);
        std::fs::write(folder.path().join("old/notes.txt"), "of the user").expect("a file");
        folder.run(&["run", "new.toml", "--out", "new"]);
        let read = |name| bytes(&folder.path().join(name));
        let (old, mut new) = (read("old"), read("new"));
        new.insert("notes.txt".into(), b"of the user".to_vec());
        Before { folder, old, new }
    }

    /// Puts the old results into `out`, with nothing beside them.
    fn reset(&self) {
        let path = |name: &str| self.folder.path().join(name);
        for left in ["out", "out.partial"] {
            let _ = std::fs::remove_dir_all(path(left));
        }
        for (name, content) in &self.old {
            self.folder.write(&format!("out/{name}"), content);
        }
    }

    fn out(&self) -> Files {
        bytes(&self.folder.path().join("out"))
    }

    /// Fails unless `out` is all old or all new, and the same run makes it new.
    fn check(&self, what: &str) {
        let out = self.out();
        assert!(out == self.old || out == self.new, "{what}: a mix of {:?}", out.keys());
        self.folder.run(&["run", "new.toml", "--out", "out"]);
        assert!(self.out() == self.new, "{what}: what was gone on with is not the same");
        let left = self.folder.path().join("out.partial");
        assert!(!left.exists(), "{what}: {left:?} is left");
    }
}

fn kills() -> u64 {
    match std::env::var(KILLS) {
        Ok(kills) => kills.parse().expect("a number"),
        Err(_) if nightly::is_left("forty kills, and not three") => 3,
        Err(_) => 40,
    }
}

/// The command that makes new results.
fn command(folder: &Path, before: &[&str]) -> Command {
    let podpath = assert_cmd::cargo::cargo_bin!("podpath");
    let words: Vec<&str> =
        before.iter().copied().chain([podpath.to_str().expect("text")]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["run", "new.toml", "--out", "out", "--threads", "2"]);
    command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn killed_at_any_moment_it_goes_on_and_gives_the_same_bytes() {
    let before = Before::new();
    before.reset();
    let begin = Instant::now();
    assert!(command(before.folder.path(), &[]).status().expect("it runs").success());
    let whole = begin.elapsed();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for turn in 0..kills() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let part = (random >> 32) as f64 / f64::from(u32::MAX);
        before.reset();
        let mut child = command(before.folder.path(), &[]).spawn().expect("it runs");
        std::thread::sleep(whole.mul_f64(1.1 * part));
        child.kill().expect("a child");
        child.wait().expect("it ends");
        before.check(&format!("kill {turn}, {:.0} % of the way", 110.0 * part));
    }
}

/// Whether there is strace.
fn strace() -> Result<(), (Need, &'static str)> {
    let found = Command::new("strace").args(["-f", "true"]).stderr(Stdio::null()).status();
    let works = found.is_ok_and(|status| status.success());
    if works { Ok(()) } else { Err((Need::Strace, "strace is missing or may not trace")) }
}

/// Runs with every so many-eth of some system calls interrupted, until all of them were.
fn interrupted(calls: &str, how: &str, step: usize, check: &dyn Fn(&Before, &str)) {
    let before = Before::new();
    for number in (1..).step_by(step) {
        before.reset();
        let inject = format!("inject={calls}:{how}:when={number}");
        let trace = format!("trace={calls}");
        let words = ["strace", "-f", "-qq", "-o", "trace.txt", "-e", &trace, "-e", &inject];
        let status = command(before.folder.path(), &words).status().expect("it runs");
        let what = format!("{calls} number {number} with {how}");
        // The injected call, or nothing: then there are fewer of them.
        let traced = before.folder.read("trace.txt");
        check(&before, &what);
        if status.success() && !traced.contains("INJECTED") {
            assert!(number > 1, "{what}: there is no such call");
            return;
        }
    }
}

#[test]
fn killed_at_any_rename_or_sync_it_leaves_old_or_new() {
    if needs::lacks(&strace()) {
        return;
    }
    let left = nightly::is_left("kills at every rename and sync, and not at some");
    let (renames, syncs) = if left { (4, 12) } else { (1, 1) };
    interrupted("rename,renameat,renameat2", "signal=KILL", renames, &Before::check);
    interrupted("fsync,fdatasync", "signal=KILL", syncs, &Before::check);
}

#[test]
fn killed_at_any_write_it_leaves_old_or_new() {
    if needs::lacks(&strace()) {
        return;
    }
    let step = if nightly::is_left("kills at more of the writes") { 299 } else { 29 };
    interrupted("write,pwrite64", "signal=KILL", step, &Before::check);
}

#[test]
fn on_a_full_disk_it_leaves_the_old_and_goes_on_later() {
    if needs::lacks(&strace()) {
        return;
    }
    let step = if nightly::is_left("a disk that is full at more calls") { 399 } else { 47 };
    let check = |before: &Before, what: &str| before.check(what);
    interrupted("pwrite64,fsync,renameat2", "error=ENOSPC", step, &check);
}

/// A folder with a run that was killed after some points, or before.
fn killed() -> Folder {
    let folder = Folder::new();
    let sizes: Vec<String> = (1..=900).map(|n| format!("\"{n} MiB\"")).collect();
    let text = SMALL.replace(r#"["64 KiB", "4 MiB"]"#, &format!("[{}]", sizes.join(", ")));
    folder.write("new.toml", text.replace("repetitions = 3", "repetitions = 60"));
    let mut child = command(folder.path(), &[]).spawn().expect("it runs");
    let journal = folder.path().join("out.partial/points.journal");
    let begin = Instant::now();
    while std::fs::metadata(&journal).map_or(0, |about| about.len()) < 10_000 {
        assert!(begin.elapsed() < Duration::from_secs(60), "no point is written");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("a child");
    child.wait().expect("it ends");
    folder
}

/// What a run says that is refused.
fn refused(folder: &Folder, more: &[&str]) -> String {
    let arguments = [&["run", "new.toml", "--out", "out"], more].concat();
    let output = folder.podpath().args(arguments).assert().code(2).get_output().clone();
    String::from_utf8(output.stderr).expect("text").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn another_run_does_not_go_on_with_it_unless_it_begins_anew() {
    let folder = killed();
    for more in [&["--seed", "7"][..], &["--no-changes"], &["--fidelity", "closed"]] {
        let said = refused(&folder, more);
        assert!(said.contains("holds an unfinished run of `small` with other settings"), "{said}");
        assert!(said.contains("--fresh"), "{said}");
    }
}

#[test]
fn a_journal_that_is_broken_or_of_another_version_is_refused() {
    let folder = killed();
    let path = folder.path().join("out.partial/points.journal");
    let whole = std::fs::read(&path).expect("a journal");
    let mut broken = whole.clone();
    broken[200] ^= 1;
    std::fs::write(&path, broken).expect("a file");
    let said = refused(&folder, &[]);
    assert!(said.contains("points.journal` is broken at byte 82") && said.contains("--fresh"));
    std::fs::write(&path, "not a journal").expect("a file");
    let said = refused(&folder, &[]);
    assert!(said.contains("is no journal of podpath"), "{said}");
    std::fs::write(&path, whole).expect("a file");
    let header = folder.read("out.partial/header.json");
    folder.write("out.partial/header.json", header.replace("\"journal\": 1", "\"journal\": 99"));
    let said = refused(&folder, &[]);
    assert!(said.contains("journals of format 99") && said.contains("--fresh"), "{said}");
    folder.write("out.partial/header.json", "{");
    let said = refused(&folder, &[]);
    assert!(said.contains("is no header of a journal"), "{said}");
}

#[test]
fn two_runs_into_one_folder_are_not_at_work_at_once() {
    let folder = killed();
    let journal = folder.path().join("out.partial/points.journal");
    let length = || std::fs::metadata(&journal).map_or(0, |about| about.len());
    let before = length();
    let mut child = command(folder.path(), &[]).spawn().expect("it runs");
    let begin = Instant::now();
    while length() < before + 1_000 {
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not go on");
        std::thread::sleep(Duration::from_millis(5));
    }
    let said = refused(&folder, &[]);
    child.kill().expect("a child");
    child.wait().expect("it ends");
    assert!(said.contains("another podpath is writing"), "{said}");
}

#[test]
fn an_interrupted_run_goes_on_when_it_is_started_again() {
    let before = Before::new();
    let folder = &before.folder;
    let child = command(folder.path(), &[]).spawn().expect("it runs");
    let journal = folder.path().join("out.partial/points.journal");
    let begin = Instant::now();
    while std::fs::metadata(&journal).map_or(0, |about| about.len()) < 20_000 {
        assert!(begin.elapsed() < Duration::from_secs(60), "no point is written");
    }
    super::signal(&child, nix::sys::signal::Signal::SIGTERM);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(folder.read("out/manifest.json").contains("\"complete\": false"));
    let again = folder.podpath().args(["run", "new.toml", "--out", "out"]).assert().success();
    let said = String::from_utf8(again.get_output().stderr.clone()).expect("text");
    assert!(said.contains("going on: ") && said.contains(" of 320 points were finished"), "{said}");
    let mut new = before.new.clone();
    new.remove("notes.txt");
    assert!(before.out() == new, "what was gone on with is not the same");
}

#[test]
fn what_cannot_be_replaced_is_refused_before_anything_is_run() {
    let folder = Folder::new();
    folder.write("new.toml", SMALL);
    folder.write("file", "a file");
    for (out, says) in [("file", "is no folder"), (".", "is where you are"), ("/", "is")] {
        let run = folder.podpath().args(["run", "new.toml", "--out", out]).assert().code(2);
        let said = String::from_utf8(run.get_output().stderr.clone()).expect("text");
        assert!(said.contains(says) && said.contains("--out"), "{out}: {said}");
    }
    assert_eq!(folder.read("file"), "a file");
}
