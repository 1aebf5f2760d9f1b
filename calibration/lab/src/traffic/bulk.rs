//! Bulk transfers: how much arrives per second.

use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sim::{Bytes, Rate};

use super::cpu::{Cores, CpuUse, ThreadTimes};
use super::end::{End, join};
use super::error::{TrafficError, all};
use super::watch::Watch;
use super::{datagram, iperf, stream};

/// The most that one call writes.
pub(super) const WRITE_MAX: Bytes = Bytes::gib(1);
/// The most payload of an IPv4 datagram.
pub(super) const DATAGRAM_MAX: Bytes = Bytes::new(65_507);
/// The most streams at once.
const STREAMS_MAX: usize = 128;
/// The longest transfer.
const DURATION_MAX: Duration = Duration::from_secs(3600);

/// The transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// A byte stream; nothing is lost.
    Tcp,
    /// Datagrams; what the path cannot carry is lost.
    Udp,
}

/// When a transfer ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Amount {
    /// After a message of so many bytes over all streams.
    Bytes(Bytes),
    /// After so long.
    Duration(Duration),
}

/// Who sends and receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tool {
    /// iperf3 where it expresses the load (whole seconds), else this process.
    Auto,
    /// iperf3.
    Iperf3,
    /// Threads of this process.
    InProcess,
}

/// A bulk transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bulk {
    /// The transport.
    pub protocol: Protocol,
    /// How many streams at once, each on a core of its end's list in turn.
    pub streams: usize,
    /// Bytes per call on TCP, payload of a datagram on UDP.
    pub write: Bytes,
    /// When it ends.
    pub amount: Amount,
    /// Whether the sender spares its copy into the kernel (iperf3 `--zerocopy`).
    pub zero_copy: bool,
    /// The most that all streams together offer on UDP; none is as fast as it goes.
    pub pace: Option<Rate>,
    /// Who sends and receives.
    pub tool: Tool,
    /// Where the sender connects to, if that is not the receiver itself but something that
    /// translates to its `port`: a Service.
    pub target: Option<SocketAddrV4>,
    /// The receiver's port; 0 is any that is free.
    pub port: u16,
    /// How long nothing may happen before it is an error.
    pub patience: Duration,
}

impl Default for Bulk {
    fn default() -> Bulk {
        Bulk {
            protocol: Protocol::Tcp,
            streams: 1,
            write: Bytes::kib(128),
            amount: Amount::Duration(Duration::from_secs(1)),
            zero_copy: false,
            pace: None,
            tool: Tool::Auto,
            target: None,
            port: 0,
            patience: Duration::from_secs(5),
        }
    }
}

/// Who sent and received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// So many pairs of iperf3 processes.
    Iperf3 {
        /// Servers, and clients as well.
        processes: usize,
    },
    /// Threads of this process, one clock.
    InProcess,
    /// Threads here and at a peer, each with its own clock.
    Peer,
}

/// Datagrams of a UDP transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datagrams {
    /// Sent.
    pub sent: u64,
    /// Received.
    pub received: u64,
}

impl Datagrams {
    /// The share of those sent that did not arrive, from 0 to 1.
    pub fn loss_ratio(&self) -> f64 {
        match self.sent {
            0 => 0.0,
            sent => sent.saturating_sub(self.received) as f64 / sent as f64,
        }
    }
}

/// A bulk transfer that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BulkSample {
    /// Payload received per time.
    pub goodput: Rate,
    /// Payload handed to the sender's kernel per time.
    pub sent: Rate,
    /// Payload handed to the sender's kernel.
    pub bytes_sent: Bytes,
    /// Payload received.
    pub bytes_received: Bytes,
    /// Datagrams, on UDP.
    pub datagrams: Option<Datagrams>,
    /// From the first byte sent to the last received in seconds; at a peer and with iperf3, the
    /// receiver's own time.
    pub seconds: f64,
    /// Segments sent again, where the tool tells.
    pub retransmits: Option<u64>,
    /// Who sent and received.
    pub method: Method,
    /// What it cost of the processor.
    pub cpu: CpuUse,
}

/// What one side of a transfer did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub(super) bytes: u64,
    pub(super) datagrams: u64,
    pub(super) first: Instant,
    pub(super) last: Instant,
    pub(super) times: ThreadTimes,
}

