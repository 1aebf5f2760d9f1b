//! `.ci/gpu` from end to end on the simulated device, and with a fault in each of its steps.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use calibration_gpu::archive::{self, Archive};

use super::Folder;

/// Every program that the script runs in a step.
const PROGRAMS: [&str; 10] =
    ["podpath", "nvidia-smi", "cat", "date", "lscpu", "lspci", "numactl", "od", "python3", "uname"];
const FAULTS: [&str; 3] = ["fails", "hangs", "rubbish"];
/// How long a step may take where one hangs \[s\]: longer than any takes on a busy machine.
const LIMIT: &str = "3";
/// How many rehearsals are under way at once.
const THREADS: usize = 6;

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../.ci/gpu")
}

/// Runs the script with what is on this machine.
#[test]
fn the_script_runs_end_to_end_on_the_simulated_device() {
    let folder = Folder::new();
    let podpath = assert_cmd::cargo::cargo_bin!("podpath");
    let output = Command::new(script())
        .args(["--simulate", "1", "--budget", "8s", "--place", "a rehearsal"])
        .args([podpath, &folder.path().join("out")])
        .stdin(Stdio::null())
        .output()
        .expect("bash is there");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    let archive = archive::open(&folder.path().join("out/podpath-gpu.tar.gz")).unwrap();
    let status = |name: &str| {
        let step = archive.manifest.steps.iter().find(|step| step.name == name);
        step.unwrap_or_else(|| panic!("no step {name}")).status.as_str()
    };
    assert_eq!(status("calibrate"), "done");
    assert_eq!(status("judge"), "done", "{told}");
    assert!(output.status.success(), "{told}");
    assert_eq!(status("uname"), "done");
    if !Path::new("/dev/nvidiactl").exists() {
        assert!(matches!(status("nvidia-smi-L"), "absent" | "failed"));
    }
    assert!(told.contains("evaluated again: yes"), "{told}");
    assert!(archive.manifest.machine.kernel.is_some());
    let raw = archive.text(archive::RAW).unwrap();
    assert!(raw.text.contains("a rehearsal"), "the place is not in the readings");
    let compare = ["compare", "--measured", "out/podpath-gpu.tar.gz", "--frozen", "h100-80-sxm"];
    // At least one case of each of the eighteen kinds.
    assert!(folder.json(&compare)["measured"].as_u64().unwrap() >= 18);
    let left: Vec<_> = fs::read_dir(folder.path().join("out")).unwrap().collect();
    assert_eq!(left.len(), 1, "one file: {left:?}");
}

/// A machine on which every program is a stand-in, and a calibration that has been made before.
struct Machine {
    folder: Folder,
}

impl Machine {
    fn new() -> Machine {
        let folder = Folder::new();
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rehearsal/program.sh");
        fs::create_dir(folder.path().join("bin")).unwrap();
        for name in PROGRAMS {
            symlink(&program, folder.path().join("bin").join(name)).unwrap();
        }
        let calibrate = ["calibrate", "gpu", "--simulate", "1", "--pcie", "gen4-x16", "--quiet"];
        let to = ["--repetitions", "5", "--results", "calibration", "--out", "profiles"];
        folder.run(&[&calibrate[..], &to].concat());
        Machine { folder }
    }

    /// Rehearses with a fault in the call of that number, counted from 1.
    fn rehearse(&self, fault: &str, at: usize) -> Rehearsal {
        let fakes = Folder::new();
        for name in ["calibration", "profiles"] {
            symlink(self.folder.path().join(name), fakes.path().join(name)).unwrap();
        }
        let bin = self.folder.path().join("bin");
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let limit = if fault == "hangs" { LIMIT } else { "60" };
        let output = Command::new(script())
            .args(["--simulate", "1", "--limit", limit])
            .args([bin.join("podpath"), fakes.path().join("out")])
            .env("PATH", path)
            .env("PODPATH_REAL", assert_cmd::cargo::cargo_bin!("podpath"))
            .env("FAKES", fakes.path())
            .env("FAULT", fault)
            .env("FAULT_AT", at.to_string())
            .stdin(Stdio::null())
            .output()
            .expect("bash is there");
        Rehearsal { folder: fakes, output }
    }
}

/// What a rehearsal left.
struct Rehearsal {
    folder: Folder,
    output: Output,
}

