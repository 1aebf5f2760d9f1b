//! Why traffic could not be measured.

use std::io;
use std::time::Duration;

/// Why a transfer gave no sample.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// A program is missing.
    #[error("`{tool}` was not found; on Debian it is in the package {package}")]
    Missing {
        /// The program.
        tool: &'static str,
        /// The Debian package that holds it.
        package: &'static str,
    },
    /// The load asks for what cannot be.
    #[error("{0}")]
    Load(String),
    /// A namespace cannot be entered.
    #[error("the network namespace `{netns}` cannot be entered (which needs root): {error}")]
    Namespace {
        /// Its name under `/run/netns`.
        netns: String,
        /// What the kernel says.
        error: io::Error,
    },
    /// A thread cannot be pinned.
    #[error("a thread cannot be pinned to core {core}: {error}")]
    Core {
        /// The core, from 0.
        core: usize,
        /// What the kernel says.
        error: io::Error,
    },
    /// A call failed.
    #[error("{doing}: {error}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the kernel says.
        error: io::Error,
    },
    /// The other end said nothing for too long.
    #[error("{doing}: nothing happened for {} s", waited.as_secs_f64())]
    Silent {
        /// What was being done.
        doing: &'static str,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The other end went away in the middle.
    #[error("{doing}: the other end closed the connection after {received} of {expected} bytes")]
    Died {
        /// What was being done.
        doing: &'static str,
        /// What had come by then in bytes.
        received: u64,
        /// What should have come in bytes.
        expected: u64,
    },
    /// Nothing arrived, so there is no rate.
    #[error("nothing of {sent} bytes sent has arrived")]
    NothingReceived {
        /// What was sent in bytes.
        sent: u64,
    },
    /// A program did not end in time and was killed.
    #[error("`{program}` did not end within {} s and was killed", limit.as_secs_f64())]
    Overrun {
        /// The program.
        program: &'static str,
        /// Its limit.
        limit: Duration,
    },
    /// A program failed or said something that makes no sample.
    #[error("`{program}` gave no result: {problem}")]
    Program {
        /// The program.
        program: &'static str,
        /// What it said, or how what it said falls short.
        problem: String,
    },
    /// The result that is sent could not be made.
    #[error("the result could not be made: {0}")]
    Producer(String),
    /// The peer refused or broke the protocol.
    #[error("the peer {0}")]
    Peer(String),
    /// The user stopped it.
    #[error("the transfer was stopped")]
    Stopped,
    /// Another thread of the same transfer has failed; its error is the one to tell.
    #[error("the transfer was abandoned because another part of it failed")]
    Abandoned,
}

impl TrafficError {
    /// `map_err(TrafficError::system("doing"))`.
    pub(super) fn system<E: Into<io::Error>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |error| TrafficError::System { doing, error: error.into() }
    }
}

/// All values, or the error that the others followed from.
pub(super) fn all<T>(results: Vec<Result<T, TrafficError>>) -> Result<Vec<T>, TrafficError> {
    let mut values = Vec::with_capacity(results.len());
    let mut followed = None;
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(TrafficError::Abandoned) => followed = Some(TrafficError::Abandoned),
            Err(error) => return Err(error),
        }
    }
    followed.map_or(Ok(values), Err)
}
