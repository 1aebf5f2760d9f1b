//! Repeated messages, each timed from its start to the receiver's last byte.
//!
//! One at a time: the next starts when the one before has arrived. Within one process the arrival
//! is an instant of the same clock. Between machines it is an acknowledgement of one byte by the
//! receiving program, less half a round trip.

mod send;
mod take;

use std::net::SocketAddrV4;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sim::{Bytes, Rate};

use super::bulk::{Method, WRITE_MAX, patient};
use super::cpu::{Cores, CpuUse};
use super::end::{End, join};
use super::error::TrafficError;
use super::stream::listen;
use super::summary::Summary;
use super::watch::Watch;

pub(super) use send::{Courier, Sent, Told, send};
pub(super) use take::{Arrival, take};

/// The most messages of one load.
pub(super) const COUNT_MAX: u64 = 10_000_000;

/// When connections are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Connecting {
    /// Once, before the first.
    Warm,
    /// For each, within its time.
    Each,
}

/// Repeated messages over TCP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Messages {
    /// The size of a message.
    pub bytes: Bytes,
    /// Bytes per call.
    pub write: Bytes,
    /// How many are timed.
    pub count: u64,
    /// How many go before them that are not: slow start and first touches.
    pub warm_up: u64,
    /// When connections are opened.
    pub connection: Connecting,
    /// Where the sender connects to, if not to the receiver itself.
    pub target: Option<SocketAddrV4>,
    /// The receiver's port; 0 is any that is free.
    pub port: u16,
    /// How long nothing may happen before it is an error.
    pub patience: Duration,
}

impl Default for Messages {
    fn default() -> Messages {
        Messages {
            bytes: Bytes::mib(1),
            write: Bytes::mib(1),
            count: 20,
            warm_up: 2,
            connection: Connecting::Warm,
            target: None,
            port: 0,
            patience: Duration::from_secs(5),
        }
    }
}

impl Messages {
    pub(super) fn check(&self) -> Result<(), TrafficError> {
        let refuse = |problem: &str| Err(TrafficError::Load(problem.into()));
        if self.bytes == Bytes::ZERO || self.write == Bytes::ZERO {
            return refuse("a message and a write have at least one byte");
        }
        if self.write > WRITE_MAX {
            return refuse("a write of 1 B to 1 GiB is possible");
        }
        if self.count == 0 || self.count.saturating_add(self.warm_up) > COUNT_MAX {
            return refuse("1 to 10 000 000 messages are possible");
        }
        if self.bytes.get().checked_mul(self.count + self.warm_up).is_none() {
            return refuse("all messages together are over 2^64 bytes");
        }
        patient(self.patience)
    }
}

/// Messages that were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageSample {
    /// From a message's start to the receiver's last byte.
    pub times: Summary,
    /// A message's size over its median time.
    pub goodput: Rate,
    /// Everything that was sent, warm-up too.
    pub bytes_sent: Bytes,
    /// Everything that was received.
    pub bytes_received: Bytes,
    /// Who sent and received.
    pub method: Method,
    /// What was taken off each acknowledgement in seconds, where there is no shared clock.
    pub half_round_trip_s: Option<f64>,
    /// What it cost of the processor.
    pub cpu: CpuUse,
}

/// Moves messages from one end to the other, one at a time.
///
/// # Errors
/// As [`bulk`](super::bulk()).
pub fn messages(
    from: &End,
    to: &End,
    load: &Messages,
    stop: &AtomicBool,
) -> Result<MessageSample, TrafficError> {
    load.check()?;
    let watch = Watch::new(stop, load.patience);
    let (listener, port) = listen(to, load.port)?;
    let target = load.target.unwrap_or(SocketAddrV4::new(to.address, port));
    let cores = Cores::now()?;
    let (tell, told) = channel();
    let (sent, received) = thread::scope(|scope| {
        let taken = || take(to, &listener, load, &Arrival::Tell(tell), &watch);
        let receiving = scope.spawn(|| watch.guard(taken()));
        let sent = watch.guard(send(from, target, load, Told::Clock(told), &watch));
        both(sent, join(receiving))
    })?;
    let cpu = CpuUse {
        cores: cores.elapsed()?,
        peer_cores: Vec::new(),
        sender: sent.times,
        receiver: received.times,
    };
    sample(sent, received.bytes, load, Method::InProcess, cpu)
}

/// Both, or the error that the other followed from.
pub(super) fn both<A, B>(
    one: Result<A, TrafficError>,
    other: Result<B, TrafficError>,
) -> Result<(A, B), TrafficError> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(TrafficError::Abandoned) | Ok(_), Err(error)) | (Err(error), _) => Err(error),
    }
}

pub(super) fn sample(
    sent: Sent,
    bytes_received: u64,
    load: &Messages,
    method: Method,
    cpu: CpuUse,
) -> Result<MessageSample, TrafficError> {
    let (doing, expected) = ("receiving messages", sent.bytes);
    if bytes_received != expected {
        return Err(TrafficError::Died { doing, received: bytes_received, expected });
    }
    let nothing = || TrafficError::NothingReceived { sent: sent.bytes };
    let times = Summary::of(sent.times_s).ok_or_else(nothing)?;
    let bytes_per_s = load.bytes.as_f64() / times.median_s.max(1e-9);
    Ok(MessageSample {
        times,
        goodput: Rate::try_bytes_per_s(bytes_per_s).ok_or_else(nothing)?,
        bytes_sent: Bytes::new(sent.bytes),
        bytes_received: Bytes::new(bytes_received),
        method,
        half_round_trip_s: sent.half_round_trip_s,
        cpu,
    })
}
