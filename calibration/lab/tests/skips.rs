//! A skipped test says so to whoever runs `cargo test`, and fails where it was required to run.

#[path = "../../needs/mod.rs"]
mod needs;

use std::process::{Command, Output};

use needs::{Need, lacks, required};

/// Set for a copy of this test program that runs the test below alone.
const ALONE: &str = "PODPATH_TEST_SKIPS";

/// Not a test of its own: what the others start as another process.
#[test]
fn asks_for_what_is_not_there() {
    if std::env::var_os(ALONE).is_some() {
        assert!(!lacks(&Ok::<(), (Need, &str)>(())));
        assert!(lacks(&Err::<(), _>((Need::Ipvs, "this is a test"))));
    }
}

fn alone(require: &str, threads: &str) -> Output {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "asks_for_what_is_not_there", "--test-threads", threads])
        .env(ALONE, "1")
        .env("PODPATH_REQUIRE", require)
        .output()
        .expect("it runs")
}

#[test]
fn a_skip_is_seen_though_libtest_captures_what_tests_print() {
    for threads in ["1", "2"] {
        let output = alone("cuda, lab", threads);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let line = "SKIPPED skips::asks_for_what_is_not_there: needs ipvs: this is a test\n";
        assert_eq!(said, line);
    }
}

#[test]
fn what_is_required_and_missing_fails() {
    let output = alone("cuda,ipvs", "2");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    let reason = "PODPATH_REQUIRE requires `ipvs`, which is missing: this is a test";
    assert!(said.contains(reason), "{said}");
}

#[test]
fn a_requirement_that_nobody_knows_fails_even_where_nothing_is_missing() {
    let output = alone("lab,ipsv", "2");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("`ipsv` is unknown; known are lab, ethtool, "), "{said}");
}

#[test]
fn requiring_what_only_labs_need_requires_labs() {
    assert_eq!(required(""), Ok(vec![]));
    assert_eq!(required("iperf3,cuda"), Ok(vec![Need::Iperf3, Need::Cuda]));
    assert_eq!(required(" ipvs ,"), Ok(vec![Need::Ipvs, Need::Lab]));
}

/// The value with which these tests run: one that misspells a name is to fail somewhere, even if
/// nothing on this machine is missing.
#[test]
fn what_this_run_requires_is_known() {
    let value = std::env::var("PODPATH_REQUIRE").unwrap_or_default();
    required(&value).unwrap_or_else(|problem| panic!("{problem}"));
}
