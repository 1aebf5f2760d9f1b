//! Every prediction says how sure it is.

use std::collections::BTreeMap;

use super::output::{self, table};
use super::{Folder, SMALL};

type Row = BTreeMap<String, String>;

fn number(row: &Row, column: &str) -> f64 {
    output::number(&row[column])
}

fn ran(arguments: &[&str]) -> Folder {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    let mut all = vec!["run", "small.toml", "--out", "out"];
    all.extend(arguments);
    folder.podpath().args(all).assert().success();
    folder
}

#[test]
fn every_row_has_an_interval_that_holds_its_median() {
    let folder = ran(&[]);
    for row in table(&folder, "out/summary.csv") {
        for figure in ["goodput_bit_s", "completion_s"] {
            let [low, median, high] = ["low", "median", "high"]
                .map(|end| number(&row, &format!("{figure}_predicted_{end}")));
            assert!(low <= median && median <= high, "{row:?}");
            assert!(low < high && low > 0.0, "everything about these hosts is uncertain: {row:?}");
            let mean = number(&row, &format!("{figure}_mean"));
            assert!(low < mean && mean < high, "{figure} {mean}: {row:?}");
        }
    }
}

#[test]
fn without_intervals_the_columns_are_empty_and_all_else_is_the_same() {
    let (with, without) = (ran(&[]), ran(&["--no-intervals"]));
    let pairs = table(&with, "out/summary.csv").into_iter().zip(table(&without, "out/summary.csv"));
    for (with, without) in pairs {
        for (column, cell) in &without {
            match column.contains("_predicted_") {
                true => assert_eq!(cell, "", "{column}"),
                false => assert_eq!(cell, &with[column], "{column}"),
            }
        }
    }
    for name in ["runs.csv", "taken.csv", "returned.csv", "life.csv"] {
        assert_eq!(with.read(&format!("out/{name}")), without.read(&format!("out/{name}")));
    }
    for name in ["comparisons.csv", "widening.csv"] {
        assert!(with.path().join("out").join(name).exists(), "{name}");
        assert!(!without.path().join("out").join(name).exists(), "{name}");
    }
}

#[test]
fn a_difference_is_sharper_than_what_it_is_between() {
    let folder = ran(&[]);
    let summary = table(&folder, "out/summary.csv");
    let of = |point: &str| summary.iter().find(|row| row["point"] == point).expect("a point");
    let width = |row: &Row, name: &str| {
        number(row, &format!("{name}_high")) / number(row, &format!("{name}_low"))
    };
    let pairs = table(&folder, "out/comparisons.csv");
    assert_eq!(pairs.len(), 8, "two topologies at eight settings");
    let mut sharper = 0;
    for pair in &pairs {
        let probability = number(pair, "probability_a_higher_ratio");
        assert!((0.5..=1.0).contains(&probability), "the first has the higher median: {pair:?}");
        let each = ["point_a", "point_b"].map(|at| width(of(&pair[at]), "goodput_bit_s_predicted"));
        // If the two met different draws, the ratio would be wider than either.
        sharper += usize::from(width(pair, "goodput_ratio") < each[0] * each[1]);
    }
    assert_eq!(sharper, pairs.len(), "{pairs:?}");
}

#[test]
fn what_widens_an_interval_is_named_with_what_would_tell() {
    let folder = ran(&[]);
    let causes = table(&folder, "out/widening.csv");
    let topologies: Vec<&str> = causes.iter().map(|row| row["topology"].as_str()).collect();
    assert!(topologies.contains(&"baremetal") && topologies.contains(&"flannel"));
    for rows in causes.chunk_by(|a, b| a["topology"] == b["topology"]) {
        assert!(rows.len() <= 5);
        let explained: Vec<f64> = rows.iter().map(|row| number(row, "explained_ratio")).collect();
        assert!(explained.is_sorted_by(|a, b| a >= b), "{explained:?}");
        assert!(explained[0] > 0.1 && explained[0] <= 1.0 + 1e-9, "{explained:?}");
    }
    for row in &causes {
        assert!(number(row, "low") <= number(row, "value") && !row["measurement"].is_empty());
    }
}

