//! `measure` and `compare` as users run them, and what is left behind when they are cut off.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use calibration_lab::namespace::{Wiring, check};
use calibration_lab::traffic::requirements;
use models::library::Kind;
use models::topology;
use nix::sys::signal::Signal;
use predicates::prelude::*;
use serde_json::Value;

use super::needs::lacks;
use super::{Folder, signal};

/// Two routed pods, forwarded once more between their nodes; one transfer of a second.
const LAB: &str = r#"
name = "lab"
topologies = ["lab-routed-pods-router"]

[transfer]
from = "client"
to = "server"
message = "64 MiB"
write = "128 KiB"

[measure]
seconds = 1
repetitions = 1
receiver_cores = [0]
"#;

/// Labs of these tests come one after another: each looks at what the others would leave.
static ALONE: Mutex<()> = Mutex::new(());

/// Whether this machine lacks something that the lab of [`LAB`] needs.
fn cannot_build() -> bool {
    let library = calibration_data::shipped();
    let source = library.source(Kind::Topology, "lab-routed-pods-router").expect("it is shipped");
    let topology = topology::load(source, library, &[]).expect("it is whole");
    let wiring = Wiring::of(&topology, library).expect("a lab can play it");
    lacks(&check(&wiring))
}

/// Whether it lacks that, or what the traffic of [`LAB`] needs.
fn cannot_measure() -> bool {
    cannot_build() || lacks(&requirements())
}

/// The network namespaces of podpath that stand.
fn standing() -> BTreeSet<String> {
    let entries = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("podpath-")).collect()
}

/// Those that processes of podpath with this number have made.
fn made_by(child: &Child) -> BTreeSet<String> {
    let mark = format!("podpath-{}-", child.id());
    standing().into_iter().filter(|name| name.starts_with(&mark)).collect()
}

/// Starts a measurement that takes minutes, and waits until its lab stands and a round is done.
fn started(folder: &Folder) -> Child {
    folder.write("lab.toml", LAB.replace("repetitions = 1", "repetitions = 200"));
    let child = Command::new(assert_cmd::cargo::cargo_bin!("podpath"))
        .args(["measure", "lab.toml", "--out", "out"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let begin = Instant::now();
    while made_by(&child).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(30), "no lab was built");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_secs(5));
    child
}

#[test]
fn measured_tables_have_the_columns_of_simulated_ones() {
    let _alone = ALONE.lock();
    if cannot_measure() {
        return;
    }
    let folder = Folder::new();
    folder.write("lab.toml", LAB);
    let before = standing();
    let told = folder.json(&["measure", "lab.toml", "--out", "measured"]);
    assert_eq!(told["complete"], true);
    assert_eq!(standing(), before, "the lab was left behind");
    folder.run(&["run", "lab.toml", "--out", "simulated"]);
    let header = |name: &str| folder.read(name).lines().next().expect("a header").to_owned();
    for table in ["runs.csv", "summary.csv"] {
        assert_eq!(header(&format!("measured/{table}")), header(&format!("simulated/{table}")));
    }
    let goodput = told["manifest"]["measured"]["rounds"].as_u64();
    assert_eq!(goodput, Some(1));
    let rate: f64 = told["rows"][0]["goodput_bit_s"]["mean"].as_f64().expect("a rate");
    assert!((1e8..1e12).contains(&rate), "{rate} bit/s through namespaces");
    assert!(folder.read("measured/cpu.csv").lines().count() == 2);
}

#[test]
fn ctrl_c_keeps_the_rounds_that_are_through_and_removes_the_lab() {
    let _alone = ALONE.lock();
    if cannot_measure() {
        return;
    }
    let folder = Folder::new();
    let child = started(&folder);
    signal(&child, Signal::SIGINT);
    let begin = Instant::now();
    let made = made_by(&child);
    let output = child.wait_with_output().expect("it ends");
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(standing().is_disjoint(&made), "the lab was left behind");
    let manifest: Value = serde_json::from_str(&folder.read("out/manifest.json")).expect("JSON");
    assert_eq!(manifest["complete"], false);
    assert!(folder.read("out/runs.csv").lines().count() >= 2, "rounds were through");
}

