//! A GPU's profile from the GPU itself: `podpath calibrate gpu`.
//!
//! ```text
//!  driver ──► facts (SMs, clocks, engines) ─┐
//!  NVRTC ───► null kernel ──► launch time ──┼─► profile: one CSV file
//!  copies of growing size ──► samples ─fit──┘
//! ```
//!
//! The driver and the compiler are libraries of the user's machine, opened when they are needed;
//! without them there is a [`GpuError`], not a crash. Measuring and evaluating are apart, so that
//! the evaluation is tested without a GPU.

mod copies;
mod facts;
mod launch;
mod profile;

use cudarc::driver::{CudaContext, DriverError};
use cudarc::nvrtc::CompileError;
use models::input::InputError;

pub(crate) use copies::pinned;
pub use copies::{Memory, Sample};
pub use facts::Facts;
pub use profile::profile;

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
    /// The null kernel did not compile.
    #[error("the compiler refused the null kernel: {0}")]
    Compiler(#[from] CompileError),
    /// What was measured makes no profile.
    #[error("the measurements make no profile: {0}")]
    Profile(#[from] InputError),
}

/// What to calibrate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The number of the device, from 0.
    pub device: usize,
    /// How often each figure is measured; the median is taken.
    pub repetitions: usize,
    /// The largest copy in bytes.
    pub copy_max: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { device: 0, repetitions: 21, copy_max: 256 << 20 }
    }
}

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// What the driver says of the device.
    pub facts: Facts,
    /// Launch of an empty kernel and waiting for it in seconds, median.
    pub launch: f64,
    /// Copies by direction, memory and size.
    pub samples: Vec<Sample>,
}

/// Measures a GPU.
///
/// # Errors
/// If there is no driver, no compiler or no such device, or a call fails.
pub fn measure(options: &Options) -> Result<Measured, GpuError> {
    if !driver_is_there() {
        return Err(GpuError::NoDriver);
    }
    let found = CudaContext::device_count()?;
    if options.device >= usize::try_from(found).unwrap_or(0) {
        return Err(GpuError::NoDevice { wanted: options.device, found });
    }
    let context = CudaContext::new(options.device)?;
    Ok(Measured {
        facts: facts::query(&context)?,
        launch: launch::measure(&context, options.repetitions)?,
        samples: copies::measure(&context, options)?,
    })
}

/// Whether the driver's library can be opened; asking the driver anything else would panic.
#[allow(unsafe_code)]
pub fn driver_is_there() -> bool {
    // SAFETY: opens and closes the library of the installed driver, whose initialisers are trusted
    // as those of any library that a program links; nothing is called.
    unsafe { cudarc::driver::sys::is_culib_present() }
}

/// The median of measured values.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether there is a driver depends on the machine; that nothing panics does not.
    #[test]
    fn a_machine_without_driver_gets_an_error_that_says_so() {
        match measure(&Options { device: 4096, ..Options::default() }) {
            Err(error @ GpuError::NoDriver) => {
                assert!(error.to_string().starts_with("no NVIDIA driver was found: "));
            }
            Err(GpuError::NoDevice { wanted: 4096, .. } | GpuError::Driver(_)) => {}
            other => panic!("{other:?}"),
        }
    }
}
