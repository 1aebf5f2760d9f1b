//! The real device: the driver's library, streams, events, and the kernels' PTX.
//!
//! Memory is allocated once per [`Place`] at the largest size asked for; kernels get addresses, as
//! unified addressing has one kind of them, and so does the one copy call. Whatever is waited for
//! is polled against a deadline: a kernel that hangs becomes an error and not a hang.

mod driver;
mod management;
mod memory;
mod residency;
mod run;

pub use driver::driver_is_there;
pub(crate) use memory::pinned;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use cudarc::driver::{CudaContext, CudaFunction, CudaStream};
use cudarc::nvrtc::{CompileOptions, Ptx, compile_ptx_with_opts};

use super::device::Device;
use super::facts::{self, Facts};
use super::kernel::Kernel;
use super::state::Moment;
use super::work::ProbeWork;
use super::{GpuError, ptx};

/// How a GPU is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// Compile the kernels on the spot with NVRTC, and do not take the PTX that ships.
    pub nvrtc: bool,
    /// Measure although other processes are on the GPU.
    pub even_if_busy: bool,
}

/// A GPU.
pub struct Cuda {
    facts: Facts,
    management: management::Management,
    /// When it was opened.
    begin: Instant,
    /// Taken, and leaked, when something does not end: freeing would wait for it for ever.
    state: Option<State>,
}

/// What is open on a GPU.
struct State {
    ordinal: usize,
    /// Whether NVRTC compiles the kernels.
    nvrtc: bool,
    /// The primary context first, then those of lanes that want their own.
    contexts: Vec<Arc<CudaContext>>,
    /// Streams by context and lane.
    streams: BTreeMap<(usize, usize), Arc<CudaStream>>,
    /// Kernels by context.
    kernels: BTreeMap<(usize, Kernel), CudaFunction>,
    memory: memory::Memory,
}

impl Cuda {
    /// Opens device `ordinal`.
    ///
    /// # Errors
    /// If there is no driver, an old one, no such device, or none that can be measured alone: it
    /// is cut into MIG instances, or other processes are on it. If a call fails, or NVRTC is asked
    /// for and is not there.
    pub fn open(ordinal: usize, opening: &Opening) -> Result<Cuda, GpuError> {
        let management = driver::find(ordinal)?;
        management.alone(opening.even_if_busy)?;
        if opening.nvrtc && !compiler_is_there() {
            return Err(GpuError::NoCompiler);
        }
        let begin = Instant::now();
        let context = CudaContext::new(ordinal)?;
        let told = facts::query(&context)?;
        let (pcie, driver) = (management.port(), management.driver());
        let facts = Facts { pcie, driver, ..told };
        let memory = memory::Memory::new(&context)?;
        let state = State {
            ordinal,
            nvrtc: opening.nvrtc,
            contexts: vec![context],
            streams: BTreeMap::new(),
            kernels: BTreeMap::new(),
            memory,
        };
        Ok(Cuda { facts, management, begin, state: Some(state) })
    }
}

impl Device for Cuda {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn moment(&self) -> Moment {
        self.management.moment()
    }

    fn silent(&self) -> Option<&str> {
        self.management.silent()
    }

    fn elapsed_s(&self) -> f64 {
        self.begin.elapsed().as_secs_f64()
    }

    fn prepare(&mut self, work: &ProbeWork) -> Result<(), GpuError> {
        self.with_state(|state| state.ready(work))
    }

    fn time(&mut self, work: &ProbeWork) -> Result<f64, GpuError> {
        self.with_state(|state| state.time(work))
    }
}

impl Cuda {
    /// Does something with what is open; what does not end is given up.
    fn with_state<T>(
        &mut self,
        act: impl FnOnce(&mut State) -> Result<T, GpuError>,
    ) -> Result<T, GpuError> {
        let Some(state) = &mut self.state else {
            return Err(GpuError::TimeOut { seconds: 0, what: "an earlier kernel still runs" });
        };
        let done = act(state);
        if let Err(GpuError::TimeOut { .. }) = done {
            std::mem::forget(self.state.take());
        }
        done
    }
}

impl State {
    /// The context of a lane: the primary one, or the `at`th of its own.
    fn context(&mut self, own: Option<usize>) -> Result<usize, GpuError> {
        let Some(own) = own else { return Ok(0) };
        while self.contexts.len() < own + 2 {
            self.contexts.push(CudaContext::new_non_primary(self.ordinal, 0)?);
        }
        Ok(own + 1)
    }

    fn stream(&mut self, context: usize, lane: usize) -> Result<Arc<CudaStream>, GpuError> {
        if let Some(stream) = self.streams.get(&(context, lane)) {
            return Ok(Arc::clone(stream));
        }
        let stream = self.contexts[context].new_stream()?;
        self.streams.insert((context, lane), Arc::clone(&stream));
        Ok(stream)
    }

    fn kernel(&mut self, context: usize, kernel: Kernel) -> Result<CudaFunction, GpuError> {
        if let Some(function) = self.kernels.get(&(context, kernel)) {
            return Ok(function.clone());
        }
        let on = &self.contexts[context];
        let (major, minor) = on.compute_capability()?;
        let capability = u32::try_from(10 * major + minor).unwrap_or(0);
        let text = match self.nvrtc {
            true => compile(kernel, &format!("compute_{capability}"))?,
            false => {
                let missing = GpuError::NoPtx { entry: kernel.entry(), capability };
                Ptx::from_src(ptx::of(kernel.source(), capability).ok_or(missing)?)
            }
        };
        let module = on.load_module(text)?;
        let function = module.load_function(kernel.entry())?;
        self.kernels.insert((context, kernel), function.clone());
        Ok(function)
    }
}

/// A kernel as PTX for a virtual architecture such as `compute_80`.
///
/// # Errors
/// If there is no compiler, or it refuses the kernel.
pub fn compile(kernel: Kernel, architecture: &str) -> Result<Ptx, GpuError> {
    if !compiler_is_there() {
        return Err(GpuError::NoCompiler);
    }
    let options = vec![format!("--gpu-architecture={architecture}")];
    let options = CompileOptions { options, ..CompileOptions::default() };
    Ok(compile_ptx_with_opts(kernel.source(), options)?)
}

/// Whether NVRTC can be opened; compiling without it would panic.
#[allow(unsafe_code)]
fn compiler_is_there() -> bool {
    // SAFETY: opens and closes the installed library; nothing is called.
    unsafe { cudarc::nvrtc::sys::is_culib_present() }
}
