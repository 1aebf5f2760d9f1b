//! What client and server say to each other.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::super::bulk::Bulk;
use super::super::cpu::{CoreTimes, ThreadTimes};
use super::super::message::Messages;
use super::super::round_trip::RoundTrips;

/// Changes whenever another podpath would misunderstand a line.
pub(super) const VERSION: u32 = 1;
/// How long a server lets a client wait while it carries the load of another.
pub(super) const BUSY: Duration = Duration::from_secs(15);

/// The client's lines.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Ask {
    /// The first line. It never changes its shape, so that every version can refuse every other.
    Hello {
        /// The client's version of the protocol.
        version: u32,
        /// The secret that the two share, where the server asks for one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// Receive a load on these cores.
    Receive {
        /// What will come.
        load: Load,
        /// The cores for the server's threads or processes.
        cores: Vec<usize>,
        /// How many pairs of iperf3 processes, where they carry it.
        processes: usize,
    },
    /// Everything was sent.
    Done,
}

/// What the server can receive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Load {
    /// Streams.
    Bulk(Bulk),
    /// Messages, each acknowledged by one byte.
    Messages(Messages),
    /// Requests, each replied to.
    RoundTrips(RoundTrips),
}

/// The server's lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Say {
    /// The answer to a hello of the same version.
    Hello {
        /// The server's version of the protocol.
        version: u32,
    },
    /// Why something asked for is not done.
    Refused(String),
    /// The load can come.
    Ready {
        /// A port per stream or process.
        ports: Vec<u16>,
    },
    /// What came.
    Received(Received),
}

/// What the server saw of a load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Received {
    /// Payload.
    pub(super) bytes: u64,
    /// Datagrams, on UDP.
    pub(super) datagrams: u64,
    /// From the first to the last byte by the server's clock.
    pub(super) seconds: f64,
    /// The server's threads.
    pub(super) times: ThreadTimes,
    /// The server's cores.
    pub(super) cores: Vec<CoreTimes>,
}
