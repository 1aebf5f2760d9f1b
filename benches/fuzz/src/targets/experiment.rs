//! Experiments and topologies.

use std::sync::OnceLock;

use experiments::experiment::{Asked, Experiment, Question};
use models::cluster::{Cluster, PlaceKind};
use models::input::{InputError, Source};
use models::predict::check;
use models::transfer::Transfer;
use sim::Bytes;

use super::library::scenes;
use super::{choice, inputs, source, text};
use crate::laws::{FIDELITIES, hold, refused};
use crate::verdict::Verdict;

/// The most points of one experiment that are run.
const POINTS_MAX: usize = 3;
/// The most pairs of ends of a cluster that are tried.
const PAIRS: usize = 8;

/// What becomes of a text that was read as an experiment.
pub(super) fn became(asked: Result<Asked, InputError>, seed: u64) -> Verdict {
    let held = asked.and_then(|asked| hold(&asked, seed, &|own| vec![own]));
    held.unwrap_or_else(|error| refused(&error))
}

pub(crate) fn run(input: &[u8]) -> Verdict {
    let source = source("experiment.toml", input);
    let read = Experiment::read(&source, None, scenes());
    became(read.and_then(|read| points(&read)), 1)
}

/// The first points of an experiment; all are judged.
fn points(experiment: &Experiment) -> Result<Asked, InputError> {
    experiment.asked(POINTS_MAX)
}

pub(crate) fn topology(input: &[u8]) -> Verdict {
    let written = text(input);
    let cast = super::library::with_cast(&written);
    let source = Source::new("topology.toml", cast);
    let cluster = match Cluster::assemble("fuzzed", &source, scenes(), &[]) {
        Ok(cluster) => cluster,
        Err(error) => return refused(&error),
    };
    match question(&cluster, input) {
        Some(question) => {
            became(Ok(Asked { clusters: vec![cluster], questions: vec![question] }), 1)
        }
        None => Verdict::Ended("no way between two ends".into()),
    }
}

/// Transfers between ends of a cluster; which ones depends on the input.
fn question(cluster: &Cluster, input: &[u8]) -> Option<Question> {
    let is_end = |kind: PlaceKind| matches!(kind, PlaceKind::PodMemory | PlaceKind::DeviceMemory);
    let ends = cluster.places.iter().filter(|(_, at)| is_end(cluster.graph[**at].kind));
    let ends: Vec<String> = ends.map(|(name, _)| name.to_string()).collect();
    let fidelity = FIDELITIES[choice(input, FIDELITIES.len())];
    // Not every pair has a way: some are tried.
    (0..PAIRS.min(ends.len() * ends.len())).find_map(|pair| {
        let from = (choice(input, ends.len()) + pair) % ends.len();
        let to = (from + 1 + pair % (ends.len() - 1).max(1)) % ends.len();
        let there = Transfer::message(&ends[from], &ends[to], Bytes::kib(256));
        let back = Transfer::message(&ends[to], &ends[from], Bytes::kib(64));
        let transfers = vec![there, back];
        let possible = check(cluster, &transfers, fidelity).is_ok();
        possible.then_some(Question { cluster: 0, transfers, fidelity, scenario: None })
    })
}

/// A valid experiment that assignments change.
fn changed() -> &'static Experiment {
    static CHANGED: OnceLock<Experiment> = OnceLock::new();
    CHANGED.get_or_init(|| {
        let text = include_str!("../../../../experiments/service-path.toml");
        let read = Experiment::read(&Source::new("service-path.toml", text), None, scenes());
        let mut one = read.unwrap_or_else(|error| panic!("{error}")).unswept();
        one.repetitions = 1;
        one
    })
}

/// Assignments that are valid, each a line.
pub(crate) fn assignments() -> Vec<Vec<u8>> {
    inputs(&[
        "message=64 KiB\nstreams=8\nmode=overlapped\nchunk=1 MiB\nbuffers=2",
        "nic.mtu=1500\nnode.cni=flannel\nservice.proxy=ipvs\nservice.installed=5000",
        "cable.rate=10 Gbit/s\ncable.latency=1 us\ncable.loss=0.001",
        "host.bench-2024.tcp.rx_per_byte=0.3 ns/B\nhost.bench-2024.cores=4",
        "gpu.a100-40-pcie.hbm_bandwidth=900 GB/s\npcie.gen4-x16.lanes=8",
        "request.ndots=5\nrequest.loss=0.01\nrequest.message=1 KiB\nrequest.node_rate=2",
        "connection=new\nwrite=64 KiB\nreply=1 B\nhost_memory=pageable",
        "kernel_read=64 MiB\nkernel_threads=65536\nkernel_level=warp\nkernel_count=3",
        "fidelity=chunk",
        "transport=udp\noffered=300 Mbit/s",
        "pod.rate=1 Gbit/s\npod.burst=1 MiB\nnode.host=unknown\nmarshalled=1 GB/s",
    ])
}

pub(crate) fn set(input: &[u8]) -> Verdict {
    let mut experiment = changed().clone();
    for line in text(input).lines().filter(|line| !line.is_empty()) {
        if let Err(error) = experiment.set(line) {
            return refused(&error);
        }
    }
    became(points(&experiment), 1)
}

/// Tables of arrivals.
pub(crate) fn instants() -> Vec<Vec<u8>> {
    inputs(&["time_s\n0\n0.001\n0.0015\n2\n", "user,time_s\na,0.5\nb,0.5\nc,3e-3\n"])
}

pub(crate) fn arrivals(input: &[u8]) -> Verdict {
    const TEXT: &str = "name = \"a\"\ntopologies = [\"quickstart-host\"]\nrepetitions = 1\n\
        [transfer]\nfrom = \"gpu-a\"\nto = \"gpu-b\"\nmessage = \"1 MiB\"\n\
        [[workload]]\ntrace = \"arrivals.csv\"\n";
    std::fs::write("arrivals.csv", input).expect("a folder of its own");
    let read = Experiment::read(&Source::new("a.toml", TEXT), None, scenes());
    became(read.and_then(|read| points(&read)), 1)
}
