//! Pods on nodes as a user places them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::Folder;
use super::bad::refused;

pub(super) const NODES: &str = "\
sn,cpu_milli,memory_mib,gpu,model,switch
a,32000,65536,2,A100,s1
b,32000,65536,2,A100,s1
c,64000,65536,4,T4,s2
";

/// Eight GPUs are asked for in whole ones, and two halves.
pub(super) const PODS: &str = "\
name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time,scheduled_time
p0,1000,1024,4,1000,,0,100,0
p1,1000,1024,4,1000,T4,10,60,
p2,1000,1024,1,500,A100|T4,20,50,20
p3,1000,1024,1,500,,30,50,30
p4,1000,1024,0,0,,40,50,40
";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("nodes.csv", NODES);
    folder.write("pods.csv", PODS);
    folder
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_cluster_fills_up() {
    let folder = folder();
    let all = "random,best-fit,dot-product,gpu-packing,gpu-clustering,fgd,kubernetes,topology";
    let run = ["place", "nodes.csv", "pods.csv", "--scheduler", all, "--seeds", "3"];
    let told = folder.json(&[&run[..], &["--arrivals", "100%", "--out", "out"]].concat());
    assert_eq!((&told["nodes"], &told["gpus"], &told["pods"]), (&3.into(), &8.into(), &5.into()));
    let schedulers = told["schedulers"].as_array().expect("a list");
    assert_eq!(schedulers.len(), 8);
    for own in schedulers {
        let [allocated, low, high] =
            ["", "_low", "_high"].map(|end| number(&own[format!("allocated_percent{end}")]));
        assert!(0.0 <= low && low <= allocated && allocated <= high && high <= 100.0, "{own}");
        let readings = own["readings"].as_array().expect("a list");
        let arrived = |reading: &Value| number(&reading["arrived_percent"]);
        assert!(
            readings.iter().all(|one| number(&one["allocated_percent"]) <= arrived(one) + 50.0)
        );
    }
    let table = folder.read("out/placement.csv");
    assert!(table.starts_with("scheduler,arrived_percent,seeds,allocated_percent,"), "{table}");
    assert_eq!(folder.read("out/seeds.csv").lines().count(), 1 + 8 * 3);
    assert!(folder.read("out/plots/allocated.svg").contains("gpu-clustering"));
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(PODS.as_bytes()).expect("memory");
    folder.write("pods.csv.gz", packed.finish().expect("memory"));
    let again = ["place", "nodes.csv", "pods.csv.gz", "--scheduler", all, "--seeds", "3"];
    let again = folder.json(&[&again[..], &["--arrivals", "100%"]].concat());
    assert_eq!(again["schedulers"], told["schedulers"]);
    let text = folder.run(&run);
    assert!(text.contains("3 nodes with 8 GPUs, 5 pods in the trace, arrivals: 130%, 3 seeds"));
}

#[test]
fn threads_change_no_byte() {
    let folder = Folder::new();
    let run = |threads: &str, out: &str| {
        let mut command = folder.podpath();
        command.env("RAYON_NUM_THREADS", threads);
        let schedulers = "random,fgd";
        command.args(["place", "openb", "gpuspec10", "--scheduler", schedulers, "--seeds", "3"]);
        command.args(["--skip-too-large", "--out", out, "--json"]);
        let output = command.assert().success().get_output().clone();
        (output.stdout, folder.read(&format!("{out}/placement.csv")))
    };
    assert_eq!(run("1", "one"), run("3", "three"));
}

