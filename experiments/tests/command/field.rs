//! Cases from the field: a folder of experiments with reported figures, judged together.

use serde_json::Value;

use super::{Folder, output};

fn experiment(name: &str, reported: &[(&str, &str)]) -> String {
    let mut text = format!(
        "name = \"{name}\"\ntopologies = [\"baremetal\"]\nrepetitions = 1\n\
         [transfer]\nfrom = \"client\"\nto = \"server\"\nmessage = \"1 MiB\"\n"
    );
    for (value, kind) in reported {
        text += &format!(
            "[[reported]]\nvalue = \"{value}\"\nkind = \"{kind}\"\n\
             source = \"https://example.org\"\ntext = \"it took {value}\"\n"
        );
    }
    text
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().expect("a list").clone()
}

fn number(of: &Value, key: &str) -> f64 {
    of[key].as_f64().unwrap_or_else(|| panic!("{key} of {of}"))
}

#[test]
fn figures_are_judged_by_case_group_and_kind() {
    let folder = Folder::new();
    folder.write("a.toml", experiment("a", &[("1 s", "slow")]));
    let told = folder.json(&["run", "a.toml", "--out", "ran"]);
    let row = &told["experiments"][0]["rows"][0];
    let mean = number(&row["completion_s"], "mean");
    let high = number(row, "completion_s_predicted_high");
    let times = [mean, 2.0 * high].map(|seconds| format!("{} ns", seconds * 1e9));
    let frequency = format!("{} /s", 4.0 / mean);
    folder.write("cases/one.toml", experiment("one", &[(&times[0], "met"), (&times[1], "slow")]));
    folder.write("cases/two/x.toml", experiment("x", &[(&frequency, "slow")]));
    folder.write("cases/two/pods.toml", "about = \"a topology, which reports nothing\"\n");
    folder.write("cases/two/silent.toml", experiment("silent", &[]));
    let told = folder.json(&["validate", "--field", "cases", "--out", "out"]);

    let figures = list(&told["figures"]);
    let factors: Vec<f64> = figures.iter().map(|figure| number(figure, "factor")).collect();
    let near = |found: f64, expected: f64| {
        assert!((found / expected - 1.0).abs() < 1e-3, "{found} beside {expected}: {factors:?}");
    };
    near(factors[0], 1.0);
    near(factors[1], 2.0 * high / mean);
    near(factors[2], 4.0);
    assert_eq!(figures[0]["inside"], true);
    assert_eq!(figures[1]["inside"], false);

    let cases = list(&told["cases"]);
    let names: Vec<&str> = cases.iter().map(|case| case["case"].as_str().unwrap()).collect();
    assert_eq!(names, ["one", "two"]);
    near(number(&cases[0], "median_factor"), (factors[0] + factors[1]) / 2.0);
    assert_eq!(number(&cases[0], "covered"), 0.5);

    let groups = list(&told["groups"]);
    assert_eq!(groups.len(), 1, "no case has a GPU");
    assert_eq!((&groups[0]["cases"], &groups[0]["figures"]), (&2.into(), &3.into()));
    let median = (number(&cases[0], "median_factor") + 4.0) / 2.0;
    near(number(&groups[0], "median_case_factor"), median);

    let kinds = list(&told["kinds"]);
    let told: Vec<(&str, u64)> = kinds
        .iter()
        .map(|kind| (kind["kind"].as_str().unwrap(), kind["figures"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, [("slow", 2), ("met", 1)]);

    let rows = output::table(&folder, "out/field.csv");
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2]["experiment"], "two/x");
    assert_eq!(rows[2]["unit"], "1/s");
    near(output::number(&rows[2]["factor"]), 4.0);
}

#[test]
fn the_terminal_has_figures_cases_kinds_and_groups() {
    let folder = Folder::new();
    folder.write("cases/one.toml", experiment("one", &[("2 s", "slow"), ("1 s", "slow")]));
    let run = ["validate", "--field", "cases", "--out", "out"];
    let text = folder.run(&run);
    for said in ["it took 2 s", "median factor", "median of case factors", "network", "out"] {
        assert!(text.contains(said), "`{said}` is missing in:\n{text}");
    }
    let brief = folder.run(&[&run[..], &["--rows", "1"]].concat());
    assert!(brief.contains("1 more rows in the file") && !brief.contains("it took 1 s"));
    assert_eq!(folder.run(&[&run[..], &["--quiet"]].concat()), "");
}

#[test]
fn a_folder_without_cases_is_refused() {
    let folder = Folder::new();
    folder.write("empty/a.toml", experiment("a", &[]));
    folder.write("broken/a.toml", experiment("a", &[("9.4", "")]));
    let fails = |cases: &str, says: &str| {
        let run = folder.podpath().args(["validate", "--field", cases, "--out", "out"]).output();
        let run = run.expect("it ran");
        let stderr = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(says), "{stderr}");
        assert!(!folder.path().join("out").exists());
    };
    fails("empty", "no file below `empty` reports a figure");
    fails("missing", "`missing` cannot be listed: there is no such file");
    fails("broken", "a.toml:9:");
    let zipped = experiment("a", &[("9.4 Gbit/s", "")]).replace("\ntext", "\nat = AT\ntext");
    let zipped = zipped.replace("AT", "{ streams = 1, write = \"2 KiB\" }")
        + "[[sweep.zip]]\nstreams = [1, 2]\nwrite = [\"1 KiB\", \"2 KiB\"]\n";
    folder.write("zipped/a.toml", zipped);
    fails("zipped", "a.toml:9:");
    let both = ["validate", "--field", "empty", "--against", "x.csv"];
    assert_eq!(folder.podpath().args(both).output().expect("it ran").status.code(), Some(2));
}

#[test]
fn a_shipped_case_and_its_file_are_the_same_experiment() {
    // The second has a folder of profiles beside it.
    for case in ["flannel-1816/experiment", "moby-37214/udp"] {
        let folder = Folder::new();
        let path = format!("{}/cases/{case}.toml", env!("CARGO_MANIFEST_DIR"));
        let quick = ["--quiet", "--no-changes", "--no-intervals", "--fidelity", "closed"];
        folder.run(&[&["run", &format!("cases/{case}"), "--out", "a"], &quick[..]].concat());
        folder.run(&[&["run", &path, "--out", "b"], &quick[..]].concat());
        assert_eq!(folder.read("a/summary.csv"), folder.read("b/summary.csv"), "{case}");
        let shipped = format!("shipped:cases/{}/", case.split('/').next().expect("a folder"));
        assert!(folder.read("a/manifest.json").contains(&shipped), "{case}");
    }
    let fails = Folder::new().podpath().args(["run", "cases/flannel-1816/experimnt"]).output();
    let stderr = String::from_utf8_lossy(&fails.expect("it ran").stderr).into_owned();
    assert!(
        stderr.contains("did you mean the shipped experiment `cases/flannel-1816/"),
        "{stderr}"
    );
}
