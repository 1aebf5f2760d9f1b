//! A cluster that pods fill: they arrive one after another and never leave.

use super::fragmentation::Fragmentation;
use super::scheduler::{Pod, Scheduler};
use super::state::State;
use super::pods::Pods;

/// The state when pods that ask for so much of the cluster's GPU have arrived.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// What they ask for, placed or not [percent of the cluster's GPU].
    pub arrived_percent: u32,
    /// What those that were placed have [percent of the cluster's GPU].
    pub allocated_percent: f64,
    /// What the typical pods cannot use of the rest [percent of it].
    pub fragmented_percent: f64,
}

/// What came of filling a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    /// A reading at every whole percent from one on that was reached.
    pub readings: Vec<Reading>,
    /// How many pods were placed.
    pub placed: u64,
    /// How many fitted nowhere and were skipped.
    pub skipped: u64,
}

/// Lets pods of a trace arrive in that order; those that fit nowhere are skipped.
pub fn fill(
    state: &mut State<'_>,
    trace: &Pods,
    order: &[u32],
    scheduler: &mut dyn Scheduler,
    fragmentation: &Fragmentation,
) -> Fill {
    let total = state.fleet().gpu_milli();
    let mut filled = Fill { readings: Vec::new(), placed: 0, skipped: 0 };
    let (mut arrived, mut next) = (0, 1);
    for (number, &pod) in (0..).zip(order) {
        let shape = trace.pods()[pod as usize];
        let ask = &trace.shapes()[shape as usize];
        let after = arrived + ask.gpu_milli();
        // Hundreds of the distances to the next percent, so that they are whole numbers.
        let mark = |percent: u32| total * u64::from(percent);
        while 100 * after > mark(next) && mark(next) - 100 * arrived <= 100 * after - mark(next) {
            filled.readings.push(read(next, state, fragmentation));
            next += 1;
        }
        match scheduler.choose(Pod { number, shape }, state) {
            Some(slot) => {
                state.place(ask, &slot);
                filled.placed += 1;
            }
            None => filled.skipped += 1,
        }
        arrived = after;
        while 100 * arrived >= mark(next) {
            filled.readings.push(read(next, state, fragmentation));
            next += 1;
        }
    }
    if 200 * arrived >= total * u64::from(2 * next - 1) {
        filled.readings.push(read(next, state, fragmentation));
    }
    filled
}

fn read(arrived_percent: u32, state: &State<'_>, fragmentation: &Fragmentation) -> Reading {
    let total = state.fleet().gpu_milli();
    let free = (0..state.fleet().nodes().len()).map(|node| state.free(node));
    let wasted: i64 = free.map(|free| fragmentation.counted(&free)).sum();
    let left = (total - state.allocated()) as f64 * fragmentation.total() as f64;
    Reading {
        arrived_percent,
        allocated_percent: 100.0 * state.allocated() as f64 / total as f64,
        fragmented_percent: if left > 0.0 { 100.0 * wasted as f64 / left } else { 0.0 },
    }
}
