//! Every command explains itself with examples, and wrong arguments are bad input.

use predicates::prelude::*;

use super::Folder;

const COMMANDS: [&[&str]; 17] = [
    &[],
    &["run"],
    &["explain"],
    &["show"],
    &["replay"],
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
    &["serve"],
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
    let cases: [(&[&str], &str); 9] = [
        (&["run", "quickstrat"], "did you mean the shipped experiment `quickstart`?"),
        (&["explain", "quickstart", "--topology", "quickstart-vlan"], "`quickstart-vxlan`?"),
        (&["explain", "quickstart", "--set", "strems=1"], "did you mean `streams`?"),
        (&["explain", "quickstart", "--set", "streams"], "has no `=`"),
        (&["show", "flanel"], "did you mean `flannel`?"),
        (&["profiles", "show", "host/bench-2042"], "did you mean `bench-2024`?"),
        (&["profiles", "list", "--kind", "cno"], "did you mean `cni`?"),
        (&["validate", "--against", "none.csv"], "there is no such file"),
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
