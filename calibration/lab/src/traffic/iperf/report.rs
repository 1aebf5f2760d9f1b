//! What `iperf3 --json` says at its end.

use serde::Deserialize;

use super::super::bulk::Protocol;
use super::super::cpu::ThreadTimes;
use super::super::error::TrafficError;
use super::PROGRAM;

/// The most bytes or packets of one transfer: 1 PiB. A thousand processes together stay in a number
/// of 64 bits.
const COUNT_MAX: u64 = 1 << 50;
/// How much of an output an error quotes.
const QUOTED: usize = 300;

/// The part of the output that is used.
#[derive(Debug, Deserialize)]
struct Document {
    error: Option<String>,
    end: Option<Conclusion>,
}

#[derive(Debug, Deserialize)]
struct Conclusion {
    sum_sent: Option<Sum>,
    sum_received: Option<Sum>,
    cpu_utilization_percent: Option<Utilisation>,
}

/// All streams of one side.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(in super::super) struct Sum {
    pub(super) seconds: f64,
    pub(super) bytes: u64,
    pub(super) bits_per_second: f64,
    /// On TCP, by the sender.
    pub(super) retransmits: Option<u64>,
    /// On UDP.
    #[serde(default)]
    pub(super) packets: u64,
    /// On UDP. Late ones are taken back, which iperf3 can count below zero.
    #[serde(default)]
    pub(super) lost_packets: i64,
}

impl Sum {
    /// Datagrams that arrived: iperf3's `packets` are those of which the receiver knows.
    pub(super) fn arrived(&self) -> u64 {
        self.packets.saturating_sub(self.lost_packets.max(0).unsigned_abs())
    }
}

/// Time of the processes in percent of one core.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Utilisation {
    host_user: f64,
    host_system: f64,
    remote_user: f64,
    remote_system: f64,
}

/// One client's transfer.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Report {
    pub(super) sent: Sum,
    pub(super) received: Sum,
    utilisation: Utilisation,
}

impl Report {
    pub(super) fn sender_times(&self) -> ThreadTimes {
        let Utilisation { host_user, host_system, .. } = self.utilisation;
        self.times(host_user, host_system)
    }

    pub(super) fn receiver_times(&self) -> ThreadTimes {
        let Utilisation { remote_user, remote_system, .. } = self.utilisation;
        self.times(remote_user, remote_system)
    }

    fn times(&self, user: f64, system: f64) -> ThreadTimes {
        let seconds = |percent: f64| (percent / 100.0 * self.sent.seconds).max(0.0);
        ThreadTimes { user_s: seconds(user), system_s: seconds(system) }
    }
}

/// Reads an output; an error quotes it.
pub(super) fn parse(text: &str, protocol: Protocol) -> Result<Report, TrafficError> {
    let refuse = |problem: String| Err(TrafficError::Program { program: PROGRAM, problem });
    let document: Document = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => {
            return refuse(format!("its output is no whole report ({error}): {}", quote(text)));
        }
    };
    if let Some(error) = document.error {
        return refuse(quote(&error));
    }
    let end = document.end.map(|end| (end.sum_sent, end.sum_received, end.cpu_utilization_percent));
    let Some((Some(sent), Some(received), utilisation)) = end else {
        return refuse(format!("its report has no sums at its end: {}", quote(text)));
    };
    let figures = [sent.seconds, received.seconds, sent.bits_per_second, received.bits_per_second];
    if !figures.iter().all(|figure| figure.is_finite() && *figure >= 0.0) {
        return refuse(format!("its report has a figure below zero: {}", quote(text)));
    }
    let counts = [sent.bytes, received.bytes, sent.packets, received.packets];
    let retransmits = [sent.retransmits, received.retransmits].into_iter().flatten();
    if let Some(count) = counts.into_iter().chain(retransmits).find(|count| *count > COUNT_MAX) {
        return refuse(format!("its report counts {count} of something: {}", quote(text)));
    }
    if protocol == Protocol::Udp && sent.packets == 0 {
        return refuse(format!("its report counts no packets: {}", quote(text)));
    }
    Ok(Report { sent, received, utilisation: utilisation.unwrap_or_default() })
}

/// The end of a text in one line, where a program says what went wrong.
pub(super) fn quote(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().rev().nth(QUOTED) {
        Some((at, _)) => format!("\"…{}\"", &line[at..]),
        None => format!("\"{line}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = include_str!("../../../tests/data/iperf3-tcp.json");
    const UDP: &str = include_str!("../../../tests/data/iperf3-udp.json");
    const REFUSED: &str = include_str!("../../../tests/data/iperf3-refused.json");

    #[test]
    fn more_than_any_transfer_has_is_refused() {
        let bytes = parse(TCP, Protocol::Tcp).expect("a report").sent.bytes.to_string();
        let text = TCP.replace(&bytes, "18446744073709551615");
        assert_ne!(text, TCP);
        let told = parse(&text, Protocol::Tcp).expect_err("2^64 bytes").to_string();
        assert!(told.contains("its report counts 18446744073709551615 of something"), "{told}");
    }

    #[test]
    fn a_report_of_tcp_gives_both_sides() {
        let report = parse(TCP, Protocol::Tcp).expect("a report");
        assert!(report.sent.bytes >= report.received.bytes && report.received.bytes > 0);
        assert!(report.sent.retransmits.is_some());
        assert!(report.sender_times().total_s() > 0.0 && report.receiver_times().total_s() > 0.0);
    }

    #[test]
    fn a_report_of_udp_counts_datagrams() {
        let report = parse(UDP, Protocol::Udp).expect("a report");
        assert!(report.sent.packets >= report.received.arrived());
        assert_eq!(report.received.arrived() * 1000, report.received.bytes);
    }

    #[test]
    fn what_is_no_report_is_quoted() {
        let said = |text: &str| parse(text, Protocol::Tcp).expect_err("no report").to_string();
        assert!(said(REFUSED).contains("unable to connect to server: Connection refused"));
        assert!(said("iperf3: strange").contains("no whole report"));
        assert!(said("iperf3: strange").ends_with("\"iperf3: strange\""));
        assert!(said("").contains("no whole report"));
        assert!(said("{}").contains("no sums at its end: \"{}\""));
        assert!(said(r#"{"end":{}}"#).contains("no sums at its end"));
        let negative = TCP.replacen("\"seconds\":", "\"seconds\":-1, \"x\":", 9);
        assert!(parse(&negative, Protocol::Tcp).is_err());
    }

    /// Cut anywhere, a report is an error and no panic.
    #[test]
    fn half_a_report_is_no_report() {
        for end in (0..TCP.trim_end().len()).step_by(7) {
            if let Some(part) = TCP.get(..end) {
                assert!(parse(part, Protocol::Tcp).is_err(), "{end} bytes of it");
            }
        }
    }
}
