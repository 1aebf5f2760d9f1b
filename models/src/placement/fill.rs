//! A cluster that pods fill: they arrive one after another and never leave.

use super::fragmentation::Fragmentation;
use super::pods::Pods;
use super::scheduler::{Pod, Scheduler};
use super::state::State;
use super::wasted::Wasted;

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
    /// What those that were placed have in the end [percent of the cluster's GPU].
    pub allocated_percent: f64,
    /// What the typical pods cannot use of the rest in the end [percent of it].
    pub fragmented_percent: f64,
}

/// Lets pods of a trace arrive in that order; those that fit nowhere are skipped. A reading is the
/// state in which what has arrived is nearest to its percent.
///
/// # Panics
/// If the cluster has no GPU.
pub fn fill(
    state: &mut State<'_>,
    trace: &Pods,
    order: &[u32],
    scheduler: &mut dyn Scheduler,
    fragmentation: &Fragmentation,
) -> Fill {
    let total = state.fleet().gpu_milli();
    assert!(total > 0, "a cluster without GPU is nothing to fill");
    let (mut readings, mut placed, mut skipped) = (Vec::new(), 0, 0);
    let mut wasted = Wasted::new(fragmentation, state);
    let (mut arrived, mut next) = (0, 1);
    for (number, &pod) in (0..).zip(order) {
        let shape = trace.shape_of_each()[pod as usize];
        let ask = &trace.shapes()[shape as usize];
        let after = arrived + ask.gpu_milli();
        // A hundred times what has arrived is compared, so that percents are whole numbers.
        let mark = |percent: u32| total * u64::from(percent);
        while 100 * after > mark(next) && mark(next) - 100 * arrived <= 100 * after - mark(next) {
            readings.push(read(next, state, &mut wasted));
            next += 1;
        }
        match scheduler.choose(Pod { number, shape, member: None }, state) {
            Some(slot) => {
                state.place(ask, &slot);
                placed += 1;
            }
            None => skipped += 1,
        }
        arrived = after;
        while 100 * arrived >= mark(next) {
            readings.push(read(next, state, &mut wasted));
            next += 1;
        }
    }
    let end = read(next, state, &mut wasted);
    if 200 * arrived >= total * u64::from(2 * next - 1) {
        readings.push(end);
    }
    let Reading { allocated_percent, fragmented_percent, .. } = end;
    Fill { readings, placed, skipped, allocated_percent, fragmented_percent }
}

fn read(arrived_percent: u32, state: &State<'_>, wasted: &mut Wasted<'_>) -> Reading {
    let total = state.fleet().gpu_milli() as f64;
    Reading {
        arrived_percent,
        allocated_percent: 100.0 * state.allocated() as f64 / total,
        fragmented_percent: wasted.percent(state),
    }
}
