//! The kernel level: one equation for the whole grid.
//!
//! ```text
//! waves = ⌈blocks ÷ (SMs · residents)⌉
//! time  = (waves − 1) · cycle of a full device + burst of the last wave + tail
//! ```

use super::super::block::largest;
use super::super::machine::Machine;
use super::{Prepared, company};

pub(super) fn duration(machine: &Machine, kernel: &Prepared) -> f64 {
    let cost = &kernel.cost;
    let (blocks, slots) = (kernel.launch.blocks(), kernel.slots(machine));
    let waves = blocks.div_ceil(slots);
    let last = (blocks - (waves - 1) * slots) as f64;
    let steady = match waves {
        1 => 0.0,
        _ => (waves - 1) as f64 * cost.cycle(machine, &company(machine, [(slots as f64, kernel)])),
    };
    let burst = cost.burst(machine, &company(machine, [(last, kernel)]));
    // Of unequal blocks the largest ends last.
    let tail = cost.variation * largest(blocks.min(slots) as f64) * cost.alone();
    steady + burst + tail
}
