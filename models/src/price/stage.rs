//! The price of one stage: a kernel, device copies by their DMA weights, the network layer by
//! layer.

use sim::Bytes;

use super::network::{Cut, Protocol, cut};
use super::{Carrier, Limit, LinkRef, Opening, PricedHop, Question, Stage, Work, kernel, memory};
use crate::catalogue::BackPressure;
use crate::cluster::{
    Cluster, Core, CpuCosts, CpuHop, DmaHop, Hop, HopModel, Host, Pageable, Side, WireHop,
};
use crate::route::Leg;
use crate::transfer::{Connection, HostMemory, Mode, Transfer, Transport};
use crate::uncertainty::model::{Among, Part};

/// DMA moves bursts of a page through its FIFO twin; a TLP would be sixteen times as many events
/// for the same rate.
const DMA_BURST: Bytes = Bytes::kib(4);
/// Segments of the initial congestion window (RFC 6928).
const INITIAL_WINDOW_SEGMENTS: f64 = 10.0;
/// IPv4 and TCP headers of a pure acknowledgement with timestamps, in its frame.
const ACK_BYTES: f64 = (52 + 38) as f64;

pub(super) fn price(question: &Question<'_>) -> Stage {
    let Question { legs, transfer, bytes, .. } = *question;
    let sends = |leg: &Leg<'_>| matches!(&leg.hop().model, HopModel::Cpu(cpu) if cpu.socket);
    let wires = |leg: &Leg<'_>| matches!(&leg.hop().model, HopModel::Wire(_));
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
        copy(question)
    }
}

/// A copy between device and host, or between devices.
fn copy(question: &Question<'_>) -> Stage {
    let Question { cluster, legs, transfer, bytes, change, .. } = *question;
    let mut stage = Stage::of(Carrier::Copy, 1, DMA_BURST);
    let hops = || legs.iter().map(|leg| &*leg.hop().kind);
    let known = |leg: &Leg<'_>| match leg {
        Leg::Edge(edge, _) => {
            let ends = cluster.graph.edge_endpoints(*edge).map(|(from, to)| [from, to]);
            let mut gpus = ends.into_iter().flatten().filter_map(|end| cluster.gpus.get(&end));
            gpus.all(|gpu| gpu.gpu.copies_known)
        }
        Leg::Service(..) | Leg::Kernel(_) => true,
    };
    let among = if legs.iter().all(known) { Among::Known } else { Among::Elsewhere };
    let factor = |part| cluster.errors.factor(part, among, hops());
    let (moves, calls) = (factor(Part::Copy), factor(Part::CopyCall));
    for leg in legs {
        let HopModel::Dma(dma) = &leg.hop().model else { continue };
        stage.pool = stage.pool.or(dma.pool);
        let real = change.keeps(leg.hop());
        let mut priced = dma_hop(dma, real);
        priced.works.iter_mut().for_each(|work| work.weight *= moves);
        priced.setup *= calls;
        priced.latency *= calls;
        priced.limit = priced.limit.map(|own| Limit { bytes_per_s: own.bytes_per_s / moves });
        if real {
            priced.works.extend(memory::accessed(dma.memory));
        }
        if let (Some(limit), true) = (priced.limit, real) {
            // A copy that is over sooner than the call returns takes as long as the call.
            let moving = bytes.as_f64() / limit.bytes_per_s;
            let late = (calls * dma.call - moving - calls * dma.setup).max(0.0);
            match dma.gap < dma.setup {
                // Only the engine stands in line; what calls take passes meanwhile.
                true => priced.latency += late,
                false => priced.setup += late,
            }
        }
        if let (false, Some(pageable), true) =
            (transfer.host_memory == HostMemory::Pinned, &dma.pageable, real)
        {
            let weight = staged(pageable, transfer.host_memory, bytes);
            let link = LinkRef::SendCore(pageable.host);
            priced.works.push(Work { link, weight, beside: false });
            priced.works.extend(memory::copied(pageable.memory));
        }
        stage.hops.push(priced);
    }
    stage
}

/// Core-seconds per byte of staging a copy of `bytes`.
fn staged(pageable: &Pageable, memory: HostMemory, bytes: Bytes) -> f64 {
    let staging = &pageable.staging;
    let chunks = bytes.div_ceil(staging.chunk).max(1) as f64;
    let touch = match memory == HostMemory::Untouched && pageable.into_host {
        true => staging.first_touch,
        false => 0.0,
    };
    staging.per_byte + touch + chunks * staging.per_chunk / bytes.as_f64().max(1.0)
}

fn dma_hop(dma: &DmaHop, real: bool) -> PricedHop {
    let mut priced = PricedHop::default();
    if real {
        priced.setup = dma.gap;
        priced.latency = dma.latency + (dma.setup - dma.gap);
        priced.limit = dma.read_limit.map(|rate| Limit { bytes_per_s: rate.as_bytes_per_s() });
        // Less than half a byte a byte is requests, not data.
        let work = |&(link, weight): &(_, f64)| Work {
            link: LinkRef::Fixed(link),
            weight,
            beside: weight < 0.5,
        };
        priced.works = dma.links.iter().map(work).collect();
        if let Some((host, weight)) = dma.copied_by {
            priced.works.push(Work { link: LinkRef::SendCore(host), weight, beside: false });
        }
    }
    priced
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
            Mode::GpuDirect => 1.0,
            Mode::Serial | Mode::Overlapped { .. } => factor(Part::Wire),
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
        match self.transfer.transport {
            Transport::Tcp if one_way > 0.0 => {
                let least = self.question.change.window.unwrap_or(Bytes::ZERO);
                stage.window = Some(host.tcp_window.max(least).as_f64() / (2.0 * one_way));
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
                let mut priced = dma_hop(dma, real);
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
        let weight = weight * self.work_factor;
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
        priced.udp.wire = true;
        if !real {
            return priced;
        }
        priced.latency = wire.latency;
        let around = self.cut.headers + self.encapsulation + wire.framing;
        let weight = 1.0 + self.cut.segments * around.as_f64() / self.cut.bytes;
        let weight = weight * self.wire_factor;
        priced.works.push(Work { link: LinkRef::Fixed(wire.link), weight, beside: false });
        // RDMA acknowledges messages and not their packets: nothing that a link would notice.
        if self.transfer.transport == Transport::Tcp && self.transfer.mode != Mode::GpuDirect {
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
        let rounds = (full / initial).log2().ceil().max(0.0);
        Opening { handshake: round_trip * handshakes, slow_start: round_trip * rounds }
    }
}
