//! A plan that is being carried out.

use crate::plan::Plan;

/// A movement under way.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) movement: u32,
    pub(super) gpu: u32,
    pub(super) tag: u64,
    /// By firing: how many others it still waits for.
    open: Vec<u32>,
    /// Firings that have not ended.
    left: usize,
    /// Firings that move, with the flows of each that are under way.
    pub(super) moving: Vec<(u32, u32)>,
    /// Pools of which it holds a slot.
    pub(super) held: Vec<usize>,
}

impl Job {
    /// The job of a plan, and the firings that wait for nothing.
    pub(super) fn new(plan: &Plan, (movement, gpu): (u32, u32), tag: u64) -> (Job, Vec<u32>) {
        let mut open = vec![0; plan.len()];
        for firing in 0..plan.len() as u32 {
            let (step, i) = plan.at(firing);
            for (theirs, _) in plan.before(step, i) {
                open[firing as usize] += theirs.len() as u32;
            }
        }
        let ready = (0..).zip(&open).filter(|(_, open)| **open == 0).map(|(at, _)| at).collect();
        let (moving, held, left) = (Vec::new(), Vec::new(), plan.len());
        (Job { movement, gpu, tag, open, left, moving, held }, ready)
    }

    /// Whether everything has ended.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// A firing has ended: those that waited for nothing else.
    pub(super) fn end(&mut self, plan: &Plan, firing: u32) -> Vec<u32> {
        self.left -= 1;
        let (step, i) = plan.at(firing);
        let mut ready = Vec::new();
        for (theirs, _) in plan.behind(step, i) {
            for next in theirs {
                self.open[next as usize] -= 1;
                if self.open[next as usize] == 0 {
                    ready.push(next);
                }
            }
        }
        ready
    }

    /// A flow of a firing is complete; whether it was the last.
    pub(super) fn landed(&mut self, firing: u32) -> bool {
        let at = self.moving.iter().position(|(own, _)| *own == firing).expect("it moves");
        self.moving[at].1 -= 1;
        let last = self.moving[at].1 == 0;
        if last {
            self.moving.swap_remove(at);
        }
        last
    }
}
