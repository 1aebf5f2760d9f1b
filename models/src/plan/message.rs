//! A message as steps of a plan: each chunk goes through the stages of its way, and chunks meet
//! where they need the same engine or buffer.
//!
//! ```text
//!  chunk i:  set up → move → (engine free for i + 1, buffer before it free) → latency → next stage
//! ```
//!
//! A whole message sent stage by stage is the same plan with one chunk. What only this message
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
//!
//! In a batch, each lane has figures of its own; a step is there if any of them needs it.

use std::cell::OnceCell;

use petgraph::graph::NodeIndex;
use sim::{Bytes, Time};

use super::draft::Link;
use super::draw::Part;
use super::stage::{Line, Placed};
use super::{Book, Context, Demand, Draft, Op, Phase, PhaseId, Step};
use crate::cluster::HopModel;
use crate::gpu::launches::Launches;
use crate::outcome::{self, Cause};
use crate::price::{Carrier, Change, LinkRef, PricedHop, Stage, price};
use crate::route::{Route, Swap};
use crate::transfer::{Connection, Transfer};

/// What comes before a step.
pub(super) type After = Vec<(NodeIndex, Link)>;

/// The hops of a way, by position.
pub(super) fn named(draft: &mut Draft, route: &Route<'_>) -> Vec<u32> {
    let legs = route.stages.iter().flatten();
    legs.map(|leg| draft.hop(leg.hop().name.clone(), leg.hop().kind.clone())).collect()
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
    match transfer.mode.chunks() {
        None => Chunks { count: 1, full: whole, last: whole, buffers: 1 },
        Some((chunk, buffers)) => {
            let count = whole.div_ceil(chunk);
            let last = whole - chunk * (count - 1);
            Chunks { count: count as u32, full: chunk.min(whole), last, buffers }
        }
    }
}

/// One message on its way.
pub(super) struct Message<'a> {
    pub(super) context: Context<'a>,
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
    /// What each stream crosses in place of the links of the way, where there are equal ways.
    pub(super) spread: Vec<Vec<Swap>>,
}

/// A stage of the plan: where chunks enter it, and where they leave it.
struct Made {
    begin: NodeIndex,
    moved: NodeIndex,
    tail: (NodeIndex, Link),
}

/// A stage, priced in each lane for a full chunk and for the last one.
struct Priced {
    full: Vec<Stage>,
    last: Option<Vec<Stage>>,
}

impl Priced {
    /// What the stage is in every lane: the figures are those of the first.
    fn base(&self) -> &Stage {
        &self.full[0]
    }
}

const AFTER: Link = Link { lag: 0, landed: false };
const LANDED: Link = Link { lag: 0, landed: true };

