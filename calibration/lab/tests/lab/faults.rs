//! What goes wrong with labs, and that nothing is left behind then.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use calibration_lab::namespace::{Lab, LabError, RuleSet, Wiring, sweep_stale};

use crate::fixture::{cannot_build, left, left_by, pair, wiring, within};

/// Set for a copy of this test program that builds a lab and then waits to be killed.
const HOLDER: &str = "PODPATH_TEST_HOLDS_A_LAB";

#[test]
fn a_build_that_fails_in_the_middle_leaves_nothing() {
    let mut broken = wiring(&pair("vxlan", "mtu = 1500", "40 Gbit/s"));
    broken.spaces[1].rules.push(RuleSet::Nftables("nonsense\n".into()));
    if cannot_build([&broken]) {
        return;
    }
    let error = Lab::build(&broken, "broken").unwrap_err();
    assert!(error.to_string().starts_with("`nft -f -` failed: "), "{error}");
    assert_eq!(left("broken"), Vec::<String>::new());
    broken.spaces[1].rules.clear();
    Lab::build(&broken, "broken").unwrap().down().unwrap();
}

#[test]
fn a_panic_tears_down() {
    let wiring = wiring(&pair("bridge", "mtu = 1500", "40 Gbit/s"));
    if cannot_build([&wiring]) {
        return;
    }
    let result = std::panic::catch_unwind(|| {
        let _lab = Lab::build(&wiring, "panic").unwrap();
        assert!(!left("panic").is_empty());
        panic!("in the middle of a measurement");
    });
    assert!(result.is_err());
    assert_eq!(left("panic"), Vec::<String>::new());
}

#[test]
fn a_name_that_is_taken_is_refused_and_its_lab_left_alone() {
    let wiring = wiring(&pair("routed", "mtu = 1500", "40 Gbit/s"));
    if cannot_build([&wiring]) {
        return;
    }
    let lab = Lab::build(&wiring, "twice").unwrap();
    let error = Lab::build(&wiring, "twice").unwrap_err();
    assert!(matches!(error, LabError::Exists { .. }), "{error}");
    assert!(error.to_string().contains("the lab `twice` is standing already"), "{error}");
    sweep_stale().unwrap();
    assert_eq!(left("twice").len(), wiring.spaces.len());
    lab.down().unwrap();
    assert_eq!(left("twice"), Vec::<String>::new());
}

fn held() -> Wiring {
    wiring(&pair("vxlan", "mtu = 1500", "40 Gbit/s"))
}

#[test]
#[ignore = "not a test: what_a_killed_process_left_is_swept runs it and kills it"]
fn holds_a_lab_until_killed() {
    if std::env::var_os(HOLDER).is_none() {
        return;
    }
    let lab = Lab::build(&held(), "held").unwrap();
    let pod = lab.pod("pod-a").unwrap().netns;
    // Short, lest it outlive a test that fails; and it says itself that it is inside.
    let script = "echo sleeper $$; exec sleep 30";
    let mut sleeper = within(&pod, &["sh", "-c", script]).spawn().unwrap();
    sleeper.wait().unwrap();
}

#[test]
fn what_a_killed_process_left_is_swept() {
    if cannot_build([&held()]) {
        return;
    }
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "faults::holds_a_lab_until_killed", "--nocapture"])
        .env(HOLDER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    let line = lines.map_while(Result::ok).find(|line| line.contains("sleeper ")).unwrap();
    let sleeper = line.rsplit_once("sleeper ").unwrap().1.trim().to_owned();
    let standing = left_by(holder.id(), "held");
    assert!(!standing.is_empty());
    sweep_stale().unwrap();
    assert_eq!(left_by(holder.id(), "held"), standing, "its process lives");
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(is_running(&sleeper), "the process inside outlives its parent");
    assert!(sweep_stale().unwrap() >= 1);
    assert_eq!(left_by(holder.id(), "held"), Vec::<String>::new());
    let gone = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        !is_running(&sleeper)
    });
    assert!(gone, "process {sleeper} inside the lab still runs");
}

/// Whether a process runs; one that only waits to be reaped does not.
fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}
