//! Scenes: small experiments that together use everything there is.

use std::sync::Arc;

use calibration_gpu::judge::predict::{Subject, values};
use models::gpu::machine::Machine;
use models::gpu::memory::chain_latency;
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::predict::predict;
use sim::Seed;

use crate::experiment::Experiment;

/// A difference below this part of a figure is rounding.
const SAME: f64 = 1e-12;
/// Working sets of loads that wait for each other: in L1, in L2 and in device memory, in bytes.
const CHAINS: [f64; 3] = [1e4, 1e7, 1e9];

macro_rules! texts {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../../scenes/", $name, ".toml")))),*]
    };
}

const TOPOLOGIES: [(&str, &str); 7] = texts!(
    "topology/pair" "topology/served" "topology/node" "topology/shared" "topology/nvlink"
    "topology/fabric" "topology/team"
);

const EXPERIMENTS: [(&str, &str); 34] = texts!(
    "tcp" "udp" "far" "crowd" "service" "datagrams-to-service" "request" "lossy-request" "copies"
    "peer" "pinned" "small-copy" "boundary" "gpudirect" "kernels" "graph" "arithmetic" "double"
    "memory" "nvlink" "nvswitch" "turns" "bare-name" "datagram-crowd" "fragments" "pipeline"
    "both-ways" "limited" "launches" "started" "far-card"
    "fabric" "together" "sockets"
);

/// One number, moved.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// A line of a profile, to a value in its base unit.
    Line(Kind, String, String, f64),
    /// The text of an entry of the library.
    Entry(Kind, String, Arc<Source>),
    /// A field, as `--set` would.
    Set(String),
    /// A part of the experiment's own text.
    Text(&'static str, &'static str),
}

/// A figure with its name.
pub(super) type Figure = (String, f64);

/// What a scene is played with.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub(super) host: String,
    pub(super) gpu: String,
    pub(super) pcie: String,
    pub(super) nic: String,
    /// The hop between pod and node, if there is one.
    pub(super) hop: Option<String>,
    /// How a Service is translated.
    pub(super) proxy: String,
}

/// A scene and its figures with nothing moved.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) name: String,
    play: Play,
    before: Vec<Figure>,
}

#[derive(Debug)]
enum Play {
    Experiment(Box<Experiment>),
    /// What a GPU's execution model says of the judging set.
    Judging(Box<Subject>),
}

impl Scene {
    /// The scene called `name` with this cast; none where the cast cannot play it, such as a host
    /// that has no costs of a network.
    pub(super) fn new(name: &str, cast: &Cast) -> Option<Scene> {
        let play = match name {
            "judging" => Play::Judging(Box::new(cast.subject())),
            _ => Play::Experiment(Box::new(cast.experiment(name))),
        };
        let mut scene = Scene { name: name.into(), play, before: Vec::new() };
        scene.before = scene.figures(&Change::None).ok()?;
        Some(scene)
    }

    /// The figures with one number moved.
    pub(super) fn figures(&self, change: &Change) -> Result<Vec<Figure>, InputError> {
        match &self.play {
            Play::Experiment(experiment) => played(experiment, change),
            Play::Judging(subject) => judged(subject, change),
        }
    }

    /// The first figure that differs.
    pub(super) fn difference(&self, after: &[Figure]) -> Option<(String, f64, f64)> {
        if self.before.len() != after.len() {
            let (before, after) = (self.before.len() as f64, after.len() as f64);
            return Some(("number of figures".into(), before, after));
        }
        let mut pairs = self.before.iter().zip(after);
        let apart = |a: f64, b: f64| (a - b).abs() > SAME * a.abs().max(b.abs());
        let found = pairs.find(|(before, after)| apart(before.1, after.1));
        found.map(|(before, after)| (before.0.clone(), before.1, after.1))
    }
}

