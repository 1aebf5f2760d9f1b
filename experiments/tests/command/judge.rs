//! The judging set as a user meets it: measured (here on a simulated device), and judged by.

use calibration_gpu::judge::process::{Children, Processes};
use calibration_gpu::judge::{Sharing, case};
use calibration_gpu::simulated::{Simulated, plain, plausible};
use models::library::Kind;
use predicates::prelude::*;
use sim::Seed;

use super::Folder;
use super::needs::{Need, lacks};

const JUDGE: [&str; 5] = ["calibrate", "gpu", "--judge", "--simulate", "1"];

/// A folder with a rehearsed measurement in `j`.
fn rehearsed(more: &[&str]) -> Folder {
    let folder = Folder::new();
    folder.run(&[&JUDGE[..], more, &["--out", "j"]].concat());
    folder
}

/// How many lines of a table have the value in the column.
fn count(table: &str, column: &str, wanted: impl Fn(&str) -> bool) -> usize {
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let at = reader.headers().unwrap().iter().position(|name| name == column).unwrap();
    reader.records().filter(|row| wanted(&row.as_ref().unwrap()[at])).count()
}

#[test]
fn every_case_is_measured_by_name_and_the_same_seed_gives_the_same_bytes() {
    let folder = rehearsed(&[]);
    let table = folder.read("j/judging.csv");
    assert_eq!(count(&table, "device", |name| name.starts_with("simulated device")), 217);
    assert_eq!(count(&table, "left_out", |why| !why.is_empty()), 0);
    assert_eq!(count(&table, "verified", |how| how == "wrong"), 0);
    assert!(count(&table, "verified", |how| how == "right") > 40);
    let again = rehearsed(&[]);
    assert_eq!(table, again.read("j/judging.csv"));
    assert_eq!(std::fs::read_dir(folder.path().join("j")).unwrap().count(), 1, "one file is left");
}

#[test]
fn a_budget_leaves_some_of_every_kind_and_lists_the_rest() {
    let folder = rehearsed(&["--budget", "20s"]);
    let table = folder.read("j/judging.csv");
    let measured = count(&table, "value", |value| !value.is_empty());
    assert!((40..217).contains(&measured), "{measured}");
    assert_eq!(count(&table, "left_out", |why| why.contains("budget")), 217 - measured);
    for kind in ["pinned", "mapped", "graphs", "histogram", "chunks", "mps"] {
        let prefix = format!("{kind}/");
        let own = table.lines().filter(|line| line.contains(&format!(",{prefix}")));
        assert!(own.clone().any(|line| !line.contains("budget")), "{kind}");
    }
}

#[test]
fn a_measurement_is_judged_beside_what_was_frozen_and_what_a_profile_says() {
    let folder = rehearsed(&[]);
    let compare = ["compare", "--measured", "j", "--frozen", "h100-80-sxm"];
    let told = folder.json(&[&compare[..], &["--profile", "a100-40-pcie"]].concat());
    assert_eq!(told["measured"], 217);
    assert_eq!(told["frozen"]["name"], "h100-80-sxm");
    let all = told["summaries"].as_array().unwrap();
    for (of, half) in [("frozen", "kept-out"), ("now", "kept-out"), ("now", "fit-may-look")] {
        let found =
            all.iter().find(|one| one["of"] == of && one["kind"].is_null() && one["half"] == half);
        let found = found.unwrap_or_else(|| panic!("{of} {half}"));
        assert!(found["median_error_ratio"].as_f64().unwrap() > 0.0, "{found}");
        assert!(found["p90_error_ratio"].as_f64() >= found["median_error_ratio"].as_f64());
        let coverage = found["coverage_ratio"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&coverage));
    }
    let table = folder.read("results/judged/compare.csv");
    assert_eq!(count(&table, "frozen", |value| !value.is_empty()), 217);
    assert_eq!(count(&table, "predicted", |value| !value.is_empty()), 217);
    let report = folder.read("results/judged/report.html");
    for says in ["No GPU was measured", "Of what is kept out, frozen", "h100-80-sxm"] {
        assert!(report.contains(says), "{says}");
    }
    for plot in ["error-by-kind", "predicted-vs-measured"] {
        assert!(folder.path().join(format!("results/judged/plots/{plot}.svg")).exists(), "{plot}");
    }
}

