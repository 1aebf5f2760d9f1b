//! The microbenchmarks behind the published GPU rows, as work for the execution model.
//!
//! What each one does is read from its source (te42kyfo/gpu-benches; `published/SOURCES.md` says
//! it in words). A row is a question to the model and a measured answer.

use models::gpu::execute::Level;
use models::gpu::kernel::{Accesses, Kernel, Precision, demand_of};
use models::gpu::launches::Launches;
use models::gpu::machine::Machine;
use models::gpu::memory;
use models::input::InputError;
use models::transfer::Transfer;
use sim::{Bytes, Time};

use crate::family::Family;
use crate::file::Row;
use crate::subject::{self, Subject};

/// Elements of a stream's buffers: 128 Mi and two.
const STREAM_ELEMENTS: u64 = (128 << 20) + 2;
/// Blocks that its carve-out of shared memory lets an SM hold.
const STREAM_RESIDENTS: u32 = 2;
/// Bytes of an element.
const ELEMENT: u32 = 8;

/// The kernels of the stream benchmark: name, loads of other data, loads of neighbours, stores,
/// double-precision instructions, streams of the published bandwidth.
const STREAMS: [(&str, usize, usize, usize, f64, f64); 7] = [
    ("init", 0, 0, 1, 0.0, 1.0),
    ("read", 1, 0, 0, 1.0, 1.0),
    ("scale", 1, 0, 1, 1.0, 2.0),
    ("triad", 2, 0, 1, 1.0, 3.0),
    ("1pt", 1, 0, 1, 1.0, 2.0),
    ("3pt", 1, 2, 1, 3.0, 2.0),
    ("5pt", 1, 4, 1, 5.0, 2.0),
];

/// What a row asks.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// Bandwidth of a streaming kernel with blocks of so many threads.
    Stream {
        /// The position in the table of kernels.
        kernel: usize,
        /// Threads of a block.
        threads: u32,
    },
    /// Latency of a load from a chain over so many bytes.
    Chain {
        /// The working set in bytes.
        bytes: f64,
    },
    /// Read bandwidth of a set that every SM sweeps for itself.
    PrivateSweep {
        /// The set of an SM in bytes.
        bytes: f64,
    },
    /// Read bandwidth of a set that all SMs sweep together.
    SharedSweep {
        /// The whole set in bytes.
        bytes: f64,
    },
    /// Bandwidth of queued kernels that each scale so many elements.
    SmallKernels {
        /// Whether the queue is a graph and not a stream.
        graph: bool,
        /// Elements of 8 bytes.
        elements: u32,
        /// Threads of a block.
        threads: u32,
    },
}

/// A row of one of the four families of GPU microbenchmarks.
#[derive(Clone, Debug, PartialEq)]
pub struct GpuRow {
    /// The GPU, as the source names it.
    pub gpu: String,
    /// A short name: `triad 256`.
    pub label: String,
    /// What is asked.
    pub question: Question,
    /// The answer: GB/s, or ns for a chain.
    pub measured: f64,
    /// Digits that the source prints after the point.
    pub decimals: usize,
}

impl GpuRow {
    /// Reads a row of a table of `family`.
    ///
    /// # Errors
    /// If a value is missing, impossible or unknown.
    pub fn read(row: &Row<'_>, family: Family) -> Result<GpuRow, InputError> {
        let (question, label) = match family {
            Family::GpuStream => stream(row)?,
            Family::GpuLatency => {
                let kib = row.count("working_set_kib", 1 << 40)?;
                (Question::Chain { bytes: kib as f64 * 1024.0 }, format!("{kib} KiB"))
            }
            Family::GpuCache => cache(row)?,
            _ => small_kernels(row)?,
        };
        let (measured, decimals) = match family {
            Family::GpuLatency => latency_ns(row)?,
            _ => (row.positive("bandwidth_gb_s")?, row.decimals("bandwidth_gb_s")),
        };
        Ok(GpuRow { gpu: row.text("gpu")?.to_owned(), label, question, measured, decimals })
    }

