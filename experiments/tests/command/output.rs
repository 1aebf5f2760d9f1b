//! What `run`, `show`, `profiles` and `validate` write and print.

use std::io::Read;
use std::process::Stdio;

use serde_json::Value;

use super::{Folder, SMALL, nightly};

/// A table as rows of cells by column name.
pub(super) fn table(
    folder: &Folder,
    name: &str,
) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.path().join(name)).expect("a table");
    let header = reader.headers().expect("a header").clone();
    let rows = reader.records().map(|row| row.expect("a row"));
    rows.map(|row| header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect())
        .collect()
}

pub(super) fn number(text: &str) -> f64 {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is not a number"))
}

/// Two topologies × two sizes × two numbers of streams × two steps of the zip.
const POINTS: usize = 16;

#[test]
fn quiet_prints_nothing_and_the_object_where_it_is_asked_for() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    assert_eq!(folder.run(&["run", "small.toml", "--out", "a", "--quiet"]), "");
    let told = folder.run(&["run", "small.toml", "--out", "b", "--quiet", "--json"]);
    assert!(told.starts_with('{'), "{told}");
}

#[test]
fn tables_have_a_row_for_every_point_and_their_parts_sum_to_the_whole() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.run(&["run", "small.toml", "--out", "out"]);
    let (runs, summary) = (table(&folder, "out/runs.csv"), table(&folder, "out/summary.csv"));
    assert_eq!((runs.len(), summary.len()), (3 * POINTS, POINTS));
    for row in &runs {
        let parts = ["service_s", "queueing_s", "window_s", "propagation_s", "line_rate_s"];
        let sum: f64 = parts.iter().map(|part| number(&row[*part])).sum();
        let whole = number(&row["completion_s"]);
        assert!((sum - whole).abs() < 1e-9 * whole, "{row:?}");
    }
    let life = table(&folder, "out/life.csv");
    for row in &summary {
        let here: Vec<_> = life.iter().filter(|spent| spent["point"] == row["point"]).collect();
        let sum: f64 = here.iter().map(|spent| number(&spent["time_s_mean"])).sum();
        let whole = number(&row["completion_s_mean"]);
        assert!((sum - whole).abs() < 1e-9 * whole, "{row:?}");
        let shares: f64 = here.iter().map(|spent| number(&spent["share_ratio"])).sum();
        assert!((shares - 1.0).abs() < 1e-9, "{row:?}");
        let orders = here.iter().map(|spent| number(&spent["order"]));
        assert!(orders.eq((0..here.len()).map(|order| order as f64)), "{row:?}");
    }
    let taken = table(&folder, "out/taken.csv");
    for row in &summary {
        let here = taken.iter().filter(|other| other["point"] == row["point"]);
        let hops: Vec<_> = here.collect();
        let sum: f64 = hops.iter().map(|hop| number(&hop["taken_bit_s_mean"])).sum();
        let reference = number(&row["reference_bit_s"]);
        let left = number(&hops[0]["goodput_bit_s"]);
        assert!((reference - sum - left).abs() < 1e-6 * reference, "{row:?}");
        let (low, high) = (&row["goodput_bit_s_low"], &row["goodput_bit_s_high"]);
        let mean = number(&row["goodput_bit_s_mean"]);
        assert!(number(low) <= mean && mean <= number(high), "{row:?}");
    }
}

/// Two transfers into one pod, one of them twice as large.
const PAIR: &str = r#"
name = "pair"
topologies = ["flannel"]
repetitions = 3

[[transfer]]
name = "small"
from = "client"
to = "server"

[[transfer]]
name = "large"
from = "client"
to = "server"
streams = 2

[sweep.cross]
message = ["1 MiB", "64 MiB"]
"#;

