//! The reference twin of the fluid: units that really queue, in servers with finite buffers.
//!
//! A message's share is cut into equal units of at most a super-packet, a datagram or a page of
//! DMA; each link is one server, `service = unit bytes × weight ÷ capacity`, which its streams
//! share fairly ([`sim::Fair`]), as max-min does. A stream keeps a window of units under way.
//! Datagrams are held back only so far. Behind that they go before everything that can wait at a
//! cable and have their share of a core, and a full queue drops what arrives. A chunk has been sent
//! when its last unit has left the first server: the next one follows it down the same stream.

use std::collections::{HashMap, VecDeque};

use sim::{Agenda, Fair, LinkId, Time};

use super::Load;
use super::runs::Ticket;
use super::world::Event;
use crate::framing::GSO_MAX;
use crate::plan::{Demand, Flow, Taker};

/// Packets that a queue of the host holds: Linux's `net.core.netdev_max_backlog` by default.
const BACKLOG_PACKETS: usize = 1_000;
/// Unit-events that one question may take before it is refused instead of run for hours.
pub(crate) const EVENTS_MAX: f64 = 2e8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Link(usize),
    /// A limit of the stream alone: a window, tags, a socket buffer.
    Own(usize),
}

/// A server on the way of a stream.
#[derive(Clone, Copy)]
struct Station {
    server: Server,
    /// Where datagrams may be lost: the place among the flow's losses.
    loss: Option<usize>,
    /// Whether they go before everything that can wait.
    urgent: bool,
    /// The part of what reaches it that is lost, whatever waits there.
    chance: f64,
    /// What of that part is due since the last unit that was lost.
    due: f64,
    /// The stream's tag at this server.
    finish: f64,
}

impl Station {
    /// Whether units stop so here: a flow meets a link once, and each place of loss is its own.
    fn is_of(&self, stop: &Stop) -> bool {
        let server = match (self.server, stop.link) {
            (Server::Link(own), Some(link)) => own == link.index(),
            (Server::Own(_), None) => true,
            _ => false,
        };
        server && self.loss == stop.loss
    }
}

/// One flow of one stage, for as long as the plan lasts.
struct Stream {
    stations: Vec<Station>,
    /// The number of stations behind which the sender is told to go on.
    held_until: usize,
    /// Units that may be between the sender and there, and that are.
    window: usize,
    held: usize,
    /// Chunks that have units left to send.
    waiting: VecDeque<u32>,
}

/// One chunk's share of one stream.
struct Job {
    ticket: Ticket,
    flow: u32,
    stream: usize,
    /// Payload of a unit \[B\].
    unit: f64,
    /// The stream's standing beside others at servers.
    share: f64,
    /// Per station.
    services: Vec<Time>,
    units: u64,
    injected: u64,
    sent: u64,
    done: u64,
    /// Units lost at each place.
    lost: Vec<u64>,
}

/// What a stream lost of a chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LostOf {
    pub(super) flow: u32,
    /// Payload lost at each place \[B\].
    pub(super) bytes: Vec<f64>,
}

/// What a unit's step completed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// Nothing yet.
    Nothing,
    /// The last unit of this firing's share has left the first server.
    Sent(Ticket),
    /// The last unit has arrived, or was lost.
    Landed(Ticket, LostOf),
}

type Unit = (u32, u32);

/// All servers, streams and chunks.
pub(super) struct Units {
    capacities: Vec<f64>,
    links: Vec<Fair<Unit>>,
    own: Vec<Fair<Unit>>,
    droppable: Vec<usize>,
    droppable_own: Vec<usize>,
    streams: Vec<Stream>,
    /// By run and stream of its plan.
    known: HashMap<(u32, u32), usize>,
    jobs: Vec<Job>,
}

impl Units {
    pub(super) fn new(capacities: &[f64]) -> Units {
        Units {
            capacities: capacities.to_vec(),
            links: vec![Fair::new(); capacities.len()],
            own: Vec::new(),
            droppable: vec![0; capacities.len()],
            droppable_own: Vec::new(),
            streams: Vec::new(),
            known: HashMap::new(),
            jobs: Vec::new(),
        }
    }

