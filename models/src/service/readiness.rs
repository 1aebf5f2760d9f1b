//! Readiness: how long until a pod receives, and how long it receives although it should not.
//!
//! A probe runs every period; after `success_threshold` good ones in a row the pod is an endpoint
//! of its Services, after `failure_threshold` bad ones it is none. Source: kubernetes.io,
//! docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes.

/// A readiness probe as a pod's manifest has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probe {
    /// Before the first probe, from the container's start in seconds.
    pub initial_delay_s: f64,
    /// Between probes in seconds.
    pub period_s: f64,
    /// How long an answer is waited for in seconds.
    pub timeout_s: f64,
    /// Good probes in a row until the pod is ready.
    pub success_threshold: u32,
    /// Bad probes in a row until it is not.
    pub failure_threshold: u32,
}

impl Default for Probe {
    /// The API's defaults: every 10 s, 1 s of patience, ready after one, out after three.
    fn default() -> Probe {
        Probe {
            initial_delay_s: 0.0,
            period_s: 10.0,
            timeout_s: 1.0,
            success_threshold: 1,
            failure_threshold: 3,
        }
    }
}

/// The least, mean and greatest of a time in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// The least.
    pub least_s: f64,
    /// The mean, where the event falls anywhere between two probes.
    pub mean_s: f64,
    /// The greatest.
    pub most_s: f64,
}

impl Probe {
    /// From the container's start until the probes have it ready, where it can serve after
    /// `starts_s` and probes fall at the initial delay and every period after it.
    pub fn ready_after_s(&self, starts_s: f64) -> f64 {
        let late = (starts_s - self.initial_delay_s).max(0.0);
        let failed = (late / self.period_s).ceil();
        let more = f64::from(self.success_threshold.max(1) - 1);
        self.initial_delay_s + (failed + more) * self.period_s
    }

    /// From the instant at which a pod stops answering until it receives nothing new: the first bad
    /// probe comes within a period, and each is waited for.
    pub fn out_after(&self) -> Span {
        let more = f64::from(self.failure_threshold.max(1) - 1) * self.period_s;
        let least_s = more + self.timeout_s;
        Span { least_s, mean_s: least_s + self.period_s / 2.0, most_s: least_s + self.period_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_in_at_the_probe_that_follows_its_start() {
        let probe = Probe { initial_delay_s: 5.0, ..Probe::default() };
        let cases = [(0.0, 5.0), (5.0, 5.0), (5.1, 15.0), (15.0, 15.0), (42.0, 45.0)];
        for (starts, ready) in cases {
            assert_eq!(probe.ready_after_s(starts), ready, "starts after {starts} s");
        }
        let twice = Probe { success_threshold: 2, ..probe };
        assert_eq!(twice.ready_after_s(0.0), 15.0);
    }

    #[test]
    fn a_dead_pod_is_out_after_its_threshold() {
        let out = Probe::default().out_after();
        assert_eq!((out.least_s, out.mean_s, out.most_s), (21.0, 26.0, 31.0));
        let eager = Probe { period_s: 1.0, failure_threshold: 1, ..Probe::default() };
        assert_eq!(eager.out_after().most_s, 2.0);
    }
}
