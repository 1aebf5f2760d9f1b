//! Copies of growing size between host and device, pinned and pageable.

use std::sync::Arc;
use std::time::Instant;

use cudarc::driver::{CudaContext, CudaSlice, CudaStream, DriverError, PinnedHostSlice};
use models::gpu::copy::Direction;

use super::{Options, median};

/// The smallest copy in bytes.
const SMALLEST: usize = 1024;

/// The host memory of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Page-locked.
    Pinned,
    /// Ordinary.
    Pageable,
}

/// A copy that was timed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Its direction.
    pub direction: Direction,
    /// Its host memory.
    pub memory: Memory,
    /// Its size.
    pub bytes: usize,
    /// From the call to the end of waiting in seconds, median.
    pub seconds: f64,
}

/// Times copies of 1 KiB, 2 KiB, 4 KiB, … in both directions from both kinds of memory.
pub(super) fn measure(
    context: &Arc<CudaContext>,
    options: &Options,
) -> Result<Vec<Sample>, DriverError> {
    let stream = context.default_stream();
    let most = options.copy_max.max(SMALLEST);
    let mut device: CudaSlice<u8> = stream.alloc_zeros(most)?;
    // Written before use, so that no copy pays for a first touch.
    let mut pageable = vec![1u8; most];
    let mut pinned = pinned(context, most)?;
    let pinned = pinned.as_mut_slice()?;
    pinned.fill(1);
    let mut samples = Vec::new();
    let sizes = std::iter::successors(Some(SMALLEST), |size| Some(size * 2));
    for bytes in sizes.take_while(|size| *size <= most) {
        for direction in [Direction::ToDevice, Direction::ToHost] {
            for memory in [Memory::Pinned, Memory::Pageable] {
                let host = match memory {
                    Memory::Pinned => &mut pinned[..bytes],
                    Memory::Pageable => &mut pageable[..bytes],
                };
                let seconds = time(&stream, &mut device, host, direction, options.repetitions)?;
                samples.push(Sample { direction, memory, bytes, seconds });
            }
        }
    }
    Ok(samples)
}

/// The median time of a copy of all of `host`; the first copy is not counted.
fn time(
    stream: &Arc<CudaStream>,
    device: &mut CudaSlice<u8>,
    host: &mut [u8],
    direction: Direction,
    repetitions: usize,
) -> Result<f64, DriverError> {
    let mut times = Vec::with_capacity(repetitions);
    for repetition in 0..=repetitions {
        let begin = Instant::now();
        match direction {
            Direction::ToDevice => stream.memcpy_htod(host, device)?,
            Direction::ToHost => stream.memcpy_dtoh(&device.slice(..host.len()), host)?,
        }
        stream.synchronize()?;
        if repetition > 0 {
            times.push(begin.elapsed().as_secs_f64());
        }
    }
    Ok(median(times))
}

/// Page-locked memory that the CPU caches, unlike the binding's default of write-combined.
#[allow(unsafe_code)]
pub(crate) fn pinned(
    context: &Arc<CudaContext>,
    bytes: usize,
) -> Result<PinnedHostSlice<u8>, DriverError> {
    // SAFETY: the bytes are unset, and any byte is a `u8`; the caller fills them before reading.
    unsafe { context.alloc_pinned_with_flags(bytes, 0) }
}
