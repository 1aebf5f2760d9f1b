//! The questions of USERS.md that have an experiment: each runs, stands beside what was reported,
//! and says the same as when it was last looked at.
//!
//! `tests/cases.txt` holds, for every case, the range predicted beside each reported figure and the
//! unknowns in the order in which they matter. A change of a model or profile that moves an answer
//! shows up there in review: `UPDATE=1 cargo test --test cases` writes it anew, and the `cause`
//! paragraphs, which quote these figures, are then to be read again.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of all cases, sorted.
fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(here("cases")).expect("the folder of cases");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    files
}

/// Runs a case in closed form; its manifest.
fn manifest(file: &Path) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("out");
    let mut podpath = assert_cmd::Command::cargo_bin("podpath").expect("the program");
    let run = podpath.args(["run", "--quiet", "--fidelity", "closed", "--out"]).arg(&out).arg(file);
    run.assert().success();
    let text = fs::read_to_string(out.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

/// The manifests of all cases, in order; some are run side by side.
fn manifests() -> Vec<(PathBuf, Value)> {
    let files = files();
    let runs = std::thread::available_parallelism().map_or(1, usize::from);
    let part = |part: &[PathBuf]| part.iter().map(|file| manifest(file)).collect::<Vec<_>>();
    let made = std::thread::scope(|scope| {
        let parts = files.chunks(files.len().div_ceil(runs));
        let parts: Vec<_> = parts.map(|own| scope.spawn(move || part(own))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("each can be run")).collect::<Vec<_>>()
    });
    files.into_iter().zip(made).collect()
}

fn gbit_s(value: &Value) -> f64 {
    value.as_f64().expect("a rate") / 1e9
}

/// What a reader would want to see change.
fn summary(name: &str, manifest: &Value) -> String {
    let mut text = format!("{name}\n");
    let list = |value: &Value| value.as_array().expect("a list").clone();
    for figure in list(&manifest["experiment"]["reported"]) {
        let at = list(&figure["at"]);
        let at = at.iter().map(|at| {
            let parameter = at["parameter"].as_str().expect("a name");
            format!(" {parameter}={}", at["value"].to_string().replace('"', ""))
        });
        let place = figure["topology"].as_str().unwrap_or("any topology");
        writeln!(
            text,
            "  reported {:.2} to {:.2} Gbit/s, predicted {:.2} to {:.2} ({place}{})",
            gbit_s(&figure["bit_s_low"]),
            gbit_s(&figure["bit_s_high"]),
            gbit_s(&figure["predicted_bit_s_low"]),
            gbit_s(&figure["predicted_bit_s_high"]),
            at.collect::<String>(),
        )
        .expect("text");
    }
    for unknown in list(&manifest["unknowns"]) {
        let percent = 100.0 * unknown["spread_ratio"].as_f64().expect("a ratio");
        let parameter = unknown["parameter"].as_str().expect("a name");
        writeln!(text, "  unknown {parameter}: {percent:.1} %").expect("text");
    }
    text
}

#[test]
fn every_case_says_what_it_said() {
    let mut said = String::new();
    for (file, manifest) in manifests() {
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let experiment = &manifest["experiment"];
        assert_eq!(experiment["name"], name.as_str(), "a case is named like its file");
        assert_eq!(manifest["complete"], true, "{name}");
        let reported = experiment["reported"].as_array().expect("a list");
        assert!(!reported.is_empty(), "{name}: nothing is reported");
        let points = |figure: &Value| figure["points"].as_u64().expect("a count");
        assert!(reported.iter().all(|figure| points(figure) > 0), "{name}: no point to compare");
        let cause = experiment["cause"].as_str().unwrap_or_default();
        assert!(cause.len() > 200, "{name}: the cause is a paragraph");
        assert!(manifest["unknowns"].as_array().is_some_and(|all| all.len() > 1), "{name}");
        said += &summary(&name, &manifest);
    }
    let golden = here("tests/cases.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&golden, &said).expect("a writable file");
    }
    let before = fs::read_to_string(&golden).expect("tests/cases.txt; UPDATE=1 writes it");
    for (now, then) in said.lines().zip(before.lines()) {
        assert_eq!(now, then, "UPDATE=1 accepts it; then read the `cause` paragraph again");
    }
    assert_eq!(said.lines().count(), before.lines().count(), "a case came or went");
}

#[test]
fn at_least_six_of_the_questions_have_one() {
    assert!(files().len() >= 6);
}
