//! The reference twin: units that really queue, in first-come servers with finite buffers.
//!
//! A message's share is cut into equal units of at most a super-packet, a datagram or a page of
//! DMA; each link is one server, `service = unit bytes × weight ÷ capacity`. A TCP stream keeps a
//! window of units under way; a UDP stream is held back only up to where its socket is charged, and
//! behind that a full queue drops what arrives. A chunk has been sent when its last unit has left
//! the first server: the next one follows it down the same stream.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use sim::{Agenda, Fifo, Time};

use super::datagram::{Boundary, boundary_of};
use super::placed::{PlacedFlow, PlacedStage};
use super::world::{Event, share};
use crate::transfer::Transport;

/// Packets that a queue of the host holds: Linux's `net.core.netdev_max_backlog` by default.
const BACKLOG_PACKETS: usize = 1_000;
/// Unit-events that one scene may take before it is refused instead of run for hours.
pub(super) const EVENTS_MAX: f64 = 2e8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Server {
    Link(usize),
    /// A limit of the stream alone: a window, tags, a socket buffer.
    Own(usize),
}

/// A server on the way of a stream.
#[derive(Clone, Copy)]
struct Station {
    server: Server,
    /// Whether a full queue here drops.
    lossy: bool,
}

/// One flow of one stage, for as long as the transfer lasts.
struct Stream {
    stations: Vec<Station>,
    /// The number of stations behind which the sender is told to go on.
    held_until: usize,
    /// Units between the sender and there.
    held: usize,
    /// Chunks that have units left to send.
    waiting: VecDeque<u32>,
}

/// One chunk's share of one stream.
struct Job {
    op: u32,
    stream: usize,
    /// Per station.
    services: Vec<Time>,
    units: u64,
    injected: u64,
    sent: u64,
    done: u64,
    lost: u64,
}

/// What a unit's step completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing yet.
    Nothing,
    /// The last unit of this operation's share has left the first server.
    Sent(u32),
    /// The last unit has arrived, or was lost.
    Landed(u32),
}

/// How many units were lost, of how many.
pub(super) struct Lost {
    pub(super) units: u64,
    pub(super) of: u64,
}

/// All servers, streams and chunks.
pub(super) struct Units {
    links: Vec<Fifo>,
    own: Vec<Fifo>,
    streams: Vec<Stream>,
    /// By transfer, stage and flow.
    known: BTreeMap<(u32, usize, usize), usize>,
    jobs: Vec<Job>,
}

impl Units {
    pub(super) fn new(links: usize) -> Units {
        Units {
            links: vec![Fifo::new(); links],
            own: Vec::new(),
            streams: Vec::new(),
            known: BTreeMap::new(),
            jobs: Vec::new(),
        }
    }

    /// Sends a chunk through stage `at` of transfer `of`, a share down each of its streams.
    /// Returns how many shares there are to wait for: none where every hop is free.
    pub(super) fn send(
        &mut self,
        op: u32,
        (of, at): (u32, usize),
        placed: &PlacedStage,
        transport: Transport,
        capacities: &[f64],
        agenda: &mut Agenda<Event>,
    ) -> u32 {
        let mut shares = 0;
        for (i, flow) in placed.flows.iter().enumerate() {
            let way = way(placed, flow, transport);
            if way.is_empty() {
                continue;
            }
            shares += 1;
            let stream = match self.known.get(&(of, at, i)) {
                Some(&stream) => stream,
                None => {
                    let stream = self.open(&way);
                    self.known.insert((of, at, i), stream);
                    stream
                }
            };
            let units = share(placed).div_ceil(placed.stage.unit).max(1);
            let unit = placed.bytes.as_f64() / f64::from(placed.stage.flows) / units as f64;
            let service =
                |stop: &Stop| Time::from_seconds(unit * stop.seconds_per_byte(capacities));
            let services = way.iter().map(service).collect();
            let (injected, sent, done, lost) = (0, 0, 0, 0);
            self.jobs.push(Job { op, stream, services, units, injected, sent, done, lost });
            self.streams[stream].waiting.push_back(self.jobs.len() as u32 - 1);
            self.pump(stream, agenda);
        }
        shares
    }

    fn open(&mut self, way: &[Stop]) -> usize {
        let stations = way.iter().map(|stop| {
            let server = match stop.link {
                Some(link) => Server::Link(link),
                None => {
                    self.own.push(Fifo::new());
                    Server::Own(self.own.len() - 1)
                }
            };
            Station { server, lossy: !stop.held }
        });
        let stations = stations.collect();
        let held_until = way.iter().rposition(|stop| stop.held).map_or(1, |at| at + 1);
        self.streams.push(Stream { stations, held_until, held: 0, waiting: VecDeque::new() });
        self.streams.len() - 1
    }

