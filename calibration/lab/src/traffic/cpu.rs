//! What a transfer costs of the processor, from the kernel's own accounting.
//!
//! Two views that do not add up: a core's busy time (`/proc/stat`, which counts everybody on it
//! and the softirq work that no thread is charged for, in ticks of 10 ms) and the threads' own
//! time (`getrusage`, in microseconds).

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use nix::unistd::{SysconfVar, sysconf};
use serde::{Deserialize, Serialize};

use super::error::TrafficError;

/// Where the kernel keeps it.
const STAT: &str = "/proc/stat";

/// Where one core's time went, each in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CoreTimes {
    /// The core, from 0.
    pub core: usize,
    /// In programs, niced ones too.
    pub user_s: f64,
    /// In the kernel on behalf of programs.
    pub system_s: f64,
    /// In interrupts.
    pub interrupt_s: f64,
    /// In soft interrupts: the receive path of the network.
    pub softirq_s: f64,
    /// Taken by the hypervisor; not this machine's work.
    pub steal_s: f64,
    /// Idle, or waiting for a disk.
    pub idle_s: f64,
}

impl CoreTimes {
    /// Everything that this machine did on the core in seconds, without what was stolen.
    pub fn busy_s(&self) -> f64 {
        self.user_s + self.system_s + self.interrupt_s + self.softirq_s
    }

    /// What was added since `earlier`. Counters of a core that went offline may run backwards.
    fn since(&self, earlier: &CoreTimes) -> CoreTimes {
        let spent = |now: f64, then: f64| (now - then).max(0.0);
        CoreTimes {
            core: self.core,
            user_s: spent(self.user_s, earlier.user_s),
            system_s: spent(self.system_s, earlier.system_s),
            interrupt_s: spent(self.interrupt_s, earlier.interrupt_s),
            softirq_s: spent(self.softirq_s, earlier.softirq_s),
            steal_s: spent(self.steal_s, earlier.steal_s),
            idle_s: spent(self.idle_s, earlier.idle_s),
        }
    }
}

/// A thread's or process's own time in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ThreadTimes {
    /// In its own code.
    pub user_s: f64,
    /// In the kernel on its behalf.
    pub system_s: f64,
}

impl ThreadTimes {
    /// Both in seconds.
    pub fn total_s(&self) -> f64 {
        self.user_s + self.system_s
    }

    /// The calling thread's time up to now.
    pub(super) fn now() -> Result<ThreadTimes, TrafficError> {
        let usage = getrusage(UsageWho::RUSAGE_THREAD)
            .map_err(TrafficError::system("asking for a thread's time"))?;
        let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 * 1e-6;
        Ok(ThreadTimes {
            user_s: seconds(usage.user_time()),
            system_s: seconds(usage.system_time()),
        })
    }

    /// The calling thread's time since `earlier`.
    pub(super) fn since(earlier: ThreadTimes) -> Result<ThreadTimes, TrafficError> {
        let now = ThreadTimes::now()?;
        Ok(ThreadTimes {
            user_s: (now.user_s - earlier.user_s).max(0.0),
            system_s: (now.system_s - earlier.system_s).max(0.0),
        })
    }
}

impl std::ops::Add for ThreadTimes {
    type Output = ThreadTimes;
    fn add(self, other: ThreadTimes) -> ThreadTimes {
        ThreadTimes { user_s: self.user_s + other.user_s, system_s: self.system_s + other.system_s }
    }
}

impl std::iter::Sum for ThreadTimes {
    fn sum<I: Iterator<Item = ThreadTimes>>(times: I) -> ThreadTimes {
        times.fold(ThreadTimes::default(), std::ops::Add::add)
    }
}

/// What a transfer cost of the processor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CpuUse {
    /// Every core of the machine that called, from before the transfer to after it.
    pub cores: Vec<CoreTimes>,
    /// Every core of the peer's machine, if there is one.
    pub peer_cores: Vec<CoreTimes>,
    /// The sender's threads.
    pub sender: ThreadTimes,
    /// The receiver's threads.
    pub receiver: ThreadTimes,
}

impl CpuUse {
    /// The threads' time of both sides in seconds per payload byte; none for no bytes.
    pub fn thread_s_per_byte(&self, bytes: sim::Bytes) -> Option<f64> {
        (bytes.get() > 0)
            .then(|| (self.sender.total_s() + self.receiver.total_s()) / bytes.as_f64())
    }

