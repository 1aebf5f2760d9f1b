//! A GPU's profile from the GPU itself: `podpath calibrate gpu`.
//!
//! ```text
//!   probe::design ──► Work ──► Device::time ──► samples ──► probe::find ──► findings ──► profile
//!                                  │
//!                     cuda (driver, NVRTC)  or  simulated (every parameter known)
//! ```
//!
//! The driver and the compiler are libraries of the user's machine, opened when they are needed;
//! without them there is a [`GpuError`], not a crash. Measuring and evaluating are apart, so that
//! the evaluation is tested without a GPU.

pub mod campaign;
mod cuda;
pub mod device;
mod execution;
pub mod facts;
pub mod finding;
pub mod import;
pub mod judge;
pub mod kernel;
mod numa;
pub mod probe;
mod profile;
pub mod sample;
pub mod simulated;
pub mod state;
pub mod study;
pub mod table;
pub mod work;

use cudarc::driver::DriverError;
use cudarc::nvrtc::CompileError;
use models::input::InputError;

pub(crate) use cuda::pinned;
pub use cuda::{Cuda, compile, driver_is_there};
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
    /// There is no compiler library to open.
    #[error(
        "no NVRTC was found: libnvrtc.so cannot be opened (it is part of the CUDA toolkit, and of \
         the Python package nvidia-cuda-nvrtc-cu12)"
    )]
    NoCompiler,
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
    /// Every point of every probe.
    pub samples: Vec<Sample>,
    /// The parameters with their intervals.
    pub findings: Vec<Finding>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether there is a driver depends on the machine; that nothing panics does not.
    #[test]
    fn a_machine_without_driver_gets_an_error_that_says_so() {
        match Cuda::open(4096).map(|_| ()) {
            Err(error @ GpuError::NoDriver) => {
                assert!(error.to_string().starts_with("no NVIDIA driver was found: "));
            }
            Err(GpuError::NoDevice { wanted: 4096, .. } | GpuError::Driver(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}
