//! The memory that steps read and write, by place, and the words that kernels leave for the host.

use std::collections::BTreeMap;
use std::sync::Arc;

use cudarc::driver::{CudaContext, DriverError, PinnedHostSlice, result, sys};

use super::super::work::{Place, ProbeStep, ProbeWork};
use super::super::{GpuError, facts, numa};

/// Words that a kernel can leave: a cycle count, and one that keeps the compiler from being clever.
const OUT_WORDS: usize = 8;

/// All memory, allocated when it is first needed.
pub(super) struct Memory {
    context: Arc<CudaContext>,
    /// The next device, if there is one and it was asked for.
    peer: Option<Arc<CudaContext>>,
    /// Two areas per place, so that a copy within a place has somewhere to go.
    areas: BTreeMap<(Place, usize), Area>,
    out: PinnedHostSlice<u64>,
}

enum Area {
    Device(OnDevice),
    Pinned(PinnedHostSlice<u8>),
    Pageable(Vec<u8>),
    /// Reserved and not written: its pages come when somebody does.
    Untouched(Vec<u8>),
}

impl Memory {
    pub(super) fn new(context: &Arc<CudaContext>) -> Result<Memory, GpuError> {
        let mut out = pinned(context, OUT_WORDS, 0)?;
        out.as_mut_slice()?.fill(0);
        Ok(Memory { context: Arc::clone(context), peer: None, areas: BTreeMap::new(), out })
    }

    /// Allocates what `work` needs, so that nothing of it is timed.
    pub(super) fn ready(&mut self, work: &ProbeWork) -> Result<(), GpuError> {
        // What was written once is untouched no more.
        self.areas.remove(&(Place::Untouched, 0));
        let lanes = work.lanes.iter().flat_map(|lane| &lane.steps);
        for step in lanes {
            match *step {
                ProbeStep::Launch(launch) | ProbeStep::Graph { launch, .. } => {
                    self.address(launch.memory, 0, launch.bytes)?;
                }
                ProbeStep::Copy { from, to, bytes }
                | ProbeStep::BlockingCopy { from, to, bytes } => {
                    self.address(from, 0, bytes)?;
                    self.address(to, usize::from(from == to), bytes)?;
                }
                ProbeStep::Record(_) | ProbeStep::Wait(_) => {}
            }
        }
        Ok(())
    }

    /// The address of area `at` of `place`, which has at least `bytes`. Unified addressing: one
    /// space for host, device and peer; page-locked memory has the same address on both sides.
    pub(super) fn address(&mut self, place: Place, at: usize, bytes: u64) -> Result<u64, GpuError> {
        let wanted = usize::try_from(bytes).unwrap_or(usize::MAX);
        let have = self.areas.get(&(place, at)).map_or(0, Area::bytes);
        if have < wanted || have == 0 {
            // The old one first: both may not fit.
            self.areas.remove(&(place, at));
            let area = self.allocate(place, wanted.max(4096))?;
            self.areas.insert((place, at), area);
        }
        self.areas[&(place, at)].address()
    }

    fn allocate(&mut self, place: Place, bytes: usize) -> Result<Area, GpuError> {
        let on = Arc::clone(&self.context);
        Ok(match place {
            Place::Device => Area::Device(OnDevice::zeros(&on, bytes)?),
            Place::Peer => Area::Device(OnDevice::zeros(&self.peer()?, bytes)?),
            // Written before use, so that no copy pays for a first touch.
            Place::Pageable => Area::Pageable(vec![1; bytes]),
            Place::Untouched => Area::Untouched(Vec::with_capacity(bytes)),
            Place::Pinned => Area::Pinned(pinned(&on, bytes, 0)?.filled()?),
            Place::WriteCombined => {
                let flag = sys::CU_MEMHOSTALLOC_WRITECOMBINED;
                Area::Pinned(pinned(&on, bytes, flag)?.filled()?)
            }
            Place::Node(node) => {
                let there = numa::on(node, || pinned(&on, bytes, 0).and_then(Filled::filled));
                Area::Pinned(there.map_err(|error| GpuError::Node { node, error })??)
            }
        })
    }

