//! A run in parts, each by a process of its own, is the same run.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::time::Duration;

use super::determinism::bytes;
use super::{Folder, OVER_TIME, SMALL};

/// Runs a shard.
fn shard(folder: &Folder, file: &str, out: &str, part: &str) {
    folder.run(&["run", file, "--out", out, "--shard", part]);
}

/// What a command says that is refused.
fn refused(folder: &Folder, arguments: &[&str]) -> String {
    let output = folder.podpath().args(arguments).assert().code(2).get_output().clone();
    String::from_utf8(output.stderr).expect("text").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn seven_shards_two_of_them_killed_give_the_bytes_of_one_run() {
    for (file, text) in [("small.toml", SMALL), ("over.toml", OVER_TIME)] {
        let folder = Folder::new();
        folder.write(file, text);
        folder.run(&["run", file, "--out", "whole"]);
        for part in ["2/7", "5/7"] {
            let mut child = Command::new(assert_cmd::cargo::cargo_bin!("podpath"))
                .args(["run", file, "--out", "parts", "--shard", part])
                .current_dir(folder.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("it runs");
            std::thread::sleep(Duration::from_millis(150));
            child.kill().expect("a child");
            child.wait().expect("it ends");
        }
        // In another order than they are merged, and one of them twice.
        for number in [5, 1, 7, 3, 2, 6, 4, 1] {
            shard(&folder, file, "parts", &format!("{number}/7"));
        }
        folder.run(&["merge", "parts", "--out", "merged"]);
        let read = |name: &str| bytes(&folder.path().join(name));
        let (whole, merged) = (read("whole"), read("merged"));
        assert_eq!(whole.keys().collect::<Vec<_>>(), merged.keys().collect::<Vec<_>>());
        let other = whole.iter().find(|(name, bytes)| merged[*name] != **bytes);
        assert!(other.is_none(), "{file}: {} is not the same", other.expect("one").0);
        // Without --out, results lie beside the shards.
        folder.run(&["merge", "parts"]);
        assert!(folder.path().join("parts/shard-3-of-7/header.json").exists());
        assert_eq!(folder.read("parts/manifest.json"), folder.read("whole/manifest.json"));
    }
}

#[test]
fn what_is_no_shard_is_refused() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    for (part, says) in [
        ("0/3", "the shards of 3 are 1/3 to 3/3"),
        ("4/3", "the shards of 3 are 1/3 to 3/3"),
        ("1", "I/N is expected"),
        ("slurm/3", "SLURM_ARRAY_TASK_ID is not set"),
    ] {
        let said = refused(&folder, &["run", "small.toml", "--shard", part]);
        assert!(said.contains(says), "{part}: {said}");
    }
    let run = |name: &str, value: &str, part: &str| {
        let arguments = ["run", "small.toml", "--out", "out", "--shard", part];
        folder.podpath().env(name, value).args(arguments).assert()
    };
    run("SLURM_ARRAY_TASK_ID", "2", "slurm/3").success();
    run("JOB_COMPLETION_INDEX", "2", "kubernetes/3").success();
    run("SLURM_ARRAY_TASK_ID", "0", "slurm/3").code(2);
    run("JOB_COMPLETION_INDEX", "3", "kubernetes/3").code(2);
    for part in ["2", "3"] {
        let header = folder.read(&format!("out/shard-{part}-of-3/header.json"));
        assert!(header.contains(&format!("\"shard\": \"{part}/3\"")), "{header}");
    }
}

#[test]
fn shards_that_are_not_those_of_one_run_are_refused() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.write("other.toml", SMALL.replace("\"small\"", "\"other\""));
    for part in ["1/2", "2/2"] {
        shard(&folder, "small.toml", "a", part);
        shard(&folder, "other.toml", "other", part);
        folder.run(&["run", "small.toml", "--out", "b", "--seed", "7", "--shard", part]);
    }
    shard(&folder, "small.toml", "c", "1/3");
    let a = |of: &str| format!("{of}/shard-1-of-2");
    let b = |of: &str| format!("{of}/shard-2-of-2");
    let c = "c/shard-1-of-3";
    for (folders, says) in [
        (vec![a("a")], "shard 2/2 is missing"),
        (vec![a("a"), b("a"), a("a")], "are both shard 1/2"),
        (vec![a("a"), b("b")], "of the same experiment with other settings"),
        (vec![a("a"), b("other")], "of `small` and `other`"),
        (vec![a("a"), c.to_owned()], "are of 2 shards and of 3"),
        (vec![c.to_owned()], "2 shards are missing: 2/3, 3/3"),
        (vec!["nowhere".to_owned()], "`nowhere` cannot be read"),
    ] {
        let words: Vec<&str> = folders.iter().map(String::as_str).collect();
        let said = refused(&folder, &[&["merge"], &words[..], &["--out", "out"]].concat());
        assert!(said.contains(says), "{folders:?}: {said}");
        assert!(!folder.path().join("out").exists(), "{folders:?}: something was written");
    }
    // A journal of another shard, and one that is broken.
    let journal = |of: &str| folder.path().join(of).join("points.journal");
    let own = std::fs::read(journal(&b("a"))).expect("a journal");
    std::fs::copy(journal(&a("a")), journal(&b("a"))).expect("a copy");
    let said = refused(&folder, &["merge", "a"]);
    assert!(said.contains("which is not its own"), "{said}");
    std::fs::write(journal(&b("a")), &own[..own.len() - 10]).expect("a file");
    let said = refused(&folder, &["merge", "a"]);
    assert!(said.contains("`a/shard-2-of-2` lacks point"), "{said}");
    std::fs::write(journal(&b("a")), &own).expect("a file");
    // The experiment has to be as it was.
    folder.write("small.toml", SMALL.replace("repetitions = 3", "repetitions = 4"));
    let said = refused(&folder, &["merge", "a"]);
    assert!(said.contains("is not what the shards were run of"), "{said}");
    folder.write("moved.toml", SMALL);
    folder.run(&["merge", "a", "--experiment", "moved.toml", "--out", "out"]);
}
