//! The node on which the pod leaves least.
//!
//! ```text
//! 100 × (1 − ½ · (free CPU − request) ÷ 128 cores − ½ · (free GPU − request) ÷ 8)
//! ```
//!
//! The source then stretches the scores of feasible nodes to 0 … 100. They are whole numbers of a
//! range of at most 100, so that this changes neither their order nor which of them are equal.

use super::scored::Score;
use crate::placement::ask::Ask;
use crate::placement::state::Free;

pub(super) struct BestFit;

impl Score for BestFit {
    fn score(&self, free: &Free<'_>, ask: &Ask) -> u8 {
        let cpu = i64::from(free.cpu - ask.cpu);
        let gpu = (free.gpu_milli() - ask.gpu_milli()) as i64;
        // In 128 000ths: 128 000 thousandths of a core are as much as 8 000 of a GPU.
        let score = (100 * 128_000 - 50 * (cpu + 16 * gpu)) / 128_000;
        score.clamp(0, 100) as u8
    }
}