    /// Sends a chunk, a share down each of its streams. Returns how many shares there are to wait
    /// for: none where every hop is free.
    pub(super) fn send(
        &mut self,
        ticket: Ticket,
        demand: &Demand,
        agenda: &mut Agenda<Event>,
    ) -> u32 {
        let mut shares = 0;
        for (at, flow) in demand.flows.iter().enumerate() {
            let stops = stops(flow);
            if stops.is_empty() {
                continue;
            }
            shares += 1;
            let known = (ticket.run, demand.stream + at as u32);
            let stream = match self.known.get(&known) {
                Some(&stream) => stream,
                None => {
                    let stream = self.open(&stops, demand.unit.as_f64());
                    self.known.insert(known, stream);
                    stream
                }
            };
            let units = (demand.bytes / demand.unit.as_f64()).ceil().max(1.0) as u64;
            let unit = demand.bytes / units as f64;
            // A chunk may meet fewer or more servers than the first one of its stream, for which
            // they were opened: a bucket holds up the last few bytes, whose headers weigh more, and
            // none of the chunks before.
            let service = |station: &Station| {
                let stop = stops.iter().find(|stop| station.is_of(stop));
                let seconds = stop.map_or(0.0, |stop| unit * self.seconds_per_byte(stop));
                Time::from_seconds(seconds)
            };
            let services = self.streams[stream].stations.iter().map(service).collect();
            self.jobs.push(Job {
                ticket,
                flow: at as u32,
                stream,
                unit,
                share: flow.share,
                services,
                units,
                injected: 0,
                sent: 0,
                done: 0,
                lost: vec![0; flow.losses.len()],
            });
            self.streams[stream].waiting.push_back(self.jobs.len() as u32 - 1);
            self.pump(stream, agenda);
        }
        shares
    }

    fn seconds_per_byte(&self, stop: &Stop) -> f64 {
        match stop.link {
            Some(link) => stop.weight / self.capacities[link.index()],
            None => stop.weight,
        }
    }

    fn open(&mut self, stops: &[Stop], unit: f64) -> usize {
        let stations: Vec<Station> = stops
            .iter()
            .map(|stop| {
                let server = match stop.link {
                    Some(link) => Server::Link(link.index()),
                    None => {
                        self.own.push(Fair::new());
                        self.droppable_own.push(0);
                        Server::Own(self.own.len() - 1)
                    }
                };
                let &Stop { loss, urgent, chance, .. } = stop;
                Station { server, loss, urgent, chance, due: 0.0, finish: 0.0 }
            })
            .collect();
        let held = stops.iter().rposition(|stop| stop.loss.is_none());
        let held_until = held.map_or(1, |at| at + 1);
        // One unit for each server, and so many to spare that a stream of small units has enough
        // waiting at its bottleneck while super-packets of another one pass.
        let window = held_until + 2 * (GSO_MAX.as_f64() / unit).ceil().max(1.0) as usize;
        self.streams.push(Stream {
            stations,
            held_until,
            window,
            held: 0,
            waiting: VecDeque::new(),
        });
        self.streams.len() - 1
    }

    /// Sends units while the window is open.
    fn pump(&mut self, stream: usize, agenda: &mut Agenda<Event>) {
        let state = &mut self.streams[stream];
        while state.held < state.window
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
        let at = station as usize;
        let (ticket, flow, stream) = {
            let state = &self.jobs[job as usize];
            (state.ticket, state.flow, state.stream)
        };
        let mut steps = [Step::Nothing, Step::Nothing];
        if at > 0 {
            let Station { server, loss, .. } = self.streams[stream].stations[at - 1];
            *self.droppable(server) -= usize::from(loss.is_some());
            if let Some(next) = self.server(server).leave() {
                begin(next, agenda);
            }
        }
        let state = &mut self.jobs[job as usize];
        if at == 1 {
            state.sent += 1;
            if state.sent == state.units {
                steps[0] = Step::Sent(ticket);
            }
        }
        let mut ended = at == state.services.len();
        if !ended {
            let (service, size) = (state.services[at], state.unit / state.share);
            let here = &mut self.streams[stream].stations[at];
            // Spread evenly: what is left to chance is which packets go, not how many.
            here.due += here.chance;
            let unlucky = here.due >= 1.0;
            here.due -= f64::from(u8::from(unlucky));
            let Station { server, loss, urgent, mut finish, .. } = *here;
            let queued = self.droppable(server);
            ended = loss.is_some() && *queued >= BACKLOG_PACKETS || unlucky;
            *queued += usize::from(loss.is_some() && !ended);
            let fair = self.server(server);
            let began = match (ended, urgent) {
                (true, _) => None,
                (false, true) => fair.offer_urgent((job, at as u32), service),
                (false, false) => fair.offer((job, at as u32), service, &mut finish, size),
            };
            self.streams[stream].stations[at].finish = finish;
            if let Some(began) = began {
                begin(began, agenda);
            }
            if let (Some(loss), true) = (loss, ended) {
                self.jobs[job as usize].lost[loss] += 1;
            }
        }
        if ended {
            let state = &mut self.jobs[job as usize];
            state.done += 1;
            if state.done == state.units {
                let bytes = state.lost.iter().map(|units| *units as f64 * state.unit).collect();
                steps[1] = Step::Landed(ticket, LostOf { flow, bytes });
            }
        }
        if at == self.streams[stream].held_until {
            self.streams[stream].held -= 1;
            self.pump(stream, agenda);
        }
        steps
    }