#[test]
fn what_a_killed_measurement_leaves_the_next_one_removes() {
    let _alone = ALONE.lock();
    if cannot_measure() {
        return;
    }
    let folder = Folder::new();
    let mut child = started(&folder);
    let made = made_by(&child);
    signal(&child, Signal::SIGKILL);
    child.wait().expect("it ends");
    assert!(!folder.path().join("out/runs.csv").exists(), "nothing is half-written");
    assert!(!standing().is_disjoint(&made), "nobody was left to remove the lab");
    folder.write("lab.toml", LAB);
    folder.run(&["measure", "lab.toml", "--out", "out"]);
    assert!(standing().is_disjoint(&made), "the stale lab was left behind");
}

#[test]
fn without_iperf3_one_sentence_says_so() {
    if cannot_build() {
        return;
    }
    let folder = Folder::new();
    folder.write("lab.toml", LAB);
    let programs = folder.path().join("bin");
    std::fs::create_dir(&programs).expect("a folder");
    let paths = std::env::var_os("PATH").expect("a path");
    for name in ["ip", "tc", "bridge", "setpriv"] {
        let found = std::env::split_paths(&paths).map(|dir| dir.join(name)).find(|p| p.exists());
        if let Some(found) = found {
            symlink(found, programs.join(name)).expect("a link");
        }
    }
    let assert = folder.podpath().env("PATH", &programs).args(["measure", "lab.toml"]).assert();
    assert.code(2).stderr(predicate::str::contains("iperf3"));
}

/// Root becomes another user, who may not read the build folder: the program goes where all can.
#[test]
fn without_root_one_sentence_says_so() {
    let shared = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(shared.path(), Permissions::from_mode(0o755)).expect("it was made");
    let program = shared.path().join("podpath");
    std::fs::copy(assert_cmd::cargo::cargo_bin!("podpath"), &program).expect("a copy");
    std::fs::write(shared.path().join("lab.toml"), LAB).expect("a file");
    let out = std::env::temp_dir().join(format!("podpath-test-{}", std::process::id()));
    let mut measure = Command::new(program);
    measure.arg("measure").arg(shared.path().join("lab.toml")).arg("--out").arg(&out);
    if nix::unistd::geteuid().is_root() {
        measure.uid(65534).gid(65534);
    }
    let output = measure.current_dir("/").output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("needs root"), "{said}");
    assert!(!out.exists(), "something was left");
}

#[test]
fn a_comparison_without_a_calibration_says_what_to_do() {
    let folder = Folder::new();
    folder.write("lab.toml", LAB);
    let assert = folder.podpath().args(["compare", "lab.toml", "--profiles", "none"]).assert();
    assert.code(2).stderr(predicate::str::contains("podpath calibrate net"));
}

#[test]
fn what_no_hardware_can_do_is_refused_at_its_place() {
    let folder = Folder::new();
    let cases = [
        ("message = \"64 MiB\"", "message = \"64 MiB\"\nmode = \"gpudirect\"", "GPUDirect"),
        ("[measure]", "[set]\n\"host.bench-2024.tcp.latency\" = \"1 us\"\n[measure]", "profile"),
        ("lab-routed-pods-router", "quickstart-wireguard", "wireguard"),
    ];
    for (from, to, says) in cases {
        folder.write("lab.toml", LAB.replace(from, to));
        for command in [&["measure"][..], &["compare", "--calibrate"]] {
            let arguments = [command, &["lab.toml", "--out", "out"]].concat();
            let assert = folder.podpath().args(&arguments).assert();
            assert.code(2).stderr(predicate::str::contains(says));
            assert!(!folder.path().join("out").exists(), "{says}: something was left");
        }
    }
}

#[test]
fn a_peer_receives_the_same_transfers() {
    if lacks(&requirements()) {
        return;
    }
    let folder = Folder::new();
    folder.write("lab.toml", LAB);
    let mut serving = Command::new(assert_cmd::cargo::cargo_bin!("podpath"))
        .args(["respond", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut said = BufReader::new(serving.stderr.take().expect("a pipe"));
    let mut line = String::new();
    said.read_line(&mut line).expect("text");
    let address = line.strip_prefix("waiting for a peer on ").and_then(|l| l.split_once(';'));
    let (address, _) = address.expect("where it waits");
    let told = folder.json(&["measure", "lab.toml", "--out", "out", "--peer", address]);
    signal(&serving, Signal::SIGINT);
    serving.wait().expect("it ends");
    assert_eq!(told["manifest"]["measured"]["peer"], address);
    assert!(folder.read("out/cpu.csv").contains("stream for 1 s"));
    let assert = folder.podpath().args(["measure", "lab.toml", "--peer", address]).assert();
    assert.failure().stderr(predicate::str::contains("127.0.0.1"));
}
