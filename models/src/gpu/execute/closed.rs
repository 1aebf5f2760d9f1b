//! The kernel level: one equation for the whole grid.
//!
//! ```text
//! waves = ⌈blocks ÷ (SMs · residents)⌉
//! time  = join(waves · alone, memory of all blocks, lanes of the fullest SM), tail
//! ```

use super::super::machine::Machine;
use super::Prepared;

pub(super) fn duration(machine: &Machine, kernel: &Prepared) -> f64 {
    let cost = &kernel.cost;
    let blocks = kernel.launch.blocks() as f64;
    let sms = f64::from(machine.sms);
    let slots = kernel.slots(machine) as f64;
    let waves = (blocks / slots).ceil();
    let residents = f64::from(kernel.occupancy.blocks).min((blocks / sms).ceil());
    let alone = waves * cost.alone(residents);
    let fullest = (blocks / sms).ceil();
    let full = [blocks * cost.memory, fullest * cost.lanes, blocks * cost.atomics];
    let steady = cost.join(alone, full).max(blocks / machine.block_rate());
    steady + tail(cost.variation, cost.alone(residents), blocks.min(slots))
}

/// How much later the last of `count` blocks ends than the mean one, if their work varies: the
/// expected largest of so many normal deviations, √(2 ln n).
fn tail(variation: f64, mean: f64, count: f64) -> f64 {
    variation * mean * (2.0 * count.max(1.0).ln()).sqrt()
}
