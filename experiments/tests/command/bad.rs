//! Bad input: every malformed file is refused with its place, and nothing is written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Folder;

fn bad() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad")
}

/// A line of `tests/bad/expected.csv`.
struct Case {
    file: String,
    line: u64,
    field: String,
    says: String,
}

fn cases() -> Vec<Case> {
    let mut reader = csv::Reader::from_path(bad().join("expected.csv")).expect("the table");
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| Case {
        file: row[0].into(),
        line: row[1].parse().expect("a line number"),
        field: row[2].into(),
        says: row[3].into(),
    })
    .collect()
}

/// How a file of each folder is given to the command.
fn arguments(kind: &str, path: &str) -> Vec<String> {
    let words: &[&str] = match kind {
        "experiment" => &["run", path, "--out", "out"],
        "topology" => &["show", path],
        "profile" => &["profiles", "show", path],
        "data" => &["validate", "--out", "out", "--against", path],
        other => panic!("no command reads files of {other}"),
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Runs the command on bad input and returns the error it tells.
pub(super) fn refused(folder: &Folder, arguments: &[String]) -> Value {
    let before: BTreeSet<PathBuf> = listed(folder.path());
    let output = folder.podpath().args(arguments).arg("--json").output().expect("it ran");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}:\n{stderr}");
    assert!(!stderr.contains("panicked"), "{arguments:?}:\n{stderr}");
    assert!(stderr.len() < 4_000, "{arguments:?}: a message of {} bytes", stderr.len());
    assert_eq!(listed(folder.path()), before, "{arguments:?} wrote something");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let told: Value = serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {stdout}"));
    let error = told["error"].clone();
    if let (Some(file), Some(line)) = (error["file"].as_str(), error["line"].as_u64()) {
        assert!(stderr.contains(&format!("{file}:{line}:")), "{arguments:?}:\n{stderr}");
    }
    error
}

fn listed(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

#[test]
fn every_malformed_file_is_refused_where_it_is_malformed() {
    let cases = cases();
    assert!(cases.len() >= 40);
    for case in &cases {
        let path = bad().join(&case.file);
        let kind = case.file.split('/').next().expect("a folder");
        let error = refused(&Folder::new(), &arguments(kind, path.to_str().expect("text")));
        let told = format!("{}: {error:#}", case.file);
        assert_eq!(error["line"].as_u64(), Some(case.line), "{told}");
        assert_eq!(error["field"], case.field.as_str(), "{told}");
        assert!(error["problem"].as_str().is_some_and(|p| p.contains(&case.says)), "{told}");
        assert!(error["file"].as_str().is_some_and(|f| f.contains("tests/bad")), "{told}");
    }
}

#[test]
fn no_malformed_file_is_left_out_of_the_table() {
    let listed: BTreeSet<String> = cases().into_iter().map(|case| case.file).collect();
    let mut found = BTreeSet::new();
    for kind in ["experiment", "topology", "profile", "data"] {
        for entry in fs::read_dir(bad().join(kind)).expect("the folder") {
            let name = entry.expect("an entry").file_name();
            found.insert(format!("{kind}/{}", name.to_string_lossy()));
        }
    }
    assert_eq!(listed, found);
}

#[test]
fn a_line_of_a_hundred_megabytes_is_refused_whatever_the_file() {
    let folder = Folder::new();
    let line = vec![b'x'; 100 << 20];
    for (kind, name) in
        [("experiment", "a.toml"), ("topology", "a.toml"), ("profile", "a.csv"), ("data", "a.csv")]
    {
        folder.write(name, [b"# a comment\n".as_slice(), &line].concat());
        let error = refused(&folder, &arguments(kind, name));
        assert_eq!((&error["line"], &error["field"]), (&2.into(), &"file".into()), "{kind}");
        assert_eq!(error["problem"], "line 2 is longer than 64 KiB", "{kind}");
    }
}

#[test]
fn a_file_of_many_megabytes_is_refused() {
    let folder = Folder::new();
    folder.write("a.toml", "# a comment\n".repeat(1 << 20));
    let error = refused(&folder, &arguments("experiment", "a.toml"));
    assert_eq!(error["problem"], "is larger than 8 MiB");
}

#[test]
fn folders_devices_and_missing_files_are_refused() {
    for path in ["/dev/zero", "/dev/null", "/", "none.toml", "none/none.csv"] {
        for kind in ["experiment", "topology", "profile", "data"] {
            let error = refused(&Folder::new(), &arguments(kind, path));
            assert!(!error["problem"].as_str().unwrap_or("").is_empty(), "{kind} {path}: {error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_writes_to_does_not_hang() {
    let folder = Folder::new();
    for (kind, name) in
        [("experiment", "e.toml"), ("topology", "t.toml"), ("profile", "p.csv"), ("data", "d.csv")]
    {
        let made = std::process::Command::new("mkfifo").arg(folder.path().join(name)).status();
        assert!(made.expect("mkfifo").success());
        let error = refused(&folder, &arguments(kind, name));
        assert!(
            error["problem"].as_str().is_some_and(|p| p.contains("a pipe or a device")),
            "{error}"
        );
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_bad_input() {
    let folder = Folder::new();
    folder.write("small.toml", super::SMALL);
    folder.write("in-the-way", "a file");
    for out in ["in-the-way", "in-the-way/out", "/proc/none"] {
        for command in [
            vec!["run", "small.toml", "--out", out],
            vec!["validate", "--out", out],
            vec!["calibrate", "fit", "memcpy", "--out", out],
            // Refused before any look at what this machine has.
            vec!["calibrate", "net", "--quick", "--out", out],
            vec!["measure", "small.toml", "--out", out],
        ] {
            let arguments: Vec<String> = command.into_iter().map(str::to_owned).collect();
            assert_eq!(refused(&folder, &arguments)["field"], "--out", "{arguments:?}");
        }
    }
    assert_eq!(folder.read("in-the-way"), "a file");
}

#[test]
fn the_first_of_several_files_is_not_run_if_the_second_is_bad() {
    let folder = Folder::new();
    folder.write("small.toml", super::SMALL);
    folder.write("bad.toml", super::SMALL.replace("streams", "strems"));
    let arguments = ["run", "small.toml", "bad.toml", "--out", "out"].map(str::to_owned);
    assert_eq!(refused(&folder, &arguments)["field"], "sweep.cross.strems");
    let twice = ["run", "small.toml", "small.toml", "--out", "out"].map(str::to_owned);
    assert_eq!(refused(&folder, &twice)["problem"], "two experiments are called `small`");
}
