//! The scores of all nodes for each shape of pod, kept until a node changes.

use super::state::State;

/// What is kept: for each shape a byte for every node, in the order of their names.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    shapes: Vec<Known>,
}

/// The scores for one shape.
#[derive(Clone, Debug, Default)]
struct Known {
    /// A score and one; zero where a pod does not fit.
    nodes: Vec<u8>,
    /// How many changes of the state are seen.
    seen: usize,
}

impl Scores {
    /// Of so many shapes nothing is known.
    pub(super) fn new(shapes: usize) -> Scores {
        Scores { shapes: vec![Known::default(); shapes] }
    }

    /// The scores for a shape, each with one added and zero where it does not fit. `score` is asked
    /// about nodes that have changed.
    pub(super) fn of(
        &mut self,
        shape: u32,
        state: &State<'_>,
        score: impl Fn(usize) -> Option<u8>,
    ) -> &[u8] {
        let known = &mut self.shapes[shape as usize];
        let stored = |node| score(node).map_or(0, |score| score + 1);
        if known.nodes.is_empty() {
            known.nodes = (0..state.fleet().nodes().len()).map(stored).collect();
        } else {
            state.changed_since(known.seen).for_each(|node| known.nodes[node] = stored(node));
        }
        known.seen = state.changes();
        &known.nodes
    }
}

/// The first node of the highest score; none if the pod fits nowhere.
pub(super) fn best(scores: &[u8]) -> Option<usize> {
    let highest = scores.iter().fold(0, |highest, &score| highest.max(score));
    scores.iter().position(|&score| score == highest && highest > 0)
}
