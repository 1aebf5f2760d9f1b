//! The laws of the design on random clusters and random transfers, three readers side by side.

use models::cluster::{Cluster, HopModel, LinkUnit};
use models::gpu::kernel::{Kernel, Launches};
use models::input::Source;
use models::outcome::{Fidelity, Outcome};
use models::predict::{occupancy, predict, predict_from};
use models::transfer::{Connection, HostMemory, Mode, Transfer, Transport};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sim::{Bytes, Rate, Time};

use crate::fixture::{MILLISECOND, library, transfer};

const FIDELITIES: [Fidelity; 3] = [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk];

/// A node of a random cluster.
#[derive(Clone, Debug)]
struct Node {
    cni: &'static str,
    gpus: usize,
    /// Whether the card hangs below the switch that the GPUs hang below.
    beside: bool,
    mtu: u32,
    gbit_s: u32,
}

fn node() -> impl Strategy<Value = Node> {
    let cni = select(vec!["host", "veth", "vxlan", "routed-vxlan", "wireguard"]);
    let rate = select(vec![10u32, 25, 40, 100]);
    (cni, 1..3usize, any::<bool>(), select(vec![1500u32, 9000]), rate)
        .prop_map(|(cni, gpus, beside, mtu, gbit_s)| Node { cni, gpus, beside, mtu, gbit_s })
}

/// Nodes around one switch; a GPU has a pod each, and a node one pod without.
fn assembled(nodes: &[Node]) -> (Cluster, Vec<String>, Vec<String>) {
    let mut text = "[[switch]]\nname = \"tor\"\nlatency = \"1 us\"\n".to_owned();
    let (mut pods, mut gpus) = (Vec::new(), Vec::new());
    for (n, node) in nodes.iter().enumerate() {
        let Node { cni, mtu, gbit_s, .. } = node;
        text += &format!("[[node]]\nname = \"n{n}\"\nhost = \"host\"\ncni = \"{cni}\"\n");
        text += &format!("[[pcie_switch]]\nname = \"s{n}\"\nnode = \"n{n}\"\npcie = \"slot\"\n");
        let under = if node.beside { format!("under = \"s{n}\"\n") } else { String::new() };
        text += &format!(
            "[[nic]]\nname = \"c{n}\"\nnode = \"n{n}\"\nprofile = \"nic\"\npcie = \"slot\"\n\
             mtu = {mtu}\n{under}"
        );
        text += &format!(
            "[[cable]]\nbetween = [\"c{n}\", \"tor\"]\nrate = \"{gbit_s} Gbit/s\"\n\
             latency = \"10 ns\"\n"
        );
        text += &format!("[[pod]]\nname = \"p{n}\"\nnode = \"n{n}\"\n");
        pods.push(format!("p{n}"));
        for g in 0..node.gpus {
            text += &format!(
                "[[gpu]]\nname = \"g{n}-{g}\"\nnode = \"n{n}\"\nprofile = \"gpu\"\n\
                 pcie = \"slot\"\nunder = \"s{n}\"\n\
                 [[pod]]\nname = \"p{n}-{g}\"\nnode = \"n{n}\"\ngpu = \"g{n}-{g}\"\n"
            );
            pods.push(format!("p{n}-{g}"));
            gpus.push(format!("g{n}-{g}"));
        }
    }
    let source = Source::new("random.toml", text);
    let cluster = Cluster::assemble("random", &source, &library(), &[]);
    (cluster.unwrap_or_else(|error| panic!("{error}")), pods, gpus)
}

/// A random transfer, before it has ends.
#[derive(Clone, Debug)]
struct Wish {
    from: Index,
    to: Index,
    gpus: bool,
    datagrams: bool,
    streams: u32,
    mode: Mode,
    memory: HostMemory,
    connection: Connection,
    kib: u64,
    kernel: Option<Launches>,
    reply: bool,
}

fn wish() -> impl Strategy<Value = Wish> {
    let mode = prop_oneof![
        2 => Just(Mode::Serial),
        2 => (select(vec![64u64, 256, 1024]), 1..5u32).prop_map(|(kib, buffers)| {
            Mode::Overlapped { chunk: Bytes::kib(kib), buffers }
        }),
        1 => Just(Mode::GpuDirect),
    ];
    let memory = select(vec![HostMemory::Pinned, HostMemory::Pageable, HostMemory::Untouched]);
    let connection = select(vec![Connection::Warm, Connection::New]);
    let kernel = prop::option::weighted(
        0.3,
        select(vec![Launches::Once, Launches::PerChunk, Launches::Graph]),
    );
    (
        (any::<Index>(), any::<Index>(), any::<bool>(), any::<bool>(), 1..9u32),
        (mode, memory, connection, 1..8192u64, kernel, prop::bool::weighted(0.2)),
    )
        .prop_map(|((from, to, gpus, datagrams, streams), rest)| {
            let (mode, memory, connection, kib, kernel, reply) = rest;
            let gpus = gpus || mode == Mode::GpuDirect;
            Wish {
                from,
                to,
                gpus,
                datagrams,
                streams,
                mode,
                memory,
                connection,
                kib,
                kernel,
                reply,
            }
        })
}

