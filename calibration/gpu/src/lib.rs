//! A GPU's profile from the GPU itself: `podpath calibrate gpu`.
//!
//! ```text
//!   probe::design ──► Work ──► Device::time ──► Raw ──► probe::find ──► findings ──► profile
//!                                  │             └ raw.jsonl ┘
//!                         cuda (driver)  or  simulated (every parameter known)
//! ```
//!
//! The driver is a library of the user's machine, opened when it is needed; without it there is a
//! [`GpuError`], not a crash. The kernels ship as PTX ([`ptx`]), so that no compiler is needed.
//! Measuring and evaluating are apart, so that the evaluation is tested without a GPU.

pub mod archive;
mod budget;
pub mod campaign;
mod cuda;
pub mod device;
pub mod evaluate;
mod execution;
pub mod facts;
pub mod finding;
pub mod import;
pub mod judge;
pub mod kernel;
mod numa;
pub mod probe;
mod profile;
pub mod ptx;
pub mod raw;
pub mod readback;
pub mod sample;
pub mod simulated;
mod stand_in;
pub mod state;
pub mod study;
pub mod table;
pub mod work;

#[cfg(test)]
#[path = "../../needs/mod.rs"]
mod needs;

use cudarc::driver::DriverError;
use cudarc::nvrtc::CompileError;
use models::input::InputError;

pub use campaign::Campaign;
pub use cuda::{Cuda, Opening, compile, driver_is_there};
pub use facts::Facts;
pub use finding::Finding;
pub use profile::profile;
pub use sample::Sample;

/// Why a GPU could not be calibrated.
#[derive(Debug, thiserror::Error)]
pub enum GpuError {
    /// There is no driver library to open.
    #[error("no NVIDIA driver was found: libcuda.so.1 (or nvcuda.dll) cannot be opened")]
    NoDriver,
    /// The driver is too old for the PTX that ships.
    #[error(
        "the driver is one of CUDA {major}.{minor}, and the kernels need 12.0 or newer: a driver \
         of version 525 or newer"
    )]
    OldDriver {
        /// Of the version of CUDA that it is for.
        major: i32,
        /// Likewise.
        minor: i32,
    },
    /// There is a driver, and it finds no GPU that it can use.
    #[error(
        "there is a driver, but no GPU that it can use: {0}; `nvidia-smi` should list one, and \
         CUDA_VISIBLE_DEVICES must not hide it"
    )]
    NoGpu(DriverError),
    /// The GPU is cut into instances.
    #[error(
        "GPU {device} is cut into MIG instances, and a part would pass for the whole: turn MIG off \
         (`nvidia-smi -i {device} -mig 0`, as root, with no process on the GPU)"
    )]
    Partitioned {
        /// Its number.
        device: usize,
    },
    /// Other processes are on the GPU.
    #[error(
        "GPU {device} is in use, and what is measured beside other work is of no state: end \
         process {processes}, or measure all the same with --even-if-busy"
    )]
    Busy {
        /// Its number.
        device: usize,
        /// Their numbers and names.
        processes: String,
    },
    /// There is no compiler library to open.
    #[error(
        "no NVRTC was found: libnvrtc.so cannot be opened (it is part of the CUDA toolkit, and of \
         the Python package nvidia-cuda-nvrtc-cu12); without --nvrtc none is needed"
    )]
    NoCompiler,
    /// The PTX that ships has none for a kernel on this GPU.
    #[error(
        "no PTX of the kernel `{entry}` ships for compute capability {}.{}; --nvrtc compiles it",
        capability / 10,
        capability % 10
    )]
    NoPtx {
        /// The kernel.
        entry: &'static str,
        /// Ten times the compute capability.
        capability: u32,
    },
    /// There is no device of that number.
    #[error("there is no GPU {wanted}: the driver shows {found}")]
    NoDevice {
        /// The number that was asked for, from 0.
        wanted: usize,
        /// How many there are.
        found: i32,
    },
    /// A call of the driver failed.
    #[error("the driver refused: {0}")]
    Driver(#[from] DriverError),
    /// A kernel did not compile.
    #[error("the compiler refused a kernel: {0}")]
    Compiler(#[from] CompileError),
    /// A thread could not be moved to the cores of a NUMA node.
    #[error("memory of NUMA node {node} cannot be had: {error}")]
    Node {
        /// The node.
        node: u32,
        /// What the system said.
        error: std::io::Error,
    },
    /// An SM would hold another number of blocks than a probe relies on.
    #[error("an SM holds {found} blocks of {threads} threads, where a probe asks for {wanted}")]
    Residents {
        /// Blocks that were asked for.
        wanted: u32,
        /// Threads of each.
        threads: u32,
        /// What the driver says.
        found: u32,
    },
    /// The cycles of a kernel and its time make no clock.
    #[error("a kernel counts {cycles} cycles in {seconds} s: that is no clock")]
    NoClock {
        /// What it counted.
        cycles: f64,
        /// What events say it took.
        seconds: f64,
    },
    /// A budget has no room for any probe.
    #[error(
        "{budget_s} s are too little for one probe: with its fewest repetitions the cheapest needs \
         {:.1} s",
        least_s + 0.05
    )]
    Budget {
        /// What was given.
        budget_s: f64,
        /// What is enough.
        least_s: f64,
    },
    /// A probe failed.
    #[error("the probe `{probe}`: {why}")]
    Probe {
        /// Its name.
        probe: &'static str,
        /// What was said.
        why: String,
    },
    /// What was measured could not be kept.
    #[error("the readings cannot be written: {0}")]
    Unwritten(std::io::Error),
    /// A graph was captured and nothing is in it.
    #[error("the driver captured no graph")]
    NoGraph,
    /// Something was started and did not end.
    #[error("the GPU did not finish within {seconds} s: {what}")]
    TimeOut {
        /// How long was waited.
        seconds: u64,
        /// For what.
        what: &'static str,
    },
    /// What was measured makes no profile.
    #[error("the measurements make no profile: {0}")]
    Profile(#[from] InputError),
}

