//! Block scheduling: grids of ever more empty blocks.
//!
//! ```text
//!   time(blocks) = start + blocks · interval
//! ```

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen};

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "blocks",
    about: "empty kernels of 2^8 to 2^20 blocks of one warp, by events",
    identifies: &["block_interval"],
    design,
    find: |seen| find(seen).into(),
};

fn design(_: &Facts) -> Vec<Point> {
    let point = |power: u32| {
        let blocks = 1u32 << power;
        let launch = Launch { blocks, threads: 32, ..Launch::of(Kernel::Nothing) };
        let work = ProbeWork::launch(launch, Timer::Events);
        Point::new("empty", ("blocks", f64::from(blocks)), work, f64::from(blocks))
    };
    (8..=20).map(point).collect()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let (first, last) = (samples[0].median(), samples[samples.len() - 1]);
    let free = [open("block_interval", last.median() / last.point.x), vague("start", first)];
    let line = |v: &[f64], s: &Sample| v[1] + s.point.x * v[0];
    let line = identify(&free, samples, Sample::median, line)?;
    Ok(vec![Finding::of("block_interval", &line[0], ("ns", 1e-9), PROBE.about)])
}
