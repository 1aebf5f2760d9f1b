//! What the driver says of a device, and the peaks that follow.

use std::sync::Arc;

use cudarc::driver::result::device;
use cudarc::driver::sys::{CUdevice_attribute as Attribute, cuDeviceCanAccessPeer};
use cudarc::driver::{CudaContext, DriverError};
use serde::{Deserialize, Serialize};

/// A device as the driver describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The name: `NVIDIA A100-PCIE-40GB`.
    pub name: String,
    /// Compute capability, major and minor.
    pub capability: (i32, i32),
    /// Streaming multiprocessors.
    pub sms: i32,
    /// Highest SM clock in kilohertz.
    pub clock_khz: i32,
    /// Highest memory clock in kilohertz.
    pub memory_clock_khz: i32,
    /// Width of the memory bus in bits.
    pub memory_bus_bits: i32,
    /// Device memory in bytes.
    pub memory: usize,
    /// Copy engines.
    pub copy_engines: i32,
    /// Second-level cache in bytes.
    pub l2: usize,
    /// Shared memory of an SM in bytes: nearly all of what it shares with the first-level cache.
    pub shared_per_sm: usize,
    /// Threads that may be resident on an SM.
    pub threads_per_sm: i32,
    /// NUMA nodes of the host that have memory.
    pub nodes: Vec<u32>,
    /// Whether there is another device beside it.
    pub peer: bool,
    /// Whether kernels can address the memory of that device.
    pub peer_loads: bool,
    /// The PCIe generation and lanes that card and slot can do together, if anybody tells.
    pub pcie: Option<(u32, u32)>,
    /// The version of the driver, if anybody tells.
    pub driver: Option<String>,
    /// Whether this is no GPU but a simulation of one.
    pub simulated: bool,
}

/// Asks the driver; what only the management library tells is left open.
pub(super) fn query(context: &Arc<CudaContext>) -> Result<Facts, DriverError> {
    let bytes = |attribute| Ok(usize::try_from(context.attribute(attribute)?).unwrap_or(0));
    let peer = CudaContext::device_count()? > 1;
    Ok(Facts {
        name: context.name()?,
        capability: context.compute_capability()?,
        sms: context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
        clock_khz: context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_CLOCK_RATE)?,
        memory_clock_khz: context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE)?,
        memory_bus_bits: context
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH)?,
        memory: context.total_mem()?,
        copy_engines: context.attribute(Attribute::CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT)?,
        l2: bytes(Attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE)?,
        shared_per_sm: bytes(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR)?,
        threads_per_sm: context
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR)?,
        nodes: super::numa::nodes(),
        peer,
        peer_loads: peer && reaches(context.ordinal(), next(context.ordinal())?)?,
        pcie: None,
        driver: None,
        simulated: false,
    })
}

/// The device beside device `ordinal`: itself, if it is the only one.
pub(super) fn next(ordinal: usize) -> Result<usize, DriverError> {
    let found = usize::try_from(CudaContext::device_count()?).unwrap_or(1).max(1);
    Ok((ordinal + 1) % found)
}

/// Whether kernels on a device can address the memory of another one.
#[allow(unsafe_code)]
fn reaches(ordinal: usize, other: usize) -> Result<bool, DriverError> {
    let device = |ordinal: usize| device::get(i32::try_from(ordinal).unwrap_or(i32::MAX));
    let mut can = 0;
    // SAFETY: the driver is initialised, as there is a context; it writes one number.
    unsafe { cuDeviceCanAccessPeer(&raw mut can, device(ordinal)?, device(other)?).result()? };
    Ok(can != 0)
}

impl Facts {
    /// Single- and double-precision lanes of an SM; `None` for a generation not in the table.
    /// Source: CUDA C++ Programming Guide, table "Throughput of Native Arithmetic Instructions".
    pub fn lanes(&self) -> Option<(u32, u32)> {
        match self.capability {
            (7, 0) | (8, 0) => Some((64, 32)),
            (7, 5) => Some((64, 2)),
            (8, 6 | 7 | 9) | (12, _) => Some((128, 2)),
            (9, 0) | (10, 0) => Some((128, 64)),
            _ => None,
        }
    }

    /// Peak of so many lanes in Tflop/s: a multiplication and an addition per lane and cycle.
    pub fn peak(&self, lanes: u32) -> f64 {
        2.0 * f64::from(lanes) * f64::from(self.sms) * f64::from(self.clock_khz) * 1e3 / 1e12
    }

    /// Peak of device memory in GB/s: two transfers a cycle.
    pub fn memory_peak(&self) -> f64 {
        2.0 * f64::from(self.memory_clock_khz) * 1e3 * f64::from(self.memory_bus_bits) / 8.0 / 1e9
    }
}

#[cfg(test)]
mod tests {

    /// The attributes of an A100 PCIe 40 GB give its data sheet's 19.5 and 9.7 Tflop/s, 1555 GB/s.
    #[test]
    fn peaks_of_an_a100() {
        let a100 = crate::simulated::plain();
        let (single, double) = a100.lanes().unwrap();
        assert!((a100.peak(single) - 19.5).abs() < 0.05);
        assert!((a100.peak(double) - 9.7).abs() < 0.05);
        assert!((a100.memory_peak() - 1555.2).abs() < 0.1);
    }
}
