//! Copy engines: ever more streams of small copies, until they wait for each other.
//!
//! ```text
//!   time of k streams = time of one · max(1, k ÷ engines)
//! ```
//!
//! Small copies, so that the engines are short and not the bus.

use calibration_fit::posterior::Free;
use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open};
use super::super::sample::Sample;
use super::super::work::{Place, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, of};

/// Bytes of a copy, and copies of a stream.
const BYTES: u64 = 16 << 10;
const COPIES: usize = 32;
/// Streams.
const STREAMS: usize = 8;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "engines",
    about: "1 to 8 streams of 32 pinned copies of 16 KiB, one way and alternately both ways",
    identifies: &["copy_gap", "copy_engines_one_way", "copy_engines_both_ways"],
    design,
    find: |seen| find(seen).into(),
};

fn design(_: &Facts) -> Vec<Point> {
    let there = ProbeStep::Copy { from: Place::Pinned, to: Place::Device, bytes: BYTES };
    let back = ProbeStep::Copy { from: Place::Device, to: Place::Pinned, bytes: BYTES };
    let point = |series, streams: usize, other: ProbeStep| {
        let lane = |at: usize| vec![if at.is_multiple_of(2) { there } else { other }; COPIES];
        let work = ProbeWork::lanes((0..streams).map(lane).collect(), Timer::Host);
        Point::new(series, ("streams", streams as f64), work, (streams * COPIES) as f64)
    };
    let one_way = (1..=STREAMS).map(|streams| point("one_way", streams, there));
    // An even number of streams, so that both ways have as many.
    let both = (1..=STREAMS / 2).map(|pairs| point("both_ways", 2 * pairs, back));
    one_way.chain(both).collect()
}

fn find(Seen { samples, found, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let mut findings = Vec::new();
    let one = of(samples, "one_way")[0];
    findings.extend(gap(one, found)?);
    for (series, name) in
        [("one_way", "copy_engines_one_way"), ("both_ways", "copy_engines_both_ways")]
    {
        let mut line = of(samples, series);
        if series == "both_ways" {
            line.insert(0, one);
        }
        let most = line[line.len() - 1];
        let engines = (most.point.x * one.median() / most.median()).max(1.0);
        let free = [
            // At least the one that every GPU has.
            Free { name: name.into(), prior: engines, factor: Some(4.0) },
            Free { name: "alone".into(), prior: one.median(), factor: None },
        ];
        let found =
            identify(&free, &line, Sample::median, |v, s| v[1] * (s.point.x / v[0]).max(1.0))?;
        findings.push(Finding::of(name, &found[0], ("ratio", 1.0), PROBE.about));
    }
    Ok(findings)
}

/// What a copy that is queued keeps its engine for besides moving data: what 32 in a row take
/// beyond the first one, each. None where the copies' own probe has found nothing.
fn gap(row: &Sample, found: &[Finding]) -> Result<Option<Finding>, InputError> {
    let of = |name: &str| found.iter().find(|found| found.parameter == name).map(Finding::base);
    let known = (of("copy_setup"), of("copy_call"), of("copy_to_device_rate"));
    let (Some((setup, _)), Some((call, _)), Some((rate, _))) = known else { return Ok(None) };
    let moving = BYTES as f64 / rate;
    let (first, behind) = (call.max(setup + moving), (COPIES - 1) as f64);
    let each = ((row.median() - first) / behind - moving).max(1e-9);
    let model = |v: &[f64], _: &Sample| first + behind * (v[0] + moving);
    let gap = identify(&[open("copy_gap", each)], &[row], Sample::median, model)?;
    Ok(Some(Finding::of("copy_gap", &gap[0], ("us", 1e-6), "32 pinned copies of 16 KiB in a row")))
}
