//! Messages by the LogGOPS model: see [`LogGops`].
//!
//! ```text
//!  take card ─► take cpu ─┬► cpu ─► give cpu
//!                         ├► gap ─► give card
//!                         └► flight ─► take card ─► take cpu ─┬► cpu ─► give cpu; the receive ends
//!                                                             └► gap ─► give card
//! ```
//!
//! The card is taken first, so that a message which waits for its card leaves the cpu to others. A
//! message is taken in by the receiver's cpu when it arrives, whether or not its receive is posted.

use petgraph::graph::NodeIndex;
use sim::Time;

use super::{AFTER, Laid, Layout, Own, Placed};
use crate::outcome::Cause;
use crate::replay::{Does, LogGops, Port, Traced};

/// The plan of a trace whose messages cost what the model says.
///
/// # Panics
/// If the trace has copies, which the model knows nothing of.
pub(crate) fn on_loggops(traced: &Traced, prices: &LogGops) -> Laid {
    let mut ports = vec![None; traced.operations.len()];
    for operation in &traced.operations {
        if let Does::Receive { send, port } = operation.does {
            ports[send as usize] = Some(port);
        }
    }
    let mut layout = Layout::new(traced, 0);
    let place = |(at, into): (usize, Option<Port>)| match traced.operations[at].does {
        Does::Work { .. } => layout.work(at),
        Does::Receive { .. } => layout.receive(),
        Does::Send { .. } => layout.message(at, into.expect("messages are matched"), prices),
        Does::Copy { .. } => unreachable!("the model has no copies"),
    };
    let placed: Vec<Placed> = ports.into_iter().enumerate().map(place).collect();
    layout.freeze(&placed, prices.eager)
}

/// An end of a message: who, with what, and for how long.
struct End {
    rank: u32,
    executor: Own,
    card: Own,
    /// The cpu, by what is to be said of it.
    cpu: [(&'static str, Time); 2],
    gap: Time,
}

/// An end of a message in the draft.
struct Ended {
    /// Where it waits for the card.
    entry: NodeIndex,
    /// Where it has card and cpu.
    begun: NodeIndex,
    /// Where the cpu is done with it.
    done: NodeIndex,
}

impl Layout<'_> {
    fn message(&mut self, at: usize, into: Port, prices: &LogGops) -> Placed {
        let operation = &self.traced.operations[at];
        let Does::Send { to, bytes, port } = operation.does else { unreachable!("it is a send") };
        let from = operation.rank;
        let gap = prices.card(bytes);
        let sent = self.end(
            &End {
                rank: from,
                executor: Own::Executor(u16::from(port.cpu)),
                card: Own::CardOut(port.nic),
                cpu: [("send", prices.sender(bytes)), ("send", Time::ZERO)],
                gap,
            },
            &[],
        );
        let flight = [
            (self.row(from, "send", Cause::Service), prices.overhead),
            (self.row(to, "latency", Cause::Propagation), prices.latency),
        ];
        let flight = self.passing(flight, sent.begun);
        let [overhead, streaming] = prices.receiver(bytes);
        let taken = self.end(
            &End {
                rank: to,
                executor: Own::Executor(u16::from(into.cpu)),
                card: Own::CardIn(into.nic),
                cpu: [("receive", overhead), ("bytes", streaming)],
                gap,
            },
            &[flight],
        );
        let ended = match bytes > prices.eager {
            true => self.moment(&[sent.done, taken.begun]),
            false => sent.done,
        };
        let (begun, arrived) = (Some(sent.begun), Some((taken.done, AFTER)));
        Placed { entry: sent.entry, begun, ended, arrived }
    }

    fn end(&mut self, end: &End, after: &[NodeIndex]) -> Ended {
        let entry = self.take(end.rank, end.card, after);
        let begun = self.take(end.rank, end.executor, &[entry]);
        let cpu = end.cpu.map(|(kind, time)| (self.row(end.rank, kind, Cause::Service), time));
        let done = self.passing(cpu, begun);
        self.give(end.rank, end.executor, done);
        let gap = [(self.row(end.rank, "gap", Cause::Service), end.gap); 1];
        let gap = self.passing(gap, begun);
        self.give(end.rank, end.card, gap);
        Ended { entry, begun, done }
    }

    /// Time passes behind a step, so much of it booked to each row.
    fn passing<const N: usize>(&mut self, parts: [(u32, Time); N], after: NodeIndex) -> NodeIndex {
        let book = self.draft.book(parts.map(|(row, time)| (row, time.as_seconds())));
        let whole: Time = parts.iter().map(|part| part.1).sum();
        self.wait(whole, book, &[after])
    }
}
