//! Nodes that hold pods of the same class first: those that share a GPU, that have one, two ….
//!
//! Four bands of 25 points, and within a band more for a node with less free GPU.

use super::scored::Score;
use crate::placement::ask::Ask;
use crate::placement::state::Free;

pub(super) struct Clustering;

impl Score for Clustering {
    fn score(&self, free: &Free<'_>, ask: &Ask) -> u8 {
        let Some(class) = ask.class() else { return 0 };
        let holds = free.classes().any(|held| held == class);
        let band = match (holds, free.classes().len()) {
            (true, 1) => 75,
            (true, _) => 50,
            (false, 0) => 25,
            (false, _) => 0,
        };
        band + (25 * (8000 - free.gpu_milli().min(8000)) / 8000) as u8
    }
}