/// The whole way, rehearsed: measure, calibrate the same device, judge by the profile that results.
#[test]
fn a_calibrated_profile_predicts_its_own_device_better_than_another_one() {
    let folder = rehearsed(&[]);
    let calibrate = ["calibrate", "gpu", "--simulate", "2", "--pcie", "gen4-x16"];
    folder.run(&[&calibrate[..], &["--repetitions", "7", "--out", "p"]].concat());
    let median = |profile: &str| {
        let told = folder.json(&["compare", "--measured", "j/judging.csv", "--profile", profile]);
        let all = told["summaries"].as_array().unwrap().clone();
        let kept = all.iter().find(|one| one["kind"].is_null() && one["half"] == "kept-out");
        kept.unwrap()["median_error_ratio"].as_f64().unwrap()
    };
    let (own, other) = (median("p/gpu/my-gpu.csv"), median("a100-40-pcie"));
    println!("median error {own} by its own profile, {other} by that of another GPU");
    assert!(own < 0.05 && own < other / 2.0, "{own} {other}");
}

/// An archive, the folder it was made of, and the table alone are judged to the same bytes.
#[test]
fn an_archive_is_judged_as_the_table_in_it() {
    let folder = Folder::new();
    folder.run(&[&JUDGE[..], &["--out", "all/judging"]].concat());
    folder.run(&["calibrate", "gpu", "--pack", "all", "--out", "a.tar.gz"]);
    let reader =
        flate2::read::GzDecoder::new(std::fs::File::open(folder.path().join("a.tar.gz")).unwrap());
    tar::Archive::new(reader).unpack(folder.path().join("unpacked")).unwrap();
    let tables = ["all/judging/judging.csv", "all", "a.tar.gz", "unpacked"].map(|path| {
        folder.run(&["compare", "--measured", path, "--frozen", "h100-80-sxm", "--out", "r"]);
        folder.read("r/compare.csv")
    });
    assert_eq!(count(&tables[0], "frozen", |value| !value.is_empty()), 217);
    assert!(tables.iter().all(|table| *table == tables[0]));
    // Nothing is believed of an archive that has been changed, or has no such table.
    folder.write("unpacked/judging/judging.csv", "set,case\n");
    folder.write("bare/notes.txt", "nothing");
    folder.run(&["calibrate", "gpu", "--pack", "bare", "--out", "bare.tar.gz"]);
    let whole = std::fs::read(folder.path().join("a.tar.gz")).unwrap();
    folder.write("cut.tar.gz", &whole[..whole.len() / 2]);
    let cases = [
        ("unpacked", "is not what its manifest says"),
        ("bare.tar.gz", "has no `judging/judging.csv`"),
        ("cut.tar.gz", "is cut or damaged"),
    ];
    for (path, says) in cases {
        let compare = folder.podpath().args(["compare", "--measured", path, "--out", "x"]).assert();
        compare.code(2).stdout("").stderr(predicate::str::contains(says));
        assert!(!folder.path().join("x").exists());
    }
}

#[test]
fn what_cannot_be_judged_is_refused_and_leaves_nothing() {
    let folder = rehearsed(&["--budget", "1s"]);
    let good = folder.read("j/judging.csv");
    folder.write("cut.csv", &good[..good.len() / 2]);
    folder.write("old.csv", good.replacen("\n1,", "\n9,", 1));
    folder.write("other.csv", "a,b\n1,2\n");
    let data_sheet = calibration_data::shipped().source(Kind::Gpu, "p100-16-pcie").unwrap();
    let slot = "pcie_generation,3,count,,,assumed,x\npcie_lanes,16,count,,,assumed,x\n";
    folder.write("data-sheet.csv", format!("{}{slot}", data_sheet.text));
    let cases: [(&[&str], &str); 10] = [
        (&["cut.csv"], "cut.csv:"),
        (&["old.csv"], "set: is version 9 of the judging set"),
        (&["other.csv"], "set: this column is missing"),
        (&["nowhere.csv"], "nowhere.csv"),
        (&["."], "`.` has no judging.csv"),
        (&["j", "--profile", "h100-80-sxn"], "did you mean `h100-80-sxm`?"),
        (&["j", "--profile", "p100-16-pcie"], "pcie_generation: is missing from this profile"),
        (&["j", "--profile", "data-sheet.csv"], "no execution model"),
        (&["j", "--frozen", "h100-80-sxn"], "nothing is frozen for `h100-80-sxn`"),
        (&["j", "--profile", "nowhere.csv"], "--profile"),
    ];
    for (arguments, says) in cases {
        let arguments = [&["compare", "--measured"], arguments].concat();
        let assert = folder.podpath().args(&arguments).assert();
        assert.code(2).stderr(predicate::str::contains(says));
        assert!(!folder.path().join("results").exists(), "{arguments:?}");
    }
}

