//! A result in GPU memory that is copied to the host chunk by chunk.

use calibration_gpu::GpuError;
use calibration_gpu::readback::{HostBuffer, Readback};

use super::super::error::TrafficError;
use super::HostMemory;
use super::Produce;

/// A result in the memory of a GPU.
#[derive(Debug)]
pub struct DeviceResult {
    result: Readback,
    memory: HostMemory,
}

impl DeviceResult {
    /// A result of `bytes` on the `device`-th GPU, copied into host memory of one kind.
    ///
    /// # Errors
    /// If there is no driver or no such device, or its memory does not suffice.
    pub fn new(device: usize, memory: HostMemory, bytes: sim::Bytes) -> Result<Self, GpuError> {
        Ok(DeviceResult { result: Readback::new(device, bytes)?, memory })
    }
}

fn failed(error: GpuError) -> TrafficError {
    TrafficError::Producer(error.to_string())
}

impl Produce for DeviceResult {
    type Buffer = HostBuffer;

    fn buffer(&mut self, bytes: usize) -> Result<HostBuffer, TrafficError> {
        match self.memory {
            HostMemory::Pinned => self.result.pinned(bytes).map_err(failed),
            HostMemory::Pageable => Ok(HostBuffer::Pageable(vec![1; bytes])),
            // Pages that the kernel maps at the first write: the copy itself.
            HostMemory::Untouched => Ok(HostBuffer::Pageable(vec![0; bytes])),
        }
    }

    fn make(
        &mut self,
        offset: usize,
        bytes: usize,
        buffer: &mut HostBuffer,
    ) -> Result<(), TrafficError> {
        match self.result.copy(offset, bytes, buffer).map_err(failed)? {
            true => Ok(()),
            false => Err(TrafficError::Load("the GPU's result is smaller than the load".into())),
        }
    }

    fn view(buffer: &HostBuffer, bytes: usize) -> Result<&[u8], TrafficError> {
        buffer.first(bytes).map_err(failed)?.ok_or(TrafficError::Abandoned)
    }

    fn emulated_by(&self) -> Option<&'static str> {
        None
    }
}