impl Flow {
    /// All streams of one side as one.
    pub(super) fn merge(flows: Vec<Flow>) -> Option<Flow> {
        flows.into_iter().reduce(|one, other| Flow {
            bytes: one.bytes + other.bytes,
            datagrams: one.datagrams + other.datagrams,
            first: one.first.min(other.first),
            last: one.last.max(other.last),
            times: one.times + other.times,
        })
    }

    /// From the first to the last byte in seconds.
    pub(super) fn seconds(&self) -> f64 {
        self.last.duration_since(self.first).as_secs_f64()
    }
}

/// Moves a load from one end to the other.
///
/// # Errors
/// If the load is impossible, a tool is missing, an end cannot be entered, the other end is silent
/// for longer than the patience or dies, or `stop` is set.
pub fn bulk(
    from: &End,
    to: &End,
    load: &Bulk,
    stop: &AtomicBool,
) -> Result<BulkSample, TrafficError> {
    let sample = match load.by_iperf()? {
        true => iperf::bulk(from, to, load, stop),
        false => in_process(from, to, load, stop),
    };
    // Of two programs that are stopped, one may complain of the other first.
    match sample {
        Err(_) if stop.load(Ordering::Relaxed) => Err(TrafficError::Stopped),
        sample => sample,
    }
}

impl Bulk {
    /// Whether iperf3 carries it; an error if nothing can.
    pub(super) fn by_iperf(&self) -> Result<bool, TrafficError> {
        self.check()?;
        let problem = match self.amount {
            Amount::Bytes(_) => Some("iperf3 does not wait for a message's last byte"),
            Amount::Duration(time) if time.subsec_nanos() != 0 => {
                Some("iperf3 takes whole seconds")
            }
            Amount::Duration(_) => None,
        };
        let refuse = |problem: &str| Err(TrafficError::Load(problem.into()));
        match (problem, self.tool, self.zero_copy) {
            (None, Tool::Auto | Tool::Iperf3, _) => Ok(true),
            (_, Tool::InProcess, true) => refuse("zero-copy is iperf3's; `tool` says in-process"),
            (Some(problem), Tool::Iperf3, _) => refuse(problem),
            (Some(problem), _, true) => refuse(&format!("zero-copy needs iperf3, and {problem}")),
            (_, _, false) => Ok(false),
        }
    }

    /// Refuses what no tool can carry.
    pub(super) fn check(&self) -> Result<(), TrafficError> {
        let udp = self.protocol == Protocol::Udp;
        let write_max = if udp { DATAGRAM_MAX } else { WRITE_MAX };
        let refuse = |problem: String| Err(TrafficError::Load(problem));
        if !(1..=STREAMS_MAX).contains(&self.streams) {
            return refuse(format!("{} streams; 1 to {STREAMS_MAX} are possible", self.streams));
        }
        if self.write == Bytes::ZERO || self.write > write_max {
            return refuse(format!("a write of {}; 1 B to {write_max} are possible", self.write));
        }
        match self.amount {
            Amount::Bytes(bytes) if bytes.get() < self.streams as u64 => {
                return refuse(format!("a message of {bytes} over {} streams", self.streams));
            }
            Amount::Duration(time) if time.is_zero() || time > DURATION_MAX => {
                let seconds = time.as_secs_f64();
                return refuse(format!("{seconds} s; above 0 and at most 3600 s are possible"));
            }
            _ => {}
        }
        if udp && self.zero_copy {
            return refuse("zero-copy is for TCP".into());
        }
        patient(self.patience)
    }

    /// The bytes of the `index`-th stream, if the message's size is given.
    pub(super) fn share(&self, index: usize) -> Option<u64> {
        let Amount::Bytes(bytes) = self.amount else { return None };
        let streams = self.streams as u64;
        Some(bytes.get() / streams + u64::from((index as u64) < bytes.get() % streams))
    }
}

/// Refuses to wait for ever, or not at all.
pub(super) fn patient(patience: Duration) -> Result<(), TrafficError> {
    match patience.is_zero() || patience > DURATION_MAX {
        true => Err(TrafficError::Load("a patience above 0 and at most 3600 s is possible".into())),
        false => Ok(()),
    }
}

