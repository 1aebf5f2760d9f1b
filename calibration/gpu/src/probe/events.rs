//! Events: from the end of a kernel to the start of one in another stream that waits for its event.
//!
//! ```text
//!   stream 0   [kernel] ─event─┐            ┌─► [kernel] ─event─┐
//!   stream 1                   └─► [kernel] ┘                   └─► …
//!
//!   time(n) = start + (n − 1) · (wait + turnover)    the block of an empty kernel is no time but
//! ```                                                that of its slot (see the probe of streams)
//!
//! A kernel that needs nothing but time goes before them all, so that the calls of every hand-over
//! have been made when the first one begins, and what is timed is the GPU's own.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, open, told};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen};

/// Steps of the kernel before them: half a millisecond or more.
const HEAD: u32 = 240_000;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "events",
    about: "1 to 64 empty kernels behind a long one, each in the other of two streams and behind \
            an event",
    identifies: &["event_wait"],
    design,
    find,
};

fn design(_: &Facts) -> Vec<Point> {
    let point = |kernels: u32| {
        let work = ProbeWork::lanes(handed_over(kernels), Timer::Host);
        Point::new("events", ("kernels", f64::from(kernels)), work, f64::from(kernels))
    };
    [1, 2, 4, 8, 16, 24, 32, 48, 64].map(point).to_vec()
}

/// Kernels that two lanes run in turn, each behind the event of the one before.
fn handed_over(kernels: u32) -> Vec<Vec<ProbeStep>> {
    let head = Launch { steps: HEAD, threads: 32, ..Launch::of(Kernel::Spin) };
    let mut lanes = vec![vec![ProbeStep::Launch(head)], Vec::new()];
    for at in 0..kernels {
        let lane = &mut lanes[at as usize % 2];
        if at > 0 {
            lane.push(ProbeStep::Wait(at - 1));
        }
        lane.extend([ProbeStep::Launch(Launch::of(Kernel::Nothing)), ProbeStep::Record(at)]);
    }
    lanes
}

fn find(seen: Seen<'_>) -> Findings {
    wait(seen).into()
}

/// How long what waits for an event waits.
fn wait(seen: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let samples = seen.samples;
    let (one, most) = (samples[0], samples[samples.len() - 1]);
    let turnover = told(seen, "block_turnover")?;
    let each = (most.median() - one.median()) / (most.point.x - 1.0);
    let wait = (each - turnover.prior).max(each / 10.0);
    let free = [open("event_wait", wait), open("start", one.median()), turnover];
    let model = |v: &[f64], s: &Sample| v[1] + (s.point.x - 1.0) * (v[0] + v[2]);
    let found = identify(&free, samples, Sample::median, model)?;
    Ok(vec![Finding::of("event_wait", &found[0], ("us", 1e-6), PROBE.about)])
}
