//! A trace that becomes an experiment file of steps: `podpath run` ends when the replay does.

use serde_json::Value;

use super::{Folder, chakra, kineto, replay};

/// Replays files and runs the steps that are made of them: both completions \[ps\].
fn both(folder: &Folder, files: &[&str], options: &[&str]) -> [u64; 2] {
    let write = ["--steps", "steps.toml"];
    let told = folder.json(&[&["replay"], files, options, &write].concat());
    folder.run(&["run", "steps.toml", "--out", "ran", "--quiet"]);
    let table = folder.read("ran/workloads.csv");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let header = rows.headers().expect("a header").clone();
    let row = rows.records().next().expect("a row").expect("readable");
    let at = header.iter().position(|name| name == "completion_s_mean").expect("the column");
    let ps = |seconds: f64| (seconds * 1e12).round() as u64;
    [ps(told["completion_s"].as_f64().expect("a number")), ps(row[at].parse().expect("a number"))]
}

/// Where messages follow each other, both end at the same picosecond.
fn assert_alike(folder: &Folder, files: &[&str], options: &[&str]) {
    let [replayed, ran] = both(folder, files, options);
    assert_eq!(ran, replayed, "{files:?} {options:?}: {}", folder.read("steps.toml"));
}

#[test]
fn a_schedule_ends_when_its_steps_do() {
    let folder = Folder::new();
    folder.write("pair.goal", replay::PAIR);
    for topology in ["flannel", "cilium", "quickstart-wireguard"] {
        assert_alike(&folder, &["pair.goal"], &["--topology", topology]);
    }
    // A send that waits for its receive, and one that does not.
    assert_alike(&folder, &["pair.goal"], &["--topology", "flannel", "--eager", "1 MiB"]);
    let set = ["--topology", "flannel", "--set", "nic.mtu=1500", "--seed", "3"];
    assert_alike(&folder, &["pair.goal"], &set);
    assert!(folder.read("steps.toml").contains("\"nic.mtu\" = 1500"));
}

#[test]
fn computations_that_share_a_cpu_take_it_from_a_pool() {
    let folder = Folder::new();
    // Two at cpu 0 without an order, one that needs a beginning, and a message that is waited for.
    let text = "num_ranks 2\nrank 0 {\na: calc 1000000\nb: calc 2000000\nc: calc 500 cpu 1\n\
                c irequires b\ns: send 100000b to 1 tag 0\ns requires a\ns requires c\n}\n\
                rank 1 {\nw: calc 9000000\nr: recv 100000b from 0 tag 0\nr requires w\n}\n";
    folder.write("shared.goal", text);
    assert_alike(&folder, &["shared.goal"], &["--topology", "flannel"]);
    let steps = folder.read("steps.toml");
    assert!(steps.contains("take = \"r0-0\"") && !steps.contains("take = \"r1-0\""), "{steps}");
}

#[test]
fn recorded_programs_end_when_their_steps_do() {
    let folder = Folder::new();
    for copy in ["Memcpy DtoH (Device -> Pinned)", "Memcpy HtoD (Pageable -> Device)"] {
        folder.write("step.json", kineto::step(copy).to_string());
        assert_alike(&folder, &["step.json"], &["--topology", "quickstart-vxlan"]);
    }
    // Two processes with a GPU each; the file says which rank it is of.
    for (file, rank) in [("a.json", 1), ("b.json", 0)] {
        let mut trace = kineto::step("Memcpy DtoH (Device -> Pinned)");
        trace["distributedInfo"] = serde_json::json!({ "backend": "nccl", "rank": rank });
        folder.write(file, trace.to_string());
    }
    assert_alike(&folder, &["a.json", "b.json"], &["--topology", "quickstart-vxlan"]);
    let two = folder.json(&["replay", "a.json", "b.json", "--topology", "quickstart-vxlan"]);
    assert!(two["notes"].to_string().contains("Ranks are numbered as the files say."), "{two:#}");
    assert_eq!(two["ranks"].as_array().map(Vec::len), Some(2));

    for (rank, nodes) in chakra::pair().iter().enumerate() {
        folder.write(&format!("t.{rank}.et"), chakra::binary(nodes, chakra::Type::Int64));
    }
    assert_alike(&folder, &["t.0.et", "t.1.et"], &["--topology", "flannel"]);
}

#[test]
fn messages_that_share_links_end_within_rounding() {
    // Four messages at a time: rates are summed in another order. The two are 2 ps
    // apart in 26.5 ms.
    let folder = Folder::new();
    let ring = concat!(env!("CARGO_MANIFEST_DIR"), "/traces/ring-4.goal");
    let [replayed, ran] = both(&folder, &[ring], &["--topology", "case-seven-workers"]);
    assert!(ran.abs_diff(replayed) <= 10, "{ran} ps and {replayed} ps");
}

#[test]
fn what_cannot_be_written_as_steps_is_refused() {
    let folder = Folder::new();
    folder.write("pair.goal", replay::PAIR);
    folder.write("long.goal", format!("num_ranks 1\nrank 0 {{\n{}}}\n", "calc 1\n".repeat(3_400)));
    std::fs::create_dir(folder.path().join("taken")).expect("a folder");
    for (file, to, says) in [
        ("long.goal", "steps.toml", "the trace makes 10200 steps"),
        ("pair.goal", "taken", "`taken` is a folder"),
    ] {
        let output = folder
            .podpath()
            .args(["replay", file, "--topology", "flannel", "--steps", to, "--json"])
            .output()
            .expect("it ran");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(told["error"]["field"], "--steps", "{told:#}");
        assert!(told["error"]["problem"].as_str().is_some_and(|p| p.contains(says)), "{told:#}");
    }
    assert!(!folder.path().join("steps.toml").exists());
}
