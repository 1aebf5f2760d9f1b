//! The price of one stage: a kernel, a copy, or the network layer by layer.

use sim::Bytes;

use super::group::price_group;
use super::network::{Cut, Protocol, cut};
use super::{Carrier, LinkRef, Opening, PricedHop, Question, Stage, Work, copy, kernel, memory};
use crate::catalogue::BackPressure;
use crate::cluster::{Cluster, Core, CpuCosts, CpuHop, Hop, HopModel, Host, Side, WireHop};
use crate::route::Leg;
use crate::transfer::{Connection, Transfer, Transport};
use crate::uncertainty::model::Part;

/// Segments of the initial congestion window (RFC 6928).
const INITIAL_WINDOW_SEGMENTS: f64 = 10.0;
/// IPv4 and TCP headers of a pure acknowledgement with timestamps, in its frame.
const ACK_BYTES: f64 = (52 + 38) as f64;

pub(super) fn price(question: &Question<'_>) -> Stage {
    let Question { legs, transfer, bytes, .. } = *question;
    let sends = |leg: &Leg<'_>| matches!(&leg.hop().model, HopModel::Cpu(cpu) if cpu.socket);
    let wires = |leg: &Leg<'_>| matches!(&leg.hop().model, HopModel::Wire(_));
    if let (Some(grouped), Some(group)) = (&question.route.group, &transfer.group) {
        return price_group(question, grouped, group);
    }
    if let Some(HopModel::Gpu(hop)) = legs.first().map(|leg| &leg.hop().model) {
        return kernel::price(question, hop.gpu);
    }
    if legs.iter().any(sends) {
        let share = Bytes::new(bytes.get().div_ceil(u64::from(transfer.streams)));
        let cut = cut(question, Protocol::Kernel(transfer.transport), share);
        Walk::new(question, cut).network()
    } else if legs.iter().any(wires) {
        let cut = cut(question, Protocol::Rdma, bytes);
        Walk::new(question, cut).direct()
    } else {
        copy::price(question)
    }
}

/// A message on its way through the network, carrying the headers put around it so far.
struct Walk<'a> {
    question: &'a Question<'a>,
    cluster: &'a Cluster,
    transfer: &'a Transfer,
    cut: Cut,
    /// Bytes that encapsulations have added to each segment.
    encapsulation: Bytes,
    /// The serial worker that the inner hops on the way in run on.
    worker: Option<Core>,
    /// Whether there is more between the sockets than one hand-over to another namespace.
    forwards: bool,
    /// The model's own errors: on what cores need, on what wires carry, and on delays.
    work_factor: f64,
    wire_factor: f64,
    delay_factor: f64,
}

