//! What a reader leaves of one plan: when each firing ended, what released it, what it waited for.

use std::collections::HashMap;

use sim::{LinkId, Time};

use crate::plan::Plan;

/// No firing.
pub(crate) const NOBODY: u32 = u32::MAX;

/// The spans of one plan, by firing. A firing begins when that which released it has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spans {
    /// When the plan began.
    pub(crate) begin: Time,
    /// When each firing ended.
    pub(crate) end: Vec<Time>,
    /// The last of those that each waited for; [`NOBODY`] if it waited for none.
    pub(crate) by: Vec<u32>,
    /// Moves whose last byte arrived later than it left: when.
    pub(crate) landed: HashMap<u32, Time>,
    /// Firings that were let go on by the arrival of the move before, not by its end.
    pub(crate) by_landing: Vec<bool>,
    /// Firings that waited for a pool, and which firing of their own plan let them in, if one did.
    pub(crate) granted: HashMap<u32, u32>,
    /// Moves that others slowed down: for how long, as if they had stood still, at which links
    /// \[s\].
    pub(crate) slowed: HashMap<u32, Vec<(LinkId, f64)>>,
    /// Turns: when the server first served each.
    pub(crate) served: HashMap<u32, Time>,
    /// The firing that ended last.
    pub(crate) last: u32,
}

impl Spans {
    pub(crate) fn new(firings: usize, begin: Time) -> Spans {
        Spans {
            begin,
            end: vec![Time::MAX; firings],
            by: vec![NOBODY; firings],
            landed: HashMap::new(),
            by_landing: vec![false; firings],
            granted: HashMap::new(),
            slowed: HashMap::new(),
            served: HashMap::new(),
            last: NOBODY,
        }
    }

    /// When a firing could begin.
    pub(crate) fn ready(&self, firing: u32) -> Time {
        match self.by[firing as usize] {
            NOBODY => self.begin,
            by if self.by_landing[firing as usize] => self.landing(by),
            by => self.end[by as usize],
        }
    }

    /// When the last byte of a move arrived.
    pub(crate) fn landing(&self, firing: u32) -> Time {
        self.landed.get(&firing).copied().unwrap_or(self.end[firing as usize])
    }

    /// When the plan ended; never, if something in it did not.
    pub(crate) fn ended(&self) -> Time {
        match self.last {
            NOBODY => Time::MAX,
            last => self.end[last as usize],
        }
    }
}

/// How busy a link was from the plan's beginning to its end, whoever used it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// The link.
    pub(crate) link: LinkId,
    /// Its work, by everybody \[units\].
    pub(crate) work: f64,
}

/// Datagrams that did not arrive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Lost {
    /// The row that they are booked to.
    pub(crate) row: u32,
    /// Payload \[B\].
    pub(crate) bytes: f64,
}

/// All that a reader leaves of one plan.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trace {
    /// The lane that was read.
    pub(crate) lane: u32,
    /// When its steps happened.
    pub(crate) spans: Spans,
    /// The links of the transfer itself, in the order of the way; none of a brief plan.
    pub(crate) loads: Vec<Load>,
    /// Payload of the transfer itself that was lost.
    pub(crate) lost: Vec<Lost>,
}

impl Trace {
    pub(crate) fn new(spans: Spans, plan: &Plan, lane: u32) -> Trace {
        let mut loads = Vec::new();
        if !plan.is_brief {
            loads.extend(plan.links(lane).into_iter().map(|link| Load { link, work: 0.0 }));
        }
        Trace { lane, spans, loads, lost: Vec::new() }
    }

    /// Notes a loss.
    pub(crate) fn lose(&mut self, row: u32, bytes: f64) {
        if bytes > 0.0 {
            match self.lost.iter_mut().find(|lost| lost.row == row) {
                Some(lost) => lost.bytes += bytes,
                None => self.lost.push(Lost { row, bytes }),
            }
        }
    }
}
