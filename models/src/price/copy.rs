//! The price of a copy: device and host memory, by a copy engine, a kernel or a core.

use sim::Bytes;

use super::{Carrier, Limit, LinkRef, PricedHop, Question, Stage, Work, memory};
use crate::cluster::{DmaHop, DmaWork, HopModel, Pageable};
use crate::route::Leg;
use crate::transfer::HostMemory;
use crate::uncertainty::model::{Among, Part};

/// DMA moves bursts of a page through its FIFO twin; a TLP would be sixteen times as many events
/// for the same rate.
const DMA_BURST: Bytes = Bytes::kib(4);

/// A copy between device and host, or between devices.
pub(super) fn price(question: &Question<'_>) -> Stage {
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
        let by_kernel = dma.by_kernel.filter(|_| transfer.host_memory == HostMemory::Mapped);
        let real = change.keeps(leg.hop());
        let mut priced = dma_hop(dma, real);
        match by_kernel {
            None => stage.pool = stage.pool.or(dma.pool),
            Some(kernel) if real => {
                (priced.setup, priced.latency) = (kernel.launch, dma.latency);
                priced.limit = Some(Limit { bytes_per_s: kernel.bytes_per_s });
            }
            Some(_) => {}
        }
        if real {
            stage.share = stage.share.min(dma.share);
        }
        priced.works.iter_mut().for_each(|work| work.weight *= moves);
        priced.setup *= calls;
        priced.latency *= calls;
        priced.limit = priced.limit.map(|own| Limit { bytes_per_s: own.bytes_per_s / moves });
        if real {
            priced.works.extend(memory::accessed(dma.memory));
        }
        if let (Some(limit), None, true) = (priced.limit, by_kernel, real) {
            // A copy that is over sooner than the call returns takes as long as the call.
            let moving = bytes.as_f64() / limit.bytes_per_s;
            let late = (calls * dma.call - moving - calls * dma.setup).max(0.0);
            match dma.gap < dma.setup {
                // Only the engine stands in line; what calls take passes meanwhile.
                true => priced.latency += late,
                false => priced.setup += late,
            }
        }
        if let (true, Some(pageable), true) =
            (transfer.host_memory.is_staged(), &dma.pageable, real)
        {
            let weight = staged(pageable, transfer.host_memory, bytes);
            let link = LinkRef::SendCore(pageable.host);
            priced.works.push(Work { link, weight, beside: false });
            priced.works.extend(memory::copied(pageable.memory));
        }
        if let (Some((host, weight)), true) = (dma.bounced, real) {
            priced.works.push(Work { link: LinkRef::SendCore(host), weight, beside: false });
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

/// What a device's access loads and waits for.
pub(super) fn dma_hop(dma: &DmaHop, real: bool) -> PricedHop {
    let mut priced = PricedHop::default();
    if real {
        priced.setup = dma.gap;
        priced.latency = dma.latency + (dma.setup - dma.gap);
        priced.limit = dma.read_limit.map(|rate| Limit { bytes_per_s: rate.as_bytes_per_s() });
        let work = |work: &DmaWork| Work {
            link: LinkRef::Fixed(work.link),
            weight: work.weight,
            beside: work.beside,
        };
        priced.works = dma.links.iter().map(work).collect();
        let both_ways = dma.both_ways.filter(|(_, weight)| *weight > 0.0);
        priced.works.extend(both_ways.map(|(link, weight)| Work {
            link: LinkRef::Fixed(link),
            weight,
            beside: false,
        }));
        if let Some((host, weight)) = dma.copied_by {
            priced.works.push(Work { link: LinkRef::SendCore(host), weight, beside: false });
        }
    }
    priced
}
