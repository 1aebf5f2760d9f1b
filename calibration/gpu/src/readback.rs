//! A result in GPU memory, read back to the host piece by piece.

use std::sync::Arc;

use cudarc::driver::{CudaContext, CudaSlice, CudaStream, PinnedHostSlice};
use sim::Bytes;

use crate::GpuError;
use crate::cuda::pinned;
use crate::driver_is_there;

/// A result in the memory of a GPU.
#[derive(Debug)]
pub struct Readback {
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    result: CudaSlice<u8>,
}

/// Host memory that a copy ends in.
#[derive(Debug)]
pub enum HostBuffer {
    /// Page-locked.
    Pinned(PinnedHostSlice<u8>),
    /// Ordinary.
    Pageable(Vec<u8>),
}

impl Readback {
    /// A result of `bytes` on the `device`-th GPU.
    ///
    /// # Errors
    /// If there is no driver or no such device, or its memory does not suffice.
    pub fn new(device: usize, bytes: Bytes) -> Result<Readback, GpuError> {
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
        Ok(Readback { context, stream, result })
    }

    /// Page-locked memory of the host, written once.
    ///
    /// # Errors
    /// If the driver gives none.
    pub fn pinned(&self, bytes: usize) -> Result<HostBuffer, GpuError> {
        let mut pinned = pinned(&self.context, bytes, 0)?;
        pinned.as_mut_slice()?.fill(1);
        Ok(HostBuffer::Pinned(pinned))
    }

    /// Copies the `bytes` that begin at `offset`, and waits until they are there.
    ///
    /// # Errors
    /// If the driver refuses. `false` if result or buffer is smaller than that: nothing is copied.
    pub fn copy(
        &self,
        offset: usize,
        bytes: usize,
        buffer: &mut HostBuffer,
    ) -> Result<bool, GpuError> {
        let host = match buffer {
            HostBuffer::Pinned(pinned) => pinned.as_mut_slice()?,
            HostBuffer::Pageable(pageable) => pageable,
        };
        let part = self.result.try_slice(offset..offset + bytes);
        let (Some(part), Some(host)) = (part, host.get_mut(..bytes)) else { return Ok(false) };
        self.stream.memcpy_dtoh(&part, host)?;
        self.stream.synchronize()?;
        Ok(true)
    }
}

impl HostBuffer {
    /// Its first `bytes`; none if it has fewer.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn first(&self, bytes: usize) -> Result<Option<&[u8]>, GpuError> {
        let host = match self {
            HostBuffer::Pinned(pinned) => pinned.as_slice()?,
            HostBuffer::Pageable(pageable) => pageable,
        };
        Ok(host.get(..bytes))
    }
}
