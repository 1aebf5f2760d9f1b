//! A transfer as a plan: each chunk goes through the stages of its way, and chunks meet where they
//! need the same engine or buffer.
//!
//! ```text
//!  chunk i:  set up → move → (engine free for i + 1, buffer before it free) → latency → next stage
//! ```
//!
//! A whole message sent stage by stage is the same plan with one chunk. What only this transfer
//! has, its buffers and the thread that writes to its sockets, are edges with a lag; copy engines
//! are a pool of the GPU, since others use them too.
//!
//! A kernel is the first stage. Launched chunk by chunk, it is in every chunk's chain; launched
//! once, it is one step that all chunks come after:
//!
//! ```text
//!  launch → set up → kernel → event ─┬► chunk 1: copy → …
//!                                    └► chunk 2: copy → …
//! ```
//!
//! A connection is opened once, before the first chunk enters the network, however many follow.

use petgraph::graph::NodeIndex;
use sim::{Bytes, Time};

use super::append::{Context, append};
use super::draft::Link;
use super::draw::Part;
use super::stage::{Line, Placed, line};
use super::{Book, Cores, Demand, Draft, Op, Phase, Plan, Step};
use crate::cluster::{Cluster, HopModel};
use crate::gpu::kernel::Launches;
use crate::input::InputError;
use crate::outcome::{self, Cause};
use crate::price::{Carrier, Change, Stage, price};
use crate::route::Route;
use crate::transfer::{Connection, Mode, Transfer};

/// What comes before a step.
pub(super) type After = Vec<(NodeIndex, Link)>;

/// The plan of a transfer: what asks for it, the transfer, and the reply to it.
pub(crate) fn build(context: &Context<'_>) -> Result<Plan, InputError> {
    let mut draft = Draft::new();
    let hops = named(&mut draft, context.route);
    draft.way = draft.hops.len() as u32;
    draft.message = context.transfer.message;
    draft.line = line(context.cluster, context.route);
    append(&mut draft, context, hops, true, After::new())?;
    Ok(draft.freeze().expect("builders make plans that can end"))
}

/// The hops of a way, by position.
pub(super) fn named(draft: &mut Draft, route: &Route<'_>) -> Vec<u32> {
    let legs = route.stages.iter().flatten();
    legs.map(|leg| draft.hop(&leg.hop().name, &leg.hop().kind)).collect()
}

/// How a message is cut: number of chunks, size of the full ones and of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Chunks {
    count: u32,
    full: Bytes,
    last: Bytes,
    /// Buffers between two stages.
    buffers: u32,
}

fn chunks(transfer: &Transfer) -> Chunks {
    let whole = transfer.message;
    match transfer.mode {
        Mode::Serial | Mode::GpuDirect => Chunks { count: 1, full: whole, last: whole, buffers: 1 },
        Mode::Overlapped { chunk, buffers } => {
            let count = whole.div_ceil(chunk);
            let last = whole - chunk * (count - 1);
            Chunks { count: count as u32, full: chunk.min(whole), last, buffers }
        }
    }
}

/// One message on its way.
pub(super) struct Message<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) transfer: &'a Transfer,
    pub(super) route: &'a Route<'a>,
    pub(super) cores: &'a [Cores],
    pub(super) change: &'a Change,
    /// The hops of the way, by position.
    pub(super) hops: Vec<u32>,
    /// The step of a request that it is; a reply is cut into kernel, copy and sending.
    pub(super) step: Option<outcome::Step>,
    /// Whether its time counts against the goodput.
    pub(super) counts: bool,
    pub(super) main: bool,
    /// The chance that it is sent.
    pub(super) part: Part,
    /// The amount by which its bytes are multiplied in each run.
    pub(super) drawn: Option<u32>,
}

/// A stage of the plan: where chunks enter it, and where they leave it.
struct Made {
    begin: NodeIndex,
    moved: NodeIndex,
    tail: (NodeIndex, Link),
}

/// A stage, priced for a full chunk and for the last one.
struct Priced {
    full: Stage,
    last: Option<Stage>,
}

const AFTER: Link = Link { lag: 0, landed: false };
const LANDED: Link = Link { lag: 0, landed: true };

