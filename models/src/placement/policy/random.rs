//! Any node on which the pod fits, and any of its GPUs.

use sim::Seed;

use crate::placement::arrivals::below;
use crate::placement::pods::Pods;
use crate::placement::scheduler::{Pod, Scheduler, Slot};
use crate::placement::scores::Scores;
use crate::placement::state::State;

/// So many nodes are counted at once.
const CHUNK: usize = 128;

pub(super) struct Random<'a> {
    trace: &'a Pods,
    scores: Scores,
    nodes: Seed,
    gpus: Seed,
}

impl<'a> Random<'a> {
    pub(super) fn new(trace: &'a Pods, seed: Seed) -> Random<'a> {
        let scores = Scores::new(trace.shapes().len());
        let (nodes, gpus) = (seed.of("placement random node"), seed.of("placement random gpu"));
        Random { trace, scores, nodes, gpus }
    }
}

impl Scheduler for Random<'_> {
    fn choose(&mut self, pod: Pod, state: &State<'_>) -> Option<Slot> {
        let ask = &self.trace.shapes()[pod.shape as usize];
        let fits = |node| state.free(node).fits(ask).then_some(0);
        let fits = self.scores.of(pod.shape, state, fits);
        let count: usize = fits.chunks(CHUNK).map(fitting).sum();
        if count == 0 {
            return None;
        }
        let node = nth(fits, below(self.nodes.unit(pod.number), count));
        let free = state.free(node);
        let gpus = free.gpus_for(ask, |milli| {
            let enough = || (0u16..).zip(free.gpus).filter(|(_, left)| **left >= milli);
            let which = below(self.gpus.unit(pod.number), enough().count());
            enough().nth(which).expect("so many suffice").0
        });
        Some(Slot { node: node as u32, gpus })
    }
}

/// On how many nodes of a chunk a pod fits, where one stands for each.
fn fitting(chunk: &[u8]) -> usize {
    chunk.iter().sum::<u8>().into()
}

/// The node that so many before it fit as well.
fn nth(fits: &[u8], mut which: usize) -> usize {
    for (at, chunk) in fits.chunks(CHUNK).enumerate() {
        let own = fitting(chunk);
        if which < own {
            let mut nodes = (0..chunk.len()).filter(|node| chunk[*node] > 0);
            return at * CHUNK + nodes.nth(which).expect("so many are there");
        }
        which -= own;
    }
    unreachable!("fewer nodes fit than were counted")
}
