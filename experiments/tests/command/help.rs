//! Every command explains itself with examples, and wrong arguments are bad input.

use predicates::prelude::*;

use super::Folder;

pub(super) const COMMANDS: [&[&str]; 21] = [
    &[],
    &["run"],
    &["explain"],
    &["show"],
    &["replay"],
    &["place"],
    &["functions"],
    &["scenario"],
    &["validate"],
    &["calibrate"],
    &["calibrate", "fit"],
    &["calibrate", "gpu"],
    &["calibrate", "net"],
    &["calibrate", "freeze"],
    &["measure"],
    &["compare"],
    &["profiles"],
    &["schema"],
    &["merge"],
    &["respond"],
    &["completions"],
];

#[test]
fn every_help_has_examples_and_fits_a_hundred_columns() {
    for command in COMMANDS {
        let text = Folder::new().run(&[command, &["--help"]].concat());
        assert!(text.contains("Examples:\n  podpath "), "{command:?}:\n{text}");
        let long = text.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{command:?}");
    }
}

#[test]
fn wrong_arguments_exit_with_two() {
    let cases: [(&[&str], &str); 8] = [
        (&["rum"], "'run'"),
        (&["run"], "<FILE>"),
        (&["run", "quickstart", "--threads", "0"], "1..=1024"),
        (&["run", "quickstart", "--threads", "many"], "invalid digit"),
        (&["run", "quickstart", "--seed", "-1"], "'-1'"),
        (&["run", "quickstart", "--fidelity", "exact"], "[possible values: closed, flow, chunk]"),
        (&["completions", "cmd"], "[possible values: bash"),
        (&["show", "flannel", "--dott"], "'--dot'"),
    ];
    for (arguments, says) in cases {
        let assert = Folder::new().podpath().args(arguments).assert();
        assert.code(2).stderr(predicate::str::contains(says));
    }
}

#[test]
fn what_is_not_there_is_named_with_the_nearest() {
    let cases: [(&[&str], &str); 11] = [
        (&["run", "quickstrat"], "did you mean the shipped experiment `quickstart`?"),
        (&["explain", "quickstart", "--topology", "quickstart-vlan"], "`quickstart-vxlan`?"),
        (&["explain", "quickstart", "--set", "strems=1"], "did you mean `streams`?"),
        (&["explain", "quickstart", "--set", "streams"], "has no `=`"),
        (&["show", "flanel"], "did you mean `flannel`?"),
        (&["profiles", "show", "host/bench-2042"], "did you mean `bench-2024`?"),
        (&["profiles", "list", "--kind", "cno"], "did you mean `cni`?"),
        (&["validate", "--against", "none.csv"], "there is no such file"),
        (&["place", "opnb", "default"], "did you mean `openb`?"),
        (&["place", "openb", "deflt"], "did you mean `default`?"),
        (&["calibrate", "gpu", "--pcie", "gen4x16"], "did you mean `gen4-x16`?"),
    ];
    for (arguments, says) in cases {
        let assert = Folder::new().podpath().args(arguments).assert();
        assert.code(2).stdout("").stderr(predicate::str::contains(says));
    }
}

#[test]
fn completions_name_every_subcommand() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Folder::new().run(&["completions", shell]);
        for command in COMMANDS.into_iter().flatten() {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

/// Shipped experiments run and show by name; a name that several entries have shows them all.
#[test]
fn names_are_enough() {
    let folder = Folder::new();
    let told = folder.json(&["run", "gpu-result", "--no-intervals", "--no-changes"]);
    assert_eq!(told["experiments"][0]["rows"][0]["experiment"], "gpu-result");
    assert!(folder.run(&["profiles", "show", "gpu-result"]).contains("name = \"gpu-result\""));
    let text = folder.run(&["profiles", "show", "flannel"]);
    assert!(text.contains("cni/flannel:\n") && text.contains("\ntopology/flannel:\n"), "{text}");
    let told = folder.json(&["profiles", "show", "flannel"]);
    assert_eq!(told["entries"].as_array().expect("a list").len(), 2);
}

/// At eighty columns the answer is there, and no line is cut.
#[test]
fn a_narrow_terminal_has_the_answers() {
    let folder = Folder::new();
    folder.write("small.toml", super::SMALL);
    let mut narrow = folder.podpath();
    let run = narrow.env("COLUMNS", "80").args(["run", "small.toml", "--no-intervals"]);
    let output = run.assert().success().get_output().clone();
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("\n    most taken by "), "{text}");
    let mut narrow = folder.podpath();
    let explain = narrow.env("COLUMNS", "80").args(["explain", "small.toml"]);
    let output = explain.assert().success().get_output().clone();
    let text = String::from_utf8(output.stdout).expect("text");
    let tables = text.lines().filter(|line| line.contains(" %  "));
    let long = tables.clone().find(|line| line.chars().count() > 80);
    assert_eq!((long, tables.count() > 5), (None, true), "{text}");
}
