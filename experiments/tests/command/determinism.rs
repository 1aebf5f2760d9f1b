//! The same experiment gives the same bytes, however it is run.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Folder, SMALL};

/// Every file below a folder with its bytes.
pub(super) fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(bytes(&path).into_iter().map(|(n, b)| (format!("{name}/{n}"), b)));
        } else {
            files.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    files
}

#[test]
fn one_thread_and_several_write_the_same_bytes() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.run(&["run", "small.toml", "--out", "one", "--threads", "1"]);
    folder.run(&["run", "small.toml", "--out", "four", "--threads", "4"]);
    let (one, four) = (bytes(&folder.path().join("one")), bytes(&folder.path().join("four")));
    for name in [
        "runs.csv",
        "summary.csv",
        "taken.csv",
        "returned.csv",
        "life.csv",
        "parameters.csv",
        "manifest.json",
        "report.html",
    ] {
        assert!(one.contains_key(name), "{name} is missing");
    }
    assert!(one.keys().any(|name| name.starts_with("plots/")));
    assert!(one == four, "the number of threads shows in the results");
}

#[test]
fn another_seed_gives_other_chance_and_the_same_points() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    for seed in ["1", "2"] {
        folder.run(&["run", "small.toml", "--out", seed, "--seed", seed]);
    }
    let column = |out: &str, wanted: &str| -> Vec<String> {
        let mut reader = csv::Reader::from_path(folder.path().join(out).join("runs.csv")).unwrap();
        let at = reader.headers().unwrap().iter().position(|name| name == wanted).unwrap();
        reader.records().map(|row| row.unwrap()[at].to_owned()).collect()
    };
    assert_eq!(column("1", "topology"), column("2", "topology"));
    assert_ne!(column("1", "goodput_bit_s"), column("2", "goodput_bit_s"));
}

#[test]
fn where_it_is_run_does_not_show() {
    let folder = Folder::new();
    folder.write("here/small.toml", SMALL);
    folder.write("there/deeper/small.toml", SMALL);
    folder.run(&["run", "here/small.toml", "--out", "a"]);
    folder.run(&["run", "there/deeper/small.toml", "--out", "b/c"]);
    assert!(bytes(&folder.path().join("a")) == bytes(&folder.path().join("b/c")));
}

#[test]
fn workloads_give_the_same_bytes_on_any_number_of_threads_and_other_chance_with_another_seed() {
    let folder = Folder::new();
    folder.write("over-time.toml", super::OVER_TIME);
    for (out, threads, seed) in [("one", "1", "1"), ("four", "4", "1"), ("other", "4", "2")] {
        let arguments = ["--out", out, "--threads", threads, "--seed", seed];
        folder.run(&[&["run", "over-time.toml"][..], &arguments].concat());
    }
    let [one, four, other] = ["one", "four", "other"].map(|out| bytes(&folder.path().join(out)));
    for name in [
        "workloads.csv",
        "workload_runs.csv",
        "resources.csv",
        "windows.csv",
        "parameters.csv",
        "manifest.json",
        "report.html",
    ] {
        assert!(one.contains_key(name), "{name} is missing");
    }
    assert!(one == four, "the number of threads shows in the results");
    assert_ne!(one["workload_runs.csv"], other["workload_runs.csv"]);
}
