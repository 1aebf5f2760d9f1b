//! Every node gets a score, and the first node of the highest score gets the pod.

use crate::placement::ask::Ask;
use crate::placement::pods::Pods;
use crate::placement::scheduler::{Pod, Scheduler, Slot};
use crate::placement::scores::{Scores, best};
use crate::placement::state::{Free, State, tightest};

/// A score that depends on the node and on what the pod asks for, and on nothing else.
pub(super) trait Score {
    /// The highest score.
    const MAX: u8 = 100;

    /// The score of a node on which the pod fits.
    fn score(&self, free: &Free<'_>, ask: &Ask) -> u8;

    /// Which GPU a pod gets that shares one.
    fn gpu(&self, free: &Free<'_>, ask: &Ask, milli: u16) -> u16 {
        let _ = ask;
        tightest(free.gpus, milli)
    }
}

/// The scheduler of a score.
struct Scored<'a, S> {
    trace: &'a Pods,
    scores: Scores,
    score: S,
}

/// The scheduler of a score for pods of a trace.
pub(super) fn boxed<'a, S: Score + 'a>(trace: &'a Pods, score: S) -> Box<dyn Scheduler + 'a> {
    Box::new(Scored { trace, scores: Scores::new(trace.shapes().len()), score })
}

impl<S: Score> Scheduler for Scored<'_, S> {
    fn choose(&mut self, pod: Pod, state: &State<'_>) -> Option<Slot> {
        let ask = &self.trace.shapes()[pod.shape as usize];
        let score = |node| {
            let free = state.free(node);
            free.fits(ask).then(|| self.score.score(&free, ask).min(S::MAX))
        };
        let node = best(self.scores.of(pod.shape, state, score))?;
        let free = state.free(node);
        let gpus = free.gpus_for(ask, |milli| self.score.gpu(&free, ask, milli));
        Some(Slot { node: node as u32, gpus })
    }
}