#[test]
fn what_the_experiment_sets_is_known() {
    let folder = Folder::new();
    let set = "[set]\nmodel.errors.tcp = 1.0\nhost.bench-2024.tcp.rx_per_byte = \"0.3 ns/B\"\n";
    let text = SMALL.replace("[sweep.cross]", &format!("{set}\n[sweep.cross]"));
    folder.write("small.toml", text);
    folder.podpath().args(["run", "small.toml", "--out", "out"]).assert().success();
    let causes = table(&folder, "out/widening.csv");
    let named = |name: &str| causes.iter().any(|row| row["parameter"] == name);
    assert!(!named("tcp") && !named("tcp.rx_per_byte"), "{causes:?}");
}

/// Of a server that its requests keep busy for two thirds of the time, a little more work is much
/// more waiting: the interval of the waiting is wider than that of the work alone.
const BUSY: &str = r#"
name = "busy"
topologies = ["baremetal", "flannel"]
repetitions = 2

[transfer]
from = "client"
to = "server"
message = "1 MiB"

[[workload]]
name = "requests"
rate = "RATE /s"
warm_up = "10 ms"
until = "200 ms"
"#;

fn busy(rate: &str, arguments: &[&str]) -> Folder {
    let folder = Folder::new();
    folder.write("busy.toml", BUSY.replace("RATE", rate));
    let mut all = vec!["run", "busy.toml", "--out", "out"];
    all.extend(arguments);
    folder.podpath().args(all).assert().success();
    folder
}

#[test]
fn workloads_over_time_have_intervals_that_queues_widen() {
    let [idle, loaded] = ["100", "2500"].map(|rate| table(&busy(rate, &[]), "out/workloads.csv"));
    let width = |row: &Row| {
        let of = |end: &str| number(row, &format!("completion_s_mean_predicted_{end}"));
        let [low, median, high] = ["low", "median", "high"].map(of);
        assert!(0.0 < low && low < median && median < high, "{row:?}");
        high / low
    };
    for (idle, loaded) in idle.iter().zip(&loaded) {
        assert!(width(loaded) > width(idle), "{} and {}", width(loaded), width(idle));
        assert_eq!(number(idle, "probability_kept_up_ratio"), 1.0);
        assert!(number(idle, "carried_hz_predicted_median") > 0.0);
    }
}

#[test]
fn topologies_under_a_workload_are_compared_in_the_draws_that_both_meet() {
    let folder = busy("100", &[]);
    let rows = table(&folder, "out/workload_comparisons.csv");
    let [row] = &rows[..] else { panic!("one pair: {rows:?}") };
    assert_eq!((&*row["topology_a"], &*row["topology_b"]), ("baremetal", "flannel"));
    assert!(number(row, "completion_ratio_high") < 1.0, "{row:?}");
    assert_eq!(number(row, "probability_a_shorter_ratio"), 1.0);
}

#[test]
fn without_intervals_workloads_are_what_they_are_with_them() {
    let (with, without) = (busy("100", &[]), busy("100", &["--no-intervals"]));
    let tables = [&with, &without].map(|folder| table(folder, "out/workloads.csv"));
    for (with, without) in tables[0].iter().zip(&tables[1]) {
        for (column, cell) in without {
            match column.contains("_predicted_") || column.starts_with("probability_") {
                true => assert_eq!(cell, "", "{column}"),
                false => assert_eq!(cell, &with[column], "{column}"),
            }
        }
    }
    for name in ["workload_runs.csv", "resources.csv", "windows.csv"] {
        assert_eq!(with.read(&format!("out/{name}")), without.read(&format!("out/{name}")));
    }
    assert!(!without.path().join("out/workload_comparisons.csv").exists());
}
