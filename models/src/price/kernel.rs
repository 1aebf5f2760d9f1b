//! The price of a kernel: launch, run, and the event that lets the copy begin.
//!
//! ```text
//!  call ─ launch latency ─► kernel of chunk 1 ─ gap ─► kernel of chunk 2 ─ gap ─► …
//!                                   └ event ─► copy of chunk 1   └ event ─► copy of chunk 2
//! ```
//!
//! Calls return at once, so only the first launch is waited for; every later kernel begins a gap
//! after the one before it, and a shorter one inside a CUDA graph. A copy in another stream waits
//! for an event: `event_wait` of the profile. Where the host is slower than that (its driver, or
//! its own code, between one launch and the next), the GPU rests until the next launch is there;
//! a graph is launched once.
//!
//! A kernel that would run for `t` alone, fills the part `s` of its GPU's SMs and keeps memory busy
//! for `m` is a flow of its result's bytes `b` with these demands, so that kernels which run side
//! by side share SMs and memory as any flows share links:
//!
//! ```text
//!  limit = b / t,   weight on SMs = s · t / b,   weight on memory = m / b
//! ```

use petgraph::graph::NodeIndex;
use sim::Bytes;
use smallvec::smallvec;

use super::{Carrier, Limit, LinkRef, PricedHop, Question, Stage, Turn, Work};
use crate::cluster::{Accelerator, GpuStep, HopModel};
use crate::gpu::kernel::{Demand, Kernel, demand};
use crate::gpu::launches::{Launches, event_wait, gap};

/// Parts of a result that the chunk level lets pass through SMs and memory one by one: fine enough
/// that they interleave, and that filling the way is half a per cent.
const UNITS: u64 = 256;

/// Prices the part of the transfer's kernel that makes `bytes` of its message.
///
/// # Panics
/// If the transfer has no kernel, or an impossible one: both are checked before anything is priced.
pub(super) fn price(question: &Question<'_>, gpu: NodeIndex) -> Stage {
    let Question { cluster, legs, transfer, bytes, change, .. } = *question;
    let accelerator = &cluster.gpus[&gpu];
    let whole = transfer.kernel.as_ref().expect("a stage of launch, kernel and event has a kernel");
    let kernel = whole.share(bytes, transfer.message);
    let unit = Bytes::new(bytes.get().div_ceil(UNITS));
    let mut stage = Stage::of(Carrier::Kernel, 1, unit);
    for leg in legs {
        let HopModel::Gpu(hop) = &leg.hop().model else { continue };
        let mut priced = PricedHop::default();
        if change.keeps(leg.hop()) {
            match hop.step {
                GpuStep::Launch => launch(accelerator, &kernel, &mut priced, &mut stage),
                GpuStep::Kernel => {
                    let demand = demand(&accelerator.gpu, &kernel).expect("the kernel was checked");
                    run(accelerator, &demand, (bytes, kernel.count), &mut priced);
                    let client = gpu.index() as u32;
                    stage.turn = accelerator.turns.map(|server| Turn { server, client });
                }
                GpuStep::Event => {
                    priced.latency = event_wait(&accelerator.gpu, kernel.launches).as_seconds();
                }
            }
        }
        stage.hops.push(priced);
    }
    stage
}

/// The gap before every kernel, and what is longer about the first.
fn launch(accelerator: &Accelerator, kernel: &Kernel, hop: &mut PricedHop, stage: &mut Stage) {
    let gap = gap(&accelerator.gpu, kernel.launches).min(accelerator.gpu.launch_latency);
    let before = gap.as_seconds() + rest(accelerator, kernel, gap.as_seconds());
    hop.setup = before * f64::from(kernel.count);
    stage.first = accelerator.gpu.launch_latency.as_seconds().max(before) - before;
}

/// What the GPU waits for the host before each kernel, besides the gap.
fn rest(accelerator: &Accelerator, kernel: &Kernel, gap: f64) -> f64 {
    let host = accelerator.launch_interval.max(kernel.host_time.as_seconds());
    if kernel.launches == Launches::Graph || host <= gap {
        return 0.0;
    }
    let run = demand(&accelerator.gpu, kernel).expect("the kernel was checked").run.as_seconds();
    (host - gap - run).max(0.0)
}

fn run(
    accelerator: &Accelerator,
    demand: &Demand,
    (bytes, count): (Bytes, u32),
    hop: &mut PricedHop,
) {
    let (bytes, count) = (bytes.as_f64(), f64::from(count));
    let alone = demand.run.as_seconds() * count;
    if alone <= 0.0 {
        return;
    }
    hop.limit = Some(Limit { bytes_per_s: bytes / alone });
    let work = |link, seconds: f64| Work {
        link: LinkRef::Fixed(link),
        weight: seconds / bytes,
        beside: false,
    };
    hop.works = smallvec![
        work(accelerator.sms, alone * demand.sms * accelerator.sms_part),
        work(accelerator.memory, demand.memory.as_seconds() * count),
    ];
}
