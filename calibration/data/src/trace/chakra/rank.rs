//! The nodes of one rank as operations.

use std::collections::HashMap;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::replay::{Does, Kind as Of, Need, Operation, Port};
use sim::{Bytes, Time};

use super::super::matching::Message;
use super::super::notes::Notes;
use super::super::part::{Part, Which};
use super::super::{Place, Reading, at};
use super::FORMAT;
use super::node::{Kind, Node};
use super::order::{needs, order, reduce};

/// What an operation holds where the trace names no thread and no stream.
const CPU: u16 = 0;
const GPU: u16 = 1;
const NETWORK: u16 = 2;
/// The greatest tag of a message.
const TAG_MAX: u64 = u32::MAX as u64;

/// What carries out one node after the other, as the trace names it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Executor {
    Thread(i128),
    Stream(i128),
}

/// Reads the nodes of the rank that a file is of.
pub(super) fn read_rank(
    nodes: Vec<Node>,
    source: Arc<Source>,
    rank: Which,
    asked: &Reading,
) -> Result<Part, InputError> {
    let fault = |(place, error): (usize, InputError)| {
        at(&source, Place::Node(nodes.get(place).map_or(0, |node| node.id)), error)
    };
    if nodes.iter().all(|node| node.kind == Kind::Metadata) {
        let error = InputError::new("nodes", "there is no node but metadata");
        return Err(at(&source, Place::Object(0), error.help("a trace with operations")));
    }
    let mut made = Made { rank, asked, counts: Counts::default(), last: HashMap::new() };
    let wanted = needs(&nodes).map_err(fault)?;
    let order = order(&nodes, &wanted).map_err(fault)?;
    // For each node, the operations that it stands for: itself, or what metadata needs.
    let mut stands: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let (mut kept, mut own, mut chained) = (Vec::new(), Vec::new(), Vec::new());
    for place in order {
        let mut before: Vec<usize> =
            wanted[place].iter().flat_map(|&need| stands[need].iter().copied()).collect();
        if nodes[place].kind == Kind::Metadata {
            before.sort_unstable();
            before.dedup();
            stands[place] = before;
            continue;
        }
        let number = kept.len();
        let executor = made.executor(&nodes[place]).map_err(|error| fault((place, error)))?;
        let chain = executor.and_then(|executor| made.last.insert(executor, number));
        made.counts.needs += wanted[place].len();
        chained.push(chain.filter(|last| !before.contains(last)));
        before.extend(chain);
        stands[place] = vec![number];
        kept.push(place);
        own.push(before);
    }
    reduce(&mut own);
    // The order within a thread or a stream is no need of the trace.
    let kept_of = |(own, chain): (&Vec<usize>, &Option<usize>)| {
        own.len() - usize::from(chain.is_some_and(|last| own.contains(&last)))
    };
    made.counts.kept = own.iter().zip(&chained).map(kept_of).sum();
    let mut part = Part::new(FORMAT, Arc::clone(&source));
    for (place, before) in kept.into_iter().zip(own) {
        let node = &nodes[place];
        let (does, message) = made.does(node).map_err(|error| fault((place, error)))?;
        let needs = before.into_iter().map(|before| Need::ended(before as u32)).collect();
        part.push(Operation { rank: rank.rank, does, needs }, Place::Node(node.id), message);
    }
    part.lacked = made.counts.lacking > 0;
    part.recorded = recorded(&nodes);
    part.notes = made.counts.notes();
    Ok(part)
}

/// From the first beginning to the last end, if beginnings were recorded.
fn recorded(nodes: &[Node]) -> Option<Time> {
    let begun = nodes.iter().filter(|node| node.begin_us > 0);
    let end = |node: &Node| node.begin_us.saturating_add(node.length_us.unwrap_or(0));
    let first = begun.clone().map(|node| node.begin_us).min()?;
    let last = begun.map(end).max()?;
    Some(Time::from_ps((last - first).saturating_mul(1_000_000)))
}

/// Operations while they are made.
struct Made<'a> {
    rank: Which,
    asked: &'a Reading,
    counts: Counts,
    /// The last operation of each thread and stream.
    last: HashMap<Executor, usize>,
}

/// What is to be said.
#[derive(Default)]
struct Counts {
    needs: usize,
    kept: usize,
    computed: u64,
    collectives: u64,
    memory: u64,
    messages: u64,
    untagged: u64,
    lacking: u64,
    nobodys: u64,
    unsaid: u64,
}