/// The four GPUs of `c` are taken from 0 to 100, so the pod that needs four T4 waits until then;
/// who may go anywhere goes at once.
#[test]
fn a_trace_is_lived_through() {
    let folder = folder();
    let run = ["place", "nodes.csv", "pods.csv", "--scheduler", "best-fit", "--seeds", "1"];
    let trace = |more: &[&str]| -> Value {
        let told = folder.json(&[&run[..], &["--arrivals", "trace"], more].concat());
        told["schedulers"][0].clone()
    };
    let waits = trace(&["--out", "out"]);
    assert_eq!((&waits["placed"], &waits["never_placed"]), (&5.0.into(), &0.0.into()));
    assert_eq!((&waits["waited_pods"], &waits["wait_s_max"]), (&1.0.into(), &90.0.into()));
    // Until the last end at 150: 4 for 100 s, 4 for 50 s, half for 30 s, half for 20 s, of 8.
    let mean = 100.0 * (400.0 + 200.0 + 15.0 + 10.0) / 150.0 / 8.0;
    assert!((number(&waits["allocated_percent"]) - mean).abs() < 1e-3, "{waits}");
    assert!(folder.read("out/pods.csv").contains("\nbest-fit,p1,c,0 1 2 3,10,100,150,90\n"));
    assert_eq!(folder.read("out/moments.csv").lines().count(), 201);
    assert!(folder.read("out/plots/waiting-over-time.svg").contains("Waiting pods over time"));
    let skipped = trace(&["--unfit", "skip"]);
    assert_eq!((&skipped["placed"], &skipped["never_placed"]), (&4.0.into(), &1.0.into()));
    // In line behind it three wait from 20, 30 and 40 until 100.
    let in_line = trace(&["--unfit", "line", "--start", "10 s"]);
    assert_eq!((&in_line["waited_pods"], &in_line["wait_s_max"]), (&4.0.into(), &100.0.into()));
    assert!(number(&in_line["working_percent"]) < number(&in_line["allocated_percent"]));
}

/// Pods of a gang are behind one switch, and placed together.
#[test]
fn gangs_are_placed_together() {
    let folder = folder();
    let pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gang,creation_time,deletion_time\n\
                g0,1000,1024,1,1000,job,0,90\ng1,1000,1024,1,1000,job,5,90\n\
                g2,1000,1024,1,1000,job,9,90\nalone,1000,1024,2,1000,,9,90\n";
    folder.write("gang.csv", pods);
    let run = ["place", "nodes.csv", "gang.csv", "--scheduler", "topology", "--seeds", "1"];
    let told = folder.json(&[&run[..], &["--arrivals", "trace", "--out", "out"]].concat());
    assert_eq!(told["schedulers"][0]["placed"], 4.0);
    let table = folder.read("out/pods.csv");
    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|row| row.split(',').collect()).collect();
    assert!(rows[..3].iter().all(|row| row[2] == "c" && row[5] == "9"), "{table}");
    let drawn = run.map(str::to_owned);
    assert_eq!(refused(&folder, &drawn)["field"], "gang");
}