    /// The next device's context, with access from this one where the machine allows it.
    #[allow(unsafe_code)]
    fn peer(&mut self) -> Result<Arc<CudaContext>, GpuError> {
        if let Some(peer) = &self.peer {
            return Ok(Arc::clone(peer));
        }
        let peer = CudaContext::new(facts::next(self.context.ordinal())?)?;
        self.context.bind_to_thread()?;
        // SAFETY: both contexts are alive, and this one is current. Where peer access is not to be
        // had, the driver copies through the host; that is then what is measured.
        let _ = unsafe { sys::cuCtxEnablePeerAccess(peer.cu_ctx(), 0) };
        self.peer = Some(Arc::clone(&peer));
        Ok(peer)
    }

    /// Where kernels leave their words.
    pub(super) fn out(&self) -> Result<u64, GpuError> {
        Ok(self.out.as_ptr()? as u64)
    }

    /// Sets the word that kernels leave to zero.
    pub(super) fn clear(&mut self) -> Result<(), GpuError> {
        self.out.as_mut_slice()?.fill(0);
        Ok(())
    }

    /// The word that a kernel left, or has not left yet.
    #[allow(unsafe_code)]
    pub(super) fn word(&self) -> Result<u64, GpuError> {
        let at = self.out.as_ptr()?;
        // SAFETY: the allocation lives as long as `self`, and is aligned; the device may write it
        // at any time, which is why the read is volatile.
        Ok(unsafe { at.read_volatile() })
    }
}

impl Area {
    fn bytes(&self) -> usize {
        match self {
            Area::Device(memory) => memory.bytes,
            Area::Pinned(memory) => memory.num_bytes(),
            Area::Pageable(memory) => memory.len(),
            Area::Untouched(memory) => memory.capacity(),
        }
    }

    fn address(&self) -> Result<u64, GpuError> {
        Ok(match self {
            Area::Device(memory) => memory.at,
            Area::Pinned(memory) => memory.as_ptr()? as u64,
            Area::Pageable(memory) | Area::Untouched(memory) => memory.as_ptr() as u64,
        })
    }
}

/// Memory of a device by the plain call: a pool's would have to be opened to every peer by itself.
struct OnDevice {
    context: Arc<CudaContext>,
    at: sys::CUdeviceptr,
    bytes: usize,
}

impl OnDevice {
    #[allow(unsafe_code)]
    fn zeros(context: &Arc<CudaContext>, bytes: usize) -> Result<OnDevice, DriverError> {
        context.bind_to_thread()?;
        // SAFETY: the context is current; the memory is freed once, when this is dropped, and is
        // set to zero before anybody reads it.
        let at = unsafe { result::malloc_sync(bytes)? };
        let memory = OnDevice { context: Arc::clone(context), at, bytes };
        unsafe { result::memset_d8_sync(at, 0, bytes)? };
        // The call returns before the memory is set, and other streams do not wait for it.
        context.synchronize()?;
        Ok(memory)
    }
}

impl Drop for OnDevice {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // Nobody is left to be told if this fails: the driver frees it with the process.
        if self.context.bind_to_thread().is_ok() {
            // SAFETY: it was allocated by `zeros` and is freed nowhere else.
            let _ = unsafe { result::free_sync(self.at) };
        }
    }
}

/// Page-locked memory that every context and the device can address.
#[allow(unsafe_code)]
pub(crate) fn pinned<T: cudarc::driver::DeviceRepr>(
    context: &Arc<CudaContext>,
    length: usize,
    flags: u32,
) -> Result<PinnedHostSlice<T>, GpuError> {
    let flags = flags | sys::CU_MEMHOSTALLOC_PORTABLE | sys::CU_MEMHOSTALLOC_DEVICEMAP;
    // SAFETY: unset bytes are whole numbers of any kind; the callers fill them before reading.
    Ok(unsafe { context.alloc_pinned_with_flags(length, flags)? })
}

trait Filled: Sized {
    fn filled(self) -> Result<Self, GpuError>;
}

impl Filled for PinnedHostSlice<u8> {
    fn filled(mut self) -> Result<Self, GpuError> {
        self.as_mut_slice()?.fill(1);
        Ok(self)
    }
}
