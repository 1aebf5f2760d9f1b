//! Launching: an empty kernel there and back, many queued, and until its first store is seen.
//!
//! ```text
//!   queued(n)    = round trip + (n − 1) · interval      n launches, one wait
//!   first store  = launch latency                       a posted write over PCIe included
//! ```

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, of};

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "launch",
    about: "1 to 256 empty kernels queued, then one wait; and a kernel's first store to the host",
    identifies: &["launch_latency", "launch_round_trip", "launch_interval"],
    design,
    find: |seen| find(seen).into(),
};

fn design(_: &Facts) -> Vec<Point> {
    let queued = |power: u32| {
        let number = 1usize << power;
        let steps = vec![ProbeStep::Launch(Launch::of(Kernel::Nothing)); number];
        let work = ProbeWork::steps(steps, Timer::Host);
        Point::new("queued", ("launches", number as f64), work, number as f64)
    };
    // One point is one median; several tell more of its error.
    let first = |at: u32| {
        let work = ProbeWork::launch(Launch::of(Kernel::Mark), Timer::FirstStore);
        Point::new("first-store", ("attempt", f64::from(at)), work, 1.0)
    };
    (0..9).map(queued).chain((1..=4).map(first)).collect()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let first = of(samples, "first-store");
    let flat = |v: &[f64], _: &Sample| v[0];
    let latency =
        identify(&[open("launch_latency", first[0].median())], &first, Sample::median, flat)?;
    let queued = of(samples, "queued");
    let (one, many) = (queued[0].median(), queued[queued.len() - 1]);
    let free =
        [open("launch_round_trip", one), open("launch_interval", many.median() / many.point.x)];
    let line = |v: &[f64], s: &Sample| v[0] + (s.point.x - 1.0) * v[1];
    let line = identify(&free, &queued, Sample::median, line)?;
    let us = ("us", 1e-6);
    let stored =
        "from the call until the host sees the first store of a kernel, which crosses PCIe";
    Ok(vec![
        Finding::of("launch_latency", &latency[0], us, stored),
        Finding::of("launch_round_trip", &line[0], us, "an empty kernel, launched and waited for"),
        Finding::of("launch_interval", &line[1], us, "each further empty kernel of a queue"),
    ])
}
