//! How a case is measured: as work for a device, and what its reading is divided by.

use models::gpu::copy::Direction;
use models::transfer::HostMemory;

use super::super::kernel::Kernel;
use super::super::work::{Launch, Place, ProbeStep, ProbeWork, Timer};
use super::body;
use super::case::{Asks, Case, Strand};

/// Threads of a block of kernels that read or write the host's memory.
const MAPPED_THREADS: u32 = 512;
/// Blocks of such a kernel that reads.
const MAPPED_BLOCKS: u32 = 264;
/// What a process copies out when its kernel has ended \[B\].
pub(super) const RESULT: u64 = 1 << 20;
/// The kernel of one stream of several: 8 blocks, a third of a millisecond on an H100; and that of
/// a pipeline.
pub(super) const STRAND: Launch = body::arithmetic(8, 20_000);
pub(super) const PIPELINE: Launch = body::arithmetic(8, 4_000);

/// How a case is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What is done and timed.
    pub work: ProbeWork,
    /// What a reading is divided by.
    pub divisor: f64,
    /// What tells, right after, whether the results are right; its reading is then
    /// [`body::CHECKED`].
    pub check: Option<ProbeWork>,
    /// How many processes do the work at once, where it is not this one.
    pub processes: Option<Sharing>,
}

/// How two processes share the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sharing {
    /// In turns.
    Turns,
    /// As clients of MPS, each with half of the threads.
    Mps,
}

impl Case {
    /// How it is measured.
    pub fn measurement(&self) -> Measurement {
        let plain = |work| Measurement { work, divisor: 1.0, check: None, processes: None };
        match self.asks {
            Asks::Copy { way, memory, bytes, queued } => copy(way, memory, bytes, queued),
            Asks::Mapped { way, bytes } => plain(mapped(way, bytes)),
            Asks::Duplex { bytes } => {
                let ways = [Direction::ToDevice, Direction::ToHost];
                let lanes = ways.map(|way| vec![pinned(way, bytes)]).to_vec();
                plain(ProbeWork::lanes(lanes, Timer::Host))
            }
            Asks::Queue { launch, kernels, graph, each } => queue(&launch, kernels, graph, each),
            Asks::Streams { streams, strand } => {
                let lanes = vec![steps(strand); streams as usize];
                plain(ProbeWork::lanes(lanes, Timer::Host))
            }
            Asks::Beside { way, bytes, launch } => {
                let lanes = vec![vec![pinned(way, bytes)], vec![ProbeStep::Launch(launch)]];
                let work = ProbeWork::lanes(lanes, Timer::Host);
                // A copy to the device writes into what the kernel reads.
                let check = (way == Direction::ToHost).then(|| check(&launch, 1)).flatten();
                Measurement { check, ..plain(filled(work, &launch)) }
            }
            Asks::Chunks { message, chunk, buffers } => {
                let launch = made(chunk);
                let lanes = chunks(&launch, message, chunk, buffers);
                plain(filled(ProbeWork::lanes(lanes, Timer::Host), &launch))
            }
            Asks::Processes { mps, launch } => {
                let steps = vec![ProbeStep::Launch(launch), pinned(Direction::ToHost, RESULT)];
                let work = filled(ProbeWork::steps(steps, Timer::Host), &launch);
                let sharing = if mps { Sharing::Mps } else { Sharing::Turns };
                Measurement { processes: Some(sharing), ..plain(work) }
            }
        }
    }

    /// The most memory of the device that it needs in one piece \[B\].
    pub fn needs(&self) -> u64 {
        let Measurement { work, .. } = self.measurement();
        let steps = work.lanes.iter().flat_map(|lane| &lane.steps);
        let bytes = steps.map(|step| match *step {
            ProbeStep::Launch(launch) | ProbeStep::Graph { launch, .. } => launch.bytes,
            ProbeStep::Copy { bytes, .. } | ProbeStep::BlockingCopy { bytes, .. } => bytes,
            ProbeStep::Record(_) | ProbeStep::Wait(_) => 0,
        });
        bytes.max().unwrap_or(0)
    }
}

/// A queued copy of page-locked memory.
fn pinned(way: Direction, bytes: u64) -> ProbeStep {
    let (from, to) = ends(way, Place::Pinned);
    ProbeStep::Copy { from, to, bytes }
}

fn ends(way: Direction, host: Place) -> (Place, Place) {
    match way {
        Direction::ToDevice => (host, Place::Device),
        Direction::ToHost => (Place::Device, host),
    }
}

fn copy(way: Direction, memory: HostMemory, bytes: u64, queued: Option<u32>) -> Measurement {
    let host = match memory {
        HostMemory::Pinned | HostMemory::Mapped => Place::Pinned,
        HostMemory::Pageable => Place::Pageable,
        HostMemory::Untouched => Place::Untouched,
    };
    let (from, to) = ends(way, host);
    let steps = match queued {
        None => vec![ProbeStep::BlockingCopy { from, to, bytes }],
        Some(copies) => vec![ProbeStep::Copy { from, to, bytes }; copies as usize],
    };
    let divisor = f64::from(queued.unwrap_or(1));
    let work = ProbeWork::steps(steps, Timer::Host);
    Measurement { work, divisor, check: None, processes: None }
}

