//! The microbenchmarks behind the published GPU rows, as work for the execution model.
//!
//! What each one does is read from its source (te42kyfo/gpu-benches; `published/SOURCES.md` says
//! it in words). A row is a question to the model and a measured answer.

use models::gpu::access::Access;
use models::gpu::execute::{Prepared, duration};
use models::gpu::launch::Launch;
use models::gpu::machine::Machine;
use models::gpu::memory;
use models::gpu::work::Work;
use models::input::InputError;

use crate::data::Row;
use crate::family::Family;

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
            Question::Stream { kernel, threads } => {
                let (.., streams) = STREAMS[kernel];
                let blocks = STREAM_ELEMENTS / u64::from(threads) + 1;
                let residents_max = Some(STREAM_RESIDENTS);
                let launch = Launch { residents_max, ..Launch::line(blocks as u32, threads) };
                let kernel = Prepared::new(machine, &launch, &stream_work(kernel))?;
                let bytes = streams * (STREAM_ELEMENTS * u64::from(ELEMENT)) as f64;
                bytes / duration(machine, &kernel)
            }
            Question::SmallKernels { graph, elements, threads } => {
                let launch = Launch::line(elements / threads + 1, threads);
                let bytes = 2.0 * f64::from(elements) * f64::from(ELEMENT);
                let work = Work { double: 1.0, footprint: bytes, ..Work::streams(1, 1, ELEMENT) };
                let kernel = Prepared::new(machine, &launch, &work)?;
                let gap = if graph { machine.graph_gap } else { machine.stream_gap };
                bytes / (duration(machine, &kernel) + gap)
            }
        };
        Ok(rate / 1e9)
    }

    /// Whether the row lies where a cache begins to overflow: what happens there depends on how
    /// addresses are hashed to sets, which the model knows only roughly.
    pub fn overflows(&self, machine: &Machine) -> bool {
        let bytes = match self.question {
            Question::Chain { bytes }
            | Question::PrivateSweep { bytes }
            | Question::SharedSweep { bytes } => bytes,
            Question::SmallKernels { elements, .. } => f64::from(2 * ELEMENT * elements),
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

fn stream_work(kernel: usize) -> Work {
    let (_, fresh, near, stores, double, _) = STREAMS[kernel];
    let mut work = Work { double, ..Work::streams(fresh, stores, ELEMENT) };
    work.loads.extend(vec![Access::neighbour(ELEMENT); near]);
    work
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
