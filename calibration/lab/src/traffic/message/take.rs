//! The receiving half of messages.

use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Sender;
use std::time::Instant;

use super::super::bulk::Flow;
use super::super::cpu::ThreadTimes;
use super::super::end::End;
use super::super::error::TrafficError;
use super::super::watch::Watch;
use super::{Connecting, Messages};

/// The most that one call reads.
const READ_MAX: u64 = 1 << 20;

/// How the receiver says that a message is whole.
pub(in super::super) enum Arrival {
    /// To a thread of the same process.
    Tell(Sender<Instant>),
    /// To the sender, by one byte.
    Acknowledge,
}

/// The receiving half.
pub(in super::super) fn take(
    to: &End,
    listener: &TcpListener,
    load: &Messages,
    arrival: &Arrival,
    watch: &Watch<'_>,
) -> Result<Flow, TrafficError> {
    let doing = "receiving a message";
    to.enter(0)?;
    let before = ThreadTimes::now()?;
    let mut buffer = vec![0; load.bytes.get().min(READ_MAX) as usize];
    let first = Instant::now();
    let mut bytes = 0;
    let mut socket: Option<TcpStream> = None;
    for _ in 0..load.warm_up + load.count {
        let connected = match socket.take() {
            Some(connected) => connected,
            None => watch.accept(listener)?,
        };
        let mut left = load.bytes.get();
        while left > 0 {
            watch.check()?;
            let room = left.min(buffer.len() as u64) as usize;
            match watch.read(&connected, &mut buffer[..room], doing)? {
                0 => {
                    let expected = load.bytes.get();
                    return Err(TrafficError::Died { doing, received: expected - left, expected });
                }
                read => left -= read as u64,
            }
        }
        bytes += load.bytes.get();
        match arrival {
            // A sender that has given up does not listen.
            Arrival::Tell(sender) => drop(sender.send(Instant::now())),
            Arrival::Acknowledge => watch.write_all(&connected, &[1], "acknowledging")?,
        }
        socket = (load.connection == Connecting::Warm).then_some(connected);
    }
    let times = ThreadTimes::since(before)?;
    Ok(Flow { bytes, datagrams: load.count, first, last: Instant::now(), times })
}