    /// All cores' busy time in seconds per payload byte, softirq work of both sides and whatever
    /// else ran included; none for no bytes.
    pub fn core_s_per_byte(&self, bytes: sim::Bytes) -> Option<f64> {
        let busy_s: f64 = self.cores.iter().chain(&self.peer_cores).map(CoreTimes::busy_s).sum();
        (bytes.get() > 0).then(|| busy_s / bytes.as_f64())
    }
}

/// The cores' times at one instant.
#[derive(Clone, Debug)]
pub(super) struct Cores(Vec<CoreTimes>);

impl Cores {
    /// Reads them.
    pub(super) fn now() -> Result<Cores, TrafficError> {
        let text = std::fs::read_to_string(STAT).map_err(TrafficError::system("reading times"))?;
        let ticks = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
        parse(&text, ticks as f64).map(Cores).ok_or_else(|| TrafficError::Program {
            program: STAT,
            problem: "it lists no core".into(),
        })
    }

    /// What each core did since then.
    pub(super) fn elapsed(&self) -> Result<Vec<CoreTimes>, TrafficError> {
        let now = Cores::now()?;
        let earlier = |core| self.0.iter().find(|times| times.core == core);
        Ok(now.0.iter().filter_map(|times| Some(times.since(earlier(times.core)?))).collect())
    }
}

/// The lines `cpuN user nice system idle iowait irq softirq steal …` of `/proc/stat`.
fn parse(text: &str, ticks_per_s: f64) -> Option<Vec<CoreTimes>> {
    let core = |line: &str| -> Option<CoreTimes> {
        let mut words = line.strip_prefix("cpu")?.split_whitespace();
        let core = words.next()?.parse().ok()?;
        let ticks: Vec<u64> = words.map_while(|word| word.parse().ok()).collect();
        let seconds = |at: usize| ticks.get(at).map(|ticks| *ticks as f64 / ticks_per_s);
        Some(CoreTimes {
            core,
            user_s: seconds(0)? + seconds(1)?,
            system_s: seconds(2)?,
            idle_s: seconds(3)? + seconds(4)?,
            interrupt_s: seconds(5)?,
            softirq_s: seconds(6)?,
            steal_s: seconds(7)?,
        })
    };
    let all = text.lines().filter(|line| line.starts_with("cpu") && !line.starts_with("cpu "));
    let cores: Option<Vec<CoreTimes>> = all.map(core).collect();
    cores.filter(|cores| !cores.is_empty())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const TEXT: &str = "cpu  9 9 9 9 9 9 9 9 9 9\n\
        cpu0 100 20 300 4000 50 6 70 8 0 0\n\
        cpu3 1 0 2 3 0 0 0 0 0 0\n\
        intr 12345 0 0\n";

    #[test]
    fn the_columns_of_proc_stat_go_where_they_belong() {
        let cores = parse(TEXT, 100.0).expect("two cores");
        let first = CoreTimes {
            core: 0,
            user_s: 1.2,
            system_s: 3.0,
            interrupt_s: 0.06,
            softirq_s: 0.7,
            steal_s: 0.08,
            idle_s: 40.5,
        };
        assert_eq!((cores[0], cores[1].core), (first, 3));
        assert!((first.busy_s() - 4.96).abs() < 1e-12);
        for bad in ["", "cpu 1 2 3 4 5 6 7 8", "cpu0 1 2", "cpu0 a b c", "cpux 1 2 3 4 5 6 7 8"] {
            assert_eq!(parse(bad, 100.0), None, "{bad}");
        }
    }

    #[test]
    fn a_core_that_works_is_seen_working() {
        let cores = Cores::now().expect("/proc/stat");
        let thread = ThreadTimes::now().expect("getrusage");
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(300) {
            std::hint::spin_loop();
        }
        let own = ThreadTimes::since(thread).expect("getrusage");
        let busy: f64 = cores.elapsed().expect("/proc/stat").iter().map(CoreTimes::busy_s).sum();
        assert!(own.user_s > 0.02 && own.total_s() < 0.5, "{own:?}");
        assert!(busy > 0.02, "{busy} s");
    }
}