    /// How many units are in a server that a full queue would have dropped.
    fn droppable(&mut self, server: Server) -> &mut usize {
        match server {
            Server::Link(link) => &mut self.droppable[link],
            Server::Own(own) => &mut self.droppable_own[own],
        }
    }

    fn server(&mut self, server: Server) -> &mut Fair<Unit> {
        match server {
            Server::Link(link) => &mut self.links[link],
            Server::Own(own) => &mut self.own[own],
        }
    }

    fn work(&self, link: LinkId) -> f64 {
        self.links[link.index()].busy().as_seconds() * self.capacities[link.index()]
    }

    /// Adds the work of links up to now.
    pub(super) fn loads(&self, loads: &mut [Load]) {
        loads.iter_mut().for_each(|load| load.work += self.work(load.link));
    }

    /// Takes away the work of links up to now.
    pub(super) fn forget(&self, loads: &mut [Load]) {
        loads.iter_mut().for_each(|load| load.work -= self.work(load.link));
    }

    /// A server does one thing at a time: no link was ever used by more than all of it.
    pub(super) fn most(&self) -> Vec<f64> {
        let used = |server: &Fair<Unit>| if server.busy() > Time::ZERO { 1.0 } else { 0.0 };
        self.links.iter().map(used).collect()
    }
}

/// A unit begins its service, and reaches the next station at its end.
fn begin(((job, station), service): (Unit, Time), agenda: &mut Agenda<Event>) {
    agenda.after(service, Event::Unit { job, station: station + 1 });
}

/// A station before it has a server.
struct Stop {
    met: u32,
    /// The link, or a limit of its own.
    link: Option<LinkId>,
    /// Units per payload byte, or seconds per byte for a limit.
    weight: f64,
    /// Whether a full queue here drops: the place among the flow's losses.
    loss: Option<usize>,
    /// Whether it goes before everything that can wait.
    urgent: bool,
    /// The part of what reaches it that is lost, whatever waits there.
    chance: f64,
}

/// What a flow's units meet, in order.
fn stops(flow: &Flow) -> Vec<Stop> {
    let mut stops = Vec::new();
    if flow.limit.is_finite() {
        stops.push(Stop {
            met: 0,
            link: None,
            weight: 1.0 / flow.limit,
            loss: None,
            urgent: false,
            chance: 0.0,
        });
    }
    for (slot, hop) in flow.hops.iter().enumerate().filter(|(slot, _)| !flow.beside[*slot]) {
        let (met, link) = (flow.met[slot], Some(hop.link));
        let (loss, urgent, chance) = (None, false, 0.0);
        stops.push(Stop { met, link, weight: hop.weight, loss, urgent, chance });
    }
    for (at, loss) in flow.losses.iter().enumerate().filter(|(_, loss)| !loss.beside) {
        let (link, weight, urgent, chance) = match loss.taker {
            Taker::Wire(hop) => (Some(hop.link), hop.weight, true, 0.0),
            Taker::Core(hop) => (Some(hop.link), hop.weight, false, 0.0),
            Taker::Queue(most) => (None, 1.0 / most, true, 0.0),
            Taker::Chance(part) => (None, 0.0, true, part),
        };
        stops.push(Stop { met: loss.met, link, weight, loss: Some(at), urgent, chance });
    }
    stops.sort_by_key(|stop| stop.met);
    stops
}
