//! What is read from a word or from one small text.

use calibration_lab::traffic::{Protocol, read_reports};
use models::quantity::{parse_bytes, parse_rate, parse_time, told_in_bytes};

use super::{choice, inputs, text};
use crate::laws::has_no_number;
use crate::verdict::Verdict;

/// Quantities of all kinds, each a line.
pub(crate) fn quantities() -> Vec<Vec<u8>> {
    inputs(&[
        "40 Gbit/s",
        "1.5 GB/s",
        "900 Mbit/s",
        "64 KiB",
        "1 B",
        "1125899906842624 B",
        "2 GB",
        "10 us",
        "0.5 ms",
        "3 h",
        "213 d",
        "1e9B/s",
        "-1 s",
        "1e400 s",
        "0 B",
        "4 GiB/s",
        "1 TiB",
    ])
}

pub(crate) fn quantity(input: &[u8]) -> Verdict {
    let mut ends = String::new();
    for line in text(input).lines() {
        told_in_bytes(line);
        let problem = match (parse_rate(line), parse_bytes(line), parse_time(line)) {
            (Ok(rate), ..) => {
                let value = rate.as_bytes_per_s();
                assert!(value.is_finite() && value > 0.0, "`{line}` is a rate of {value} B/s");
                let twice = parse_rate(&format!("{value:e} B/s")).map(|rate| rate.as_bytes_per_s());
                let near = twice.as_ref().is_ok_and(|twice| (twice / value - 1.0).abs() < 1e-12);
                assert!(near, "`{line}` is {value} B/s, and that is {twice:?}");
                "a rate".to_owned()
            }
            (_, Ok(bytes), _) => {
                let again = parse_bytes(&format!("{} B", bytes.get()));
                assert_eq!(again.ok(), Some(bytes), "`{line}`");
                "an amount".to_owned()
            }
            (.., Ok(time)) => {
                let again = parse_time(&format!("{} ps", time.as_ps()));
                let near = again.as_ref().is_ok_and(|again| {
                    // More picoseconds than a floating-point number counts are rounded.
                    again.as_ps().abs_diff(time.as_ps()) as f64 <= 1e-15 * time.as_ps() as f64
                });
                assert!(near, "`{line}` is {} ps, and that is {again:?}", time.as_ps());
                "a time".to_owned()
            }
            (Err(rate), Err(bytes), Err(time)) => {
                format!("{}, {}, {}", rate.problem, bytes.problem, time.problem)
            }
        };
        if !problem.starts_with('a') {
            return Verdict::Refused(problem);
        }
        ends = problem;
    }
    Verdict::Ended(ends)
}

pub(crate) fn iperf(input: &[u8]) -> Verdict {
    let text = text(input);
    let protocol = [Protocol::Tcp, Protocol::Udp][choice(input, 2)];
    // Two processes that say the same.
    match read_reports(&[&text, &text], protocol) {
        Ok(sample) => {
            let told = format!("{sample:?}");
            assert!(!has_no_number(&told), "a figure is no number: {told}");
            Verdict::Ended(format!("{protocol:?}"))
        }
        Err(error) => Verdict::Refused(error.to_string()),
    }
}