fn played(experiment: &Experiment, change: &Change) -> Result<Vec<Figure>, InputError> {
    let mut moved = experiment.clone();
    match change {
        Change::None => {}
        Change::Line(kind, name, parameter, value) => {
            Arc::make_mut(&mut moved.library).set(*kind, name, parameter, *value)?;
        }
        Change::Entry(kind, name, source) => {
            Arc::make_mut(&mut moved.library).add(*kind, name.clone(), Arc::clone(source));
        }
        Change::Set(assignment) => moved.set(assignment)?,
        Change::Text(from, to) => {
            let text = moved.source.text.replacen(from, to, 1);
            moved = Experiment::read(&Source::new("a scene", text), None, &moved.library)?;
        }
    }
    let plan = moved.plan()?;
    let mut figures = Vec::new();
    for point in plan.points() {
        let cluster = &plan.worlds[point.world].cluster;
        for number in 0..moved.repetitions {
            let seed = Seed::new(moved.seed).replication(u64::from(number)).get();
            let outcomes = predict(cluster, &point.transfers, point.fidelity, seed)?;
            for (outcome, transfer) in outcomes.iter().zip(&moved.transfers) {
                let name = &transfer.name;
                figures
                    .push((format!("completion of {name} [s]"), outcome.completion.as_seconds()));
                let goodput = outcome.goodput.as_bytes_per_s() * 8.0;
                figures.push((format!("goodput of {name} [bit/s]"), goodput));
                let sent = outcome.sent.as_bytes_per_s() * 8.0;
                figures.push((format!("rate sent by {name} [bit/s]"), sent));
                figures.push((format!("loss of {name}"), outcome.loss_ratio));
            }
        }
    }
    Ok(figures)
}

fn judged(subject: &Subject, change: &Change) -> Result<Vec<Figure>, InputError> {
    let mut moved = subject.clone();
    if let Change::Line(kind, name, parameter, value) = change {
        moved.library.set(*kind, name, parameter, *value)?;
    }
    let machine = Machine::from_profile(&moved.library.profile(Kind::Gpu, &moved.gpu)?)?;
    let mut figures: Vec<Figure> = CHAINS
        .iter()
        .map(|bytes| (format!("latency in {bytes:e} B [s]"), chain_latency(&machine, *bytes)))
        .collect();
    for (at, value) in values(&moved)?.into_iter().enumerate() {
        let value = value.map_err(|problem| InputError::new("judging", problem))?;
        figures.push((format!("case {at} of the judging set"), value));
    }
    Ok(figures)
}

impl Cast {
    /// Whether its port is a slot, and no link between chips.
    pub(super) fn is_slot(&self) -> bool {
        let port = calibration_data::shipped().profile(Kind::Pcie, &self.pcie);
        port.is_ok_and(|port| port.has("generation"))
    }

    /// The shipped library with the scenes' topologies and their container network.
    fn library(&self, name: &str) -> Library {
        let mut library = calibration_data::shipped().clone();
        for (path, text) in TOPOLOGIES {
            let topology = path.strip_prefix("topology/").expect("its folder");
            let source = Source::new(format!("scenes/{path}.toml"), self.put(name, text));
            library.add(Kind::Topology, topology, source);
        }
        let pod = self.hop.iter().map(|hop| format!("\"{hop}\"")).collect::<String>();
        let cni = format!("about = \"a scene\"\nsource = \"a scene\"\npod = [{pod}]\nnode = []\n");
        library.add(Kind::Cni, "scene", Source::new("scene.toml", cni));
        library
    }

    /// A text with the cast in its places.
    fn put(&self, name: &str, text: &str) -> String {
        let sharing = if name == "turns" { "time-slicing" } else { "mps" };
        let memory = calibration_data::shipped().profile(Kind::Gpu, &self.gpu);
        let memory = memory.and_then(|gpu| gpu.bytes("memory")).expect("it ships");
        text.replace("@host", &self.host)
            .replace("@gpu", &self.gpu)
            .replace("@pcie", &self.pcie)
            .replace("@nic", &self.nic)
            .replace("@proxy", &self.proxy)
            .replace("@sharing", sharing)
            .replace("@memory", &format!("{} B", memory.get() / 10 * 9))
    }

    fn experiment(&self, name: &str) -> Experiment {
        // Two pods side by side do what two pods in turns do.
        let file = if name == "side-by-side" { "turns" } else { name };
        let text = EXPERIMENTS.iter().find(|(known, _)| *known == file);
        let text = text.unwrap_or_else(|| panic!("no scene is called {name}")).1;
        let source = Source::new(format!("scenes/{file}.toml"), self.put(name, text));
        Experiment::read(&source, None, &self.library(name))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn subject(&self) -> Subject {
        let library = calibration_data::shipped().clone();
        let Cast { gpu, host, .. } = self.clone();
        Subject { library, gpu, pcie: "gen4-x16".into(), host }
    }
}