/// A kernel that reads, or writes, so many bytes of page-locked memory.
fn mapped(way: Direction, bytes: u64) -> ProbeWork {
    let shape = Launch { threads: MAPPED_THREADS, bytes, ..Launch::of(Kernel::Read) };
    let launch = match way {
        Direction::ToDevice => Launch { blocks: MAPPED_BLOCKS, stride: 0, ..shape },
        // A word of 8 bytes a thread.
        Direction::ToHost => {
            let blocks = (bytes / 8 / u64::from(MAPPED_THREADS)) as u32;
            let stride = (bytes / 4) as u32;
            Launch { kernel: Kernel::StreamInit, blocks, stride, ..shape }
        }
    };
    ProbeWork::launch(Launch { memory: Place::Pinned, ..launch }, Timer::Host)
}

fn queue(launch: &Launch, kernels: u32, graph: bool, each: bool) -> Measurement {
    let steps = match graph {
        true => vec![ProbeStep::Graph { launch: *launch, nodes: kernels }],
        false => vec![ProbeStep::Launch(*launch); kernels as usize],
    };
    // Of a kernel its own time is asked, of a queue what a program sees.
    let timer = if each { Timer::Events } else { Timer::Host };
    let work = filled(ProbeWork::steps(steps, timer), launch);
    let divisor = if each { f64::from(kernels) } else { 1.0 };
    Measurement { work, divisor, check: check(launch, kernels), processes: None }
}

fn filled(work: ProbeWork, launch: &Launch) -> ProbeWork {
    match body::filled(launch) {
        Some(fill) => work.after(fill),
        None => work,
    }
}

fn check(launch: &Launch, times: u32) -> Option<ProbeWork> {
    body::check(launch, times).map(|launch| ProbeWork::launch(launch, Timer::Count))
}

fn steps(strand: Strand) -> Vec<ProbeStep> {
    match strand {
        Strand::Kernel => vec![ProbeStep::Launch(STRAND)],
        Strand::Pipeline { bytes } => vec![
            pinned(Direction::ToDevice, bytes),
            ProbeStep::Launch(PIPELINE),
            pinned(Direction::ToHost, bytes),
        ],
    }
}

/// The kernel that makes a chunk: a triad whose third array it is.
pub(super) fn made(chunk: u64) -> Launch {
    body::triad((chunk / 4) as u32, 256)
}

/// A lane of kernels and one of copies, which wait for each other by events: kernel `c` has event
/// `2 c`, its copy `2 c + 1`.
fn chunks(launch: &Launch, message: u64, chunk: u64, buffers: u32) -> Vec<Vec<ProbeStep>> {
    let (mut kernels, mut copies) = (Vec::new(), Vec::new());
    for at in 0..message.div_ceil(chunk) as u32 {
        if at >= buffers {
            kernels.push(ProbeStep::Wait(2 * (at - buffers) + 1));
        }
        kernels.extend([ProbeStep::Launch(*launch), ProbeStep::Record(2 * at)]);
        copies.push(ProbeStep::Wait(2 * at));
        copies.extend([pinned(Direction::ToHost, chunk), ProbeStep::Record(2 * at + 1)]);
    }
    vec![kernels, copies]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{case, cases};

    #[test]
    fn everything_is_issued_and_no_wait_is_for_nothing() {
        for case in cases() {
            let measurement = case.measurement();
            let steps: usize = measurement.work.lanes.iter().map(|lane| lane.steps.len()).sum();
            assert_eq!(measurement.work.order().len(), steps, "{}", case.name);
            assert!(measurement.divisor >= 1.0 && case.needs() <= 4 << 30, "{}", case.name);
        }
    }

    /// With one buffer the second kernel waits for the first copy; with two it does not.
    #[test]
    fn a_kernel_waits_until_its_buffer_is_free() {
        let kernels = |name: &str| case(name).unwrap().measurement().work.lanes[0].steps.clone();
        let one = kernels("chunks/64MiB-by-4MiB/1");
        assert!(matches!(
            one[..4],
            [ProbeStep::Launch(_), ProbeStep::Record(0), ProbeStep::Wait(1), _]
        ));
        let two = kernels("chunks/64MiB-by-4MiB/2");
        let second = ProbeStep::Launch(made(4 << 20));
        assert_eq!(
            two[1..5],
            [ProbeStep::Record(0), second, ProbeStep::Record(2), ProbeStep::Wait(1)]
        );
    }

    #[test]
    fn a_queued_copy_is_a_part_of_its_queue() {
        let queued = case("pinned/queued/to-host/1KiB").unwrap().measurement();
        assert_eq!((queued.divisor, queued.work.lanes[0].steps.len()), (16.0, 16));
        let large = case("pinned/queued/to-host/1GiB").unwrap().measurement();
        assert_eq!(large.divisor, 2.0);
        let blocking = case("first-touch/64MiB").unwrap().measurement();
        assert!(blocking.work.blocks());
    }
}
