//! `podpath schema`: the JSON schema of experiment files, for editors.

use clap::Args;

use crate::console::Console;
use crate::experiment::Experiment;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  podpath schema > experiment.schema.json

Editors with a TOML language server complete and check experiment files that begin with
  #:schema ./experiment.schema.json";

/// Print the JSON schema of experiment files
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, console: &Console) -> Result<(), Failure> {
    // The schema is JSON whether or not it is asked for.
    Console { json: true, ..*console }.print_json(&Experiment::schema())
}
