//! Streams over occupancy: what blocks that come and go make of latency and bandwidth.
//!
//! Each thread loads and stores one element and ends, and shared memory that nobody uses holds an
//! SM to one, two or four blocks. Small blocks are ruled by how a slot changes hands, larger ones
//! by latency and by the SM's ports, the largest by memory; the law between is the execution
//! model's own ([`models::gpu::block`]), fitted here with what earlier probes have found:
//!
//! ```text
//!   time = start + model(kernel, blocks, threads, residents; parameters)
//! ```
//!
//! Index arithmetic is booked nowhere: as with published streams, the ports' rates contain it.

use calibration_fit::gpu::STREAM_ERROR;
use calibration_fit::posterior::{Estimate, Free};
use models::gpu::access::Access;
use models::gpu::execute::{Prepared, duration};
use models::gpu::machine::Machine;
use models::gpu::{launch, work};
use models::input::InputError;

use super::super::execution;
use super::super::facts::Facts;
use super::super::finding::{Finding, identify_within, open, told};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, empty, start};

/// Threads of a block where an SM holds two blocks, and where it holds one or four.
const THREADS: [u32; 10] = [32, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
const FEW: [(u32, [u32; 3]); 2] = [(1, [64, 256, 1024]), (4, [32, 64, 128])];
const KERNELS: [(&str, Kernel); 5] = [
    ("init", Kernel::StreamInit),
    ("read", Kernel::StreamRead),
    ("scale", Kernel::StreamScale),
    ("triad", Kernel::StreamTriad),
    // On a GPU of fast memory only this one fills it with loads and stores.
    ("wide-triad", Kernel::StreamWide),
];

/// What is found, its unit, and one standard deviation of what is known beforehand as a factor: a
/// memory does no more than its peak, a port that never fills and a bus that turns for free would
/// have no logarithm.
const SOUGHT: [(&str, (&str, f64), f64); 6] = [
    ("dram_efficiency", ("ratio", 1.0), 1.05),
    ("block_turnover", ("ns", 1e-9), 1.5),
    ("load_port", ("GB/s", 1e9), 1.5),
    ("store_port", ("GB/s", 1e9), 2.0),
    ("dram_turnaround", ("ratio", 1.0), 2.0),
    ("queueing", ("ratio", 1.0), 2.0),
];
/// What the points speak of too, and earlier probes have found.
const BESIDE: [&str; 3] = ["dram_latency", "l2_latency", "l2_bandwidth"];

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "streams",
    about: "init, read, scale and triad of one element a thread, 1, 2 and 4 blocks on an SM",
    identifies: &[
        "dram_efficiency",
        "block_turnover",
        "load_port",
        "store_port",
        "dram_turnaround",
        "queueing",
    ],
    design,
    find: |seen| find(seen).into(),
};

/// The largest power of two that is not above `value`.
fn power_below(value: u64) -> u64 {
    1 << value.max(2).ilog2()
}

fn design(facts: &Facts) -> Vec<Point> {
    let l2 = facts.l2.max(1 << 20) as u64;
    let most = facts.memory as u64 / 16;
    let array = power_below((8 * l2).clamp(256 << 20, 1 << 30).min(most));
    let fits = |threads: u32, residents: u32| threads * residents <= count(facts.threads_per_sm);
    let mut points = Vec::new();
    for (name, kernel) in KERNELS {
        let (loads, stores, width) = kernel.stream().expect("a stream");
        let arrays = (loads + stores) as u64;
        let point = |level: &str, span: u64, residents: u32, threads: u32| {
            let blocks = (array / u64::from(width)).div_ceil(u64::from(threads)) as u32;
            let words = (span / 4) as u32;
            let shape = Launch { blocks, threads, stride: words, ..Launch::of(kernel) };
            let launch = Launch { bytes: arrays * span, residents: Some(residents), ..shape };
            let moved = arrays * u64::from(blocks) * u64::from(threads) * u64::from(width);
            let series = format!("{name}.{level}.{residents}");
            let x = ("resident_threads", f64::from(threads * residents));
            Point::new(&series, x, ProbeWork::launch(launch, Timer::Events), moved as f64)
        };
        for threads in THREADS.into_iter().filter(|threads| fits(*threads, 2)) {
            points.push(point("dram", array, 2, threads));
            // Stores to L2 alone wait for nobody, and say what those to memory say.
            if loads > 0 {
                points.push(point("l2", power_below(l2 / 4 / arrays), 2, threads));
            }
        }
        for (residents, sizes) in FEW {
            let sizes = sizes.into_iter().filter(|threads| fits(*threads, residents));
            points.extend(sizes.map(|threads| point("dram", array, residents, threads)));
        }
    }
    points.extend(empty());
    points
}

/// What the execution model is asked for a launch of a stream; `None` for other kernels.
pub(crate) fn asked(asked: &Launch) -> Option<(launch::Launch, work::Work)> {
    let (loads, stores, width) = asked.kernel.stream()?;
    let span = u64::from(asked.stride) * 4;
    let swept = u64::from(asked.blocks) * u64::from(asked.threads) * u64::from(width);
    // The last block of a grid may begin the array anew: that is no reuse.
    let footprint = if swept > 2 * span { (loads + stores) as f64 * span as f64 } else { 0.0 };
    let accesses = |number| vec![Access::coalesced(width); number];
    let work = work::Work {
        loads: accesses(loads),
        stores: accesses(stores),
        footprint,
        ..work::Work::none()
    };
    let line = launch::Launch::line(asked.blocks, asked.threads);
    Some((launch::Launch { residents_max: asked.residents, ..line }, work))
}

/// The time of a sample's kernel by the closed form in seconds; none of its own for empty ones.
fn time(machine: &Machine, sample: &Sample) -> Result<f64, InputError> {
    let question = match sample.point.work.lanes[0].steps[0] {
        ProbeStep::Launch(launch) => asked(&launch),
        _ => None,
    };
    let Some((launch, work)) = question else { return Ok(0.0) };
    Ok(duration(machine, &Prepared::new(machine, &launch, &work)?))
}

fn find(seen: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let Seen { facts, found, samples } = seen;
    let machine = execution::so_far(facts, found)?;
    // What is impossible is so whatever the parameters are.
    samples.iter().try_for_each(|sample| time(&machine, sample).map(drop))?;
    let mut free = vec![open("start", start(samples))];
    for name in BESIDE {
        free.push(told(seen, name)?);
    }
    for (name, _, factor) in SOUGHT {
        let (prior, factor) = (execution::guess(facts, name)?, Some(factor));
        free.push(Free { name: name.into(), prior, factor });
    }
    let names: Vec<String> = free.iter().map(|free| free.name.clone()).collect();
    let model = |values: &[f64], sample: &Sample| {
        let named = names.iter().zip(values);
        let trial = named.fold(machine.clone(), |trial, (name, value)| trial.with(name, *value));
        values[0] + time(&trial, sample).expect("possible above")
    };
    let estimates = identify_within(STREAM_ERROR, &free, samples, Sample::median, model)?;
    let sought = &estimates[free.len() - SOUGHT.len()..];
    let finding = |(estimate, (name, unit, _)): (&Estimate, &(&str, _, _))| {
        Finding::of(name, estimate, *unit, PROBE.about)
    };
    Ok(sought.iter().zip(&SOUGHT).map(finding).collect())
}
