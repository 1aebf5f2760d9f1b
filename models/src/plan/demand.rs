//! What a move asks of links, and to whom its time is booked.

use sim::{Bytes, Hop, LinkId};

/// A message or chunk that moves over links: one flow for each of its streams.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Demand {
    /// Its flows.
    pub(crate) flows: Vec<Flow>,
    /// Payload of each flow \[B\].
    pub(crate) bytes: f64,
    /// The unit that is stored and forwarded whole: a super-packet, a datagram, a burst.
    pub(crate) unit: Bytes,
    /// The first of its flows' streams: chunks of one stream keep their order.
    pub(crate) stream: u32,
    /// Stages between it and the network, negative before it; none for a kernel.
    pub(crate) place: Option<i32>,
    /// Whether it is part of the transfer itself, and not of asking for it or of answering it.
    pub(crate) main: bool,
    /// The amount of the plan by which its bytes are multiplied, drawn run by run.
    pub(crate) drawn: Option<u32>,
    /// To whom its time is booked.
    pub(crate) streaming: Streaming,
}

/// One flow of a demand, its work merged per link in the order in which the links are met.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Flow {
    /// The links that hold the sender back: all that it crosses, but for datagrams.
    pub(crate) hops: Vec<Hop>,
    /// Where on the way each of them is first met; not told in a brief plan.
    pub(crate) met: Vec<u32>,
    /// Whether no unit waits for it: only work beside the payload (acknowledgements); likewise.
    pub(crate) beside: Vec<bool>,
    /// The most that it may send [B/s].
    pub(crate) limit: f64,
    /// Its standing beside others on the links that they share.
    pub(crate) share: f64,
    /// Where datagrams may be lost, in the order of the way; empty for anything else.
    pub(crate) losses: Vec<Loss>,
}

/// A place where datagrams may be lost: nothing there holds their sender back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Loss {
    /// Where on the way.
    pub(crate) met: u32,
    /// The row that what is lost here is booked to.
    pub(crate) row: u32,
    /// Whether no unit waits for it: only work beside the payload.
    pub(crate) beside: bool,
    /// What takes them.
    pub(crate) taker: Taker,
}

/// What takes datagrams, up to its capacity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Taker {
    /// A link that serves what comes first, such as a cable: datagrams take what they are offered
    /// at.
    Wire(Hop),
    /// A core, which its threads share evenly, however much is offered to one of them.
    Core(Hop),
    /// A queue of the flow's own, up to a rate [B/s].
    Queue(f64),
    /// A cable that loses this part of what it carries.
    Chance(f64),
}

impl Taker {
    /// The link, and the work on it.
    pub(crate) fn hop(self) -> Option<Hop> {
        match self {
            Taker::Wire(hop) | Taker::Core(hop) => Some(hop),
            Taker::Queue(_) | Taker::Chance(_) => None,
        }
    }
}

/// Where the time of a move goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Streaming {
    /// How long it takes with nobody else there \[s\].
    pub(crate) alone: f64,
    /// Of that, how long it would take at the line rate of its way \[s\].
    pub(crate) line: f64,
    /// The row of that, if the line of its way is in this stage.
    pub(crate) line_row: Option<u32>,
    /// Rows of the rest, with the seconds of each.
    pub(crate) parts: Vec<(u32, f64)>,
    /// The row that waiting for a link is booked to.
    pub(crate) waits: Vec<(LinkId, u32)>,
    /// The row that waiting is booked to where no link is named.
    pub(crate) waits_else: u32,
}

impl Demand {
    /// Whether its flows are datagrams that may be lost.
    pub(crate) fn is_lossy(&self) -> bool {
        self.flows.iter().any(|flow| !flow.losses.is_empty())
    }

    /// About how many events it takes unit by unit.
    pub(crate) fn units(&self) -> f64 {
        let units = (self.bytes / self.unit.as_f64()).ceil();
        let stations = |flow: &Flow| (flow.hops.len() + flow.losses.len() + 1) as f64;
        self.flows.iter().map(|flow| units * stations(flow)).sum()
    }

    /// Every link that it loads, and the work on each if nothing is lost \[units\].
    pub(crate) fn works(&self) -> impl Iterator<Item = (LinkId, f64)> {
        self.flows.iter().flat_map(|flow| {
            let lost = flow.losses.iter().filter_map(|loss| loss.taker.hop());
            let all = flow.hops.iter().copied().chain(lost);
            all.map(|hop| (hop.link, hop.weight * self.bytes))
        })
    }
}

impl Streaming {
    /// The row that waiting for `link` is booked to.
    pub(crate) fn wait(&self, link: Option<LinkId>) -> u32 {
        let known = self.waits.iter().find(|(known, _)| Some(*known) == link);
        known.map_or(self.waits_else, |(_, row)| *row)
    }
}
