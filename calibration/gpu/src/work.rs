//! What a device is asked to do: kernels and copies in lanes, and which clock times them.
//!
//! ```text
//!   lane 0   [copy to device ■■■■■■]             one lane is one stream; steps of a lane follow
//!   lane 1   [kernel ■■■■■■■■■■]                 each other, lanes run at once
//! ```
//!
//! This is the whole language between probes and devices: bidirectional copies are two lanes,
//! queued launches one lane of many steps, overlap a lane of copies beside a lane of kernels.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::kernel::Kernel;

/// Where memory is that a step reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Memory of the device.
    Device,
    /// Memory of the next device.
    Peer,
    /// Ordinary host memory.
    Pageable,
    /// Page-locked host memory that the CPU caches; the device can address it.
    Pinned,
    /// Page-locked host memory that the CPU does not cache.
    WriteCombined,
    /// Page-locked host memory of a NUMA node.
    Node(u32),
    /// Ordinary host memory that nobody has written yet: new for each piece of work.
    Untouched,
}

impl Place {
    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            Place::Device => "device".into(),
            Place::Peer => "peer".into(),
            Place::Pageable => "pageable".into(),
            Place::Pinned => "pinned".into(),
            Place::WriteCombined => "write-combined".into(),
            Place::Node(node) => format!("node{node}"),
            Place::Untouched => "untouched".into(),
        }
    }
}

/// One kernel launch. All kernels take the same five arguments: memory, where to leave a cycle
/// count, and the three numbers below, whose meaning is the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Launch {
    /// Which kernel.
    pub kernel: Kernel,
    /// Blocks of the grid.
    pub blocks: u32,
    /// Threads of a block.
    pub threads: u32,
    /// Where its memory is.
    pub memory: Place,
    /// How much of it.
    pub bytes: u64,
    /// How often it does what it does.
    pub steps: u32,
    /// Distance in 4-byte words.
    pub stride: u32,
    /// How many of its blocks an SM shall hold at once, where they shall not be as many as fit.
    pub residents: Option<u32>,
}

impl Launch {
    /// One thread that touches no memory and does nothing twice.
    pub const fn of(kernel: Kernel) -> Launch {
        Launch {
            kernel,
            blocks: 1,
            threads: 1,
            memory: Place::Device,
            bytes: 4096,
            steps: 1,
            stride: 1,
            residents: None,
        }
    }
}

/// One step of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProbeStep {
    /// A kernel.
    Launch(Launch),
    /// A graph of equal kernels, each after the one before, launched as one.
    Graph {
        /// Each of them.
        launch: Launch,
        /// How many.
        nodes: u32,
    },
    /// A copy, queued in the lane's stream.
    Copy {
        /// From where.
        from: Place,
        /// To where.
        to: Place,
        /// How much.
        bytes: u64,
    },
    /// A copy whose call returns when it is done.
    BlockingCopy {
        /// From where.
        from: Place,
        /// To where.
        to: Place,
        /// How much.
        bytes: u64,
    },
    /// The event of that number happens when everything before it in the lane has ended.
    Record(u32),
    /// What follows in the lane waits for the event of that number.
    Wait(u32),
}

/// Steps one after another: a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lane {
    /// Whether the stream belongs to a context of its own, as another process's would.
    pub own_context: bool,
    /// What it does.
    pub steps: Vec<ProbeStep>,
}

/// Which clock times a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timer {
    /// The host's: from the first call until all lanes are seen to be done.
    Host,
    /// Events in the streams: from before the first step to after the last.
    Events,
    /// The SM's cycle counter, read by the kernel itself.
    Cycles,
    /// The host's: from the call until the first store of the kernel is seen.
    FirstStore,
    /// The host's: from the first call until the last of the lanes is seen to be done.
    LastLane,
    /// None: what the kernel counted.
    Count,
}

impl Timer {
    /// The unit of its readings.
    pub const fn unit(self) -> &'static str {
        match self {
            Timer::Cycles => "cycles",
            Timer::Count => "count",
            Timer::Host | Timer::Events | Timer::FirstStore | Timer::LastLane => "s",
        }
    }

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Timer::Host => "host",
            Timer::Events => "events",
            Timer::Cycles => "cycles",
            Timer::FirstStore => "first-store",
            Timer::LastLane => "last-lane",
            Timer::Count => "count",
        }
    }
}