/// No fit sees the judging set: what takes tables of measurements does not take this one.
#[test]
fn no_fit_takes_a_judging_set() {
    let folder = rehearsed(&["--budget", "1s"]);
    let fit: &[&str] = &["calibrate", "fit", "gpu", "--gpu", "a40", "--data", "j/judging.csv"];
    let validate: &[&str] = &["validate", "--against", "j/judging.csv"];
    for arguments in [fit, validate] {
        let assert = folder.podpath().args(arguments).assert();
        assert.code(2).stdout("").stderr(predicate::str::contains("header"));
    }
}

#[test]
fn a_budget_too_small_for_one_case_is_refused_and_leaves_nothing() {
    let folder = Folder::new();
    let judge = folder.podpath().args(JUDGE).args(["--budget", "0.000001s", "--out", "j"]).assert();
    judge.code(2).stdout("").stderr(predicate::str::contains("too little for one case"));
    assert!(!folder.path().join("j").exists());
}

#[test]
fn options_that_do_nothing_together_are_refused() {
    let cases: [(&[&str], &str); 5] = [
        (&["calibrate", "gpu", "--judge", "--import", "x"], "cannot be used with"),
        (&["calibrate", "gpu", "--judge", "--budget", "4"], "such as `4min`"),
        (&["calibrate", "gpu", "--judge", "--pack", "x", "--out", "y"], "cannot be used with"),
        (&["compare", "lab", "--measured", "x", "--profile", "y"], "cannot be used with"),
        (&["compare"], "<FILE>"),
    ];
    for (arguments, says) in cases {
        let assert = Folder::new().podpath().args(arguments).assert();
        assert.code(2).stderr(predicate::str::contains(says));
    }
}

#[test]
fn a_frozen_file_is_never_written_anew() {
    let folder = Folder::new();
    let there = folder.write("frozen/h100-80-sxm.csv", "what was said\n");
    let freeze = ["calibrate", "freeze", "h200-141-sxm", "h100-80-sxm", "--pcie", "gen5-x16"];
    let more = ["--host", "two-socket-2021", "--out", "frozen"];
    let assert = folder.podpath().args([&freeze[..], &more[..]].concat()).assert();
    assert.code(2).stderr(predicate::str::contains("is never written anew"));
    assert_eq!(std::fs::read_to_string(there).unwrap(), "what was said\n");
    assert!(!folder.path().join("frozen/h200-141-sxm.csv").exists(), "not one of them is written");
}

#[test]
fn without_a_gpu_one_sentence_and_exit_code_2() {
    let without = (!calibration_gpu::driver_is_there()).then_some(());
    if lacks(&without.ok_or((Need::NoCuda, "this machine has an NVIDIA driver"))) {
        return;
    }
    let folder = Folder::new();
    let judge = folder.podpath().args(["calibrate", "gpu", "--judge", "--quiet"]).assert();
    judge.code(2).stdout("").stderr(predicate::str::contains("no NVIDIA driver was found"));
    assert!(!folder.path().join("results").exists());
}

/// Two processes for real, each on a simulated device of its own: they start, get ready, go
/// together, change from one case to the next, and say what they do not know. MPS is left out with
/// its reason where it is not installed.
#[test]
fn two_processes_get_ready_and_go_together() {
    let program = assert_cmd::cargo::cargo_bin!("podpath").to_owned();
    let serve = ["calibrate", "judge-process", "--simulate", "1"].map(str::to_owned).to_vec();
    let mut children = Children::new(program, serve);
    let mut device = Simulated::new(plain(), plausible(), Seed::new(1)).unwrap();
    for name in ["turns/memory", "turns/memory", "turns/arithmetic-long"] {
        let seconds = children.time(&mut device, case(name).unwrap(), Sharing::Turns).unwrap();
        assert!(seconds > 0.0 && seconds < 30.0, "{name}: {seconds}");
    }
    let mps = children.time(&mut device, case("mps/memory").unwrap(), Sharing::Mps);
    match mps {
        Ok(seconds) => assert!(seconds > 0.0, "MPS is installed here: {seconds}"),
        Err(why) => assert!(why.contains("MPS"), "{why}"),
    }
    // And back again, in new processes.
    children.time(&mut device, case("turns/memory").unwrap(), Sharing::Turns).unwrap();
    let deaf = Folder::new()
        .podpath()
        .args(["calibrate", "judge-process", "--simulate", "1"])
        .write_stdin("turns/memry\n")
        .assert();
    deaf.success().stdout("no case is called `turns/memry`\n");
}

#[test]
fn a_process_that_does_not_speak_is_an_error_and_no_hang() {
    let mut children = Children::new("false".into(), Vec::new());
    let mut device = Simulated::new(plain(), plausible(), Seed::new(1)).unwrap();
    let told = children.time(&mut device, case("turns/memory").unwrap(), Sharing::Turns);
    let told = told.unwrap_err();
    assert!(told.starts_with("a second process "), "{told}");
}
