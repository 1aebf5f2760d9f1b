//! The printed tables of a small run, under review as text.
//!
//! `UPDATE=1 cargo test -p podpath` writes them anew; the difference is then read before it is
//! committed.

use std::path::PathBuf;

use super::{Folder, SMALL};

fn check(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("the golden file");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file");
    assert!(golden == text, "{name} differs; it is now:\n{text}");
}

#[test]
fn a_small_run() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    check("run.txt", &folder.run(&["run", "small.toml"]));
}

#[test]
fn a_small_explanation() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    check("explain.txt", &folder.run(&["explain", "small.toml"]));
}

#[test]
fn a_topology() {
    check("show.txt", &Folder::new().run(&["show", "flannel"]));
}

#[test]
fn a_replay() {
    let ring = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/ring-4.goal");
    let folder = Folder::new();
    let on_cluster = folder.run(&["replay", ring, "--topology", "case-seven-workers"]);
    let on_loggops = folder.run(&["replay", ring, "--loggops"]);
    check("replay.txt", &format!("{on_cluster}\n{on_loggops}"));
}

#[test]
fn a_diagnostic() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL.replace("[1, 4]", "[1, \"four\"]"));
    let output = folder.podpath().args(["run", "small.toml"]).output().expect("it ran");
    check("diagnostic.txt", &String::from_utf8(output.stderr).expect("text"));
}
