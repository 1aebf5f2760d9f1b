//! Fewer blocks on an SM than would fit: each asks for shared memory that it does not use.

use cudarc::driver::sys::{CUdevice_attribute as Device, CUfunction_attribute as Function};
use cudarc::driver::{CudaContext, CudaFunction};

use super::super::GpuError;
use super::super::work::Launch;

/// Shared memory is allotted in units of at most so many bytes.
const UNIT: u32 = 256;
/// All that an SM's memory can be parted into is to be shared memory, in per cent.
const ALL_SHARED: i32 = 100;

/// The dynamic shared memory of a launch in bytes, with which an SM holds as many blocks as are
/// asked for; 0 where nothing is asked.
///
/// # Errors
/// If a call fails, or the driver says that an SM would hold another number.
pub(super) fn padding(
    context: &CudaContext,
    kernel: &CudaFunction,
    launch: &Launch,
) -> Result<u32, GpuError> {
    let Some(wanted) = launch.residents else { return Ok(0) };
    let ask = |attribute| Ok::<u32, GpuError>(context.attribute(attribute)?.max(0) as u32);
    let all = ask(Device::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR)?;
    let reserved = ask(Device::CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK)?;
    let most = ask(Device::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)?;
    let share = (all / wanted.max(1)).saturating_sub(reserved).min(most) / UNIT * UNIT;
    kernel.set_attribute(
        Function::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
        i32::try_from(share).unwrap_or(i32::MAX),
    )?;
    kernel
        .set_attribute(Function::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, ALL_SHARED)?;
    let threads = launch.threads;
    let found =
        kernel.occupancy_max_active_blocks_per_multiprocessor(threads, share as usize, None)?;
    match found == wanted {
        true => Ok(share),
        false => Err(GpuError::Residents { wanted, threads, found }),
    }
}
