//! `podpath schema`: the JSON schemas of the files that podpath reads, for editors.

use clap::{Args, ValueEnum};
use models::{catalogue, topology};
use serde_json::Value;

use crate::console::Console;
use crate::experiment::Experiment;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  podpath schema > experiment.schema.json
  podpath schema topology > topology.schema.json

Editors with a TOML language server complete and check files that begin with
  #:schema ./experiment.schema.json

`podpath profiles schema` lists the lines of profiles, which are CSV.";

/// Print the JSON schema of experiments, topologies, hops or container networks
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Which files
    #[arg(default_value = "experiment")]
    of: Files,
}

/// Files that have a JSON schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Files {
    Experiment,
    Topology,
    Hop,
    Cni,
}

pub(super) fn run(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let schema: Value = match arguments.of {
        Files::Experiment => Experiment::schema(),
        Files::Topology => topology::schema().into(),
        Files::Hop => catalogue::hop_schema().into(),
        Files::Cni => catalogue::cni_schema().into(),
    };
    // The schema is JSON whether or not it is asked for.
    Console { json: true, ..*console }.print_json(&schema)
}