impl Message<'_> {
    /// Adds the message to a draft, after `after`; what comes behind it.
    pub(super) fn add(&self, draft: &mut Draft, after: After) -> After {
        let transfer = self.context.transfer;
        let launches = transfer.kernel.as_ref().map(|kernel| kernel.launches);
        let cut = chunks(transfer);
        let (mut after, mut first) = (after, 0);
        let price = |which, bytes| self.price(which, bytes, self.context.change);
        if launches == Some(Launches::Once) {
            after = self.kernel(draft, after);
            first = 1;
        }
        let stages: Vec<Priced> = (first..self.context.route().stages.len())
            .map(|which| Priced {
                full: price(which, cut.full),
                last: (cut.last != cut.full).then(|| price(which, cut.last)),
            })
            .collect();
        let network = stages.iter().position(|stage| stage.base().is_network());
        let network = (first + network.unwrap_or(0)) as i32;
        let mut made: Vec<Made> = Vec::new();
        for (at, stage) in stages.iter().enumerate() {
            let which = first + at;
            let computes = stage.base().carrier == Carrier::Kernel;
            let place = (!computes).then_some(which as i32 - network);
            let next = self.stage(draft, which, stage, cut, place, after);
            after = vec![next.tail];
            made.push(next);
        }
        for (at, pair) in made.windows(2).enumerate() {
            // Every chunk of a result has its place in device memory: a kernel waits for none.
            if stages[at].base().carrier != Carrier::Kernel {
                let buffer = Link { lag: cut.buffers, landed: false };
                draft.graph.add_edge(pair[1].moved, pair[0].begin, buffer);
            }
        }
        after
    }

    /// Adds the kernel, launched once for the whole message.
    pub(super) fn kernel(&self, draft: &mut Draft, after: After) -> After {
        let bytes = self.context.transfer.message;
        let full = self.price(0, bytes, self.context.change);
        let once = Chunks { count: 1, full: bytes, last: bytes, buffers: 1 };
        vec![self.stage(draft, 0, &Priced { full, last: None }, once, None, after).tail]
    }

    /// Prices a stage in each lane.
    fn price(&self, which: usize, bytes: Bytes, change: &Change) -> Vec<Stage> {
        let Context { clusters, routes, transfer, .. } = self.context;
        let lanes = clusters.iter().zip(routes);
        lanes
            .map(|(cluster, route)| price(cluster, route, which, transfer, bytes, change))
            .collect()
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
        let stage = priced.base();
        let lines = self.lines(draft, which, stage);
        let full = self.placed(&priced.full, cut.full, &lines);
        let last = priced.last.as_ref().map(|stages| self.placed(stages, cut.last, &lines));
        let each = |draft: &mut Draft, of: &dyn Fn(&mut Draft, &Placed<'_>) -> Phase| {
            let middle = self.phase(draft, &full, of);
            let last = last.as_ref().map_or(middle, |last| self.phase(draft, last, of));
            let first = if cut.count == 1 { last } else { middle };
            Step { first, last, ..Step::repeated(middle, cut.count) }
        };
        let mut after = after;
        let mut begin = None;
        let only_if = self.part.only_if;
        let mut add = |draft: &mut Draft, step: Step, after: &mut After| {
            let node = draft.step(Step { only_if, ..step }, after);
            *after = vec![(node, AFTER)];
            begin = begin.or(Some(node));
            node
        };
        if let Some(pool) = stage.pool {
            let (_, book) = full[0].booked(draft, [(0, Cause::Queueing, 1.0)]);
            let take = draft.alike(Phase::new(Op::Acquire(pool), book));
            add(draft, Step::repeated(take, cut.count), &mut after);
        }
        if let Some(step) = self.opening(draft, which, &full, cut) {
            add(draft, step, &mut after);
        }
        let setup = each(draft, &|draft, placed| {
            waited(placed.wait(draft, Cause::Service, |hop| hop.setup))
        });
        add(draft, setup, &mut after);
        let stream = draft.streams;
        draft.streams += stage.flows;
        let moves = each(draft, &|draft, placed| {
            let demand = placed.demand(draft, stream, place, self.main);
            moved(draft, placed.stage, Demand { drawn: self.drawn, ..demand })
        });
        let moved = add(draft, moves, &mut after);
        let begin = begin.expect("a stage has steps");
        match stage.pool {
            Some(pool) => {
                let give = draft.alike(Phase::new(Op::Release(pool), Book::Nobody));
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
        let stalled = self.stalled(draft, last.as_ref().unwrap_or(&full), cut);
        for step in [Step { fills: true, ..fill }, pass].into_iter().chain(stalled) {
            if ![step.first, step.middle, step.last].iter().all(|phase| draft.is_nothing(*phase)) {
                tail = vec![(draft.step(Step { only_if, ..step }, &tail), AFTER)];
            }
        }
        Made { begin, moved, tail: tail[0] }
    }

    /// What the last chunk waits for where full queues held a stream up.
    fn stalled(&self, draft: &mut Draft, lanes: &[Placed<'_>], cut: Chunks) -> Option<Step> {
        let stalled = self.context.cores.iter().filter_map(|own| own.stalled);
        let (link, seconds) = stalled.max_by(|a, b| a.1.total_cmp(&b.1))?;
        if !lanes[0].stage.is_network() || !self.main {
            return None;
        }
        let last = self.phase(draft, lanes, &|draft, placed| {
            let own = |hop: &PricedHop| hop.works.iter().any(|w| w.link == LinkRef::Fixed(link));
            let at = placed.stage.hops.iter().position(own).unwrap_or(0);
            waited(placed.booked(draft, [(at, Cause::Queueing, seconds)]))
        });
        let rest = draft.alike(Phase::NOTHING);
        let first = if cut.count == 1 { last } else { rest };
        Some(Step { first, last, ..Step::repeated(rest, cut.count) })
    }

    /// What is done in each lane.
    fn phase(
        &self,
        draft: &mut Draft,
        lanes: &[Placed<'_>],
        of: &dyn Fn(&mut Draft, &Placed<'_>) -> Phase,
    ) -> PhaseId {
        let lanes = lanes.iter().zip(&self.part.values);
        let phases: Vec<Phase> =
            lanes.map(|(placed, &part)| Phase { part, ..of(draft, placed) }).collect();
        draft.phase(phases)
    }

    /// What only the first chunk waits for: a launch that is longer than those behind it, a
    /// connection that is to be opened.
    fn opening(
        &self,
        draft: &mut Draft,
        which: usize,
        lanes: &[Placed<'_>],
        cut: Chunks,
    ) -> Option<Step> {
        let Context { transfer, change, .. } = self.context;
        let opens = lanes[0].stage.is_network() && transfer.connection_met() != Connection::Warm;
        // Slow start goes on until the whole message is sent, not only its first chunk.
        let whole = match opens {
            true => self.price(which, transfer.message, change),
            false => Vec::new(),
        };
        let mut phases = Vec::with_capacity(lanes.len());
        for (lane, placed) in lanes.iter().enumerate() {
            let parts = match whole.get(lane) {
                Some(whole) => {
                    let hops = placed.stage.hops.iter().enumerate();
                    let mut parts: Vec<_> =
                        hops.map(|(at, hop)| (at, Cause::Service, hop.open)).collect();
                    parts.push((0, Cause::Propagation, whole.opening.handshake));
                    parts.push((0, Cause::Window, whole.opening.slow_start));
                    parts
                }
                None => vec![(0, Cause::Service, placed.stage.first)],
            };
            let phase = waited(placed.booked(draft, parts));
            phases.push(Phase { part: self.part.values[lane], ..phase });
        }
        let is_something = |phase: &Phase| phase.book != Book::Nobody;
        phases.iter().any(is_something).then(|| {
            let first = draft.phase(phases);
            let rest = draft.alike(Phase::NOTHING);
            Step { first, ..Step::repeated(rest, cut.count) }
        })
    }

    /// A stage in each lane, and whose it is.
    fn placed<'s>(
        &'s self,
        stages: &'s [Stage],
        bytes: Bytes,
        lines: &'s [Option<Line>],
    ) -> Vec<Placed<'s>> {
        let step = match (self.step, stages[0].carrier) {
            (Some(outcome::Step::Reply), Carrier::Kernel) => Some(outcome::Step::Kernel),
            (Some(outcome::Step::Reply), Carrier::Copy) if self.is_before_network(&stages[0]) => {
                Some(outcome::Step::CopyOut)
            }
            (step, _) => step,
        };
        let Context { clusters, cores, .. } = self.context;
        let lanes = clusters.iter().zip(stages).zip(lines);
        let placed = lanes.map(|((cluster, stage), line)| Placed {
            cluster,
            stage,
            cores,
            spread: &self.spread,
            bytes,
            hops: &self.hops,
            step,
            counts: self.counts,
            line: line.as_ref(),
            filling: OnceCell::new(),
        });
        placed.collect()
    }

    fn is_before_network(&self, stage: &Stage) -> bool {
        let legs = self.context.route().stages.iter().flatten();
        let mut hops = legs.map(|leg| &leg.hop().model);
        let socket = hops.position(|hop| matches!(hop, HopModel::Cpu(_)));
        socket.is_some_and(|socket| stage.first_hop < socket)
    }

    /// The line of the transfer in each lane, if it is in this stage. Where a way has none, it is
    /// what its sockets reach alone.
    fn lines(&self, draft: &mut Draft, which: usize, stage: &Stage) -> Vec<Option<Line>> {
        if !self.main || draft.is_brief {
            return vec![None; self.context.clusters.len()];
        }
        if stage.is_network() && draft.lines.iter().any(Option::is_none) {
            let message = self.context.transfer.message;
            let whole = self.price(which, message, &Change::default());
            let is_socket = |at: usize| {
                let leg = &self.context.route().stages[which][at];
                matches!(&leg.hop().model, HopModel::Cpu(cpu) if cpu.socket)
            };
            let none = vec![None; whole.len()];
            for (line, placed) in draft.lines.iter_mut().zip(self.placed(&whole, message, &none)) {
                *line = line.take().or_else(|| placed.sockets(&is_socket));
            }
        }
        let own = stage.first_hop..stage.first_hop + stage.hops.len();
        let here = |line: &Option<Line>| line.clone().filter(|line| own.contains(&line.hop));
        draft.lines.iter().map(here).collect()
    }
}

/// How a stage's bytes move: over links, or as turns at a time-sliced GPU.
fn moved(draft: &mut Draft, stage: &Stage, demand: Demand) -> Phase {
    let alone = Time::from_seconds(demand.streaming.alone);
    let id = draft.demand(demand);
    let op = match stage.turn {
        Some(turn) => Op::Turn { server: turn.server as u32, client: turn.client, work: alone },
        None => Op::Move(id),
    };
    Phase::new(op, Book::Streaming(id))
}

fn waited((seconds, book): (f64, Book)) -> Phase {
    Phase::new(Op::Wait(Time::from_seconds(seconds)), book)
}