/// The receiving half of a bulk transfer, open for senders.
#[derive(Debug)]
pub(super) enum Receiver {
    Tcp(stream::Receiver),
    Udp(datagram::Receiver),
}

impl Receiver {
    pub(super) fn open(to: &End, load: &Bulk) -> Result<Receiver, TrafficError> {
        match load.protocol {
            Protocol::Tcp => stream::Receiver::open(to, load).map(Receiver::Tcp),
            Protocol::Udp => datagram::Receiver::open(to, load).map(Receiver::Udp),
        }
    }

    /// The port of each stream.
    pub(super) fn ports(&self) -> &[u16] {
        match self {
            Receiver::Tcp(receiver) => &receiver.ports,
            Receiver::Udp(receiver) => &receiver.ports,
        }
    }

    /// Receives until the streams end or, on UDP, `done` is set and nothing more comes.
    pub(super) fn receive(
        &self,
        to: &End,
        load: &Bulk,
        watch: &Watch<'_>,
        done: &AtomicBool,
    ) -> Result<Flow, TrafficError> {
        match self {
            Receiver::Tcp(receiver) => receiver.receive(to, load, watch),
            Receiver::Udp(receiver) => receiver.receive(to, load, watch, done),
        }
    }
}

/// The sending half.
pub(super) fn send(
    from: &End,
    to: &[SocketAddrV4],
    load: &Bulk,
    watch: &Watch<'_>,
) -> Result<Flow, TrafficError> {
    match load.protocol {
        Protocol::Tcp => stream::send(from, to, load, watch),
        Protocol::Udp => datagram::send(from, to, load, watch),
    }
}

/// Both halves as threads of this process.
fn in_process(
    from: &End,
    to: &End,
    load: &Bulk,
    stop: &AtomicBool,
) -> Result<BulkSample, TrafficError> {
    let watch = Watch::new(stop, load.patience);
    let receiver = Receiver::open(to, load)?;
    let own = |port: &u16| load.target.unwrap_or(SocketAddrV4::new(to.address, *port));
    let targets: Vec<SocketAddrV4> = receiver.ports().iter().map(own).collect();
    let done = AtomicBool::new(false);
    let cores = Cores::now()?;
    let flows = thread::scope(|scope| {
        let receiving = scope.spawn(|| watch.guard(receiver.receive(to, load, &watch, &done)));
        let sent = watch.guard(send(from, &targets, load, &watch));
        done.store(true, Ordering::Relaxed);
        all(vec![sent, join(receiving)])
    })?;
    let (sent, received) = (flows[0], flows[1]);
    let seconds = received.last.duration_since(sent.first).as_secs_f64();
    let cpu = CpuUse {
        cores: cores.elapsed()?,
        peer_cores: Vec::new(),
        sender: sent.times,
        receiver: received.times,
    };
    sample(&sent, (received.bytes, received.datagrams), seconds, load, Method::InProcess, cpu)
}

/// The sample of a transfer; on TCP, an error unless everything sent was received.
pub(super) fn sample(
    sent: &Flow,
    (bytes, datagrams): (u64, u64),
    seconds: f64,
    load: &Bulk,
    method: Method,
    cpu: CpuUse,
) -> Result<BulkSample, TrafficError> {
    let nothing = || TrafficError::NothingReceived { sent: sent.bytes };
    if load.protocol == Protocol::Tcp && bytes != sent.bytes {
        let (doing, expected) = ("receiving", sent.bytes);
        return Err(TrafficError::Died { doing, received: bytes, expected });
    }
    let rate = |bytes: u64, seconds: f64| {
        Rate::try_bytes_per_s(bytes as f64 / seconds.max(1e-9)).ok_or_else(nothing)
    };
    Ok(BulkSample {
        goodput: rate(bytes, seconds)?,
        sent: rate(sent.bytes, sent.seconds())?,
        bytes_sent: Bytes::new(sent.bytes),
        bytes_received: Bytes::new(bytes),
        datagrams: (load.protocol == Protocol::Udp)
            .then_some(Datagrams { sent: sent.datagrams, received: datagrams }),
        seconds,
        retransmits: None,
        method,
        cpu,
    })
}
