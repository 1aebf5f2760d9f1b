//! How a command can fail, and the exit code of each way.
//!
//! | code | meaning |
//! | --- | --- |
//! | 0 | done |
//! | 1 | the run failed: a full disk, a figure that could not be drawn |
//! | 2 | bad input: a file, an argument, a folder that cannot be written |
//! | 130 | stopped by Ctrl-C; what was finished is written |

use std::fmt;
use std::io;

use models::input::InputError;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The user's input is at fault.
    Input(Box<InputError>),
    /// The input is fine and the run failed.
    Run(String),
    /// The user stopped it.
    Interrupted,
    /// Whoever read the output has gone, as `head` does: nothing is wrong.
    ReaderGone,
}

impl Failure {
    /// A failed run, told as `doing: error`.
    pub fn run(doing: impl fmt::Display, error: impl fmt::Display) -> Failure {
        Failure::Run(format!("{doing}: {error}"))
    }

    /// The exit code.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Failure::ReaderGone => 0,
            Failure::Run(_) => 1,
            Failure::Input(_) => 2,
            Failure::Interrupted => 130,
        }
    }

    /// The failure as one JSON object, for `--json`.
    pub fn to_json(&self) -> serde_json::Value {
        let error = match self {
            Failure::Input(error) => serde_json::json!({
                "kind": "input",
                "file": error.source.as_ref().map(|source| &source.name),
                "line": error.line(),
                "field": error.field,
                "problem": error.problem,
                "help": error.help,
            }),
            Failure::Run(problem) => serde_json::json!({ "kind": "run", "problem": problem }),
            Failure::Interrupted => serde_json::json!({ "kind": "interrupted" }),
            Failure::ReaderGone => serde_json::Value::Null,
        };
        serde_json::json!({ "error": error })
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Failure {
        Failure::Input(Box::new(error))
    }
}

/// An error on standard output: a closed pipe is the reader's good right.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::ReaderGone,
            _ => Failure::run("writing to standard output", error),
        }
    }
}
