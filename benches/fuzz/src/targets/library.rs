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
    text.replace("@host", HOST)
        .replace("@gpu", GPU)
        .replace("@pcie", PCIE)
        .replace("@nic", NIC)
        .replace("@proxy", "iptables")
        .replace("@sharing", "mps")
        .replace("@memory", "36 GiB")
}

/// The shipped library with the scenes' topologies.
pub(super) fn scenes() -> &'static Library {
    static SCENES: OnceLock<Library> = OnceLock::new();
    SCENES.get_or_init(|| {
        let mut library = calibration::shipped().clone();
        for (name, text) in TOPOLOGIES {
            // The network of the scenes is the one whose file is fuzzed.
            let text = with_cast(text).replace("cni = \"scene\"", &format!("cni = \"{CNI}\""));
            library.add(Kind::Topology, name, Source::new(format!("scenes/{name}.toml"), text));
        }
        library
    })
}

/// Runs a scene with an input in the place of a shipped file.
fn played(kind: Kind, name: &str, input: &[u8]) -> Verdict {
    let file = source(&format!("{}/{name}.{}", kind.folder(), kind.ending()), input);
    let mut library = scenes().clone();
    library.add(kind, name, file);
    let scene = with_cast(SCENES[choice(input, SCENES.len())]);
    let read = Experiment::read(&Source::new("scene.toml", scene), None, &library);
    let held =
        read.and_then(|read| read.asked(1)).and_then(|asked| hold(&asked, 1, &|own| vec![own]));
    held.unwrap_or_else(|error| refused(&error))
}

/// Draws what is unknown of a scene with an input in the place of a shipped file.
fn drawn(kind: Kind, name: &str, input: &[u8]) -> Verdict {
    let mut library = scenes().clone();
    library.add(kind, name, source(&format!("{}/{name}.csv", kind.folder()), input));
    told(&library).unwrap_or_else(|error| refused(&error))
}

fn told(library: &Library) -> Result<Verdict, InputError> {
    let scene = with_cast(SCENES[2]);
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
    played(Kind::Host, HOST, input)
}

pub(crate) fn gpu(input: &[u8]) -> Verdict {
    played(Kind::Gpu, GPU, input)
}

pub(crate) fn pcie(input: &[u8]) -> Verdict {
    played(Kind::Pcie, PCIE, input)
}

pub(crate) fn nic(input: &[u8]) -> Verdict {
    played(Kind::Nic, NIC, input)
}

pub(crate) fn hop(input: &[u8]) -> Verdict {
    played(Kind::Hop, HOP, input)
}

pub(crate) fn cni(input: &[u8]) -> Verdict {
    played(Kind::Cni, CNI, input)
}

pub(crate) fn model(input: &[u8]) -> Verdict {
    drawn(Kind::Model, "errors", input)
}

pub(crate) fn posterior(input: &[u8]) -> Verdict {
    drawn(Kind::Posterior, HOST, input)
}

pub(crate) fn hypothesis(input: &[u8]) -> Verdict {
    drawn(Kind::Hypothesis, "receive-queues", input)
}
