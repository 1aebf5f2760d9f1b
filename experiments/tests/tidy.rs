//! Style as a test: what a reader relies on in every file, and which crate may use what.

use std::fs;
use std::path::{Path, PathBuf};

const COLUMNS_MAX: usize = 100;
const LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
const CRATES: [&str; 5] = ["sim", "models", "calibration", "experiments", "benches/fuzz"];

/// Every Rust file of the workspace with its text, in a fixed order.
fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned();
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = CRATES.iter().map(|name| root.join(name)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder").flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                found.push((path.strip_prefix(&root).expect("below the root").to_owned(), text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "only {} files were found", found.len());
    found
}

/// Fails with every complaint at once.
fn report(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn files_open_with_what_they_are_and_stay_small() {
    let mut complaints = Vec::new();
    for (path, text) in files() {
        let path = path.display();
        if !text.starts_with("//!") {
            complaints.push(format!("{path}: does not open with a `//!` line"));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            complaints.push(format!("{path}: {lines} lines, of at most {LINES_MAX}"));
        }
        for (at, line) in text.lines().enumerate() {
            if line.chars().count() > COLUMNS_MAX {
                complaints.push(format!("{path}:{}: over {COLUMNS_MAX} columns", at + 1));
            }
        }
    }
    report(&complaints);
}

#[test]
fn functions_fit_on_a_page() {
    let mut complaints = Vec::new();
    for (path, text) in files() {
        let lines: Vec<&str> = text.lines().collect();
        for (begin, line) in lines.iter().enumerate() {
            let body = line.trim_start();
            let indent = line.len() - body.len();
            let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "const fn "]
                .iter()
                .any(|start| body.starts_with(start));
            if !is_function {
                continue;
            }
            // rustfmt closes a function at the indentation it opened it.
            let closes = |line: &&str| line.len() == indent + 1 && line.trim_start() == "}";
            let length = lines[begin..].iter().position(closes).unwrap_or(0);
            if length > FUNCTION_LINES_MAX {
                let path = path.display();
                complaints.push(format!("{path}:{}: a function of {length} lines", begin + 1));
            }
        }
    }
    report(&complaints);
}

#[test]
fn each_foreign_crate_lives_where_it_belongs() {
    // Crate, and the members that may name it in their sources.
    let homes: [(&str, &[&str]); 8] = [
        ("cudarc", &["calibration/gpu"]),
        ("nvml_wrapper", &["calibration/gpu"]),
        ("petgraph", &["models", "experiments"]),
        ("plotters", &["experiments"]),
        // Runs are parallel, and a table of placements is judged by hundreds of them.
        ("rayon", &["experiments", "calibration/data", "calibration/fit"]),
        ("clap", &["experiments", "benches"]),
        ("levenberg_marquardt", &["calibration/fit"]),
        ("rand_xoshiro", &["sim"]),
    ];
    let mut complaints = Vec::new();
    for (path, text) in files() {
        let member = member(&path);
        for (name, members) in homes {
            let uses = text.contains(&format!("use {name}")) || text.contains(&format!("{name}::"));
            if uses && !members.contains(&member.as_str()) && !path.ends_with("tidy.rs") {
                complaints.push(format!("{}: uses {name}", path.display()));
            }
        }
    }
    report(&complaints);
}

/// The folder of the crate that a file is in.
fn member(path: &Path) -> String {
    let mut parts = path.iter().map(|part| part.to_string_lossy());
    let first = parts.next().expect("a folder").into_owned();
    match (first.as_str(), parts.next()) {
        ("calibration", Some(second)) => format!("{first}/{second}"),
        _ => first,
    }
}

#[test]
fn dependencies_run_one_way() {
    // Each may use those before it, and what simulates and validates needs no GPU.
    let own = [
        ("sim", "sim"),
        ("models", "models"),
        ("calibration/data", "calibration_data"),
        ("calibration/fit", "calibration_fit"),
        ("calibration/gpu", "calibration_gpu"),
        ("calibration/lab", "calibration_lab"),
        ("experiments", "podpath"),
    ];
    let of_gpus = ["cudarc", "nvml-wrapper"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned();
    let mut complaints = Vec::new();
    for (at, (folder, _)) in own.iter().enumerate() {
        let text = fs::read_to_string(root.join(folder).join("Cargo.toml")).expect("a manifest");
        let named = |name: &str| text.lines().any(|line| line.starts_with(&format!("{name}.")));
        let later = own[at..].iter().filter(|(_, name)| named(name));
        complaints.extend(later.map(|(_, name)| format!("{folder} depends on {name}")));
        let gpu = of_gpus.iter().filter(|name| *folder != "calibration/gpu" && named(name));
        complaints.extend(gpu.map(|name| format!("{folder} depends on {name}")));
    }
    report(&complaints);
}

#[test]
fn the_engine_knows_no_domain_word() {
    let words = ["gpu", "packet", "pod", "veth", "kubernetes", "cuda"];
    let mut complaints = Vec::new();
    for (path, text) in files().into_iter().filter(|(path, _)| path.starts_with("sim/src")) {
        for (at, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            let mut parts = line.split(|c: char| !c.is_alphanumeric());
            if let Some(word) = parts.find(|part| words.contains(part)) {
                complaints.push(format!("{}:{}: says `{word}`", path.display(), at + 1));
            }
        }
    }
    report(&complaints);
}

#[test]
fn no_file_is_a_drawer_for_odds_and_ends() {
    let banned = ["utils", "util", "helpers", "manager", "misc", "common"];
    let excuses = ["TODO", "FIXME", "XXX", "allow(dead_code)", "allow(unused"];
    let mut complaints = Vec::new();
    for (path, text) in files().into_iter().filter(|(path, _)| !path.ends_with("tidy.rs")) {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if banned.contains(&stem.as_str()) {
            complaints.push(format!("{}: what is it about?", path.display()));
        }
        for (at, line) in text.lines().enumerate() {
            if let Some(excuse) = excuses.iter().find(|excuse| line.contains(*excuse)) {
                complaints.push(format!("{}:{}: {excuse}", path.display(), at + 1));
            }
        }
    }
    report(&complaints);
}