/// Everything that was measured, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What the driver says of the device.
    pub facts: Facts,
    /// How it was measured.
    pub plan: Campaign,
    /// Every point of every probe.
    pub samples: Vec<Sample>,
    /// The parameters with their intervals.
    pub findings: Vec<Finding>,
    /// What became of each probe.
    pub accounts: Vec<Account>,
}

impl Measured {
    /// Why the first probe that failed did, or that identified nothing.
    pub fn failed(&self) -> Option<GpuError> {
        self.accounts.iter().find_map(|account| match &account.status {
            Status::Failed(why) | Status::Undecided { why, .. } => {
                Some(GpuError::Probe { probe: account.probe, why: why.clone() })
            }
            _ => None,
        })
    }
}

/// What became of a probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Its name.
    pub probe: &'static str,
    /// The parameters that it identifies.
    pub identifies: &'static [&'static str],
    /// Those of them that stay unknown, if it did not come to its end.
    pub missing: Vec<&'static str>,
    /// How far it came.
    pub status: Status,
    /// How long it took \[s\].
    pub seconds: f64,
}

/// How far a probe came.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Its parameters were found.
    Found {
        /// How often each point was measured.
        repetitions: usize,
    },
    /// It was measured, and its readings identify nothing.
    Undecided {
        /// How often each point was measured.
        repetitions: usize,
        /// What the fit said.
        why: String,
    },
    /// The device has nothing of what it measures.
    Absent,
    /// The budget left it out.
    LeftOut,
    /// It could not be measured, and this is what was said.
    Failed(String),
    /// The campaign ended before it.
    NotReached,
}

impl Status {
    /// Its name in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Status::Found { .. } => "found",
            Status::Undecided { .. } => "undecided",
            Status::Absent => "absent",
            Status::LeftOut => "left-out",
            Status::Failed(_) => "failed",
            Status::NotReached => "not-reached",
        }
    }

    /// Why there are no parameters, in words; nothing where there are.
    pub fn why(&self) -> String {
        match self {
            Status::Found { .. } => String::new(),
            Status::Undecided { why, .. } => format!("its readings do not decide it: {why}"),
            Status::Absent => "the device has nothing of the kind".into(),
            Status::LeftOut => "the budget left it out".into(),
            Status::Failed(why) => format!("it failed: {why}"),
            Status::NotReached => "the campaign ended before it".into(),
        }
    }

    /// How often each of its points was measured.
    pub const fn repetitions(&self) -> usize {
        match self {
            Status::Found { repetitions } | Status::Undecided { repetitions, .. } => *repetitions,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether there is a driver depends on the machine; that nothing panics does not.
    #[test]
    fn a_machine_without_driver_gets_an_error_that_says_so() {
        match Cuda::open(4096, &Opening::default()).map(|_| ()) {
            Err(error @ GpuError::NoDriver) => {
                assert!(error.to_string().starts_with("no NVIDIA driver was found: "));
            }
            Err(GpuError::NoDevice { wanted: 4096, .. } | GpuError::NoGpu(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}
