//! GPUs in use first, then nodes in use, then nodes that nobody uses.
//!
//! ```text
//! on a GPU in use      100 − a tenth of what is left of it in percent, at least 50
//! on unused GPUs       50 − how many the pod needs, at least 33
//! on an unused node    33 − its GPUs, at least their number
//! ```

use super::scored::Score;
use crate::placement::ask::{Ask, GpuAsk};
use crate::placement::state::{Free, tightest};

pub(super) struct Packing;

impl Score for Packing {
    fn score(&self, free: &Free<'_>, ask: &Ask) -> u8 {
        let gpus = match ask.gpu {
            GpuAsk::None => return 0,
            GpuAsk::Whole(count) => count,
            GpuAsk::Share(milli) => {
                let left = free.gpus[usize::from(tightest(free.gpus, milli))];
                if left < 1000 {
                    return (100 - left / 100).max(50) as u8;
                }
                1
            }
        };
        let used = free.gpu_milli() < 1000 * u64::from(free.node.gpus);
        match used {
            true => 50u16.saturating_sub(gpus).max(33) as u8,
            false => 33u16.saturating_sub(free.node.gpus).max(free.node.gpus).min(33) as u8,
        }
    }
}
