//! What to change: each change is made, everything is solved again, and what comes back is booked.
//!
//! Two sorts of change: those a user can make today (overlap, more streams, pinned memory, bigger
//! packets, GPUDirect), and hops made free, which bound what any work on that hop could bring.

use sim::{Bytes, Rate};

use super::attribute::Question;
use super::{CHUNKS_MAX, Scene, closed, ways};
use crate::cluster::{Cluster, HopModel, NicSpec, PlaceKind};
use crate::gpu::kernel::{Kernel, Launches};
use crate::input::InputError;
use crate::outcome::Advice;
use crate::transfer::{Connection, HostMemory, Mode, Transfer};

/// Chunk sizes that are tried, from 64 KiB to 16 MiB.
const CHUNKS: [Bytes; 5] =
    [Bytes::kib(64), Bytes::kib(256), Bytes::mib(1), Bytes::mib(4), Bytes::mib(16)];
/// Buffers a side: two overlap, four also hide jitter.
const BUFFERS: [u32; 2] = [2, 4];
/// Stream counts that are tried.
const STREAMS: [u32; 3] = [2, 4, 8];
/// The MTU of jumbo frames.
const JUMBO: Bytes = Bytes::new(9_000);
/// Gains below this are noise to whoever reads the list.
const GAIN_MIN: f64 = 0.005;

/// All changes that bring something, best first.
pub(super) fn advise(question: &Question<'_>) -> Result<Vec<Advice>, InputError> {
    let now = question.goodput(&|_| true);
    let mut advice = Vec::new();
    let mut push = |change: String, feasible: bool, goodput: Rate| {
        let gain_ratio = goodput.as_bytes_per_s() / now.as_bytes_per_s() - 1.0;
        if gain_ratio > GAIN_MIN {
            advice.push(Advice { change, feasible, goodput, gain_ratio });
        }
    };
    for (change, transfer) in feasible(question) {
        if let Some(goodput) = with(question, question.cluster, transfer) {
            push(change, true, goodput);
        }
    }
    for (change, cluster) in bigger_packets(question.cluster) {
        let transfer = question.transfers[question.which].clone();
        if let Some(goodput) = with(question, &cluster, transfer) {
            push(change, true, goodput);
        }
    }
    let hops = question.hops();
    let mut kinds: Vec<&str> = hops.iter().map(|(_, kind)| kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let goodput = question.goodput(&|hop| hops[hop].1 != kind);
        push(format!("make {kind} free"), false, goodput);
    }
    advice.sort_by(|a, b| {
        b.gain_ratio.total_cmp(&a.gain_ratio).then_with(|| a.change.cmp(&b.change))
    });
    Ok(advice)
}

/// The goodput of the asked transfer after it or the cluster was changed; `None` where the change
/// is impossible (no way, too many chunks).
fn with(question: &Question<'_>, cluster: &Cluster, transfer: Transfer) -> Option<Rate> {
    let mut transfers = question.transfers.to_vec();
    transfers[question.which] = transfer;
    let ways = ways(cluster, &transfers).ok()?;
    let scene = Scene::new(cluster, &transfers, &ways, question.seed);
    Some(closed::outcomes(&scene).swap_remove(question.which).goodput)
}

/// The changes that the sender can make.
fn feasible(question: &Question<'_>) -> Vec<(String, Transfer)> {
    let asked = &question.transfers[question.which];
    let way = &question.ways[question.which];
    let mut changes = Vec::new();
    let mut change = |text: String, edit: &dyn Fn(&mut Transfer)| {
        let mut transfer = asked.clone();
        edit(&mut transfer);
        changes.push((text, transfer));
    };
    let more = || STREAMS.into_iter().filter(|n| way.pods.is_some() && *n > asked.streams);
    for (what, overlapped) in overlaps(question) {
        let Mode::Overlapped { chunk, buffers } = overlapped.mode else { continue };
        let overlap = format!("{what} with {chunk} chunks, {buffers} buffers");
        let as_overlapped = |t: &mut Transfer| {
            (t.mode, t.kernel) = (overlapped.mode, overlapped.kernel);
        };
        change(overlap.clone(), &as_overlapped);
        // Either alone may only move the bottleneck to what the other one mends.
        for streams in more() {
            change(format!("{overlap}, over {streams} streams"), &|t| {
                as_overlapped(t);
                t.streams = streams;
            });
        }
    }
    for streams in more() {
        change(format!("send over {streams} streams"), &|t| t.streams = streams);
    }
    if asked.host_memory != HostMemory::Pinned {
        change("pin the host buffers".into(), &|t| t.host_memory = HostMemory::Pinned);
    }
    if asked.host_memory == HostMemory::Untouched {
        change("reuse host buffers".into(), &|t| t.host_memory = HostMemory::Pageable);
    }
    if asked.connection == Connection::New {
        change("keep the connection open".into(), &|t| t.connection = Connection::Warm);
    }
    let device = |name: &str| {
        let place = question.cluster.places.get(name);
        place.is_some_and(|at| question.cluster.graph[*at].kind == PlaceKind::DeviceMemory)
    };
    if device(&asked.from) && device(&asked.to) && asked.mode != Mode::GpuDirect {
        change("use GPUDirect RDMA, given cards that can".into(), &|t| t.mode = Mode::GpuDirect);
    }
    changes
}

