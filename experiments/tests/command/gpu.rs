//! `podpath calibrate gpu` without a GPU: on a simulated device, and on what others measured.

use predicates::prelude::*;

use super::Folder;
use super::needs::{Need, lacks};

const TOPOLOGY: &str = "\tGPU0\tGPU1\tCPU Affinity\nGPU0\t X \tNV9\t0-3\nGPU1\tNV9\t X \t4-7\n";
const COPIES: &str = r#"{
  "nvbandwidth" : {
    "testcases" : [
      { "name" : "host_to_device_memcpy_ce", "status" : "Passed",
        "bandwidth_matrix" : [ [ "24.6" ] ], "sum" : 24.6 }
    ],
    "version" : "v0.8"
  }
}
"#;

#[test]
fn a_simulated_device_is_calibrated_and_named_as_such_everywhere() {
    let folder = Folder::new();
    let command = ["calibrate", "gpu", "--simulate", "1", "--pcie", "gen4-x16"];
    let short = ["--repetitions", "7", "--out", "mine", "--results", "r"];
    folder.run(&[&command[..], &short[..]].concat());
    let profile = folder.read("mine/gpu/my-gpu.csv");
    assert!(profile.contains("dram_latency,") && profile.contains("SIMULATED DEVICE"), "{profile}");
    for file in ["readings.csv", "points.csv", "findings.csv", "report.html"] {
        let text = folder.read(&format!("r/{file}"));
        assert!(text.contains("simulated"), "{file} does not say that nothing was measured");
    }
    let plots = [
        "bandwidth-in-flight",
        "latency-working-set",
        "bandwidth-stride",
        "stream-occupancy",
        "kernels-in-a-row",
        "copy-bandwidth-size",
        "mapped-bandwidth-size",
    ];
    let report = folder.read("r/report.html");
    assert!(report.contains("No GPU was measured"), "the report does not warn");
    // What nobody tells of a simulated device is not made up.
    assert!(report.contains("unknown"), "power is told");
    for plot in plots {
        for ending in ["svg", "png"] {
            assert!(folder.path().join(format!("r/plots/{plot}.{ending}")).exists(), "{plot}");
        }
    }
    // The same seed gives the same bytes.
    let again = ["--repetitions", "7", "--out", "more", "--results", "s"];
    folder.run(&[&command[..], &again[..]].concat());
    assert_eq!(folder.read("r/readings.csv"), folder.read("s/readings.csv"));
    assert_eq!(profile, folder.read("more/gpu/my-gpu.csv"));
}

#[test]
fn what_others_measured_completes_a_shipped_profile() {
    let folder = Folder::new();
    folder.write("topo.txt", TOPOLOGY);
    folder.write("bw.json", COPIES);
    let import = ["calibrate", "gpu", "--import", "topo.txt", "--import", "bw.json"];
    let base = ["--base", "a100-40-pcie", "--pcie", "gen4-x16", "--out", "mine"];
    folder.run(&[&import[..], &base[..]].concat());
    let profile = folder.read("mine/gpu/my-gpu.csv");
    let line = profile.lines().find(|line| line.starts_with("copy_to_device_efficiency,"));
    assert!(line.is_some_and(|line| line.contains("nvbandwidth v0.8")), "{profile}");
    let table = folder.read("mine/calibrate-gpu/imported.csv");
    assert!(table.contains("topo.txt,nvidia-smi topo -m,topology,GPU0,GPU1,connection,NV9,"));
}

#[test]
fn a_bad_import_is_told_with_file_line_and_field_and_leaves_nothing() {
    let folder = Folder::new();
    folder.write("topo.txt", TOPOLOGY.replace("NV9\t X", "NVX\t X"));
    let assert = folder.podpath().args(["calibrate", "gpu", "--import", "topo.txt"]).assert();
    let told = predicate::str::contains("GPU1-GPU0: `NVX` is no connection")
        .and(predicate::str::contains("topo.txt:3"));
    assert.code(2).stdout("").stderr(told);
    assert!(!folder.path().join("results").exists());
}

#[test]
fn without_a_gpu_one_sentence_and_exit_code_2() {
    let driver = match calibration_gpu::driver_is_there() {
        true => Err((Need::NoCuda, "this machine has an NVIDIA driver")),
        false => Ok(()),
    };
    if lacks(&driver) {
        return;
    }
    for more in [&[][..], &["--pcie", "gen4-x16"]] {
        let arguments = [&["calibrate", "gpu", "--quiet"], more].concat();
        let assert = Folder::new().podpath().args(arguments).assert();
        let lines = predicate::function(|told: &str| told.trim().lines().count() == 1);
        let says = predicate::str::contains("no NVIDIA driver was found");
        assert.code(2).stdout("").stderr(says.and(lines));
    }
}
