//! What the typical pods cannot use of a whole cluster, kept while it changes.

use super::fragmentation::Fragmentation;
use super::state::State;

/// What they cannot use of each node, as far as the state's changes are seen.
#[derive(Clone, Debug)]
pub struct Wasted<'a> {
    fragmentation: &'a Fragmentation,
    nodes: Vec<i64>,
    sum: i64,
    seen: usize,
}

impl<'a> Wasted<'a> {
    /// Looks at every node of a state.
    pub fn new(fragmentation: &'a Fragmentation, state: &State<'_>) -> Wasted<'a> {
        let all = 0..state.fleet().nodes().len();
        let nodes: Vec<i64> = all.map(|node| fragmentation.counted(&state.free(node))).collect();
        let sum = nodes.iter().sum();
        Wasted { fragmentation, nodes, sum, seen: state.changes() }
    }

    /// What they cannot use of all free GPU [percent of it]; zero where none is free. It must be
    /// the state that was looked at before.
    pub fn percent(&mut self, state: &State<'_>) -> f64 {
        for node in state.changed_since(self.seen) {
            let now = self.fragmentation.counted(&state.free(node));
            self.sum += now - self.nodes[node];
            self.nodes[node] = now;
        }
        self.seen = state.changes();
        let left = (state.fleet().gpu_milli() - state.allocated()) as f64;
        match left > 0.0 {
            true => 100.0 * self.sum as f64 / (left * self.fragmentation.total() as f64),
            false => 0.0,
        }
    }
}
