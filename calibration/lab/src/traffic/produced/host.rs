//! A copy within the host that stands in for a GPU's copy to the host.

use serde::{Deserialize, Serialize};

use super::super::error::TrafficError;
use super::Produce;

/// What the memory of a chunk costs besides the copy itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HostMemory {
    /// Page-locked: one copy into a buffer that is used again and again.
    Pinned,
    /// Ordinary: by way of a staging buffer, as the driver does it.
    Pageable,
    /// Ordinary and never written before: its pages come with the copy.
    Untouched,
}

/// A result in host memory that is copied chunk by chunk.
#[derive(Debug)]
pub struct HostCopy {
    memory: HostMemory,
    result: Vec<u8>,
    staging: Vec<u8>,
}

impl HostCopy {
    /// A result of `bytes`.
    pub fn new(memory: HostMemory, bytes: sim::Bytes) -> HostCopy {
        // Written, so that its own pages are there.
        HostCopy { memory, result: vec![0x5a; bytes.get() as usize], staging: Vec::new() }
    }
}

impl Produce for HostCopy {
    type Buffer = Vec<u8>;

    fn buffer(&mut self, bytes: usize) -> Result<Vec<u8>, TrafficError> {
        Ok(match self.memory {
            HostMemory::Pinned | HostMemory::Pageable => vec![1; bytes],
            HostMemory::Untouched => Vec::new(),
        })
    }

    fn make(
        &mut self,
        offset: usize,
        bytes: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<(), TrafficError> {
        let Some(part) = self.result.get(offset..offset + bytes) else {
            return Err(TrafficError::Load(
                "the producer's result is smaller than the load".into(),
            ));
        };
        match self.memory {
            HostMemory::Pinned => buffer.clear(),
            HostMemory::Pageable => {
                self.staging.clear();
                self.staging.extend_from_slice(part);
                buffer.clear();
                buffer.extend_from_slice(&self.staging);
                return Ok(());
            }
            // The old pages go back to the kernel, as large allocations do.
            HostMemory::Untouched => *buffer = Vec::with_capacity(bytes),
        }
        buffer.extend_from_slice(part);
        Ok(())
    }

    fn view(buffer: &Vec<u8>, bytes: usize) -> Result<&[u8], TrafficError> {
        buffer.get(..bytes).ok_or(TrafficError::Abandoned)
    }

    fn emulated_by(&self) -> Option<&'static str> {
        Some("emulated by a timed host copy")
    }
}
