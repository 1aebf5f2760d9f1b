//! `podpath calibrate gpu` on a driver, without a GPU: on a stand-in for the driver's libraries.
//!
//! What speaks to the driver is the one part that no simulated device reaches. The stand-in
//! (`tests/driver/*.c`) exports the calls that podpath makes and keeps time by a simple law, so
//! everything of it is run but the kernels: a call that a driver lacks, an address that nobody
//! allocated, a kernel that is not in its PTX fails here and not on the day a GPU is at hand.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use calibration_gpu::archive;
use predicates::prelude::*;

use super::needs::{Need, lacks};
use super::{Folder, nightly};

/// Compiles the stand-ins into a folder; `None`, and a word about it, where there is no compiler.
fn stand_in(folder: &Folder, library: &str, source: &str) -> Option<()> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/driver");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(folder.path().join(library))
        .arg(sources.join(source))
        .status();
    match built {
        Ok(status) => assert!(status.success(), "{source} does not compile"),
        Err(error) => {
            let why = error.to_string();
            assert!(lacks::<(), _>(&Err((Need::Cc, why.as_str()))), "{why}");
            return None;
        }
    }
    Some(())
}

/// A machine with a driver, and the management library beside it.
fn machine() -> Option<Folder> {
    let folder = Folder::new();
    stand_in(&folder, "libcuda.so.1", "cuda.c")?;
    stand_in(&folder, "libnvidia-ml.so.1", "nvml.c")?;
    Some(folder)
}

/// The command on that machine, where nothing else is set.
fn on(folder: &Folder, arguments: &[&str]) -> assert_cmd::Command {
    let mut command = folder.podpath();
    command.env_clear().env("LD_LIBRARY_PATH", folder.path());
    command.args(["calibrate", "gpu"]).args(arguments);
    command
}

#[test]
fn every_probe_runs_on_the_driver_alone() {
    let Some(folder) = machine() else { return };
    // No slot is named: NVML tells it.
    let arguments = ["--repetitions", "5", "--out", "mine", "--quiet"];
    on(&folder, &arguments).assert().success();
    let results = folder.read("mine/calibrate-gpu/probes.csv");
    let mut statuses = results.lines().skip(1).map(|line| line.split(',').nth(2).unwrap());
    // What the stand-in's times identify does not matter; that all was measured does.
    let done = |status| matches!(status, "found" | "undecided" | "absent");
    assert!(statuses.all(done), "{results}");
    let profile = folder.read("mine/gpu/my-gpu.csv");
    assert!(profile.contains("sms,132,count,,,measured,\"CUDA driver, Fake H100"), "{profile}");
    assert!(profile.contains("pcie_generation,5,count,,,measured,"), "{profile}");
    // No model reads it, so it is a finding and no line of the profile.
    let findings = folder.read("mine/calibrate-gpu/findings.csv");
    let clock = findings.split_once(",sm_clock,").expect("a clock").1;
    let mhz: f64 = clock.split(',').next().unwrap().parse().unwrap();
    assert!((mhz / 1400.0 - 1.0).abs() < 0.1, "{mhz}");
    let points = folder.read("mine/calibrate-gpu/points.csv");
    assert!(points.lines().nth(1).unwrap().ends_with("121.5,41.0,nothing"), "{points:.400}");
}

#[test]
fn without_the_management_library_the_slot_has_to_be_named() {
    let folder = Folder::new();
    let Some(()) = stand_in(&folder, "libcuda.so.1", "cuda.c") else { return };
    let missing = predicate::str::contains("--pcie: is missing")
        .and(predicate::str::contains("the PCIe profile of the GPU's slot, such as `gen4-x16`"));
    on(&folder, &[]).assert().code(2).stderr(missing);
    let arguments = ["--pcie", "gen5-x16", "--budget", "3s", "--out", "mine"];
    let silent = predicate::str::contains("power, memory clock and throttling stay unknown: NVML");
    on(&folder, &arguments).assert().success().stderr(silent);
    assert!(folder.read("mine/gpu/my-gpu.csv").contains("pcie_lanes,16,count,,,assumed,"));
}

