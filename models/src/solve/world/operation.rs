//! Operations of all plans in one list, and what of them comes after what.

use std::ops::Range;

use sim::Time;

use crate::solve::Plan;
use crate::solve::plan::Op;

/// No operation.
pub(super) const NOBODY: u32 = u32::MAX;

/// One operation of one plan.
pub(super) struct Operation {
    pub(super) op: Op,
    pub(super) transfer: u32,
    /// What comes after it: a part of the world's successors.
    pub(super) next: Range<u32>,
    pub(super) previous: u32,
    pub(super) granted_by: u32,
    /// Flows of a move that have yet to be sent.
    pub(super) moving: u32,
    /// Flows of a move that have yet to land, where that is later.
    pub(super) landing: u32,
    pub(super) begun: bool,
    pub(super) ready: Time,
    pub(super) begin: Time,
    pub(super) end: Time,
}

/// Appends a plan's operations; every one has at most one before it.
pub(super) fn add_plan(
    ops: &mut Vec<Operation>,
    successors: &mut Vec<u32>,
    transfer: usize,
    plan: &Plan,
) {
    let first = ops.len();
    for node in plan.node_indices() {
        let begin = successors.len();
        let after = plan.neighbors_directed(node, petgraph::Direction::Outgoing);
        successors.extend(after.map(|other| (first + other.index()) as u32));
        successors[begin..].sort_unstable();
        let mut before = plan.neighbors_directed(node, petgraph::Direction::Incoming);
        let previous = before.next().map_or(NOBODY, |other| (first + other.index()) as u32);
        debug_assert!(before.next().is_none(), "nothing in a plan waits for two");
        ops.push(Operation {
            op: plan[node],
            transfer: transfer as u32,
            next: begin as u32..successors.len() as u32,
            previous,
            granted_by: NOBODY,
            moving: 0,
            landing: 0,
            begun: false,
            ready: Time::ZERO,
            begin: Time::ZERO,
            end: Time::ZERO,
        });
    }
}
