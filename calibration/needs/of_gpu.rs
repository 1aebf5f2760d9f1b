//! Which errors of GPUs say that something is missing.

use calibration_gpu::GpuError;

use crate::needs::{Missing, Need};

impl Missing for GpuError {
    fn need(&self) -> Option<Need> {
        match self {
            GpuError::NoDriver | GpuError::NoDevice { .. } => Some(Need::Cuda),
            GpuError::NoCompiler => Some(Need::Nvrtc),
            _ => None,
        }
    }

    fn reason(&self) -> String {
        self.to_string()
    }
}
