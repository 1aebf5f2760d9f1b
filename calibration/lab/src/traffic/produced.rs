//! A result that is sent while it is still being made, or only when it is whole.
//!
//! ```text
//!  producer ──full──► sender ──► receiver      overlapped: a ring of buffers, chunk by chunk
//!     ▲                 │
//!     └─────empty───────┘                      serial: one buffer that holds the whole result
//! ```
//!
//! The producer is a GPU's copy to the host, or a timed copy within the host that stands in for
//! it; the sample says which.

pub(super) mod gpu;
mod host;

use std::net::SocketAddrV4;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sim::{Bytes, Rate};

use super::bulk::Method;
use super::cpu::{Cores, CpuUse, ThreadTimes};
use super::end::{End, join};
use super::error::TrafficError;
use super::message::{self, Arrival, Connecting, Courier, Messages, Sent, Told, both};
use super::stream::listen;
use super::summary::Summary;
use super::watch::Watch;

pub use host::{HostCopy, HostMemory};

/// The most memory that buffers take together.
const MEMORY_MAX: Bytes = Bytes::gib(4);

/// Makes a result chunk by chunk.
pub trait Produce: Send {
    /// The memory that a chunk is made in.
    type Buffer: Send;

    /// Memory for chunks of up to `bytes`.
    ///
    /// # Errors
    /// If there is none.
    fn buffer(&mut self, bytes: usize) -> Result<Self::Buffer, TrafficError>;

    /// Makes the `bytes` of the result that begin at `offset`, and waits until they are there.
    ///
    /// # Errors
    /// If they cannot be made.
    fn make(
        &mut self,
        offset: usize,
        bytes: usize,
        buffer: &mut Self::Buffer,
    ) -> Result<(), TrafficError>;

    /// The first `bytes` of a chunk that was made.
    ///
    /// # Errors
    /// If its memory cannot be read.
    fn view(buffer: &Self::Buffer, bytes: usize) -> Result<&[u8], TrafficError>;

    /// What stands in for the real producer, if something does.
    fn emulated_by(&self) -> Option<&'static str>;
}

/// Whether making and sending overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// The whole result first, then its sending.
    Serial,
    /// Chunk by chunk through a ring of buffers.
    Overlapped {
        /// The size of a chunk.
        chunk: Bytes,
        /// How many buffers the ring has.
        buffers: usize,
    },
}

/// Results that are made and sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Produced {
    /// The size of a result.
    pub bytes: Bytes,
    /// Whether making and sending overlap.
    pub order: Order,
    /// How many results are timed.
    pub count: u64,
    /// How many go before them that are not.
    pub warm_up: u64,
    /// Where the sender connects to, if not to the receiver itself.
    pub target: Option<SocketAddrV4>,
    /// The receiver's port; 0 is any that is free.
    pub port: u16,
    /// How long nothing may happen before it is an error.
    pub patience: Duration,
}

impl Default for Produced {
    fn default() -> Produced {
        Produced {
            bytes: Bytes::mib(16),
            order: Order::Overlapped { chunk: Bytes::mib(1), buffers: 2 },
            count: 20,
            warm_up: 2,
            target: None,
            port: 0,
            patience: Duration::from_secs(5),
        }
    }
}

impl Produced {
    /// The size and number of buffers.
    fn ring(&self) -> (Bytes, usize) {
        match self.order {
            Order::Serial => (self.bytes, 1),
            Order::Overlapped { chunk, buffers } => (chunk.min(self.bytes), buffers),
        }
    }

    /// The receiving half's view of it.
    pub(super) fn as_messages(&self) -> Messages {
        Messages {
            bytes: self.bytes,
            // Each chunk goes out in a call of its own.
            write: Bytes::new(1),
            count: self.count,
            warm_up: self.warm_up,
            connection: Connecting::Warm,
            target: self.target,
            port: self.port,
            patience: self.patience,
        }
    }

    pub(super) fn check(&self) -> Result<(), TrafficError> {
        self.as_messages().check()?;
        let (chunk, buffers) = self.ring();
        let memory = chunk.get().checked_mul(buffers as u64);
        match memory.is_some_and(|memory| (1..=MEMORY_MAX.get()).contains(&memory)) {
            true => Ok(()),
            false => Err(TrafficError::Load(format!(
                "{buffers} buffers of {chunk}; at least one of 1 B and {MEMORY_MAX} together are \
                 possible"
            ))),
        }
    }
}

/// Results that were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProducedSample {
    /// From the start of making a result to the receiver's last byte.
    pub times: Summary,
    /// The time that the producer spent making a result, without waiting for buffers.
    pub making: Summary,
    /// A result's size over its median time.
    pub goodput: Rate,
    /// What stood in for the GPU's copy, if something did.
    pub emulated_by: Option<String>,
    /// Who sent and received.
    pub method: Method,
    /// What was taken off each acknowledgement in seconds, where there is no shared clock.
    pub half_round_trip_s: Option<f64>,
    /// What it cost of the processor; the producer's thread counts as the sender's.
    pub cpu: CpuUse,
}

