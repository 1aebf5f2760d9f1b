//! What once broke podpath breaks it no more, and the fuzzer can be called as README says.

use std::path::Path;
use std::process::{Command, Output};

fn fuzz(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fuzz"));
    command.args(words).output().expect("it runs")
}

fn told(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn every_input_of_the_corpus_is_taken_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let folders = std::fs::read_dir(&corpus).expect("the corpus");
    let mut folders: Vec<_> = folders.map(|entry| entry.expect("a folder").path()).collect();
    folders.sort();
    assert!(folders.len() > 8, "{folders:?}");
    for folder in folders {
        let target = folder.file_name().and_then(|name| name.to_str()).expect("text");
        let path = folder.to_str().expect("text");
        let output = fuzz(&["--target", target, "--replay", path]);
        assert!(output.status.success(), "{}", told(&output));
    }
}

/// A second of it: inputs are tried, some come to an end, and nothing is found.
#[test]
fn a_target_is_tried_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("text");
    let output = fuzz(&["--target", "quantity", "--seconds", "1", "--json", "--out", out]);
    assert!(output.status.success(), "{}", told(&output));
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object");
    let count = |name: &str| object["targets"][0][name].as_u64().expect("a count");
    assert_eq!(count("executions"), count("ended") + count("refused") + count("stopped"));
    assert!(count("ended") > 0 && count("refused") > 0, "{object}");
}

#[test]
fn an_unknown_target_is_named() {
    let output = fuzz(&["--target", "quantities"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("no target is called `quantities`; there are: cluster, "));
}