#[test]
fn bad_input_is_refused_where_it_stands() {
    let folder = folder();
    let large = PODS.replace("p2,1000", "p2,65000");
    folder.write("large.csv", large);
    folder.write("shared.csv", PODS.replace("1,500,A100", "1,1500,A100"));
    folder.write("deleted.csv", PODS.replace("20,50,20", "60,50,"));
    folder.write("unsorted.csv", PODS.replace("p3,1000,1024,1,500,,30", "p3,1000,1024,1,500,,5"));
    folder.write("cut.csv", &PODS[..PODS.len() - 12]);
    folder.write("none.csv", PODS.lines().next().expect("a header"));
    let header = PODS.lines().next().expect("a header");
    folder.write("idle.csv", format!("{header}\np,1000,1024,0,0,,0,1,0\n"));
    folder.write("small.csv", format!("{header}\n{}", "p,1,1,1,1,,0,1,0\nq,1,1,0,0,,0,1,0\n"));
    folder.write("many.csv", NODES.replace("b,32000,65536,2", "b,32000,65536,1024"));
    folder.write("twice.csv", format!("{NODES}a,1000,1024,1,T4,s2\n"));
    folder.write("cut.csv.gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 75][..]);
    let cases: [(&str, &[&str], &str, Option<u64>); 19] = [
        ("large.csv", &[], "cpu_milli", Some(4)),
        ("shared.csv", &[], "gpu_milli", Some(4)),
        ("deleted.csv", &[], "deletion_time", Some(4)),
        ("unsorted.csv", &["--arrivals", "trace"], "creation_time", Some(5)),
        ("cut.csv", &[], "row", Some(6)),
        ("none.csv", &[], "table", Some(1)),
        ("idle.csv", &[], "num_gpu", Some(1)),
        ("cut.csv.gz", &[], "PODS", None),
        ("missing.csv", &[], "PODS", None),
        ("pods.csv", &["--scheduler", "fdg,random"], "--scheduler", None),
        ("pods.csv", &["--scheduler", "fgd,fgd"], "--scheduler", None),
        ("pods.csv", &["--scheduler", ""], "--scheduler", None),
        ("pods.csv", &["--arrivals", "0%"], "--arrivals", None),
        ("pods.csv", &["--arrivals", "130"], "--arrivals", None),
        ("pods.csv", &["--unfit", "wait"], "--unfit", None),
        ("pods.csv", &["--start", "1 s"], "--start", None),
        ("pods.csv", &["--arrivals", "trace", "--start", "1"], "--start", None),
        ("pods.csv", &["--arrivals", "trace", "--unfit", "wiat"], "--unfit", None),
        ("pods.csv", &["--out", "nodes.csv"], "--out", None),
    ];
    for (pods, more, field, line) in cases {
        let words = [&["place", "nodes.csv", pods][..], more].concat();
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let error = refused(&folder, &words);
        assert_eq!(error["field"], field, "{words:?}: {error}");
        assert_eq!(error["line"].as_u64(), line, "{words:?}: {error}");
    }
    // It is skipped if that is what is wanted, and nobody waits for it.
    let trace = ["--arrivals", "trace", "--unfit", "line", "--skip-too-large"];
    let told = folder.json(&[&["place", "nodes.csv", "large.csv"][..], &trace].concat());
    assert_eq!(told["schedulers"][0]["never_placed"], 1.0);
    let endless = ["place", "many.csv", "small.csv", "--arrivals", "1000%"].map(str::to_owned);
    let error = refused(&folder, &endless);
    assert!(error["problem"].as_str().is_some_and(|p| p.contains("would have to arrive")));
    // A trace without GPU is lived through.
    folder.json(&["place", "nodes.csv", "idle.csv", "--arrivals", "trace"]);
    let twice = ["place", "twice.csv", "pods.csv"].map(str::to_owned);
    assert_eq!(refused(&folder, &twice)["line"], 5);
}

/// A table of placements finds what it needs beside it, and says what is missing.
#[test]
fn placements_are_validated_with_what_lies_beside_them() {
    let folder = Folder::new();
    let rows = "workload,policy,arrived_percent,seeds,allocated_percent_mean\n";
    folder.write("data/openb_reference.csv", format!("{rows}mine,best-fit,50,4,50.0\n"));
    let validate = ["validate", "--against", "data/openb_reference.csv"].map(str::to_owned);
    assert_eq!(refused(&folder, &validate)["field"], "openb_nodes.csv");
    folder.write("data/openb_nodes.csv", NODES);
    assert_eq!(refused(&folder, &validate)["field"], "openb_pods_mine.csv");
    folder.write("data/openb_pods_mine.csv", PODS);
    let told = folder.json(&["validate", "--against", "data/openb_reference.csv"]);
    assert_eq!(told["families"][0]["family"], "placement");
    assert!(told["placement"]["mean_abs_points"].as_f64().is_some(), "{told}");
    let table = folder.read("results/validate/validate.csv");
    assert!(
        table.contains("\nplacement,data/openb_reference.csv,1,mine best-fit 50,50,"),
        "{table}"
    );
}
