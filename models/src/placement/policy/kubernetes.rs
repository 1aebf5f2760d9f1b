//! kube-scheduler's default scores.

use super::scored::Score;
use crate::placement::ask::Ask;
use crate::placement::state::Free;

pub(super) struct Kubernetes;

impl Score for Kubernetes {
    const MAX: u8 = 200;

    fn score(&self, free: &Free<'_>, ask: &Ask) -> u8 {
        let parts = [
            (u64::from(free.cpu - ask.cpu), u64::from(free.node.cpu)),
            (u64::from(free.memory - ask.memory), u64::from(free.node.memory)),
        ];
        let least = parts.map(|(left, all)| if all > 0 { 100 * left / all } else { 0 });
        let [cpu, memory] = parts.map(|(left, all)| left as f64 / all as f64);
        let balanced = 100.0 * (1.0 - (cpu - memory).abs() / 2.0);
        ((least[0] + least[1]) / 2) as u8 + balanced as u8
    }
}