impl Rehearsal {
    fn told(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// The archive; where it cannot be relied on there is a plain one, unpacked and packed by hand.
    fn archive(&self) -> (Archive, bool) {
        let out = self.folder.path().join("out");
        let Ok(file) = fs::File::open(out.join("podpath-gpu-plain.tar.gz")) else {
            let archive = archive::open(&out.join("podpath-gpu.tar.gz"));
            return (archive.unwrap_or_else(|e| panic!("{e}: {}", self.told())), false);
        };
        let unpacked = self.folder.path().join("unpacked");
        tar::Archive::new(flate2::read::GzDecoder::new(file)).unpack(&unpacked).unwrap();
        let packed = archive::pack(&unpacked).unwrap();
        fs::write(self.folder.path().join("by-hand.tar.gz"), packed.bytes).unwrap();
        (archive::open(&self.folder.path().join("by-hand.tar.gz")).unwrap(), true)
    }
}

/// Whichever step goes wrong, and however: it says so, its own traces are kept, and so is what
/// every other step leaves.
#[test]
fn a_broken_step_costs_the_others_nothing() {
    let machine = Machine::new();
    let whole = machine.rehearse("none", 0);
    assert!(whole.output.status.success(), "{}", whole.told());
    let calls = whole.folder.read("calls");
    let (good, _) = whole.archive();
    // The last two are the making of the archive and its check, which are in no archive.
    let mut steps: Vec<String> = good.manifest.steps.iter().map(|s| s.name.clone()).collect();
    steps.extend(["pack".into(), "check".into()]);
    assert_eq!(calls.lines().count(), steps.len(), "each step runs one program:\n{calls}");
    let cases: Vec<(usize, &str)> =
        (0..steps.len()).flat_map(|at| FAULTS.map(|fault| (at, fault))).collect();
    let next = AtomicUsize::new(0);
    let rows = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((at, fault)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let row = check(&machine, &good, &steps, *at, fault);
                    rows.lock().unwrap().push((*at, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    assert_eq!(rows.len(), cases.len());
    rows.sort();
    rows.iter().for_each(|(_, row)| println!("{row}"));
}

/// Rehearses with a fault in one step; what it leaves, as a line of a table.
fn check(machine: &Machine, good: &Archive, steps: &[String], at: usize, fault: &str) -> String {
    let step = steps[at].as_str();
    let rehearsal = machine.rehearse(fault, at + 1);
    let (archive, by_hand) = rehearsal.archive();
    let about = format!("{step} {fault}:\n{}", rehearsal.told());
    let status = archive.manifest.steps.iter().find(|told| told.name == step);
    let status = status.map_or("-", |step| step.status.as_str());
    let expected = match fault {
        "fails" => "failed",
        "hangs" => "timed-out",
        _ => "done",
    };
    let outside = step == "check" || step == "pack" && fault == "rubbish";
    assert!(outside || status == expected, "{status} {about}");
    // Every member but those of the step is what it is without a fault.
    let (mut same, mut lost) = (0, Vec::new());
    for name in good.names().filter(|name| !clock(name)) {
        match archive.member(name) == good.member(name) {
            true => same += 1,
            false => lost.push(name),
        }
    }
    let own = own(step);
    assert!(
        lost.iter().all(|name| own.iter().any(|own| name.starts_with(own))),
        "{lost:?} {about}"
    );
    // What it had printed before it went wrong is there.
    if fault != "rubbish" && step.starts_with("nvidia-smi") {
        let printed = archive.member(lost[0]).unwrap();
        assert!(printed.starts_with(b"part of nvidia-smi"), "{about}");
    }
    let needed = ["calibrate", "judge", "pack", "check"].contains(&step);
    let harmless = step == "judge" && fault == "rubbish";
    assert_eq!(rehearsal.output.status.success(), !needed || harmless, "{about}");
    let kept = if by_hand { "plain archive" } else { "archive" };
    format!("{step:20} {fault:8} {status:10} {kept}, {same} members as without, {lost:?} not")
}

/// Members that say when things happened.
fn clock(name: &str) -> bool {
    name == archive::STEPS || name.starts_with("pack.txt")
}

/// The members that a step leaves.
fn own(step: &str) -> Vec<String> {
    match step {
        "calibrate" => ["calibration", "profiles"].map(String::from).into(),
        "judge" => vec!["judging".into()],
        "python" => vec!["facts/python".into()],
        step if step.starts_with("pack") || step == "check" => Vec::new(),
        step => vec![format!("facts/{step}.")],
    }
}
