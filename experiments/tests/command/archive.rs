//! Readings that are evaluated away from the machine that took them.

use std::fs;

use predicates::prelude::*;

use super::Folder;

const MEASURE: [&str; 10] = [
    "calibrate",
    "gpu",
    "--simulate",
    "1",
    "--pcie",
    "gen4-x16",
    "--place",
    "rack 7",
    "--name",
    "mine",
];
/// What an evaluation leaves besides figures.
const TABLES: [&str; 4] = ["readings.csv", "points.csv", "findings.csv", "probes.csv"];

/// A folder in which a simulated device was measured, and everything packed into `a.tar.gz`.
fn measured(more: &[&str]) -> Folder {
    let folder = Folder::new();
    let to = ["--results", "all/calibration", "--out", "all/profiles", "--quiet"];
    folder.run(&[&MEASURE[..], &["--repetitions", "5"], &to, more].concat());
    folder.write("all/facts/nvidia-smi-topo-m.txt", "\tGPU0\tCPU Affinity\nGPU0\t X \t0-3\n");
    folder.write("all/facts/nvidia-smi-q-x.xml", [0xff, 0xfe, 0x00]);
    folder.run(&["calibrate", "gpu", "--pack", "all", "--out", "a.tar.gz"]);
    folder
}

/// Name, place and slot are in the readings, so nothing has to be said again.
#[test]
fn an_archive_says_anywhere_what_the_machine_said() {
    let folder = measured(&[]);
    let unpacked = folder.path().join("unpacked");
    let reader =
        flate2::read::GzDecoder::new(fs::File::open(folder.path().join("a.tar.gz")).unwrap());
    tar::Archive::new(reader).unpack(&unpacked).unwrap();
    let sources = ["a.tar.gz", "unpacked", "all/calibration/raw.jsonl"];
    for (at, source) in sources.into_iter().enumerate() {
        let (results, out) = (format!("r{at}"), format!("p{at}"));
        let import = ["calibrate", "gpu", "--import", source, "--results", &results, "--out", &out];
        folder.run(&import);
        for table in TABLES {
            let here = folder.read(&format!("all/calibration/{table}"));
            assert_eq!(folder.read(&format!("{results}/{table}")), here, "{source}: {table}");
        }
        let profile = folder.read("all/profiles/gpu/mine.csv");
        assert_eq!(folder.read(&format!("{out}/gpu/mine.csv")), profile, "{source}");
        assert!(profile.contains("rack 7"), "{profile}");
    }
    // What nvidia-smi printed is imported too; what is rubbish is passed over.
    let imported = folder.read("r0/imported.csv");
    assert!(imported.contains("a.tar.gz:facts/nvidia-smi-topo-m.txt"), "{imported}");
    // What the user says now counts for more than what was said then.
    let again = ["calibrate", "gpu", "--import", "a.tar.gz", "--place", "rack 8", "--out", "p"];
    folder.run(&again);
    assert!(folder.read("p/gpu/mine.csv").contains("rack 8"));
}

#[test]
fn what_a_budget_left_out_is_told_everywhere() {
    let folder = measured(&["--budget", "2s"]);
    let import = ["calibrate", "gpu", "--import", "a.tar.gz"];
    let told = folder.run(&import);
    assert!(told.contains("\nLeft out by the budget of 2 s: copies (copy_setup, "), "{told}");
    let object = folder.json(&import);
    assert_eq!(object["budget_s"], 2.0);
    let probes = object["probes"].as_array().unwrap();
    let copies = probes.iter().find(|probe| probe["probe"] == "copies").unwrap();
    assert_eq!(copies["status"], "left-out");
    assert_eq!(copies["repetitions"], 0);
    assert_eq!(copies["missing"], copies["parameters"]);
    assert!(copies["parameters"].as_array().unwrap().iter().any(|name| name == "copy_call"));
    let report = folder.read("results/calibrate-gpu/report.html");
    assert!(report.contains("What was not found"), "the report hides it");
    let profile = object["profile"].as_str().unwrap();
    let line = profile.lines().find(|line| line.starts_with("copy_call,")).unwrap();
    assert!(line.contains(",assumed,") && line.contains("NOT MEASURED"), "{line}");
}

