//! What tests do at night alone: `.ci/nightly` sets `PODPATH_NIGHTLY=1`.
//!
//! A test that takes long does that part of its work by day which finds most faults, and all of it
//! at night. What it leaves by day it says, as tests say what they lack of the machine.

use std::io::Write;

/// Set to 1, nothing is left.
const VARIABLE: &str = "PODPATH_NIGHTLY";

/// Whether some of a test is left for the night: `what`, which is then said on standard error,
/// where libtest does not capture it.
pub(crate) fn is_left(what: &str) -> bool {
    let left = std::env::var_os(VARIABLE).is_none_or(|value| value != "1");
    if left {
        // libtest gives each test a thread with the test's name.
        let thread = std::thread::current();
        let (program, test) = (env!("CARGO_CRATE_NAME"), thread.name().unwrap_or("a test"));
        let line = format!("SKIPPED {program}::{test}: needs {VARIABLE}=1: {what}\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    left
}
