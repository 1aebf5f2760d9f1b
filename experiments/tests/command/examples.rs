//! Every example of every `--help` does what it says: it is run where it takes moments and what it
//! names can be made here, and otherwise its arguments are accepted.

use std::process::{Command, Stdio};

use super::help::COMMANDS;
use super::place::{NODES, PODS};
use super::replay::PAIR;
use super::{Folder, SMALL};

/// Examples that are not run, by how they begin, and why.
const NOT_RUN: [(&str, &str); 38] = [
    ("podpath validate --field", "takes ten seconds and has tests of its own"),
    ("podpath validate --against mine.csv", "the tables of a user; `validate` has tests"),
    ("podpath validate --against nccl", "the tables of a user; `collectives` has tests"),
    ("podpath validate --against openb", "the tables of a user; `place` has tests"),
    ("podpath place nodes.csv pods.csv.gz", "packed pods of a user; `place` has tests"),
    ("podpath validate --against gpu_requests", "the tables of a user; `functions` has tests"),
    ("podpath functions my-requests", "the tables of a user; `functions` has tests"),
    ("podpath functions invocations", "the traces of a user; `functions` has tests"),
    ("podpath functions my.toml", "the file of a user; `functions` has tests"),
    ("podpath scenario my.toml", "the file of a user; `scenario` has tests"),
    ("podpath scenario serving-handover", "takes ten seconds; `scenario` has tests"),
    ("podpath scenario training-step --out", "takes ten seconds; `scenario` has tests"),
    ("podpath validate --against a.csv", "the tables of a user; `validate` has tests"),
    ("podpath validate --profile", "the profile of a user; `judge` has tests"),
    ("podpath merge", "folders of shards; `shards` has tests"),
    ("podpath run my.toml --shard slurm/7", "needs an array of Slurm; `slurm` has tests"),
    ("podpath calibrate fit cni", "takes minutes; `fit` of calibration has tests"),
    ("podpath calibrate fit collectives", "takes a minute; `fit` of calibration has a test"),
    ("podpath calibrate fit serving", "takes ten seconds; `functions` has a test"),
    ("podpath calibrate fit memcpy", "the rows of a user; `fit` of calibration has tests"),
    ("podpath calibrate fit gpu", "takes minutes; `fit` of calibration has tests"),
    ("podpath calibrate gpu --import", "the files of a user; `archive` and `gpu` have tests"),
    ("podpath calibrate gpu --simulate", "takes ten seconds; `gpu` has a test of it"),
    ("podpath calibrate gpu", "needs a GPU"),
    ("podpath calibrate net", "takes minutes; `lab` has tests"),
    ("podpath calibrate freeze", "takes ten seconds; `judge` has tests"),
    ("podpath measure", "needs root; `lab` has tests"),
    ("podpath compare", "needs root or measurements; `lab` and `judge` have tests"),
    ("podpath replay job.goal --topology my.toml", "the cluster of a user; `replay` has tests"),
    ("podpath replay step", "recorded traces; `kineto` and `chakra` have tests"),
    ("podpath replay job.goal.gz", "a packed trace; `replay` has tests"),
    ("podpath replay job.goal --topology case-seven-workers", "a trace of seven ranks"),
    ("podpath replay job.goal --topology flannel --steps", "steps of a user; `replay` has tests"),
    ("podpath profiles show my/", "the profile of a user; `bad` has tests"),
    ("podpath profiles perturb", "takes a minute; `perturb` has tests"),
    ("podpath respond", "waits for a peer; `respond` has tests"),
    ("podpath run experiments/quickstart.toml", "what `podpath run quickstart` runs"),
    ("podpath completions", "`help` has a test"),
];

/// The examples in a help text: what stands between `podpath` and its explanation.
fn examples(help: &str) -> Vec<String> {
    let lines = help.lines().filter(|line| line.starts_with("  podpath "));
    let command = |line: &str| line.trim().split("  ").next().unwrap_or_default().to_owned();
    lines.map(command).collect()
}

/// What the shell hands to the command: up to a pipe, a redirection or a continued line.
fn alone(example: &str) -> &str {
    let ends = [" | ", " > ", " \\", " && "];
    let end = ends.iter().filter_map(|end| example.find(end)).min();
    example[..end.unwrap_or(example.len())].trim()
}

fn shell(folder: &Folder, line: &str) -> std::process::Output {
    let arguments = line.strip_prefix("podpath").expect("an example");
    let program = assert_cmd::cargo::cargo_bin!("podpath").display().to_string();
    let script = format!("'{program}'{arguments}");
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", &script]).current_dir(folder.path()).stdin(Stdio::null());
    let shell = shell.env("SLURM_ARRAY_TASK_ID", "2");
    shell.output().expect("a shell")
}

#[test]
fn every_example_is_run_or_accepted() {
    let folder = Folder::new();
    for (file, name) in [("my.toml", "small"), ("a.toml", "a"), ("b.toml", "b")] {
        let text = SMALL.replace("\"small\"", &format!("\"{name}\""));
        folder.write(file, text.replace("flannel", "quickstart-vxlan"));
    }
    let node = |name: &str| {
        format!("[[node]]\nname = \"{name}\"\nhost = \"bench-2024\"\ncni = \"host-network\"\n")
    };
    let nodes = node("node-a") + &node("node-b");
    folder.write("my/cluster.toml", format!("include = [\"quickstart-pair\"]\n{nodes}"));
    folder.write("job.goal", PAIR);
    folder.write("nodes.csv", NODES);
    folder.write("pods.csv", PODS);
    folder.write("ranks.csv", "rank,place\n0,client\n1,server\n");
    let mut used = [false; NOT_RUN.len()];
    let (mut ran, mut seen) = (0, std::collections::BTreeSet::new());
    for command in COMMANDS {
        let help = folder.run(&[command, &["--help"]].concat());
        for example in examples(&help) {
            let line = alone(&example);
            if !seen.insert(line.to_owned()) {
                continue;
            }
            let left_out = NOT_RUN.iter().position(|(begins, _)| line.starts_with(begins));
            let output = match left_out {
                Some(at) => {
                    used[at] = true;
                    // Help is printed once all that stands before it has been accepted.
                    shell(&folder, &format!("{} --help", line.trim_end_matches("--out")))
                }
                None => shell(&folder, line),
            };
            ran += usize::from(left_out.is_none());
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{line}: {said}");
        }
    }
    let needless = NOT_RUN.iter().zip(used).filter(|(_, used)| !used);
    let needless: Vec<&str> = needless.map(|((begins, _), _)| *begins).collect();
    assert!(needless.is_empty(), "no example begins so: {needless:?}");
    assert!(ran >= 25, "{ran} examples were run");
}
