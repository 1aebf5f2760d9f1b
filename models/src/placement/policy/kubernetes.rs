//! What kube-scheduler scores unless it is told otherwise: CPU and memory, and no GPU.
//!
//! The sum of two plugins of weight one, each 0 to 100. With what would be free of CPU and memory
//! after the pod is placed, as a part of the node's:
//!
//! ```text
//! NodeResourcesFit, LeastAllocated     (100 × free CPU + 100 × free memory) ÷ 2, each cut
//! NodeResourcesBalancedAllocation      100 × (1 − |free CPU − free memory| ÷ 2), cut
//! ```
//!
//! (Kubernetes, "Scheduler Configuration", default plugins; kubernetes/kubernetes,
//! `pkg/scheduler/framework/plugins/noderesources/{least,balanced}_allocat*.go`, where the standard
//! deviation of two parts is half of their difference.) The other plugins of its default set give
//! equal scores to nodes where no pod has affinities, taints or volumes. kube-scheduler takes one
//! of the nodes of the highest score at random; here it is the first.

use super::scored::Score;
use crate::placement::ask::Ask;
use crate::placement::state::Free;

pub(super) struct Kubernetes;

impl Score for Kubernetes {
    const MAX: u8 = 200;

    fn score(&self, free: &Free<'_>, ask: &Ask) -> u8 {
        let cpu = (free.cpu - ask.cpu, free.node.cpu);
        let memory = (free.memory - ask.memory, free.node.memory);
        let cut = |(left, all): (u32, u32)| (100 * u64::from(left)).checked_div(all.into());
        let least = (cut(cpu).unwrap_or(0) + cut(memory).unwrap_or(0)) / 2;
        let part = |(left, all): (u32, u32)| f64::from(left) / f64::from(all.max(1));
        let balanced = 100.0 * (1.0 - (part(cpu) - part(memory)).abs() / 2.0);
        least as u8 + balanced as u8
    }
}