/// Something to do and to time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeWork {
    /// A kernel that runs and ends before the clock starts.
    pub before: Option<Launch>,
    /// What runs at once.
    pub lanes: Vec<Lane>,
    /// What times it.
    pub timer: Timer,
}

impl ProbeWork {
    /// One launch.
    pub fn launch(launch: Launch, timer: Timer) -> ProbeWork {
        ProbeWork::steps(vec![ProbeStep::Launch(launch)], timer)
    }

    /// Steps in one lane.
    pub fn steps(steps: Vec<ProbeStep>, timer: Timer) -> ProbeWork {
        ProbeWork::lanes(vec![steps], timer)
    }

    /// Lanes of one context.
    pub fn lanes(lanes: Vec<Vec<ProbeStep>>, timer: Timer) -> ProbeWork {
        let lanes = lanes.into_iter().map(|steps| Lane { own_context: false, steps }).collect();
        ProbeWork { before: None, lanes, timer }
    }

    /// Lanes that take turns on the GPU as the contexts of several processes do.
    pub fn contexts(lanes: Vec<Vec<ProbeStep>>, timer: Timer) -> ProbeWork {
        let lanes = lanes.into_iter().map(|steps| Lane { own_context: true, steps }).collect();
        ProbeWork { before: None, lanes, timer }
    }

    /// One copy, from the call to its end.
    pub fn copy(from: Place, to: Place, bytes: u64) -> ProbeWork {
        ProbeWork::steps(vec![ProbeStep::Copy { from, to, bytes }], Timer::Host)
    }

    /// The same after `launch` has ended.
    pub fn after(self, launch: Launch) -> ProbeWork {
        ProbeWork { before: Some(launch), ..self }
    }

    /// Whether all of it has ended when its last call returns.
    pub fn blocks(&self) -> bool {
        let mut steps = self.lanes.iter().flat_map(|lane| &lane.steps);
        steps.all(|step| matches!(step, ProbeStep::BlockingCopy { .. }))
    }

    /// The order in which its steps are issued, as lane and step: in turn, so that all lanes begin
    /// at once; a lane that waits for an event is passed over until the event is recorded, as a
    /// wait for one that is not is none.
    ///
    /// # Panics
    /// If a lane waits for an event that no lane gets to record.
    pub fn order(&self) -> Vec<(usize, usize)> {
        let all: usize = self.lanes.iter().map(|lane| lane.steps.len()).sum();
        let mut next = vec![0; self.lanes.len()];
        let mut recorded = BTreeSet::new();
        let mut order = Vec::with_capacity(all);
        while order.len() < all {
            let before = order.len();
            for (at, lane) in self.lanes.iter().enumerate() {
                match lane.steps.get(next[at]) {
                    None => continue,
                    Some(ProbeStep::Wait(event)) if !recorded.contains(event) => continue,
                    Some(ProbeStep::Record(event)) => drop(recorded.insert(*event)),
                    Some(_) => {}
                }
                order.push((at, next[at]));
                next[at] += 1;
            }
            assert!(order.len() > before, "a lane waits for an event that is never recorded");
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_issued_after_what_it_waits_for() {
        let kernel = ProbeStep::Launch(Launch::of(Kernel::Nothing));
        let there = vec![kernel, kernel, ProbeStep::Record(1)];
        let here = vec![ProbeStep::Wait(1), kernel];
        let work = ProbeWork::lanes(vec![here, there], Timer::Host);
        assert_eq!(work.order(), [(1, 0), (1, 1), (1, 2), (0, 0), (0, 1)]);
        let even = ProbeWork::lanes(vec![vec![kernel; 2], vec![kernel]], Timer::Host);
        assert_eq!(even.order(), [(0, 0), (1, 0), (0, 1)]);
    }

    #[test]
    #[should_panic(expected = "never recorded")]
    fn a_wait_for_nothing_is_a_mistake() {
        ProbeWork::steps(vec![ProbeStep::Wait(3)], Timer::Host).order();
    }
}