impl Made<'_> {
    /// Whether a computation is of the CPU: as it says, or if it names no stream.
    fn is_of_cpu(&self, node: &Node) -> Result<bool, InputError> {
        Ok(match node.is_cpu()? {
            Some(is) => is,
            None => node.whole("stream")?.is_none(),
        })
    }

    /// The thread or stream of a node, if it names one.
    fn executor(&self, node: &Node) -> Result<Option<Executor>, InputError> {
        Ok(match node.kind {
            Kind::Compute if self.is_of_cpu(node)? => node.whole("tid")?.map(Executor::Thread),
            _ => node.whole("stream")?.map(Executor::Stream),
        })
    }

    /// What a node does.
    fn does(&mut self, node: &Node) -> Result<(Does, Option<Message>), InputError> {
        match node.kind {
            Kind::Compute => {
                self.counts.computed += 1;
                self.counts.unsaid += u64::from(node.is_cpu()?.is_none());
                let (kind, on) =
                    if self.is_of_cpu(node)? { (Of::Calc, CPU) } else { (Of::Kernel, GPU) };
                self.work(node, kind, on)
            }
            Kind::Load | Kind::Store => {
                self.counts.memory += 1;
                self.work(node, Of::RecordedCopy, NETWORK)
            }
            Kind::Collective if self.asked.recorded => {
                self.counts.collectives += 1;
                self.work(node, Of::Collective, NETWORK)
            }
            Kind::Collective => {
                let problem = "the node is a collective, for which there is no model yet";
                let help = "--recorded, which replays it at its recorded length";
                Err(InputError::new("type", problem).help(help))
            }
            Kind::Send => self.message(node, ["comm_src", "comm_dst"]),
            Kind::Receive => self.message(node, ["comm_dst", "comm_src"]),
            Kind::Metadata => unreachable!("metadata is no operation"),
        }
    }

    /// Time that passes as it was recorded.
    fn work(
        &mut self,
        node: &Node,
        kind: Of,
        on: u16,
    ) -> Result<(Does, Option<Message>), InputError> {
        let is_named = self.executor(node)?.is_some();
        self.counts.nobodys += u64::from(!is_named);
        let time = match (node.length(), self.asked.missing) {
            (Some(time), _) => time,
            (None, Some(time)) => {
                self.counts.lacking += 1;
                time
            }
            (None, None) => {
                let problem = "is missing, or zero, which the format does not tell apart";
                let help = "--missing-duration TIME: what a node takes that has none";
                return Err(InputError::new("duration_micros", problem).help(help));
            }
        };
        // The order within a thread or a stream is in what its operations need.
        Ok((Does::Work { kind, time, on: (!is_named).then_some(on) }, None))
    }

    /// One end of a message: the names of its own rank and of the other one.
    fn message(
        &mut self,
        node: &Node,
        names: [&str; 2],
    ) -> Result<(Does, Option<Message>), InputError> {
        let [own, other] = names;
        if let Some(rank) = node.whole(own)?.filter(|rank| *rank != i128::from(self.rank.rank)) {
            let problem = format!("is {rank}, in the file of rank {}", self.rank.rank);
            let help = "the files in the order of their ranks, or named `NAME.RANK.et`";
            return Err(InputError::new(own, problem).help(help));
        }
        for name in [other, "comm_tag"] {
            if node.whole(name)? == Some(-1) {
                let help = "the rank and tag of the message that was received";
                let problem = "-1 stands for any, which is not replayed";
                return Err(InputError::new(name, problem).help(help));
            }
        }
        let peer = node.needed(other, u64::from(self.rank.ranks) - 1)? as u32;
        let bytes = node.needed("comm_size", u64::MAX)?;
        let tag = match node.whole("comm_tag")? {
            Some(_) => node.needed("comm_tag", TAG_MAX)? as u32,
            None => {
                self.counts.untagged += 1;
                0
            }
        };
        self.counts.messages += 1;
        let (sends, port) = (node.kind == Kind::Send, Port::default());
        let does = match sends {
            true => Does::Send { to: peer, bytes: Bytes::new(bytes), port },
            // Which message it takes is found when all files have been read.
            false => Does::Receive { send: 0, port },
        };
        Ok((does, Some(Message { peer, tag, bytes, sends })))
    }
}

impl Counts {
    fn notes(&self) -> Notes {
        let mut notes = Notes::default();
        let left_out = self.needs.saturating_sub(self.kept) as u64;
        let mut say = |count: u64, text: &str| notes.count(count, text);
        say(self.computed, "computations keep their recorded time, in whole microseconds");
        say(self.messages, "sends and receives are priced anew");
        say(self.collectives, "collectives keep their recorded time, and wait for no other rank");
        say(self.memory, "loads and stores of memory keep their recorded time");
        say(self.lacking, "durations are missing or zero: --missing-duration stands for them");
        say(self.untagged, "messages have no tag: it is taken to be 0");
        let text = "computations do not say is_cpu_op: those with a stream are taken to be of the \
                    GPU, others of the CPU";
        say(self.unsaid, text);
        let text = "operations name no thread or stream: of each rank one computation of the CPU, \
                    one of the GPU, and one collective or access to memory are under way at a time";
        say(self.nobodys, text);
        say(left_out, "dependencies follow from others and are left out");
        notes
    }
}
