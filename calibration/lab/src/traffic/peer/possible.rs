//! Whether what a responder reports can be: it is another machine, and may be an older program, a
//! broken one or a hostile one.

use std::time::Duration;

use super::super::error::TrafficError;
use super::protocol::Received;

/// Clocks that drift, and processor time that is counted in ticks: so much longer than here may
/// something have taken there.
const SLACK: (f64, f64) = (1.01, 1.0);
/// The most threads that receive one load.
const THREADS_MAX: f64 = 256.0;

/// What a report cannot exceed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Payload that was sent.
    pub(super) bytes: u64,
    /// Datagrams or messages that were sent.
    pub(super) datagrams: u64,
    /// From asking for the load to the report, by the clock of this machine.
    pub(super) elapsed: Duration,
}

impl Bounds {
    /// # Errors
    /// If a figure of the report is not possible; the first that is not is told.
    pub(super) fn check(&self, received: &Received) -> Result<(), TrafficError> {
        let most = self.elapsed.as_secs_f64() * SLACK.0 + SLACK.1;
        let spent = |seconds: f64, most: f64| (0.0..=most).contains(&seconds);
        let problem = if received.bytes > self.bytes {
            format!("{} bytes of {} sent", received.bytes, self.bytes)
        } else if received.datagrams > self.datagrams {
            format!("{} datagrams of {} sent", received.datagrams, self.datagrams)
        } else if !spent(received.seconds, most) {
            let elapsed = self.elapsed.as_secs_f64();
            format!("bytes that came for {} s in {elapsed:.3} s", received.seconds)
        } else if [received.times.user_s, received.times.system_s]
            .iter()
            .any(|seconds| !spent(*seconds, most * THREADS_MAX))
        {
            format!("processor time of {} s", received.times.total_s())
        } else if let Some(core) = received.cores.iter().find(|core| {
            let times =
                [core.user_s, core.system_s, core.interrupt_s, core.softirq_s, core.steal_s];
            times.iter().chain([&core.idle_s]).any(|seconds| !spent(*seconds, most))
        }) {
            format!("a core {} that was busy for longer than it took", core.core)
        } else {
            return Ok(());
        };
        Err(TrafficError::Peer(format!("reports what cannot be: {problem}")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::cpu::{CoreTimes, ThreadTimes};
    use super::*;

    #[test]
    fn what_cannot_be_is_refused() {
        let bounds = Bounds { bytes: 1_000, datagrams: 10, elapsed: Duration::from_secs(2) };
        let core = CoreTimes { core: 3, user_s: 1.0, idle_s: 1.0, ..CoreTimes::default() };
        let good = Received {
            bytes: 1_000,
            datagrams: 10,
            seconds: 2.0,
            times: ThreadTimes { user_s: 4.0, system_s: 0.0 },
            cores: vec![core],
        };
        assert!(bounds.check(&good).is_ok());
        let times = |user_s: f64| ThreadTimes { user_s, system_s: 0.0 };
        let cores = |user_s: f64| vec![CoreTimes { user_s, ..core }];
        let cases = [
            (Received { bytes: 1_001, ..good.clone() }, "1001 bytes of 1000 sent"),
            (Received { datagrams: 11, ..good.clone() }, "11 datagrams of 10 sent"),
            (Received { seconds: 4.0, ..good.clone() }, "bytes that came for 4 s in 2.000 s"),
            (Received { seconds: -1.0, ..good.clone() }, "bytes that came for -1 s in 2.000 s"),
            (Received { seconds: f64::NAN, ..good.clone() }, "bytes that came for NaN s"),
            (Received { times: times(1e9), ..good.clone() }, "processor time of 1000000000 s"),
            (Received { times: times(-1.0), ..good.clone() }, "processor time of -1 s"),
            (Received { cores: cores(99.0), ..good.clone() }, "a core 3 that was busy"),
            (Received { cores: cores(f64::INFINITY), ..good.clone() }, "a core 3 that was busy"),
        ];
        for (received, expected) in cases {
            let told = bounds.check(&received).unwrap_err().to_string();
            let whole = format!("the peer reports what cannot be: {expected}");
            assert!(told.starts_with(&whole), "{told}");
        }
    }
}