impl<'a> Walk<'a> {
    fn new(question: &'a Question<'a>, cut: Cut) -> Walk<'a> {
        let Question { cluster, transfer, .. } = *question;
        let (encapsulation, worker, forwards) = (Bytes::ZERO, None, false);
        let part = match transfer.transport {
            Transport::Tcp => Part::Tcp,
            Transport::Udp => Part::Udp,
        };
        let cpu = |leg: &'a Leg<'a>| match &leg.hop().model {
            HopModel::Cpu(_) => Some(&*leg.hop().kind),
            _ => None,
        };
        let hosts = || {
            question.legs.iter().filter_map(|leg| match &leg.hop().model {
                HopModel::Cpu(cpu) => Some(&cluster.hosts[cpu.host]),
                _ => None,
            })
        };
        let way = || question.legs.iter().filter_map(cpu);
        let factor = |part| cluster.errors.factor(part, Host::among(hosts(), part), way());
        let (work_factor, delay_factor) = (factor(part), factor(Part::RoundTrip));
        let wire_factor = match transfer.mode {
            mode if mode.is_rdma() => 1.0,
            _ => factor(Part::Wire),
        };
        Walk {
            question,
            cluster,
            transfer,
            cut,
            encapsulation,
            worker,
            forwards,
            work_factor,
            wire_factor,
            delay_factor,
        }
    }

    fn hops(&mut self) -> Vec<PricedHop> {
        let Question { legs, change, .. } = *self.question;
        legs.iter().map(|leg| self.hop(leg.hop(), change.keeps(leg.hop()))).collect()
    }

    fn network(mut self) -> Stage {
        let legs = self.question.legs;
        let works = |leg: &&Leg<'_>| matches!(&leg.hop().model, HopModel::Cpu(cpu) if !cpu.socket);
        self.forwards = legs.iter().filter(works).count() > 1;
        let mut hops = self.hops();
        memory::cross(self.question, &mut hops);
        let of_network = Stage::of(Carrier::Network, self.transfer.streams, self.cut.unit);
        let mut stage = Stage { hops, ..of_network };
        let sender = legs.iter().find_map(|leg| match &leg.hop().model {
            HopModel::Cpu(cpu) if cpu.socket && cpu.side == Side::Send => Some(cpu),
            _ => None,
        });
        let sender = sender.expect("a network stage begins at a socket");
        let host = &self.cluster.hosts[sender.host];
        let one_way: f64 = stage.hops.iter().map(|hop| hop.latency).sum();
        stage.datagrams = self.transfer.transport == Transport::Udp;
        let offered = self.transfer.offered.map(sim::Rate::as_bytes_per_s);
        stage.offered = offered.map(|all| all / f64::from(self.transfer.streams));
        match self.transfer.transport {
            Transport::Tcp if one_way > 0.0 => {
                let least = self.question.change.window.unwrap_or(Bytes::ZERO);
                let round_trip = 2.0 * one_way;
                let window = host.tcp_window.max(least).as_f64();
                let borne = host.congestion.window(self.lost(), round_trip);
                let borne = borne.map_or(f64::INFINITY, |window| window * self.cut.mss.as_f64());
                stage.window = Some(window.min(borne) / round_trip);
            }
            Transport::Tcp => {}
            Transport::Udp if sender.costs.user_space => {}
            Transport::Udp => {
                let limit = host.udp_send_limit.map(sim::Rate::as_bytes_per_s);
                stage.udp_send_limit = limit.map(|limit| limit / self.work_factor);
            }
        }
        stage.opening = match self.transfer.connection_met() {
            Connection::New => self.opening(&stage, one_way, 1.0),
            Connection::Fresh => self.opening(&stage, one_way, 0.0),
            Connection::Warm | Connection::Opening => Opening::default(),
        };
        stage
    }

    /// GPUDirect RDMA: DMA, wires, DMA; headers of RoCEv2, no core.
    fn direct(mut self) -> Stage {
        let hops = self.hops();
        Stage { hops, ..Stage::of(Carrier::Network, 1, self.cut.unit) }
    }

    fn hop(&mut self, hop: &Hop, real: bool) -> PricedHop {
        match &hop.model {
            HopModel::Cpu(cpu) => self.cpu_hop(cpu, real),
            HopModel::Gpu(_) => unreachable!("a kernel is a stage of its own"),
            HopModel::Dma(dma) => {
                let mut priced = copy::dma_hop(dma, real);
                // The NIC posts its work in advance: nothing occupies the stage.
                priced.latency += std::mem::take(&mut priced.setup);
                if real {
                    priced.works.extend(memory::passed(dma.memory));
                }
                priced
            }
            HopModel::Wire(wire) => self.wire_hop(wire, real),
        }
    }

    /// The part of packets that the way loses by chance.
    fn lost(&self) -> f64 {
        let kept = self.question.legs.iter().map(|leg| match &leg.hop().model {
            HopModel::Wire(wire) if self.question.change.keeps(leg.hop()) => 1.0 - wire.lost,
            _ => 1.0,
        });
        1.0 - kept.product::<f64>()
    }

    fn cpu_hop(&mut self, cpu: &CpuHop, real: bool) -> PricedHop {
        let mut priced = PricedHop::default();
        priced.udp.receives = cpu.side == Side::Receive;
        priced.udp.delivers = cpu.side == Side::Receive && cpu.socket;
        if cpu.side == Side::Receive && self.worker.is_none() && matches!(cpu.core, Core::Serial(_))
        {
            self.worker = Some(cpu.core);
        }
        if !real {
            return priced;
        }
        let costs = cpu.costs.under(self.transfer.transport);
        priced.latency = costs.latency * self.delay_factor;
        priced.udp.orphans = cpu.back_pressure == BackPressure::Lost && cpu.side == Side::Send;
        let limit = cpu.costs.udp_flow_limit.map(sim::Rate::as_bytes_per_s);
        priced.udp.flow_limit = limit.map(|limit| limit / self.work_factor);
        let weight = self.weight(costs, cpu.side) + self.forwarded(cpu, costs);
        // The application's own work, on the core of its thread.
        let own = match (cpu.socket, self.transfer.marshalled) {
            (true, Some(rate)) => 1.0 / rate.as_bytes_per_s(),
            _ => 0.0,
        };
        let weight = weight * self.work_factor + own;
        if weight > 0.0 {
            priced.works.push(Work { link: self.core(cpu), weight, beside: false });
        }
        priced.works.extend(memory::copied(cpu.memory));
        if matches!(self.transfer.connection_met(), Connection::New | Connection::Opening) {
            priced.open = costs.per_connection * self.work_factor;
        }
        if self.transfer.connection_met() == Connection::New
            && self.transfer.transport == Transport::Tcp
            && !cpu.socket
        {
            // The handshake: one packet there and one back cross every hop before the first byte.
            priced.open += 2.0 * (costs.per_skb + costs.per_segment) * self.work_factor;
        }
        match cpu.side {
            Side::Send => self.encapsulation += cpu.header,
            // A header that a free hop never added cannot be taken off.
            Side::Receive if self.encapsulation >= cpu.header => {
                self.encapsulation = self.encapsulation - cpu.header;
            }
            Side::Receive => self.encapsulation = Bytes::ZERO,
        }
        priced
    }

    /// Core-seconds per payload byte.
    fn weight(&self, costs: &CpuCosts, side: Side) -> f64 {
        let skbs = match side {
            Side::Send => self.cut.skbs,
            Side::Receive => self.cut.received,
        };
        let counted = self.cut.calls * costs.per_message
            + skbs * costs.per_skb
            + self.cut.fragments * costs.per_fragment
            + self.cut.segments * costs.per_segment;
        counted / self.cut.bytes + costs.per_byte
    }

    /// What a sending socket pays besides where its packets are forwarded, not delivered at once.
    fn forwarded(&self, cpu: &CpuHop, costs: &CpuCosts) -> f64 {
        match cpu.socket && cpu.side == Side::Send && self.forwards {
            true => {
                self.cut.skbs * costs.forwarded_per_skb / self.cut.bytes + costs.forwarded_per_byte
            }
            false => 0.0,
        }
    }

    fn core(&self, cpu: &CpuHop) -> LinkRef {
        let core = match (cpu.side, self.worker, cpu.socket) {
            (Side::Receive, Some(worker), false) => worker,
            _ => cpu.core,
        };
        match (core, cpu.side) {
            (Core::Serial(link), _) => LinkRef::Fixed(link),
            (Core::Flow, Side::Send) => LinkRef::SendCore(cpu.host),
            // Between virtual devices the core that sent a packet also receives it.
            (Core::Flow, Side::Receive)
                if !cpu.socket && self.cluster.hosts[cpu.host].pinned.is_some() =>
            {
                LinkRef::SendCore(cpu.host)
            }
            (Core::Flow, Side::Receive) => LinkRef::ReceiveCore(cpu.host),
        }
    }

    fn wire_hop(&mut self, wire: &WireHop, real: bool) -> PricedHop {
        let mut priced = PricedHop::default();
        // A queueing discipline drops what its bucket has no room for; a card holds its sender
        // back.
        priced.udp.wire = wire.bucket.is_none();
        if !real {
            priced.udp.wire = true;
            return priced;
        }
        priced.udp.orphans = wire.bucket.is_some();
        priced.udp.lost = wire.lost;
        priced.latency = wire.latency;
        let around = self.cut.headers + self.encapsulation + wire.framing;
        let weight = 1.0 + self.cut.segments * around.as_f64() / self.cut.bytes;
        // A full bucket lets the beginning of a message pass.
        let whole = weight * self.transfer.message.as_f64();
        let limited = wire.bucket.map_or(1.0, |bucket| (1.0 - bucket.as_f64() / whole).max(0.0));
        // What is lost of a stream is sent again.
        let again = match self.transfer.transport {
            Transport::Tcp => 1.0 / (1.0 - wire.lost),
            Transport::Udp => 1.0,
        };
        let weight = weight * self.wire_factor * limited * again;
        priced.works.push(Work { link: LinkRef::Fixed(wire.link), weight, beside: false });
        // RDMA acknowledges messages and not their packets: nothing that a link would notice.
        if self.transfer.transport == Transport::Tcp && !self.transfer.mode.is_rdma() {
            // One for each super-packet, or for every second segment (RFC 1122, 4.2.3.2).
            let acks = self.cut.received.min((self.cut.segments / 2.0).ceil());
            let weight = acks * (ACK_BYTES + self.encapsulation.as_f64()) / self.cut.bytes;
            priced.works.push(Work { link: LinkRef::Fixed(wire.reverse), weight, beside: true });
        }
        priced
    }

    /// Opening a connection: `handshakes` of one round trip each, then as many as slow start needs
    /// to send the message or to fill the way.
    fn opening(&self, stage: &Stage, one_way: f64, handshakes: f64) -> Opening {
        let round_trip = 2.0 * one_way;
        if self.transfer.transport == Transport::Udp || round_trip <= 0.0 {
            return Opening::default();
        }
        let initial = INITIAL_WINDOW_SEGMENTS * self.cut.mss.as_f64();
        let heaviest = stage.hops.iter().flat_map(|hop| &hop.works).map(|work| {
            let capacity = match work.link {
                LinkRef::Fixed(link) => self.cluster.links[link.0].capacity,
                LinkRef::SendCore(_) | LinkRef::ReceiveCore(_) => 1.0,
            };
            work.weight / capacity
        });
        let seconds_per_byte = heaviest.fold(0.0, f64::max);
        let full = match seconds_per_byte > 0.0 {
            true => (round_trip / seconds_per_byte).min(self.cut.bytes),
            false => self.cut.bytes,
        };
        let rounds = libm::log2(full / initial).ceil().max(0.0);
        Opening { handshake: round_trip * handshakes, slow_start: round_trip * rounds }
    }
}