    /// Sends units while the window is open: one for each server on the way and two to spare.
    fn pump(&mut self, stream: usize, agenda: &mut Agenda<Event>) {
        let state = &mut self.streams[stream];
        while state.held < state.held_until + 2
            && let Some(&job) = state.waiting.front()
        {
            let sending = &mut self.jobs[job as usize];
            sending.injected += 1;
            if sending.injected == sending.units {
                state.waiting.pop_front();
            }
            state.held += 1;
            agenda.after(Time::ZERO, Event::Unit { job, station: 0 });
        }
    }

    /// A unit reaches a station, or has left the last one.
    pub(super) fn arrive(
        &mut self,
        job: u32,
        station: u32,
        agenda: &mut Agenda<Event>,
    ) -> [Step; 2] {
        let (now, at) = (agenda.now(), station as usize);
        let state = &mut self.jobs[job as usize];
        let (op, stream) = (state.op, state.stream);
        let mut steps = [Step::Nothing; 2];
        if at == 1 {
            state.sent += 1;
            if state.sent == state.units {
                steps[0] = Step::Sent(op);
            }
        }
        let mut ended = at == state.services.len();
        if !ended {
            let Station { server, lossy } = self.streams[stream].stations[at];
            let fifo = match server {
                Server::Link(link) => &mut self.links[link],
                Server::Own(own) => &mut self.own[own],
            };
            if lossy && fifo.len(now) >= BACKLOG_PACKETS {
                state.lost += 1;
                ended = true;
            } else {
                let departs = fifo.offer(now, state.services[at]).expect("it has no bound itself");
                agenda.at(departs, Event::Unit { job, station: station + 1 });
            }
        }
        if ended {
            state.done += 1;
            if state.done == state.units {
                steps[1] = Step::Landed(op);
            }
        }
        if at == self.streams[stream].held_until {
            self.streams[stream].held -= 1;
            self.pump(stream, agenda);
        }
        steps
    }

    /// What the streams of these operations lost.
    pub(super) fn lost(&self, ops: Range<usize>) -> Lost {
        let own = self.jobs.iter().filter(|job| ops.contains(&(job.op as usize)));
        own.fold(Lost { units: 0, of: 0 }, |sum, job| Lost {
            units: sum.units + job.lost,
            of: sum.of + job.units,
        })
    }
}

/// A station before it has a server.
struct Stop {
    /// The link, or a limit of its own.
    link: Option<usize>,
    /// Units per payload byte, or seconds per byte for a limit.
    weight: f64,
    /// Whether it holds the sender back; if not, a full queue drops.
    held: bool,
}

impl Stop {
    fn seconds_per_byte(&self, capacities: &[f64]) -> f64 {
        self.link.map_or(self.weight, |link| self.weight / capacities[link])
    }
}

/// What a flow's units meet, in order.
fn way(placed: &PlacedStage, flow: &PlacedFlow, transport: Transport) -> Vec<Stop> {
    let datagrams = transport == Transport::Udp && placed.stage.is_network();
    let boundary = datagrams.then(|| boundary_of(flow));
    let mut way = Vec::new();
    let limit = match (&boundary, placed.stage.udp_send_limit) {
        (Some(Boundary { orphaned: false, .. }), Some(limit)) => flow.limit.min(limit),
        _ => flow.limit,
    };
    if limit.is_finite() {
        way.push(Stop { link: None, weight: 1.0 / limit, held: true });
    }
    for (slot, hop) in flow.hops.iter().enumerate().filter(|(slot, _)| !flow.beside[*slot]) {
        let first = flow.owners[slot][0].0;
        if let Some(limit) = flow.roles[first].flow_limit.filter(|_| datagrams) {
            way.push(Stop { link: None, weight: 1.0 / limit, held: false });
        }
        let held = boundary.as_ref().is_none_or(|boundary| boundary.holds(flow, slot));
        way.push(Stop { link: Some(hop.link.index()), weight: hop.weight, held });
    }
    way
}

/// About how many events a stage takes at this fidelity.
pub(super) fn events(placed: &PlacedStage) -> f64 {
    let units = share(placed).div_ceil(placed.stage.unit) as f64;
    placed.flows.iter().map(|flow| units * (flow.hops.len() + 1) as f64).sum()
}