/// The wish on a cluster, if it is possible there.
fn asked(wish: &Wish, cluster: &Cluster, pods: &[String], gpus: &[String]) -> Option<Transfer> {
    let ends = if wish.gpus { gpus } else { pods };
    let (from, to) = (wish.from.get(ends), wish.to.get(ends));
    let kernel = wish.kernel.filter(|_| wish.gpus).map(|launches| Kernel {
        launches,
        read: Bytes::mib(64),
        ..MILLISECOND
    });
    let transfer = Transfer {
        transport: if wish.datagrams { Transport::Udp } else { Transport::Tcp },
        streams: wish.streams,
        mode: wish.mode,
        host_memory: wish.memory,
        connection: wish.connection,
        reply: wish.reply.then(|| Bytes::kib(4)),
        kernel,
        ..transfer(from, to, Bytes::kib(wish.kib))
    };
    predict(cluster, std::slice::from_ref(&transfer), Fidelity::Closed, 1).ok()?;
    Some(transfer)
}

/// A random cluster and what is asked of it.
fn question() -> impl Strategy<Value = (Vec<Node>, Vec<Wish>)> {
    (prop::collection::vec(node(), 2..4), prop::collection::vec(wish(), 1..5))
}

fn solved(nodes: &[Node], wishes: &[Wish]) -> (Cluster, Vec<Transfer>) {
    let (cluster, pods, gpus) = assembled(nodes);
    let transfers = wishes.iter().filter_map(|wish| asked(wish, &cluster, &pods, &gpus));
    let transfers = transfers.collect();
    (cluster, transfers)
}

fn outcomes(cluster: &Cluster, transfers: &[Transfer], fidelity: Fidelity) -> Vec<Outcome> {
    predict(cluster, transfers, fidelity, 7).unwrap_or_else(|error| panic!("{error}"))
}

