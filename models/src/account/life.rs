//! Where the time of a plan went: the path back from its last step, booked row by row.
//!
//! A firing that waited for a pool was let in by the one that gave it back; any other began when
//! the last of those that it waits for had ended. So the spans of the path leave no gap and do not
//! overlap. Each is divided among its rows at whole picoseconds of the running sum, so that the
//! parts always add up to the whole.

use sim::Time;

use crate::outcome::Cause;
use crate::plan::{Book, DemandId, Op, Plan};
use crate::run::{NOBODY, Trace};

/// The time of each row of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ledger {
    pub(super) rows: Vec<Time>,
}

impl Ledger {
    /// The account of one plan.
    pub(super) fn of(plan: &Plan, trace: &Trace) -> Ledger {
        let mut ledger = Ledger { rows: vec![Time::ZERO; plan.rows.len()] };
        let spans = &trace.spans;
        let (mut at, mut landing) = (spans.last, true);
        while at != NOBODY {
            let end = if landing { spans.landing(at) } else { spans.end[at as usize] };
            let phase = plan.fired(at, trace.lane);
            if let (Op::Acquire(_), Some(&by)) = (phase.op, spans.granted.get(&at))
                && by != NOBODY
            {
                (at, landing) = (by, false);
                continue;
            }
            let span = end.saturating_sub(spans.ready(at));
            match phase.book {
                Book::Nobody => {}
                Book::Parts { first, count } => ledger.book(span, plan.shares(first, count)),
                Book::Streaming(id) => ledger.stream(plan, trace, at, id, span),
            }
            (at, landing) = (spans.by[at as usize], spans.by_landing[at as usize]);
        }
        ledger.set_line_apart(plan, trace);
        ledger
    }

    /// Divides a span among rows in proportion to weights.
    fn book(&mut self, span: Time, parts: &[(u32, f64)]) {
        let total: f64 = parts.iter().map(|part| part.1).sum();
        if total <= 0.0 {
            return;
        }
        let mut sum = 0.0;
        let mut booked = Time::ZERO;
        for (i, &(row, part)) in parts.iter().enumerate() {
            sum += part;
            let until = match i + 1 == parts.len() {
                true => span,
                false => Time::from_ps((span.as_ps() as f64 * (sum / total)) as u64).min(span),
            };
            self.rows[row as usize] += until - booked;
            booked = until;
        }
    }

    /// The span of a move: what it takes alone, and what others added.
    fn stream(&mut self, plan: &Plan, trace: &Trace, firing: u32, id: DemandId, span: Time) {
        let demand = plan.demand(id);
        let streaming = &demand.streaming;
        let alone = Time::from_seconds(streaming.alone).min(span);
        if plan.is_brief {
            return self.book(span, &[(streaming.waits_else, 1.0)]);
        }
        let mut parts = streaming.parts.clone();
        let line_row = streaming.line_row.filter(|_| streaming.line > 0.0);
        parts.extend(line_row.map(|row| (row, streaming.line)));
        let rest = span - alone;
        // A picosecond a flow or unit is rounding, not a queue.
        let units = (demand.bytes / demand.unit.as_f64().max(1.0)).ceil() as u64;
        let rounding = demand.flows.len() as u64 + units;
        if parts.iter().all(|part| part.1 <= 0.0) {
            parts = vec![(streaming.waits_else, 1.0)];
        }
        if rest.as_ps() <= rounding {
            return self.book(span, &parts);
        }
        self.book(alone, &parts);
        match trace.spans.slowed.get(&firing) {
            Some(slowed) => {
                let rows: Vec<(u32, f64)> = slowed
                    .iter()
                    .map(|(link, seconds)| (streaming.wait(Some(*link)), *seconds))
                    .collect();
                self.book(rest, &rows);
            }
            None => self.book(rest, &[(streaming.waits_else, 1.0)]),
        }
    }

    /// The time that counts against the goodput.
    pub(super) fn counted(&self, plan: &Plan) -> Time {
        let rows = plan.rows.iter().zip(&self.rows);
        rows.filter(|(row, _)| row.counts).map(|(_, span)| *span).sum()
    }

    /// Gives the line rate the time that what arrives takes at it; those who lost datagrams what
    /// these would have taken; and all other rows what is left, in proportion: on the path of a
    /// pipeline are the chunks of its slowest stage, and the network may have moved the message
    /// meanwhile.
    fn set_line_apart(&mut self, plan: &Plan, trace: &Trace) {
        let Some(line) = plan.line(trace.lane) else { return };
        let rows = || (0..plan.rows.len()).filter(|&row| plan.rows[row].counts);
        let Some(line_row) = plan.line_row(trace.lane) else { return };
        let whole = self.counted(plan);
        let at_line = |bytes: f64| Time::from_seconds(bytes / line.rate.as_bytes_per_s());
        let all: f64 = trace.lost.iter().map(|lost| lost.bytes).sum();
        let unavoidable = at_line(plan.message.as_f64() - all).min(whole);
        let lost = at_line(all).min(whole - unavoidable);
        let others: Vec<(u32, f64)> = rows()
            .filter(|&row| row != line_row)
            .map(|row| (row as u32, self.rows[row].as_ps() as f64))
            .filter(|(_, ps)| *ps > 0.0)
            .collect();
        let left = whole - unavoidable - lost;
        if self.rows[line_row] == unavoidable && all == 0.0 {
            return;
        }
        rows().for_each(|row| self.rows[row] = Time::ZERO);
        self.rows[line_row] = unavoidable;
        let losers: Vec<(u32, f64)> =
            trace.lost.iter().map(|lost| (lost.row, lost.bytes)).collect();
        match (others.is_empty(), losers.is_empty()) {
            (false, _) => {
                self.book(left, &others);
                self.book(lost, &losers);
            }
            (true, false) => self.book(lost + left, &losers),
            (true, true) => self.rows[line_row] = whole,
        }
    }
}

impl Cause {
    /// Whether time that passes so is a loss: all but that at line rate.
    pub(crate) fn is_loss(self) -> bool {
        self != Cause::LineRate
    }
}