impl Message<'_> {
    /// Adds the message to a draft, after `after`; what comes behind it.
    pub(super) fn add(&self, draft: &mut Draft, after: After) -> After {
        let launches = self.transfer.kernel.as_ref().map(|kernel| kernel.launches);
        let cut = chunks(self.transfer);
        let (mut after, mut first) = (after, 0);
        let price = |which, bytes| {
            price(self.cluster, self.route, which, self.transfer, bytes, self.change)
        };
        if launches == Some(Launches::Once) {
            after = self.kernel(draft, after);
            first = 1;
        }
        let stages: Vec<Priced> = (first..self.route.stages.len())
            .map(|which| Priced {
                full: price(which, cut.full),
                last: (cut.last != cut.full).then(|| price(which, cut.last)),
            })
            .collect();
        let network = stages.iter().position(|stage| stage.full.is_network());
        let network = (first + network.unwrap_or(0)) as i32;
        let mut made: Vec<Made> = Vec::new();
        for (at, stage) in stages.iter().enumerate() {
            let which = first + at;
            let place = (stage.full.carrier != Carrier::Kernel).then_some(which as i32 - network);
            let next = self.stage(draft, which, stage, cut, place, after);
            after = vec![next.tail];
            made.push(next);
        }
        for (at, pair) in made.windows(2).enumerate() {
            // Every chunk of a result has its place in device memory: a kernel waits for none.
            if stages[at].full.carrier != Carrier::Kernel {
                let buffer = Link { lag: cut.buffers, landed: false };
                draft.graph.add_edge(pair[1].moved, pair[0].begin, buffer);
            }
        }
        after
    }

    /// Adds the kernel, launched once for the whole message.
    pub(super) fn kernel(&self, draft: &mut Draft, after: After) -> After {
        let bytes = self.transfer.message;
        let full = price(self.cluster, self.route, 0, self.transfer, bytes, self.change);
        let once = Chunks { count: 1, full: bytes, last: bytes, buffers: 1 };
        vec![self.stage(draft, 0, &Priced { full, last: None }, once, None, after).tail]
    }

    /// Adds one stage.
    fn stage(
        &self,
        draft: &mut Draft,
        which: usize,
        priced: &Priced,
        cut: Chunks,
        place: Option<i32>,
        after: After,
    ) -> Made {
        let stage = &priced.full;
        let line = self.line(draft, which, stage);
        let placed = |stage, bytes| self.placed(stage, bytes, line.as_ref());
        let full = placed(stage, cut.full);
        let last = priced.last.as_ref().map(|stage| placed(stage, cut.last));
        let each = |draft: &mut Draft, of: &dyn Fn(&mut Draft, &Placed<'_>) -> Phase| {
            let middle = of(draft, &full);
            let last = last.as_ref().map_or(middle, |last| of(draft, last));
            let first = if cut.count == 1 { last } else { middle };
            let repeated = Step::repeated(middle, cut.count);
            Step { first, middle, last, part: self.part.value, ..repeated }
        };
        let mut after = after;
        let mut begin = None;
        let only_if = self.part.only_if;
        let mut add = |draft: &mut Draft, step: Step, after: &mut After| {
            let step = Step { only_if, ..step };
            let node = draft.step(step, after);
            *after = vec![(node, AFTER)];
            begin = begin.or(Some(node));
            node
        };
        if let Some(pool) = stage.pool {
            let (_, book) = full.booked(draft, vec![(0, Cause::Queueing, 1.0)]);
            let take = Phase { op: Op::Acquire(pool), book };
            add(draft, Step::repeated(take, cut.count), &mut after);
        }
        if let Some(step) = self.opening(draft, which, &full, cut) {
            add(draft, step, &mut after);
        }
        let setup = each(draft, &|draft, placed| {
            waited(placed.wait(draft, Cause::Service, |hop| hop.setup))
        });
        add(draft, setup, &mut after);
        let lane = draft.lanes;
        draft.lanes += stage.flows;
        let moves = each(draft, &|draft, placed| {
            let demand = placed.demand(draft, lane, place, self.main);
            let demand = Demand { drawn: self.drawn, ..demand };
            self.moved(draft, placed.stage, demand)
        });
        let moved = add(draft, moves, &mut after);
        let begin = begin.expect("a stage has steps");
        match stage.pool {
            Some(pool) => {
                let give = Phase { op: Op::Release(pool), book: Book::Nobody };
                let give = Step { only_if, ..Step::repeated(give, cut.count) };
                draft.step(give, &[(moved, AFTER)]);
            }
            None => {
                draft.graph.add_edge(moved, begin, Link { lag: 1, landed: false });
            }
        }
        let mut tail = vec![(moved, LANDED)];
        let fill = each(draft, &|draft, placed| waited(placed.fill(draft)));
        let pass = each(draft, &|draft, placed| {
            waited(placed.wait(draft, Cause::Propagation, |hop| hop.latency))
        });
        for step in [Step { fills: true, ..fill }, pass] {
            if step.phases().iter().any(|phase| phase.op != Op::Wait(Time::ZERO)) {
                let step = Step { only_if, ..step };
                tail = vec![(draft.step(step, &tail), AFTER)];
            }
        }
        Made { begin, moved, tail: tail[0] }
    }

    /// What only the first chunk waits for: a launch that is longer than those behind it, a
    /// connection that is to be opened.
    fn opening(
        &self,
        draft: &mut Draft,
        which: usize,
        full: &Placed<'_>,
        cut: Chunks,
    ) -> Option<Step> {
        let stage = full.stage;
        let opens = stage.is_network() && self.transfer.connection_met() != Connection::Warm;
        let first = match opens {
            true => {
                // Slow start goes on until the whole message is sent, not only its first chunk.
                let (message, change) = (self.transfer.message, self.change);
                let whole = price(self.cluster, self.route, which, self.transfer, message, change);
                let hops = stage.hops.iter().enumerate();
                let mut parts: Vec<_> =
                    hops.map(|(at, hop)| (at, Cause::Service, hop.open)).collect();
                parts.push((0, Cause::Propagation, whole.opening.handshake));
                parts.push((0, Cause::Window, whole.opening.slow_start));
                waited(full.booked(draft, parts))
            }
            false => waited(full.booked(draft, vec![(0, Cause::Service, stage.first)])),
        };
        (first != Phase::NOTHING).then(|| {
            let rest = Step::repeated(Phase::NOTHING, cut.count);
            Step { first, part: self.part.value, ..rest }
        })
    }

    /// How a stage's bytes move: over links, or as turns at a time-sliced GPU.
    fn moved(&self, draft: &mut Draft, stage: &Stage, demand: Demand) -> Phase {
        let alone = Time::from_seconds(demand.streaming.alone);
        let id = draft.demand(demand);
        let op = match stage.turn {
            Some(turn) => Op::Turn { server: turn.server as u32, client: turn.client, work: alone },
            None => Op::Move(id),
        };
        Phase { op, book: Book::Streaming(id) }
    }

    fn placed<'s>(&'s self, stage: &'s Stage, bytes: Bytes, line: Option<&'s Line>) -> Placed<'s> {
        let step = match (self.step, stage.carrier) {
            (Some(outcome::Step::Reply), Carrier::Kernel) => Some(outcome::Step::Kernel),
            (Some(outcome::Step::Reply), Carrier::Copy) if self.is_before_network(stage) => {
                Some(outcome::Step::CopyOut)
            }
            (step, _) => step,
        };
        Placed {
            cluster: self.cluster,
            stage,
            cores: self.cores,
            bytes,
            hops: &self.hops,
            step,
            counts: self.counts,
            line,
        }
    }

    fn is_before_network(&self, stage: &Stage) -> bool {
        let legs = self.route.stages.iter().flatten();
        let mut hops = legs.map(|leg| &leg.hop().model);
        let socket = hops.position(|hop| matches!(hop, HopModel::Cpu(_)));
        socket.is_some_and(|socket| stage.first_hop < socket)
    }

    /// The line of the transfer, if it is in this stage. Where a way has none, it is what its
    /// sockets reach alone.
    fn line(&self, draft: &mut Draft, which: usize, stage: &Stage) -> Option<Line> {
        if !self.main {
            return None;
        }
        if draft.line.is_none() && stage.is_network() {
            let (message, real) = (self.transfer.message, Change::default());
            let whole = price(self.cluster, self.route, which, self.transfer, message, &real);
            let is_socket = |at: usize| {
                let leg = &self.route.stages[which][at];
                matches!(&leg.hop().model, HopModel::Cpu(cpu) if cpu.socket)
            };
            draft.line = self.placed(&whole, message, None).sockets(&is_socket);
        }
        let own = stage.first_hop..stage.first_hop + stage.hops.len();
        draft.line.clone().filter(|line| own.contains(&line.hop))
    }
}

fn waited((seconds, book): (f64, Book)) -> Phase {
    Phase { op: Op::Wait(Time::from_seconds(seconds)), book }
}