#[test]
fn what_transfers_reach_together_is_what_they_reach_one_by_one() {
    let folder = Folder::new();
    folder.write("pair.toml", PAIR);
    folder.run(&["run", "pair.toml", "--out", "out"]);
    let (summary, together) =
        (table(&folder, "out/summary.csv"), table(&folder, "out/together.csv"));
    assert_eq!((summary.len(), together.len()), (4, 2));
    for row in &together {
        let own: Vec<_> = summary.iter().filter(|one| one["point"] == row["point"]).collect();
        let rates: Vec<f64> = own.iter().map(|one| number(&one["goodput_bit_s_mean"])).collect();
        let sum: f64 = rates.iter().sum();
        assert!((number(&row["goodput_sum_bit_s_mean"]) / sum - 1.0).abs() < 1e-9, "{row:?}");
        assert_eq!(number(&row["transfers"]), 2.0);
        assert_eq!(number(&row["goodput_least_bit_s"]), rates[0].min(rates[1]));
        let fairness = sum * sum / (2.0 * (rates[0] * rates[0] + rates[1] * rates[1]));
        assert!((number(&row["fairness_ratio"]) - fairness).abs() < 1e-12, "{row:?}");
        let last = own.iter().map(|one| number(&one["completion_s_mean"])).fold(0.0, f64::max);
        assert!(number(&row["last_completion_s_mean"]) >= last * (1.0 - 1e-12), "{row:?}");
        for (one, rate) in own.iter().zip(&rates) {
            assert!((number(&one["goodput_share_ratio"]) - rate / sum).abs() < 1e-9, "{one:?}");
        }
    }
    let report = std::fs::read_to_string(folder.path().join("out/report.html")).expect("a report");
    assert!(report.contains("Together the 2 transfers of flannel reach"), "the answer says it");
    folder.write("small.toml", SMALL);
    folder.run(&["run", "small.toml", "--out", "alone"]);
    assert!(!folder.path().join("alone/together.csv").exists(), "one transfer is not together");
}

#[test]
fn keys_name_a_point_completely_and_zipped_columns_walk_in_step() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.run(&["run", "small.toml", "--out", "out"]);
    let summary = table(&folder, "out/summary.csv");
    let steps: std::collections::BTreeSet<(String, String)> = summary
        .iter()
        .map(|row| (row["nic.mtu_b"].clone(), row["cable.rate_bit_s"].clone()))
        .collect();
    let expected = [("1500", "10000000000"), ("9000", "40000000000")];
    let expected = expected.map(|(mtu, rate)| (mtu.to_owned(), rate.to_owned()));
    assert_eq!(steps, expected.into());
    for row in &summary {
        assert!(number(&row["goodput_bit_s_mean"]) <= number(&row["cable.rate_bit_s"]), "{row:?}");
    }
}

#[test]
fn the_manifest_has_every_default_and_the_hash_of_every_profile() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.run(&["run", "small.toml", "--out", "out"]);
    let manifest: Value = serde_json::from_str(&folder.read("out/manifest.json")).expect("JSON");
    assert_eq!(manifest["complete"], true);
    assert_eq!(manifest["points_done"], POINTS);
    assert_eq!(manifest["experiment"]["seed"], 1);
    let transfer = &manifest["experiment"]["transfers"][0];
    for (key, default) in
        [("transport", "tcp"), ("mode", "serial"), ("host_memory", "pinned"), ("chunk", "1 MiB")]
    {
        assert_eq!(transfer[key], default, "{key}");
    }
    let profiles = manifest["profiles"].as_array().expect("a list");
    let names: Vec<String> = profiles
        .iter()
        .map(|p| format!("{}/{}", p["kind"].as_str().unwrap(), p["name"].as_str().unwrap()))
        .collect();
    for name in [
        "host/bench-2024",
        "nic/generic-40g",
        "cni/flannel",
        "cni/host-network",
        "hop/vxlan",
        "topology/flannel",
        "topology/bench-pair",
    ] {
        assert!(names.iter().any(|known| known == name), "{name} is not in {names:?}");
    }
    assert!(profiles.iter().all(|p| p["blake3"].as_str().is_some_and(|hash| hash.len() == 64)));
}

#[test]
fn json_is_one_object_on_standard_output_and_nothing_else_anywhere() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    let commands: [&[&str]; 6] = [
        &["run", "small.toml"],
        &["explain", "small.toml"],
        &["show", "flannel"],
        &["profiles", "list"],
        &["profiles", "show", "bench-2024"],
        &["calibrate", "fit", "memcpy"],
    ];
    for command in commands {
        let output = folder.podpath().args(command).arg("--json").output().expect("it ran");
        assert!(output.status.success() && output.stderr.is_empty(), "{command:?}: {output:?}");
        let told: Value = serde_json::from_slice(&output.stdout).expect("one object");
        assert!(told.is_object(), "{command:?}");
    }
}

