//! What is fuzzed: one reader, or one way from an input to a result, each.

use crate::mutate::Form;
use crate::targets::{
    cluster, experiment, imports, journal, library, over_time, small, tables, traces,
};
use crate::verdict::Verdict;

/// Something that takes inputs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Its name, which its folder of the corpus has too.
    pub(crate) name: &'static str,
    /// What is read, and what is done with it.
    pub(crate) about: &'static str,
    pub(crate) form: Form,
    /// Files and folders of the repository whose files are seeds; `*.toml` at the end of a folder
    /// takes those of that ending.
    pub(crate) seeds: &'static [&'static str],
    /// Further seeds.
    pub(crate) made: fn() -> Vec<Vec<u8>>,
    /// What an input stands for, where it does not show that itself.
    pub(crate) shown: fn(&[u8]) -> Option<String>,
    /// Takes an input. It panics where something is wrong with podpath.
    pub(crate) run: fn(&[u8]) -> Verdict,
}

macro_rules! target {
    ($name:literal, $about:literal, $form:ident, $seeds:expr, $made:expr, $run:expr) => {
        Target {
            name: $name,
            about: $about,
            form: Form::$form,
            seeds: $seeds,
            made: $made,
            shown: itself,
            run: $run,
        }
    };
}

/// An input shows itself.
fn itself(_: &[u8]) -> Option<String> {
    None
}

/// No further seeds.
fn none() -> Vec<Vec<u8>> {
    Vec::new()
}

/// All targets.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "cluster",
        about: "clusters and transfers that are made to be valid: all laws at all levels",
        form: Form::Bytes,
        seeds: &[],
        made: cluster::seeds,
        shown: cluster::shown,
        run: cluster::run,
    },
    target!(
        "experiment",
        "an experiment file: planned, and its first points run",
        Text,
        &[
            "experiments/*.toml",
            "experiments/scenes/*.toml",
            "experiments/loads",
            "experiments/queues",
            "experiments/cases/*.toml"
        ],
        none,
        experiment::run
    ),
    target!(
        "topology",
        "a topology file: assembled, and transfers run between its ends",
        Text,
        &["calibration/profiles/topology", "experiments/scenes/topology"],
        none,
        experiment::topology
    ),
    target!(
        "scenario",
        "a scenario file: a model that is served or trained, of which a little is run",
        Text,
        &["experiments/scenarios"],
        none,
        over_time::scenario
    ),
    target!(
        "functions",
        "a file of functions",
        Text,
        &["experiments/functions"],
        none,
        over_time::functions
    ),
    target!(
        "set",
        "--set of an experiment, which is then run",
        Text,
        &[],
        experiment::assignments,
        experiment::set
    ),
    target!(
        "arrivals",
        "the arrivals of a workload as a table, which is then run",
        Text,
        &["experiments/tests/bad/traces"],
        experiment::instants,
        experiment::arrivals
    ),
    target!(
        "host",
        "a host's profile: a scene is run on it",
        Text,
        &["calibration/profiles/host"],
        none,
        library::host
    ),
    target!(
        "gpu",
        "a GPU's profile: a scene is run on it",
        Text,
        &["calibration/profiles/gpu"],
        none,
        library::gpu
    ),
    target!(
        "pcie",
        "a slot's profile: a scene is run on it",
        Text,
        &["calibration/profiles/pcie"],
        none,
        library::pcie
    ),
    target!(
        "nic",
        "a card's profile: a scene is run on it",
        Text,
        &["calibration/profiles/nic"],
        none,
        library::nic
    ),
    target!(
        "hop",
        "a kind of hop: a scene is run over it",
        Text,
        &["calibration/profiles/hop"],
        none,
        library::hop
    ),
    target!(
        "cni",
        "a container network: a scene is run over it",
        Text,
        &["calibration/profiles/cni"],
        none,
        library::cni
    ),
    target!(
        "model",
        "how far models are off: a scene is drawn with it",
        Text,
        &["calibration/profiles/model"],
        none,
        library::model
    ),
    target!(
        "posterior",
        "how lines of a profile hang together: a scene is drawn with it",
        Text,
        &["calibration/profiles/posterior"],
        none,
        library::posterior
    ),
    target!(
        "hypothesis",
        "what is in one of a few states: a scene is drawn with it",
        Text,
        &["calibration/profiles/hypothesis"],
        none,
        library::hypothesis
    ),
    target!(
        "validate",
        "validate --against: a table, beside predictions of its rows",
        Text,
        &["experiments/tests/bad/data"],
        tables::published_parts,
        tables::validated
    ),
    target!(
        "fit-memcpy",
        "calibrate fit memcpy --data",
        Text,
        &["calibration/published/gpu_memcpy_h2d_v100_pcie.csv"],
        none,
        tables::fit_memcpy
    ),
    target!(
        "fit-gpu",
        "calibrate fit gpu --data",
        Text,
        &[],
        tables::published_parts,
        tables::fit_gpu
    ),
    target!("fit-cni", "calibrate fit cni --data", Text, &[], tables::cni_parts, tables::fit_cni),
    target!(
        "priors",
        "calibrate fit cni --priors",
        Text,
        &["calibration/priors"],
        none,
        tables::priors
    ),
    target!("rows", "--rows of a table", Text, &[], tables::expressions, tables::rows),
    target!(
        "import",
        "calibrate gpu --import of what other programs print, onto a profile",
        Text,
        &["calibration/gpu/tests/import"],
        none,
        imports::others
    ),
    target!(
        "readings-gpu",
        "calibrate gpu --import of a calibration's readings, evaluated",
        Text,
        &[],
        imports::raw_parts,
        imports::raw
    ),
    target!(
        "archive",
        "calibrate gpu --import of an archive",
        Bytes,
        &[],
        imports::archives,
        imports::archive
    ),
    target!(
        "judging",
        "compare --measured of a GPU: a judging set beside predictions",
        Text,
        &[],
        imports::judgings,
        imports::judging
    ),
    target!(
        "readings-net",
        "calibrate net --readings, fitted",
        Text,
        &[],
        tables::readings_parts,
        tables::readings
    ),
    target!(
        "compare",
        "compare --measured of an experiment",
        Text,
        &[],
        tables::compared_parts,
        tables::compared
    ),
    target!(
        "iperf",
        "the report of iperf3",
        Text,
        &["calibration/lab/tests/data"],
        none,
        small::iperf
    ),
    target!(
        "trace",
        "replay of a trace: GOAL, Kineto or Chakra",
        Bytes,
        &["experiments/traces"],
        traces::seeds,
        traces::run
    ),
    target!("journal", "the journal of a shard, merged", Bytes, &[], journal::seeds, journal::run),
    target!("quantity", "rates, amounts and times", Text, &[], small::quantities, small::quantity),
];
