//! A result in GPU memory that is copied to the host chunk by chunk.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaSlice, CudaStream, DriverError, PinnedHostSlice};

use super::super::error::TrafficError;
use super::HostMemory;
use super::Produce;
use crate::gpu::{GpuError, driver_is_there, pinned};

/// A result in the memory of a GPU.
#[derive(Debug)]
pub struct DeviceResult {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    memory: HostMemory,
    result: CudaSlice<u8>,
}

/// Host memory that the copy ends in.
#[derive(Debug)]
pub enum DeviceBuffer {
    /// Page-locked.
    Pinned(PinnedHostSlice<u8>),
    /// Ordinary.
    Pageable(Vec<u8>),
}

impl DeviceResult {
    /// A result of `bytes` on the `device`-th GPU, copied into host memory of one kind.
    ///
    /// # Errors
    /// If there is no driver or no such device, or its memory does not suffice.
    pub fn new(device: usize, memory: HostMemory, bytes: sim::Bytes) -> Result<Self, GpuError> {
        if !driver_is_there() {
            return Err(GpuError::NoDriver);
        }
        let found = CudaContext::device_count()?;
        if device >= usize::try_from(found).unwrap_or(0) {
            return Err(GpuError::NoDevice { wanted: device, found });
        }
        let context = CudaContext::new(device)?;
        let stream = context.default_stream();
        let result = stream.alloc_zeros(bytes.get() as usize)?;
        stream.synchronize()?;
        Ok(DeviceResult { context, stream, memory, result })
    }
}

fn failed(error: DriverError) -> TrafficError {
    TrafficError::Producer(format!("the driver refused: {error}"))
}

impl Produce for DeviceResult {
    type Buffer = DeviceBuffer;

    fn buffer(&mut self, bytes: usize) -> Result<DeviceBuffer, TrafficError> {
        Ok(match self.memory {
            HostMemory::Pinned => {
                let mut pinned = pinned(&self.context, bytes, 0)
                    .map_err(|error| TrafficError::Producer(error.to_string()))?;
                pinned.as_mut_slice().map_err(failed)?.fill(1);
                DeviceBuffer::Pinned(pinned)
            }
            HostMemory::Pageable => DeviceBuffer::Pageable(vec![1; bytes]),
            // Pages that the kernel maps at the first write: the copy itself.
            HostMemory::Untouched => DeviceBuffer::Pageable(vec![0; bytes]),
        })
    }

    fn make(
        &mut self,
        offset: usize,
        bytes: usize,
        buffer: &mut DeviceBuffer,
    ) -> Result<(), TrafficError> {
        let host = match buffer {
            DeviceBuffer::Pinned(pinned) => pinned.as_mut_slice().map_err(failed)?,
            DeviceBuffer::Pageable(pageable) => pageable,
        };
        let part = self.result.try_slice(offset..offset + bytes);
        let (Some(part), Some(host)) = (part, host.get_mut(..bytes)) else {
            return Err(TrafficError::Load("the GPU's result is smaller than the load".into()));
        };
        self.stream.memcpy_dtoh(&part, host).map_err(failed)?;
        self.stream.synchronize().map_err(failed)
    }

    fn view(buffer: &DeviceBuffer, bytes: usize) -> Result<&[u8], TrafficError> {
        let host = match buffer {
            DeviceBuffer::Pinned(pinned) => pinned.as_slice().map_err(failed)?,
            DeviceBuffer::Pageable(pageable) => pageable,
        };
        host.get(..bytes).ok_or(TrafficError::Abandoned)
    }

    fn emulated_by(&self) -> Option<&'static str> {
        None
    }
}
