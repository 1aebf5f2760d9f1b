//! Dependent kernels, queued in a stream and as a graph: what lies between one and the next.
//!
//! ```text
//!   time(n) = start + (n − 1) · (gap + turnover)      the block of an empty kernel is no time but
//! ```                                                 that of its slot (see the probe of streams)
//!
//! A stream's gap is the driver's work for a call if that is longer than the GPU's own.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open, told};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, of};

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "graphs",
    about: "1 to 256 empty kernels one after another, as a CUDA graph and in a stream",
    identifies: &["graph_gap", "stream_gap"],
    design,
    find: |seen| find(seen).into(),
};

fn design(_: &Facts) -> Vec<Point> {
    let launch = Launch::of(Kernel::Nothing);
    let point = |series: &str, nodes: u32, steps: Vec<ProbeStep>| {
        let work = ProbeWork::steps(steps, Timer::Host);
        Point::new(series, ("kernels", f64::from(nodes)), work, f64::from(nodes))
    };
    let both = |power: u32| {
        let nodes = 1u32 << power;
        let queue = vec![ProbeStep::Launch(launch); nodes as usize];
        [
            point("graph", nodes, vec![ProbeStep::Graph { launch, nodes }]),
            point("stream", nodes, queue),
        ]
    };
    (0..9).flat_map(both).collect()
}

fn find(seen: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let mut findings = Vec::new();
    for (series, name) in [("graph", "graph_gap"), ("stream", "stream_gap")] {
        let line = of(seen.samples, series);
        let (one, most) = (line[0], line[line.len() - 1]);
        let turnover = told(seen, "block_turnover")?;
        let each = (most.median() - one.median()) / (most.point.x - 1.0);
        let gap = (each - turnover.prior).max(each / 10.0);
        let free = [open(name, gap), open("start", one.median()), turnover];
        let model = |v: &[f64], s: &Sample| v[1] + (s.point.x - 1.0) * (v[0] + v[2]);
        let found = identify(&free, &line, Sample::median, model)?;
        findings.push(Finding::of(name, &found[0], ("us", 1e-6), PROBE.about));
    }
    Ok(findings)
}