    /// What the model answers: GB/s, or ns for a chain.
    ///
    /// # Errors
    /// If the launch is impossible on this GPU.
    pub fn predict(&self, machine: &Machine) -> Result<f64, InputError> {
        let rate = match self.question {
            Question::Chain { bytes } => return Ok(memory::chain_latency(machine, bytes) * 1e9),
            Question::PrivateSweep { bytes } => memory::private_sweep(machine, bytes),
            Question::SharedSweep { bytes } => memory::shared_sweep(machine, bytes),
            Question::Stream { .. } | Question::SmallKernels { .. } => {
                let launched = self.launched().expect("these are kernels");
                let demand = demand_of(machine, &launched.kernel)?;
                let gap = match launched.gap {
                    Some(Launches::Graph) => machine.graph_gap,
                    Some(_) => machine.stream_gap,
                    None => 0.0,
                };
                launched.bytes / (demand.run.as_seconds() + gap)
            }
        };
        Ok(rate / 1e9)
    }

    /// What a plan with the kernel says: GB/s. None for questions that are no kernels of a
    /// transfer: they are formulas of the memory levels.
    ///
    /// # Errors
    /// If the launch is impossible on this GPU.
    pub fn ask(&self, gpu: &Subject, machine: &Machine) -> Result<Option<f64>, InputError> {
        let Some(Launched { kernel, bytes, gap }) = self.launched() else { return Ok(None) };
        let asked = Transfer {
            kernel: Some(kernel),
            ..Transfer::message(subject::GPU, subject::POD, Bytes::new(1))
        };
        let outcome = gpu.ask(&asked)?;
        let own = outcome.life.iter().filter(|interval| interval.kind == "kernel");
        let run: Time = own.map(|interval| interval.span).sum();
        let gap = match gap {
            Some(Launches::Graph) => machine.graph_gap,
            Some(_) => machine.stream_gap,
            None => 0.0,
        };
        Ok(Some(bytes / (run.as_seconds() + gap) / 1e9))
    }

    /// The kernel that is asked about, if one is.
    fn launched(&self) -> Option<Launched> {
        let width = ELEMENT;
        let even = |threads: u64, block: u32, flop: f64| Kernel {
            threads,
            block,
            flop: 2.0 * flop * threads as f64,
            precision: Precision::Double,
            level: Level::Kernel,
            ..Kernel::IDLE
        };
        match self.question {
            Question::Stream { kernel, threads } => {
                let (_, loads, near, stores, double, streams) = STREAMS[kernel];
                let blocks = STREAM_ELEMENTS / u64::from(threads) + 1;
                let accesses = Some(Accesses {
                    loads: loads as u32,
                    shared_loads: near as u32,
                    stores: stores as u32,
                    width,
                    residents_max: Some(STREAM_RESIDENTS),
                    footprint: Bytes::ZERO,
                });
                let even = even(blocks * u64::from(threads), threads, double);
                let bytes = streams * (STREAM_ELEMENTS * u64::from(ELEMENT)) as f64;
                Some(Launched { kernel: Kernel { accesses, ..even }, bytes, gap: None })
            }
            Question::SmallKernels { graph, elements, threads } => {
                let blocks = elements / threads + 1;
                let bytes = 2 * u64::from(elements) * u64::from(ELEMENT);
                let accesses = Some(Accesses {
                    loads: 1,
                    shared_loads: 0,
                    stores: 1,
                    width,
                    residents_max: None,
                    footprint: Bytes::new(bytes),
                });
                let even = even(u64::from(blocks) * u64::from(threads), threads, 1.0);
                let launches = if graph { Launches::Graph } else { Launches::PerChunk };
                let kernel = Kernel { accesses, ..even };
                Some(Launched { kernel, bytes: bytes as f64, gap: Some(launches) })
            }
            Question::Chain { .. }
            | Question::PrivateSweep { .. }
            | Question::SharedSweep { .. } => None,
        }
    }

