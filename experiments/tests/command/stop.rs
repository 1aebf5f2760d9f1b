//! Ctrl-C leaves a usable partial result that says that it is one.
#![cfg(unix)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Folder, SMALL, signal};

/// An experiment that takes minutes.
fn long() -> String {
    let sizes: Vec<String> = (1..=900).map(|n| format!("\"{n} MiB\"")).collect();
    let long = SMALL.replace(r#"["64 KiB", "4 MiB"]"#, &format!("[{}]", sizes.join(", ")));
    long.replace("repetitions = 3", "repetitions = 60")
}

/// Starts the long run, and waits until points are being computed.
fn started(folder: &Folder, json: &[&str]) -> Child {
    begun(folder, &long(), json, Duration::from_millis(1_500))
}

/// Runs a file, and waits until its journal has stood for so long.
fn begun(folder: &Folder, text: &str, json: &[&str], stood: Duration) -> Child {
    folder.write("long.toml", text);
    let child = Command::new(assert_cmd::cargo::cargo_bin!("podpath"))
        .args(["run", "long.toml", "--out", "out", "--threads", "2"])
        .args(json)
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let begin = Instant::now();
    while !folder.path().join("out.partial/header.json").exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(stood);
    child
}

#[test]
fn what_is_finished_is_written_and_marked() {
    let folder = Folder::new();
    let child = started(&folder, &[]);
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("PARTIAL: stopped after "), "{said}");
    let manifest: Value = serde_json::from_str(&folder.read("out/manifest.json")).expect("JSON");
    assert_eq!(manifest["complete"], false);
    let done = manifest["points_done"].as_u64().expect("a count");
    assert!(done > 0 && done < manifest["points_planned"].as_u64().expect("a count"));
    let rows = folder.read("out/summary.csv").lines().count() as u64 - 1;
    assert_eq!(rows, done, "every finished point has a row, and no other");
    assert!(folder.read("out/report.html").contains("This run was interrupted"));
}

#[test]
fn with_json_the_one_object_says_it() {
    let folder = Folder::new();
    let child = started(&folder, &["--json"]);
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one object");
    assert_eq!(told["complete"], false);
}

/// A workload that takes minutes, beside a replication that is over at once.
const LONG_WORKLOAD: &str = r#"
name = "long-workload"
topologies = ["baremetal"]
repetitions = 1

[[step]]
name = "serve"
wait = "exponential(1 us)"

[[workload]]
name = "w"
rate = "1000 /s"
until = "100 ms"

[sweep.cross]
"workload.w.until" = ["100 ms", "80000 s"]
"#;

#[test]
fn a_workload_stops_at_once_and_what_is_finished_is_kept() {
    let folder = Folder::new();
    folder.write("long.toml", LONG_WORKLOAD);
    let child = Command::new(assert_cmd::cargo::cargo_bin!("podpath"))
        .args(["run", "long.toml", "--out", "out", "--threads", "2"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    std::thread::sleep(Duration::from_millis(2_500));
    let begin = Instant::now();
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().expect("it ends");
    // 200 ms, with room for a busy machine: not the minutes that are left.
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("PARTIAL: stopped after 1 of 2 points"), "{said}");
    let manifest: Value = serde_json::from_str(&folder.read("out/manifest.json")).expect("JSON");
    assert_eq!(manifest["complete"], false);
    assert_eq!(folder.read("out/workloads.csv").lines().count(), 2, "a header and a row");
    assert!(folder.read("out/report.html").contains("This run was interrupted"));
}

/// One point that is over at once, and one that takes a minute or more, unit by unit.
const LONG_POINT: &str = r#"
name = "long-point"
topologies = ["baremetal"]
repetitions = 1
fidelity = "chunk"

[transfer]
from = "client"
to = "server"

[sweep.cross]
message = ["1 MiB", "200 GiB"]
"#;

/// One point of 400 transfers, whose changes take minutes over all replications.
fn long_attribution() -> String {
    let one = |at: usize| {
        format!("[[transfer]]\nfrom = \"client\"\nto = \"server\"\nmessage = \"{} KiB\"\n", 64 + at)
    };
    let all: String = (0..400).map(one).collect();
    format!(
        "name = \"long-attribution\"\ntopologies = [\"baremetal\"]\nrepetitions = 1000\n\
         fidelity = \"closed\"\n{all}"
    )
}

/// Runs a file, asks it to end a second later, and tells what it said and how long it went on.
fn terminated(folder: &Folder, text: &str) -> (std::process::Output, Duration) {
    let child = begun(folder, text, &[], Duration::from_secs(1));
    let asked = Instant::now();
    signal(&child, Signal::SIGTERM);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    (output, asked.elapsed())
}

/// 200 ms are the goal; a debug build on a busy machine has this long.
const SOON: Duration = Duration::from_secs(3);

#[test]
fn a_point_stops_within_and_those_that_are_finished_are_kept() {
    let folder = Folder::new();
    let (output, took) = terminated(&folder, LONG_POINT);
    assert!(took < SOON, "{took:?}");
    let said = String::from_utf8(output.stdout).expect("text");
    assert!(said.contains("PARTIAL: stopped after 1 of 2 points"), "{said}");
    let manifest: Value = serde_json::from_str(&folder.read("out/manifest.json")).expect("JSON");
    assert_eq!(manifest["complete"], false);
    assert_eq!(folder.read("out/summary.csv").lines().count(), 2, "a header and a row");
    assert!(folder.read("out/report.html").contains("This run was interrupted"));
}

#[test]
fn the_weighing_of_changes_stops_within_a_point() {
    let folder = Folder::new();
    let (output, took) = terminated(&folder, &long_attribution());
    assert!(took < SOON, "{took:?}");
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("stopped before the first point was finished"), "{said}");
    for left in ["out", "out.partial"] {
        assert!(!folder.path().join(left).exists(), "nothing was finished, and nothing is left");
    }
}