/// Ways to have more at work at the same time than now, each with the chunks that bring most.
fn overlaps(question: &Question<'_>) -> Vec<(&'static str, Transfer)> {
    let asked = &question.transfers[question.which];
    let serial = asked.mode == Mode::Serial;
    let several = question.ways[question.which].stages.len() > 1;
    let mut ways: Vec<(&'static str, Option<Kernel>)> = Vec::new();
    match &asked.kernel {
        None if serial && several => ways.push(("overlap copies", None)),
        Some(kernel) if asked.mode != Mode::GpuDirect => {
            let launched = |launches| Some(Kernel { launches, ..*kernel });
            if serial {
                ways.push(("overlap copies", launched(Launches::Once)));
            }
            if serial || kernel.launches == Launches::Once {
                ways.push(("launch the kernel chunk by chunk", launched(Launches::PerChunk)));
            }
            if serial || kernel.launches != Launches::Graph {
                ways.push(("launch a graph of kernels", launched(Launches::Graph)));
            }
        }
        _ => {}
    }
    let best = |(what, kernel)| {
        let from = Transfer { kernel, ..asked.clone() };
        Some((what, best_overlap(question, &from)?))
    };
    ways.into_iter().filter_map(best).collect()
}

/// `from` with the chunk size and number of buffers that bring most.
fn best_overlap(question: &Question<'_>, from: &Transfer) -> Option<Transfer> {
    let fits = |chunk: &Bytes| *chunk < from.message && from.message.div_ceil(*chunk) <= CHUNKS_MAX;
    let mut best: Option<(Rate, Transfer)> = None;
    for chunk in CHUNKS.into_iter().filter(fits) {
        for buffers in BUFFERS {
            let tried = Transfer { mode: Mode::Overlapped { chunk, buffers }, ..from.clone() };
            let rate = with(question, question.cluster, tried.clone());
            if let Some(rate) = rate.filter(|rate| best.as_ref().is_none_or(|(b, _)| rate > b)) {
                best = Some((rate, tried));
            }
        }
    }
    best.map(|(_, transfer)| transfer)
}

/// The cluster with larger packets through its hops: offloads where any are off, else jumbo frames
/// where there are none.
fn bigger_packets(cluster: &Cluster) -> Vec<(String, Cluster)> {
    let any = |is: fn(&NicSpec) -> bool| cluster.nics.values().any(is);
    let wired = cluster.graph.edge_weights().any(|hop| matches!(hop.model, HopModel::Wire(_)));
    let changed = |edit: fn(&mut NicSpec)| {
        let mut changed = cluster.clone();
        changed.nics.values_mut().for_each(edit);
        changed
    };
    let mut changes = Vec::new();
    if !wired {
        return changes;
    }
    if any(|nic| !nic.offloads) {
        let cluster = changed(|nic| nic.offloads = true);
        changes.push(("switch segmentation offloads on".into(), cluster));
    } else if any(|nic| nic.mtu < JUMBO) {
        let mut cluster = changed(|nic| nic.mtu = nic.mtu.max(JUMBO));
        // Pods that had room for the small frames' headers get the same share of the large ones.
        cluster.pod_mtus.clear();
        changes.push((format!("raise the MTU to {} bytes", JUMBO.get()), cluster));
    }
    if any(|nic| !nic.tunnel_offloads) {
        let cluster = changed(|nic| nic.tunnel_offloads = true);
        changes.push(("use cards with tunnel offloads".into(), cluster));
    }
    changes
}
