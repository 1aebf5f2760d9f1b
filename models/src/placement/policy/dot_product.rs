//! The node whose free resources lie least in the direction of what the pod asks for.
//!
//! ```text
//! 100 × (1 − ½ · (CPU ÷ 128 cores, GPU ÷ 8) of the request · that of what is free)
//! ```

use super::scored::Score;
use crate::placement::ask::Ask;
use crate::placement::state::Free;

pub(super) struct DotProduct;

impl Score for DotProduct {
    fn score(&self, free: &Free<'_>, ask: &Ask) -> u8 {
        // In units of (128 000 thousandths of a core)², of which one of GPU is 16² times as much.
        const ONE: u64 = 128_000 * 128_000;
        let cpu = u64::from(free.cpu) * u64::from(ask.cpu);
        let gpu = 256 * free.gpu_milli() * ask.gpu_milli();
        ((100 * ONE).saturating_sub(50 * (cpu + gpu)) / ONE) as u8
    }
}