/// Everything that takes time, k times as fast.
fn faster(cluster: &Cluster, k: f64) -> Cluster {
    let mut fast = cluster.clone();
    let rate = |rate: Rate| Rate::bytes_per_s(rate.as_bytes_per_s() * k);
    let time = |time: Time| Time::from_seconds(time.as_seconds() / k);
    for link in fast.links.iter_mut().filter(|link| link.unit == LinkUnit::Bytes) {
        link.capacity *= k;
    }
    for hop in fast.graph.edge_weights_mut() {
        match &mut hop.model {
            HopModel::Cpu(cpu) => {
                for costs in [&mut cpu.tcp, &mut cpu.udp] {
                    for cost in [
                        &mut costs.per_connection,
                        &mut costs.per_message,
                        &mut costs.per_skb,
                        &mut costs.per_segment,
                        &mut costs.per_byte,
                        &mut costs.forwarded_per_skb,
                        &mut costs.forwarded_per_byte,
                        &mut costs.latency,
                    ] {
                        *cost /= k;
                    }
                }
                cpu.udp_flow_limit = cpu.udp_flow_limit.map(rate);
            }
            HopModel::Dma(dma) => {
                dma.read_limit = dma.read_limit.map(rate);
                dma.setup /= k;
                dma.call /= k;
                dma.latency /= k;
                if let Some(pageable) = &mut dma.pageable {
                    pageable.staging.per_byte /= k;
                    pageable.staging.per_chunk /= k;
                    pageable.staging.first_touch /= k;
                }
                if let Some((_, weight)) = &mut dma.copied_by {
                    *weight /= k;
                }
            }
            HopModel::Wire(wire) => wire.latency /= k,
            HopModel::Gpu(_) => {}
        }
    }
    for accelerator in fast.gpus.values_mut() {
        let gpu = &mut accelerator.gpu;
        gpu.hbm_bandwidth = rate(gpu.hbm_bandwidth);
        gpu.fp32_flop_per_s *= k;
        gpu.fp64_flop_per_s *= k;
        gpu.launch_latency = time(gpu.launch_latency);
    }
    for host in &mut fast.hosts {
        host.udp_send_limit = host.udp_send_limit.map(rate);
    }
    fast
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Time, bytes and rates add up, at every fidelity, and nothing waits for ever.
    #[test]
    fn accounts_add_up((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for fidelity in FIDELITIES {
            let outcomes = outcomes(&cluster, &transfers, fidelity);
            for (outcome, asked) in outcomes.iter().zip(&transfers) {
                let context = format!("{fidelity:?} {asked:?} {nodes:?}");
                prop_assert!(outcome.completion < Time::MAX, "it never ends: {context}");
                let life: Time = outcome.life.iter().map(|interval| interval.span).sum();
                prop_assert_eq!(life, outcome.completion, "{}", context);
                let reference = outcome.reference.as_bytes_per_s();
                let taken: f64 = outcome.taken.iter().map(|hop| hop.bytes_per_s).sum();
                let goodput = outcome.goodput.as_bytes_per_s();
                prop_assert!(
                    (reference - taken - goodput).abs() < 1e-6 * reference,
                    "{reference} − {taken} is not {goodput}: {context}"
                );
                let arrives = outcome.sent.as_bytes_per_s() * (1.0 - outcome.loss_ratio);
                prop_assert!((arrives / goodput - 1.0).abs() < 1e-9, "{context}");
                prop_assert!((0.0..1.0).contains(&outcome.loss_ratio), "{context}");
                let is_lossy = asked.transport == Transport::Udp && asked.mode != Mode::GpuDirect;
                prop_assert!(is_lossy || outcome.loss_ratio == 0.0, "{context}");
            }
        }
    }

    /// No link ever does more than it can, whoever sends.
    #[test]
    fn no_link_is_used_twice((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for fidelity in [Fidelity::Flow, Fidelity::Chunk] {
            for (link, most) in occupancy(&cluster, &transfers, fidelity, 7).unwrap() {
                prop_assert!(most <= 1.0 + 1e-9, "{fidelity:?}: {link} at {most}: {transfers:?}");
            }
        }
        let outcomes = outcomes(&cluster, &transfers, Fidelity::Flow);
        let last = outcomes.iter().map(|outcome| outcome.completion).max();
        let last = last.map_or(0.0, Time::as_seconds);
        for link in &cluster.links {
            let of = |outcome: &Outcome| {
                let here = outcome.utilisation.iter().find(|used| used.link == link.name);
                here.map_or(0.0, |used| used.own * outcome.completion.as_seconds())
            };
            // What is lost before a link never reaches it.
            let sure = outcomes.iter().filter(|outcome| outcome.loss_ratio == 0.0);
            let work: f64 = sure.map(of).sum();
            prop_assert!(
                work <= last * (1.0 + 1e-6),
                "{} worked for {work} s of {last} s",
                link.name
            );
        }
    }

    /// A cluster that is twice as fast in everything takes half the time.
    #[test]
    fn time_scales((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        let fast = faster(&cluster, 2.0);
        for fidelity in [Fidelity::Closed, Fidelity::Flow] {
            let slow = outcomes(&cluster, &transfers, fidelity);
            for (slow, fast) in slow.iter().zip(outcomes(&fast, &transfers, fidelity)) {
                let (slow, fast) = (slow.completion.as_ps() as f64, fast.completion.as_ps() as f64);
                // Each of some thousand waits is rounded to a picosecond; where two things happen
                // within one, the other may come first.
                let bound = f64::max(1e4, 1e-4 * slow);
                prop_assert!((slow - 2.0 * fast).abs() < bound, "{fidelity:?}: {slow} {fast} ps");
            }
        }
    }

    /// Plans that begin later take as long, if nobody is there.
    #[test]
    fn beginning_later_changes_nothing((nodes, wishes) in question(), later in 1u64..1_000_000) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for transfer in &transfers {
            let one = std::slice::from_ref(transfer);
            let start = [Time::from_ns(later)];
            for fidelity in [Fidelity::Flow, Fidelity::Chunk] {
                let at_once = &outcomes(&cluster, one, fidelity)[0];
                let then = &predict_from(&cluster, one, &start, fidelity, 7).unwrap()[0];
                prop_assert_eq!(at_once.completion, then.completion);
                for (a, b) in at_once.utilisation.iter().zip(&then.utilisation) {
                    prop_assert!((a.busy - b.busy).abs() < 1e-9, "{a:?} {b:?}");
                }
            }
        }
    }

    /// One transfer alone is never slower for a faster cable.
    #[test]
    fn a_faster_cable_slows_nobody_who_is_alone((nodes, wishes) in question()) {
        let faster: Vec<Node> =
            nodes.iter().map(|node| Node { gbit_s: 4 * node.gbit_s, ..node.clone() }).collect();
        let (before, transfers) = solved(&nodes, &wishes);
        let (after, _) = solved(&faster, &[]);
        for transfer in transfers.iter().filter(|asked| asked.transport == Transport::Tcp) {
            // Slow start goes on for longer on a way that holds more.
            let warm = [Transfer { connection: Connection::Warm, ..transfer.clone() }];
            for fidelity in [Fidelity::Closed, Fidelity::Flow] {
                let (slow, fast) =
                    (outcomes(&before, &warm, fidelity), outcomes(&after, &warm, fidelity));
                let (slow, fast) = (slow[0].completion, fast[0].completion);
                prop_assert!(fast <= slow + Time::from_ns(1), "{fidelity:?}: {fast} {slow}");
            }
        }
    }

    /// The same question has the same answer, on whatever thread.
    #[test]
    fn threads_change_nothing((nodes, wishes) in question()) {
        let (cluster, transfers) = solved(&nodes, &wishes);
        for fidelity in FIDELITIES {
            let here = outcomes(&cluster, &transfers, fidelity);
            std::thread::scope(|scope| {
                let there: Vec<_> = (0..3)
                    .map(|_| scope.spawn(|| outcomes(&cluster, &transfers, fidelity)))
                    .collect();
                for there in there {
                    assert_eq!(here, there.join().unwrap());
                }
            });
        }
    }
}
