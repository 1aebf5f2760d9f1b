//! Files of the library: profiles, hops, networks, and what says how sure they are. Each takes the
//! place of a shipped one, and scenes of the tests are run with it.

use std::sync::OnceLock;

use experiments::experiment::Experiment;
use models::cluster::{Cluster, Drawn};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::predict::predict_drawn;
use models::uncertainty::Draw;
use sim::Seed;

use super::{choice, source};
use crate::laws::{hold, impatient, refused};
use crate::verdict::Verdict;

const HOST: &str = "bench-2024";
const GPU: &str = "a100-40-pcie";
const PCIE: &str = "gen4-x16";
const NIC: &str = "generic-40g";
/// The name of a host's profile that is fuzzed: it may be like any that ships.
const OWN: &str = "fuzzed";
const HOP: &str = "vxlan";
const CNI: &str = "vxlan";
/// How many draws of what is unknown are looked at.
const DRAWS: u32 = 4;

/// The scenes that the tests of every number run.
const SCENES: [&str; 12] = [
    include_str!("../../../../experiments/scenes/tcp.toml"),
    include_str!("../../../../experiments/scenes/udp.toml"),
    include_str!("../../../../experiments/scenes/copies.toml"),
    include_str!("../../../../experiments/scenes/pinned.toml"),
    include_str!("../../../../experiments/scenes/gpudirect.toml"),
    include_str!("../../../../experiments/scenes/kernels.toml"),
    include_str!("../../../../experiments/scenes/memory.toml"),
    include_str!("../../../../experiments/scenes/request.toml"),
    include_str!("../../../../experiments/scenes/pipeline.toml"),
    include_str!("../../../../experiments/scenes/crowd.toml"),
    include_str!("../../../../experiments/scenes/limited.toml"),
    include_str!("../../../../experiments/scenes/both-ways.toml"),
];
/// Their topologies.
const TOPOLOGIES: [(&str, &str); 5] = [
    ("node", include_str!("../../../../experiments/scenes/topology/node.toml")),
    ("nvlink", include_str!("../../../../experiments/scenes/topology/nvlink.toml")),
    ("pair", include_str!("../../../../experiments/scenes/topology/pair.toml")),
    ("served", include_str!("../../../../experiments/scenes/topology/served.toml")),
    ("shared", include_str!("../../../../experiments/scenes/topology/shared.toml")),
];

/// A scene's text with names in its places.
pub(super) fn with_cast(text: &str) -> String {
    cast(text, HOST, NIC)
}

fn cast(text: &str, host: &str, nic: &str) -> String {
    text.replace("@host", host)
        .replace("@gpu", GPU)
        .replace("@pcie", PCIE)
        .replace("@nic", nic)
        .replace("@proxy", "iptables")
        .replace("@sharing", "mps")
        .replace("@memory", "36 GiB")
        // The network of the scenes is the one whose file is fuzzed.
        .replace("cni = \"scene\"", &format!("cni = \"{CNI}\""))
}

/// The shipped library with the scenes' topologies, on machines with this profile and this card.
fn library(host: &str, nic: &str) -> Library {
    let mut library = calibration_data::shipped().clone();
    for (name, text) in TOPOLOGIES {
        let file = format!("scenes/{name}.toml");
        library.add(Kind::Topology, name, Source::new(file, cast(text, host, nic)));
    }
    library
}

/// On a machine that is known.
pub(super) fn scenes() -> &'static Library {
    static KNOWN: OnceLock<Library> = OnceLock::new();
    KNOWN.get_or_init(|| library(HOST, NIC))
}

/// On a machine of which nothing is known.
fn unknown() -> &'static Library {
    static UNKNOWN: OnceLock<Library> = OnceLock::new();
    UNKNOWN.get_or_init(|| library("unknown", "unknown"))
}

/// On a machine whose profile is fuzzed.
fn fuzzed() -> &'static Library {
    static FUZZED: OnceLock<Library> = OnceLock::new();
    FUZZED.get_or_init(|| library(OWN, NIC))
}

/// Runs a scene with an input as a file of a library.
fn played(library: &Library, kind: Kind, name: &str, input: &[u8]) -> Verdict {
    let file = source(&format!("{}/{name}.{}", kind.folder(), kind.ending()), input);
    let mut library = library.clone();
    library.add(kind, name, file);
    let scene = with_cast(SCENES[choice(input, SCENES.len())]);
    let read = Experiment::read(&Source::new("scene.toml", scene), None, &library);
    let held =
        read.and_then(|read| read.asked(1)).and_then(|asked| hold(&asked, 1, &|own| vec![own]));
    held.unwrap_or_else(|error| refused(&error))
}

/// Draws what is unknown of a scene with an input as a file of a library.
fn drawn(library: &Library, kind: Kind, name: &str, input: &[u8]) -> Verdict {
    let mut library = library.clone();
    let file = format!("{}/{name}.{}", kind.folder(), kind.ending());
    library.add(kind, name, source(&file, input));
    told(&library).unwrap_or_else(|error| refused(&error))
}

fn told(library: &Library) -> Result<Verdict, InputError> {
    let scene = with_cast(SCENES[0]);
    let read = Experiment::read(&Source::new("scene.toml", scene), None, library)?;
    let asked = read.asked(1)?;
    let draws = Draw::all(Seed::new(1), DRAWS);
    let assembled = |draw| Cluster::named("pair", &library.drawn(draw), &[]);
    let drawn = Drawn::new(draws, assembled)?;
    let stop = impatient();
    let transfers = &asked.questions[0].transfers;
    let Some(reached) = predict_drawn(&drawn, transfers, &[1], &stop)? else {
        return Ok(Verdict::Stopped);
    };
    for one in reached.iter().flatten() {
        let goodput = one.goodput.as_bytes_per_s();
        assert!(goodput.is_finite() && goodput > 0.0, "drawn: {one:?}");
    }
    Ok(Verdict::Ended("drawn".into()))
}

pub(crate) fn host(input: &[u8]) -> Verdict {
    played(fuzzed(), Kind::Host, OWN, input)
}

pub(crate) fn gpu(input: &[u8]) -> Verdict {
    played(scenes(), Kind::Gpu, GPU, input)
}

pub(crate) fn pcie(input: &[u8]) -> Verdict {
    played(scenes(), Kind::Pcie, PCIE, input)
}

pub(crate) fn nic(input: &[u8]) -> Verdict {
    played(scenes(), Kind::Nic, NIC, input)
}

pub(crate) fn hop(input: &[u8]) -> Verdict {
    played(scenes(), Kind::Hop, HOP, input)
}

pub(crate) fn cni(input: &[u8]) -> Verdict {
    played(scenes(), Kind::Cni, CNI, input)
}

pub(crate) fn model(input: &[u8]) -> Verdict {
    drawn(unknown(), Kind::Model, "errors", input)
}

pub(crate) fn posterior(input: &[u8]) -> Verdict {
    drawn(scenes(), Kind::Posterior, HOST, input)
}

pub(crate) fn hypothesis(input: &[u8]) -> Verdict {
    drawn(unknown(), Kind::Hypothesis, "receive-queues", input)
}
