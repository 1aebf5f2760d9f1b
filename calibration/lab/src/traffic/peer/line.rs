//! JSON lines of limited length over a connection.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::error::TrafficError;
use super::super::watch::{Watch, is_tick};

/// The longest line.
pub(super) const LINE_MAX: usize = 64 << 10;
/// How much of a bad line an error quotes.
const QUOTED: usize = 80;

/// A control connection.
#[derive(Debug)]
pub(super) struct Lines {
    socket: TcpStream,
    /// What was read and not yet taken; never longer than a line and one read.
    pending: Vec<u8>,
}

/// What came of waiting for a line.
#[derive(Debug, PartialEq)]
pub(super) enum Next<T> {
    /// A line.
    Line(T),
    /// The end of the connection.
    End,
    /// Nothing, and it is no longer waited for.
    Unwanted,
}

impl Lines {
    /// Over a socket whose calls give up after a tick.
    pub(super) fn new(socket: TcpStream) -> Lines {
        Lines { socket, pending: Vec::new() }
    }

    pub(super) fn send(
        &self,
        line: &impl Serialize,
        watch: &Watch<'_>,
    ) -> Result<(), TrafficError> {
        let broken =
            |error: serde_json::Error| TrafficError::Peer(format!("cannot be told: {error}"));
        let mut text = serde_json::to_string(line).map_err(broken)?;
        text.push('\n');
        watch.write_all(&self.socket, text.as_bytes(), "writing to the peer")
    }

    /// The next line within `limit`.
    pub(super) fn receive<T: DeserializeOwned>(
        &mut self,
        limit: Duration,
        watch: &Watch<'_>,
    ) -> Result<Next<T>, TrafficError> {
        let begin = Instant::now();
        let next = self.receive_while(&|| begin.elapsed() < limit, watch)?;
        match next {
            Next::Unwanted => Err(TrafficError::Silent {
                doing: "waiting for the peer to say something",
                waited: limit,
            }),
            next => Ok(next),
        }
    }

    /// The next line, as long as it is wanted.
    pub(super) fn receive_while<T: DeserializeOwned>(
        &mut self,
        wanted: &dyn Fn() -> bool,
        watch: &Watch<'_>,
    ) -> Result<Next<T>, TrafficError> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return parse(&line[..end]).map(Next::Line);
            }
            if self.pending.len() > LINE_MAX {
                return Err(TrafficError::Peer(format!("sent a line of over {LINE_MAX} bytes")));
            }
            watch.check()?;
            if !wanted() {
                return Ok(Next::Unwanted);
            }
            let mut part = [0; 4096];
            match self.socket.read(&mut part) {
                Ok(0) => return Ok(Next::End),
                Ok(size) => self.pending.extend_from_slice(&part[..size]),
                Err(error) if is_tick(&error) => {}
                Err(error) => {
                    return Err(TrafficError::System { doing: "reading from the peer", error });
                }
            }
        }
    }
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, TrafficError> {
    serde_json::from_slice(line).map_err(|error| {
        let text = String::from_utf8_lossy(&line[..line.len().min(QUOTED)]).into_owned();
        TrafficError::Peer(format!("said what is not understood ({error}): {text:?}"))
    })
}
