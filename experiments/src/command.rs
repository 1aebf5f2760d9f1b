//! The command line: arguments, one file per subcommand, and exit codes.

mod calibrate;
mod compare;
mod completions;
mod explain;
mod functions;
mod measure;
mod merge;
mod place;
mod profiles;
mod replay;
mod respond;
mod run;
mod scenario;
mod schema;
mod show;
mod token;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use models::input::InputError;

use crate::console::Console;
use crate::failure::Failure;

pub(crate) use validate::ValidateRow;

const EXAMPLES: &str = "\
Examples:
  podpath run quickstart                    run the shipped experiment, write results/quickstart
  podpath run my.toml --out mine --json     run a file of your own, tell a program about it
  podpath explain quickstart                which hop takes what, and what would bring it back
  podpath show flannel --svg flannel.svg    the cluster graph behind a topology
  podpath validate                          predictions against published measurements

Exit codes: 0 done, 1 the run failed, 2 bad input, 130 stopped by Ctrl-C.";

/// How much of the network a GPU pod reaches, which hop takes the rest, and what would get it back.
#[derive(Debug, Parser)]
#[command(name = "podpath", version, about, after_help = EXAMPLES, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Print one JSON object on standard output and nothing else
    #[arg(long, global = true)]
    json: bool,

    /// Print nothing but errors, and with `--json` the one object
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Arguments),
    Merge(merge::Arguments),
    Explain(explain::Arguments),
    Measure(measure::Arguments),
    Compare(compare::Arguments),
    Show(show::Arguments),
    Replay(replay::Arguments),
    Place(place::Arguments),
    Functions(functions::Arguments),
    Scenario(scenario::Arguments),
    Validate(validate::Arguments),
    Calibrate(calibrate::Arguments),
    Profiles(profiles::Arguments),
    Respond(respond::Arguments),
    /// The old name of `respond`
    #[command(hide = true)]
    Serve(respond::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    /// What `calibrate net` starts in a namespace of its own: looks a name up, many times
    #[command(hide = true)]
    LookUp,
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    // Wrong arguments end the process here, with the exit code for bad input.
    let arguments = Arguments::parse();
    let console = Console { json: arguments.json, quiet: arguments.quiet };
    let outcome = std::panic::catch_unwind(|| arguments.command.run(&console));
    let failure = match outcome {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(failure)) => failure,
        // The panic itself has been printed; a bug must not look like bad input.
        Err(_) => Failure::Run("this is a bug in podpath; please report it".into()),
    };
    console.fail(&failure);
    ExitCode::from(failure.exit_code())
}

/// Carries out the command within this process, without a word on standard output: for programs of
/// this workspace that call it many times, as its fuzzer does. A panic is not caught.
///
/// # Errors
/// As the command fails. What is no call of it is bad input.
pub fn call(words: &[&str]) -> Result<(), Failure> {
    let words = ["podpath", "--quiet"].iter().chain(words);
    let arguments = Arguments::try_parse_from(words)
        .map_err(|error| InputError::new("arguments", error.to_string()))?;
    arguments.command.run(&Console { json: false, quiet: true })
}

impl Command {
    fn run(&self, console: &Console) -> Result<(), Failure> {
        match self {
            Command::Run(arguments) => run::run(arguments, console),
            Command::Merge(arguments) => merge::run(arguments, console),
            Command::Explain(arguments) => explain::run(arguments, console),
            Command::Measure(arguments) => measure::run(arguments, console),
            Command::Compare(arguments) => compare::run(arguments, console),
            Command::Show(arguments) => show::run(arguments, console),
            Command::Replay(arguments) => replay::run(arguments, console),
            Command::Place(arguments) => place::run(arguments, console),
            Command::Functions(arguments) => functions::run(arguments, console),
            Command::Scenario(arguments) => scenario::run(arguments, console),
            Command::Validate(arguments) => validate::run(arguments, console),
            Command::Calibrate(arguments) => calibrate::run(arguments, console),
            Command::Profiles(arguments) => profiles::run(arguments, console),
            Command::Respond(arguments) => respond::run(arguments, console),
            Command::Serve(arguments) => respond::run_as_serve(arguments, console),
            Command::Schema(arguments) => schema::run(arguments, console),
            Command::Completions(arguments) => completions::run(arguments, console),
            Command::LookUp => match calibration_lab::names::answer() {
                true => Ok(()),
                false => Err(InputError::new("PODPATH_LOOKUP", "is not set")
                    .help("this command is for podpath itself")
                    .into()),
            },
        }
    }
}

/// The clap definition of the command, for completions.
fn definition() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_is_consistent() {
        super::definition().debug_assert();
    }
}