#[test]
fn nobody_watching_means_no_progress_and_no_colour() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    let output = folder.podpath().args(["run", "small.toml"]).output().expect("it ran");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!output.stdout.contains(&0x1b));
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("results in results/small\n"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new();
    for arguments in [&["profiles", "list"][..], &["schema"], &["show", "flannel"]] {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("podpath"))
            .args(arguments)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        drop(child.stdout.take());
        let mut told = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut told).expect("text");
        assert_eq!((child.wait().expect("it ends").code(), told.as_str()), (Some(0), ""));
    }
}

#[test]
fn a_user_s_profile_replaces_a_shipped_one_of_the_same_name() {
    let folder = Folder::new();
    let shipped = folder.json(&["profiles", "show", "nic/generic-40g"]);
    let line = |name: &str, value: f64| {
        let rows = shipped["parameters"].as_array().expect("rows").iter();
        let row = rows.clone().find(|row| row["parameter"] == name).expect("the parameter");
        format!("{name},{value},{},,,assumed,a test\n", row["unit"].as_str().expect("text"))
    };
    let header = "parameter,value,unit,low,high,how,source\n";
    let mine = header.to_owned() + &line("port_rate", 40.0) + &line("latency", 500.0);
    folder.write("mine/nic/generic-40g.csv", mine);
    let own = SMALL.replace("repetitions", "profiles = \"mine\"\nrepetitions");
    folder.write("shipped.toml", SMALL);
    folder.write("own.toml", own.replace("\"small\"", "\"own\""));
    folder.run(&["run", "shipped.toml", "own.toml", "--out", "out"]);
    let slowest = |name: &str| {
        let rows = table(&folder, &format!("out/{name}/runs.csv"));
        rows.iter().map(|row| number(&row["completion_s"])).fold(0.0, f64::max)
    };
    assert!(slowest("own") > slowest("small") + 500e-6);
}

#[test]
fn fidelities_can_be_compared() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    folder.run(&["run", "small.toml", "--out", "out", "--fidelity", "flow,closed"]);
    let summary = table(&folder, "out/summary.csv");
    assert_eq!(summary.len(), 2 * POINTS);
    let flow = summary.iter().filter(|row| row["fidelity"] == "flow").count();
    assert_eq!(flow, POINTS);
}

#[test]
fn validation_judges_every_published_row() {
    let folder = Folder::new();
    let told = folder.json(&["validate", "--out", "out"]);
    let rows: u64 = told["families"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|f| f["rows"].as_u64().unwrap())
        .sum();
    let skipped = told["rows_skipped"].as_array().expect("a list").len() as u64;
    let predicted: u64 = told["families"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|f| f["predicted"].as_u64().expect("a count"))
        .sum();
    assert_eq!(rows, predicted + skipped);
    assert!(predicted > 800);
    assert!(folder.read("out/validate.csv").starts_with("family,file,row,label,measured,"));
    assert!(folder.path().join("out/plots/predicted-vs-measured.svg").is_file());
}

#[test]
fn a_swept_parameter_without_effect_gets_a_note_and_the_bottleneck() {
    let folder = Folder::new();
    let more = "[sweep.cross]\nnic.generic-40g.port_rate = [\"90 Gbit/s\", \"95 Gbit/s\"]";
    let swept = SMALL.replace("[sweep.cross]", more);
    folder.write("swept.toml", &swept);
    let output =
        folder.podpath().args(["run", "swept.toml", "--out", "out"]).output().expect("it ran");
    let told = String::from_utf8(output.stderr).expect("text");
    let note = "note: `nic.generic-40g.port_rate` changes nothing here: the bottleneck is `";
    assert!(told.contains(note), "{told}");
    let output = folder.podpath().args(["run", "swept.toml", "--out", "out", "--json"]).output();
    let json = String::from_utf8(output.expect("it ran").stdout).expect("text");
    assert!(!json.contains("changes nothing here"), "{json}");
}

