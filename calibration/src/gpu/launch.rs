//! The launch of a kernel that does nothing, compiled on the spot.

use std::sync::Arc;
use std::time::Instant;

use cudarc::driver::{CudaContext, LaunchConfig};
use cudarc::nvrtc::{CompileError, Ptx, compile_ptx};

use super::{GpuError, median};

const SOURCE: &str = r#"extern "C" __global__ void nothing() {}"#;
/// One thread: the time is the launch's and not the kernel's.
const ONE: LaunchConfig =
    LaunchConfig { grid_dim: (1, 1, 1), block_dim: (1, 1, 1), shared_mem_bytes: 0 };
/// Launches before the first that counts: the first loads the module.
const WARM_UP: usize = 100;
/// Launches per repetition: one alone would be near the clock's resolution.
const BATCH: usize = 100;

/// The time of a launch and of waiting for its end, median in seconds.
pub(super) fn measure(context: &Arc<CudaContext>, repetitions: usize) -> Result<f64, GpuError> {
    let module = context.load_module(compile()?)?;
    let kernel = module.load_function("nothing")?;
    let stream = context.default_stream();
    let mut times = Vec::with_capacity(repetitions);
    for repetition in 0..=repetitions {
        let launches = if repetition == 0 { WARM_UP } else { BATCH };
        let begin = Instant::now();
        for _ in 0..launches {
            launch(&stream, &kernel)?;
            stream.synchronize()?;
        }
        if repetition > 0 {
            times.push(begin.elapsed().as_secs_f64() / launches as f64);
        }
    }
    Ok(median(times))
}

#[allow(unsafe_code)]
fn launch(
    stream: &Arc<cudarc::driver::CudaStream>,
    kernel: &cudarc::driver::CudaFunction,
) -> Result<(), GpuError> {
    // SAFETY: the kernel has no arguments and touches no memory.
    unsafe { stream.launch_builder(kernel).launch(ONE)? };
    Ok(())
}

fn compile() -> Result<Ptx, GpuError> {
    if !compiler_is_there() {
        return Err(GpuError::NoCompiler);
    }
    Ok(compile_ptx(SOURCE).map_err(|error: CompileError| error)?)
}

/// Whether NVRTC can be opened; compiling without it would panic.
#[allow(unsafe_code)]
fn compiler_is_there() -> bool {
    // SAFETY: opens and closes the installed library; nothing is called.
    unsafe { cudarc::nvrtc::sys::is_culib_present() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_null_kernel_compiles_where_there_is_a_compiler() {
        match compile() {
            Ok(ptx) => assert!(ptx.to_src().contains(".entry nothing")),
            Err(error @ GpuError::NoCompiler) => eprintln!("skipped: {error}"),
            Err(error) => panic!("{error}"),
        }
    }
}