/// Makes results at one end and sends them to the other, one at a time.
///
/// # Errors
/// As [`bulk`](super::bulk()), and if the producer fails.
pub fn produced<P: Produce>(
    from: &End,
    to: &End,
    load: &Produced,
    producer: &mut P,
    stop: &AtomicBool,
) -> Result<ProducedSample, TrafficError> {
    load.check()?;
    let watch = Watch::new(stop, load.patience);
    let (listener, port) = listen(to, load.port)?;
    let target = load.target.unwrap_or(SocketAddrV4::new(to.address, port));
    let as_messages = load.as_messages();
    let cores = Cores::now()?;
    let (tell, told) = channel();
    let (made, received) = thread::scope(|scope| {
        let (listener, as_messages, watch) = (&listener, &as_messages, &watch);
        let receiving = scope.spawn(move || {
            watch.guard(message::take(to, listener, as_messages, &Arrival::Tell(tell), watch))
        });
        let told = Told::Clock(told);
        let made = watch.guard(make_and_send(from, target, load, producer, told, watch));
        both(made, join(receiving))
    })?;
    let cpu = CpuUse {
        cores: cores.elapsed()?,
        peer_cores: Vec::new(),
        sender: made.0.times,
        receiver: received.times,
    };
    sample(made, received.bytes, load, producer, Method::InProcess, cpu)
}

/// What the producing and sending half did, and its times of making.
pub(super) type Made = (Sent, Vec<f64>);

/// The producing and the sending thread.
pub(super) fn make_and_send<P: Produce>(
    from: &End,
    target: SocketAddrV4,
    load: &Produced,
    producer: &mut P,
    told: Told,
    watch: &Watch<'_>,
) -> Result<Made, TrafficError> {
    let (chunk, buffers) = load.ring();
    let (put_empty, empty) = channel();
    for _ in 0..buffers {
        // The receiver is at hand, so this cannot fail.
        let _ = put_empty.send(producer.buffer(chunk.get() as usize)?);
    }
    let (put_full, full) = channel();
    let (begin, begun) = channel();
    let (sent, making) = thread::scope(|scope| {
        let making = scope.spawn(move || {
            watch.guard(
                from.enter(1).and_then(|()| make(load, producer, &begun, &empty, &put_full, watch)),
            )
        });
        let ends = RingEnds { begin, full, put_empty };
        let sending = scope.spawn(move || {
            let sent = from.enter(0);
            watch.guard(sent.and_then(|()| send::<P>(target, load, ends, told, watch)))
        });
        both(join(sending), join(making))
    })?;
    let (making, producer_times) = making;
    Ok((Sent { times: sent.times + producer_times, ..sent }, making))
}

/// Makes every result in chunks; the time that each took, and the thread's own.
fn make<P: Produce>(
    load: &Produced,
    producer: &mut P,
    begun: &Receiver<()>,
    empty: &Receiver<P::Buffer>,
    full: &Sender<(P::Buffer, usize)>,
    watch: &Watch<'_>,
) -> Result<(Vec<f64>, ThreadTimes), TrafficError> {
    let before = ThreadTimes::now()?;
    let mut making = Vec::new();
    let chunk = load.ring().0.get() as usize;
    let whole = load.bytes.get() as usize;
    for number in 0..load.warm_up + load.count {
        watch.take(begun, "waiting to make a result")?;
        let mut busy = Duration::ZERO;
        let mut offset = 0;
        while offset < whole {
            watch.check()?;
            let bytes = chunk.min(whole - offset);
            let mut buffer = watch.take(empty, "waiting for an empty buffer")?;
            let begin = Instant::now();
            producer.make(offset, bytes, &mut buffer)?;
            busy += begin.elapsed();
            full.send((buffer, bytes)).map_err(|_| TrafficError::Abandoned)?;
            offset += bytes;
        }
        if number >= load.warm_up {
            making.push(busy.as_secs_f64());
        }
    }
    Ok((making, ThreadTimes::since(before)?))
}

/// The sender's ends of the ring.
struct RingEnds<B> {
    begin: Sender<()>,
    full: Receiver<(B, usize)>,
    put_empty: Sender<B>,
}

fn send<P: Produce>(
    target: SocketAddrV4,
    load: &Produced,
    ring: RingEnds<P::Buffer>,
    told: Told,
    watch: &Watch<'_>,
) -> Result<Sent, TrafficError> {
    let before = ThreadTimes::now()?;
    let mut courier = Courier::new(target, Connecting::Warm, told, watch)?;
    let mut times_s = Vec::new();
    for number in 0..load.warm_up + load.count {
        let start = Instant::now();
        ring.begin.send(()).map_err(|_| TrafficError::Abandoned)?;
        let mut left = load.bytes.get();
        while left > 0 {
            let (buffer, bytes) = watch.take(&ring.full, "waiting for a chunk")?;
            courier.write(P::view(&buffer, bytes)?)?;
            left -= bytes as u64;
            // After the last chunk of all, the producer has gone.
            let _ = ring.put_empty.send(buffer);
        }
        let arrived = courier.arrived()?;
        if number >= load.warm_up {
            times_s.push(arrived.saturating_duration_since(start).as_secs_f64());
        }
    }
    Ok(Sent {
        bytes: load.bytes.get() * (load.warm_up + load.count),
        times_s,
        half_round_trip_s: courier.half_round_trip_s(),
        times: ThreadTimes::since(before)?,
    })
}

pub(super) fn sample<P: Produce>(
    (sent, making): Made,
    bytes_received: u64,
    load: &Produced,
    producer: &P,
    method: Method,
    cpu: CpuUse,
) -> Result<ProducedSample, TrafficError> {
    let sent_bytes = sent.bytes;
    let sample = message::sample(sent, bytes_received, &load.as_messages(), method, cpu)?;
    let nothing = || TrafficError::NothingReceived { sent: sent_bytes };
    Ok(ProducedSample {
        times: sample.times,
        making: Summary::of(making).ok_or_else(nothing)?,
        goodput: sample.goodput,
        emulated_by: producer.emulated_by().map(str::to_owned),
        method,
        half_round_trip_s: sample.half_round_trip_s,
        cpu: sample.cpu,
    })
}
