//! Which pods arrive, and in what order.

use sim::Seed;

use super::fleet::Fleet;
use super::pods::Pods;

/// Pods of a trace in the order in which they arrive: first all of the trace, shuffled, then pods
/// drawn from it with replacement, until the next one would make their requests pass `percent` of
/// the fleet's GPU. They are numbers of the trace's pods.
///
/// # Panics
/// If no pod of the trace asks for GPU: the requests would pass no percentage.
pub fn drawn(trace: &Pods, fleet: &Fleet, percent: u32, seed: Seed) -> Vec<u32> {
    let asks = trace.shapes().iter().any(|ask| ask.gpu_milli() > 0);
    assert!(asks, "no pod asks for GPU");
    let pods = u32::try_from(trace.count()).expect("fewer pods than bytes of memory");
    let mut order: Vec<u32> = (0..pods).collect();
    shuffle(&mut order, seed.of("placement shuffle"));
    let most = fleet.gpu_milli() * u64::from(percent) / 100;
    let draw = seed.of("placement draw");
    let more = (0..).map(|number| below(draw.unit(number), pods as usize) as u32);
    let mut asked = 0;
    let within = |pod: &u32| {
        asked += trace.ask(*pod as usize).gpu_milli();
        asked <= most
    };
    order.into_iter().chain(more).take_while(within).collect()
}

/// A whole number below `count` from a number of zero to below one.
pub(super) fn below(unit: f64, count: usize) -> usize {
    ((unit * count as f64) as usize).min(count - 1)
}

/// Fisher and Yates, from the end; the draw of a place has the place's number.
pub(super) fn shuffle<T>(list: &mut [T], seed: Seed) {
    for last in (1..list.len()).rev() {
        list.swap(last, below(seed.unit(last as u64), last + 1));
    }
}