/// Everything that keeps a GPU from being measured is bad input: one sentence, exit code 2, and
/// nothing is left behind.
#[test]
fn a_gpu_that_cannot_be_measured_is_refused() {
    let Some(folder) = machine() else { return };
    let cases: [(&str, &[&str], &str); 9] = [
        ("FAKE_PROCESS=4711", &[], "is in use"),
        ("FAKE_PROCESS=4711", &[], "end process 4711 (train.py), or measure all the same"),
        ("FAKE_MIG=1", &["--even-if-busy"], "turn MIG off (`nvidia-smi -i 0 -mig 0`"),
        ("FAKE_INIT=100", &[], "no GPU that it can use: DriverError(CUDA_ERROR_NO_DEVICE"),
        ("FAKE_INIT=100 FAKE_MIG=1", &[], "is cut into MIG instances"),
        ("FAKE_VERSION=11080", &[], "one of CUDA 11.8, and the kernels need 12.0"),
        ("", &["--device", "3"], "--device: there is no GPU 3: the driver shows 1"),
        ("", &["--nvrtc"], "no NVRTC was found"),
        ("", &["--budget", "1 s", "--repetitions", "4"], "4 is not in 5..=1001"),
    ];
    for (set, arguments, says) in cases {
        let mut command = on(&folder, arguments);
        command.envs(set.split_whitespace().filter_map(|one| one.split_once('=')));
        let output = command.assert().code(2).stdout("").get_output().clone();
        // The message is broken into lines of the terminal's width.
        let told = String::from_utf8_lossy(&output.stderr).replace("\n  │ ", " ");
        assert!(told.contains(says), "{set:?}: {told}");
        assert!(!folder.path().join("results").exists(), "{set:?} left something behind");
    }
    let busy = ["--even-if-busy", "--budget", "3 s", "--quiet"];
    on(&folder, &busy).env("FAKE_PROCESS", "4711").assert().success();
}

/// The option takes what is on the machine, where there is something.
#[test]
fn with_nvrtc_kernels_are_compiled_on_the_spot() {
    let Some(folder) = machine() else { return };
    let libraries = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
    let there = libraries.split(':').find(|path| Path::new(path).join("libnvrtc.so").exists());
    if lacks(&there.ok_or((Need::Nvrtc, "LD_LIBRARY_PATH names no NVRTC; .ci/cuda installs it"))) {
        return;
    }
    let all = format!("{}:{libraries}", folder.path().display());
    let arguments = ["--nvrtc", "--budget", "4s", "--quiet"];
    on(&folder, &arguments).env("LD_LIBRARY_PATH", all).assert().success();
}

/// The script on that machine; the slot is guessed where nobody tells it, since no reading depends
/// on it.
#[test]
fn the_script_measures_on_the_driver_alone() {
    let Some(folder) = machine() else { return };
    if nightly::is_left("the script on a stand-in for the driver") {
        return;
    }
    for again in [false, true] {
        if again {
            std::fs::remove_file(folder.path().join("libnvidia-ml.so.1")).unwrap();
        }
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/gpu");
        let output = Command::new(script)
            .args(["--budget", "4s", "--limit", "60"])
            .args([assert_cmd::cargo::cargo_bin!("podpath"), &folder.path().join("out")])
            .env("LD_LIBRARY_PATH", folder.path())
            .stdin(std::process::Stdio::null())
            .output()
            .expect("bash is there");
        let told = String::from_utf8_lossy(&output.stdout);
        let archive = archive::open(&folder.path().join("out/podpath-gpu.tar.gz"));
        let archive = archive.unwrap_or_else(|error| panic!("{error}\n{told}"));
        let step = |name: &str| {
            let step = archive.manifest.steps.iter().find(|step| step.name == name);
            step.map(|step| step.status.clone())
        };
        let expected = if again { ["failed", "done"] } else { ["done", ""] };
        assert_eq!(step("calibrate").as_deref(), Some(expected[0]), "{told}");
        assert_eq!(step("calibrate-again").unwrap_or_default(), expected[1], "{told}");
        assert!(archive.text(archive::RAW).unwrap().text.contains("Fake H100"));
        assert!(
            told.contains("calibrated: yes, judged: yes") && told.contains("evaluated again: yes"),
            "{told}"
        );
    }
}

/// The least that is told is enough on this machine too, where time is the host's.
#[test]
fn a_budget_too_small_for_one_probe_says_the_least() {
    let Some(folder) = machine() else { return };
    let says = predicate::str::contains("0.001 s are too little for one probe")
        .and(predicate::str::contains("with its fewest repetitions the cheapest needs"));
    on(&folder, &["--budget", "0.001s"]).assert().code(2).stdout("").stderr(says);
    assert!(!folder.path().join("results").exists());
}