    /// Whether the row lies where a cache begins to overflow: what happens there depends on how
    /// addresses are hashed to sets, which the model knows only roughly.
    pub fn overflows(&self, machine: &Machine) -> bool {
        let bytes = match self.question {
            Question::Chain { bytes }
            | Question::PrivateSweep { bytes }
            | Question::SharedSweep { bytes } => bytes,
            Question::SmallKernels { elements, .. } => {
                2.0 * f64::from(ELEMENT) * f64::from(elements)
            }
            Question::Stream { .. } => return false,
        };
        let l1 =
            !matches!(self.question, Question::SharedSweep { .. } | Question::SmallKernels { .. });
        let near = |capacity: f64| (0.8..1.9).contains(&(bytes / capacity));
        let partitions = f64::from(machine.capability.l2_partitions);
        near(machine.l2_capacity)
            || near(machine.l2_capacity / partitions)
            || l1 && near(machine.l1_capacity)
    }
}

/// The latency of a row in nanoseconds, from its cycles.
///
/// The source prints the time of the whole run in milliseconds, which is nanoseconds a load only
/// while it makes a million loads; longer chains make more, and their `latency_ns` is too large.
fn latency_ns(row: &Row<'_>) -> Result<(f64, usize), InputError> {
    row.positive("latency_ns")?;
    let (cycles, clock) = (row.positive("latency_cycles")?, row.positive("clock_mhz")?);
    Ok((cycles / clock * 1e3, row.decimals("latency_cycles")))
}

/// A kernel, the bytes by which the source counts it, and the gap behind each, if many are queued.
struct Launched {
    kernel: Kernel,
    bytes: f64,
    gap: Option<Launches>,
}

fn stream(row: &Row<'_>) -> Result<(Question, String), InputError> {
    let name = row.text("kernel")?;
    let threads = row.count("block_size_threads", 1024)? as u32;
    let Some(kernel) = STREAMS.iter().position(|known| known.0 == name) else {
        let names: Vec<&str> = STREAMS.iter().map(|known| known.0).collect();
        return Err(row.fault("kernel", format!("`{name}` is unknown")).help(names.join(", ")));
    };
    Ok((Question::Stream { kernel, threads }, format!("{name} {threads}")))
}

fn cache(row: &Row<'_>) -> Result<(Question, String), InputError> {
    let kib = |column| row.count(column, 1 << 40).map(|kib| (kib as f64 * 1024.0, kib));
    match row.text("benchmark")? {
        "gpu-cache" => {
            let (bytes, kib) = kib("data_set_kib")?;
            Ok((Question::PrivateSweep { bytes }, format!("gpu-cache {kib} KiB")))
        }
        "gpu-l2-cache" => {
            let (bytes, kib) = kib("total_data_kib")?;
            Ok((Question::SharedSweep { bytes }, format!("gpu-l2-cache {kib} KiB")))
        }
        other => Err(row
            .fault("benchmark", format!("`{other}` is unknown"))
            .help("gpu-cache or gpu-l2-cache")),
    }
}

fn small_kernels(row: &Row<'_>) -> Result<(Question, String), InputError> {
    let graph = match row.text("launch_mode")? {
        "graph" => true,
        "stream" => false,
        other => {
            return Err(row
                .fault("launch_mode", format!("`{other}` is unknown"))
                .help("graph or stream"));
        }
    };
    let elements = row.count("elements_f64", 1 << 31)? as u32;
    let threads = row.count("block_size_threads", 1024)? as u32;
    let mode = if graph { "graph" } else { "stream" };
    Ok((
        Question::SmallKernels { graph, elements, threads },
        format!("{mode} {elements} by {threads}"),
    ))
}