#[test]
fn a_pod_s_mtu_that_its_way_does_not_take_is_told() {
    let folder = Folder::new();
    let zip = SMALL.find("[[sweep.zip]]").expect("the zipped sweep");
    folder.write("large.toml", format!("{}[set]\npod.mtu = 9000\n", &SMALL[..zip]));
    for command in [&["run", "large.toml", "--out", "out"][..], &["explain", "large.toml"]] {
        let output = folder.podpath().args(command).output().expect("it ran");
        let told = String::from_utf8(output.stderr).expect("text");
        let note = "note: the interface of pod `client` has an MTU of 9000 bytes, and its way \
                    takes packets of 8950";
        assert!(told.contains(note), "{command:?}: {told}");
    }
}

#[test]
fn every_number_of_a_card_is_moved_and_its_effect_told() {
    let folder = Folder::new();
    let told = folder.json(&["profiles", "perturb", "nic"]);
    let numbers = told["numbers"].as_array().expect("a list");
    assert_eq!(numbers.len(), 31);
    assert!(numbers.iter().all(|number| number["moved"]["figure"].is_string()), "{told:#}");
    assert_eq!(told["without_effect"].as_array().map(Vec::len), Some(0));
    let schema = folder.json(&["profiles", "schema", "nic"]);
    let lines = schema["lines"].as_array().expect("a list");
    assert_eq!(lines[0]["line"], "port_rate");
    assert_eq!(lines[1]["needed"], "always");
}

#[test]
fn a_thousand_transfers_share_a_point() {
    let folder = Folder::new();
    let one = |at: usize| {
        format!("[[transfer]]\nfrom = \"client\"\nto = \"server\"\nmessage = \"{} KiB\"\n", 64 + at)
    };
    let all: String = (0..1000).map(one).collect();
    let head = "name = \"many\"\ntopologies = [\"baremetal\"]\nrepetitions = 1\n";
    folder.write("many.toml", format!("{head}{all}"));
    let output = folder.podpath().args(["run", "many.toml", "--out", "out"]).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("changes are weighed for the 10 largest of 1000 transfers"), "{said}");
    assert_eq!(folder.read("out/summary.csv").lines().count(), 1001);
    // Changes stand beside the ten that are largest, and beside no other.
    let mut weighed: Vec<String> = folder
        .read("out/returned.csv")
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(3).unwrap().to_owned())
        .collect();
    weighed.dedup();
    assert_eq!(weighed, (991..=1000).map(|at| format!("transfer-{at}")).collect::<Vec<_>>());
    assert!(folder.read("out/together.csv").lines().nth(1).unwrap().contains(",1000,"));
    // Most of the page is the manifest, which tells every transfer.
    assert!(folder.read("out/report.html").len() < 2 << 20);
}

#[test]
fn figures_of_many_points_show_a_part_and_say_so() {
    let folder = Folder::new();
    let sizes: Vec<String> = (0..601).map(|at| format!("\"{} KiB\"", 64 + at)).collect();
    let head = "name = \"many\"\ntopologies = [\"baremetal\"]\nrepetitions = 1\n\
                fidelity = \"closed\"\n[transfer]\nfrom = \"client\"\nto = \"server\"\n";
    let sweep = format!(
        "[sweep.cross]\nstreams = [1, 2, 3, 4, 5, 6, 7]\nmessage = [{}]\n",
        sizes.join(", ")
    );
    folder.write("many.toml", format!("{head}{sweep}"));
    folder.run(&["run", "many.toml", "--out", "out", "--no-changes"]);
    let lines = |name: &str| folder.read(name).lines().count();
    assert_eq!((lines("out/summary.csv"), lines("out/runs.csv")), (4_208, 4_208));
    assert_eq!(lines("out/returned.csv"), 1, "no changes were weighed");
    let report = folder.read("out/report.html");
    assert!(report.contains("are shown, spread evenly over all settings."), "it says so");
    let plot = |ending: &str| folder.path().join(format!("out/plots/goodput-by-size.{ending}"));
    assert!(plot("svg").is_file() && !plot("png").exists());
    assert!(std::fs::metadata(plot("svg")).expect("a figure").len() < 1 << 20);
    if !nightly::is_left("the same with figures as PNG files") {
        folder.run(&["run", "many.toml", "--out", "out", "--no-changes", "--png"]);
        assert!(plot("png").is_file());
    }
}