#[test]
fn a_bad_archive_is_bad_input_and_leaves_nothing() {
    let folder = measured(&[]);
    let good = fs::read(folder.path().join("a.tar.gz")).unwrap();
    folder.write("cut.tar.gz", &good[..good.len() / 2]);
    folder.write("foreign.tar.gz", "PK\u{3}\u{4}");
    folder.write("empty.tar.gz", "");
    folder.write("version/manifest.json", newer(&folder));
    folder.write("changed/manifest.json", folder.read("all/manifest.json"));
    folder.write("none/steps.csv", "name\n");
    folder.run(&["calibrate", "gpu", "--pack", "none", "--out", "none.tar.gz"]);
    let raw = folder.read("all/calibration/raw.jsonl");
    folder.write("newer.jsonl", raw.replacen("\"version\":1", "\"version\":2", 1));
    let cases = [
        ("cut.tar.gz", "is cut or damaged", "copy it again"),
        ("empty.tar.gz", "is cut or damaged", "copy it again"),
        ("foreign.tar.gz", "is no archive of a GPU's measurement", "the archive that `.ci/gpu`"),
        ("version", "is of version 2, written by podpath", "this podpath reads version 1"),
        ("changed", "is not what its manifest says", "--pack` packs a changed folder anew"),
        ("none.tar.gz", "has no `calibration/raw.jsonl`", "an archive whose step for it ended"),
        ("missing.tar.gz", "cannot be read", "the archive that `.ci/gpu`"),
        ("newer.jsonl", "in version 2", "this podpath reads version 1"),
    ];
    for (path, says, valid) in cases {
        let assert = folder.podpath().args(["calibrate", "gpu", "--import", path]).assert();
        let output = assert.code(2).stdout("").get_output().clone();
        let told = String::from_utf8_lossy(&output.stderr).replace("\n  │ ", " ");
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(says) && told.contains(valid), "{path}: {told}");
        assert!(!folder.path().join("results").exists(), "{path} left something behind");
    }
    let nothing = ["calibrate", "gpu", "--pack", "nowhere", "--out", "x.tar.gz"];
    let says = predicate::str::contains("--pack: `nowhere` cannot be read");
    folder.podpath().args(nothing).assert().code(2).stderr(says);
    assert!(!folder.path().join("x.tar.gz").exists());
}

/// The manifest of another version, beside nothing; the good one is put into `all`.
fn newer(folder: &Folder) -> String {
    let file = fs::File::open(folder.path().join("a.tar.gz")).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(file))
        .unpack(folder.path().join("all"))
        .unwrap();
    folder.read("all/manifest.json").replacen("\"version\": 1", "\"version\": 2", 1)
}

/// A calibration that is killed has kept the probes that had ended, and they can be evaluated.
#[cfg(unix)]
#[test]
fn what_had_ended_when_it_was_killed_is_kept() {
    use std::time::{Duration, Instant};
    let folder = Folder::new();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("podpath"))
        .args(MEASURE)
        .args(["--repetitions", "1001", "--results", "r", "--quiet"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("it runs");
    let begin = Instant::now();
    let raw = folder.path().join("r/raw.jsonl");
    let kept = || fs::read_to_string(&raw).unwrap_or_default();
    while !kept().contains("{\"probe\":\"launch\"") {
        assert!(begin.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it is there");
    child.wait().expect("it ends");
    let import = ["calibrate", "gpu", "--import", "r/raw.jsonl", "--results", "s"];
    let told = folder.run(&import);
    assert!(told.contains("Not reached: "), "{told}");
    assert!(folder.read("s/findings.csv").contains(",sm_clock,"));
}
