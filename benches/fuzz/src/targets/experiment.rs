//! Experiments and topologies.

use std::sync::OnceLock;

use experiments::experiment::{Asked, Experiment, Question};
use models::cluster::{Cluster, PlaceKind};
use models::input::{InputError, Source};
use models::outcome::Fidelity;
use models::transfer::Transfer;
use sim::Bytes;

use super::library::scenes;
use super::{choice, inputs, source, text};
use crate::laws::{hold, refused};
use crate::verdict::Verdict;

/// The most points of one experiment that are run.
const POINTS_MAX: usize = 3;

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
    let held = Cluster::assemble("fuzzed", &source, scenes(), &[]).map(|cluster| {
        let questions = questions(&cluster, input);
        Asked { clusters: vec![cluster], questions }
    });
    let asked = match held {
        Ok(asked) if asked.questions.is_empty() => return Verdict::Ended("no two ends".into()),
        other => other,
    };
    became(asked, 1)
}

/// Transfers between ends of a cluster, which ones depends on the input.
fn questions(cluster: &Cluster, input: &[u8]) -> Vec<Question> {
    let is_end = |kind: PlaceKind| matches!(kind, PlaceKind::PodMemory | PlaceKind::DeviceMemory);
    let ends: Vec<String> = cluster
        .places
        .iter()
        .filter(|(_, at)| is_end(cluster.graph[**at].kind))
        .map(|(name, _)| name.to_string())
        .collect();
    if ends.len() < 2 {
        return Vec::new();
    }
    let from = choice(input, ends.len());
    let to = (from + 1 + choice(&input[input.len() / 2..], ends.len() - 1)) % ends.len();
    let first = Transfer::message(&ends[from], &ends[to], Bytes::kib(256));
    let back = Transfer::message(&ends[to], &ends[from], Bytes::kib(64));
    let fidelity = [Fidelity::Closed, Fidelity::Flow, Fidelity::Chunk][choice(input, 3)];
    vec![Question { cluster: 0, transfers: vec![first, back], fidelity, scenario: None }]
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
