//! Requests and replies, one at a time.

mod ask;
mod echo;

use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sim::Bytes;

use super::bulk::{DATAGRAM_MAX, Method, Protocol, patient};
use super::cpu::{Cores, CpuUse};

use super::end::{End, join};
use super::error::TrafficError;
use super::message::{COUNT_MAX, Connecting, both};
use super::summary::Summary;
use super::watch::Watch;
pub(super) use ask::{Asked, ask};
pub(super) use echo::Echo;

/// The largest request and reply on TCP.
const SIZE_MAX: Bytes = Bytes::mib(64);
/// Bytes of a datagram that number it.
const NUMBER: usize = 8;

/// Requests and replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundTrips {
    /// The transport; TCP sends at once (`TCP_NODELAY`).
    pub protocol: Protocol,
    /// The size of a request.
    pub request: Bytes,
    /// The size of a reply.
    pub reply: Bytes,
    /// The most that are timed.
    pub count: u64,
    /// How long at most; none is until all are done.
    pub duration: Option<Duration>,
    /// How many go before them that are not timed.
    pub warm_up: u64,
    /// When connections are opened; on UDP, sockets.
    pub connection: Connecting,
    /// On UDP, when a request counts as lost.
    pub timeout: Duration,
    /// Where requests are sent, if not to the receiver itself.
    pub target: Option<SocketAddrV4>,
    /// The receiver's port; 0 is any that is free.
    pub port: u16,
    /// How long nothing may happen before it is an error.
    pub patience: Duration,
}

impl Default for RoundTrips {
    fn default() -> RoundTrips {
        RoundTrips {
            protocol: Protocol::Tcp,
            request: Bytes::new(1),
            reply: Bytes::new(1),
            count: 1_000,
            duration: None,
            warm_up: 20,
            connection: Connecting::Warm,
            timeout: Duration::from_millis(200),
            target: None,
            port: 0,
            patience: Duration::from_secs(5),
        }
    }
}

impl RoundTrips {
    pub(super) fn check(&self) -> Result<(), TrafficError> {
        let most = if self.protocol == Protocol::Udp { DATAGRAM_MAX } else { SIZE_MAX };
        let refuse = |problem: String| Err(TrafficError::Load(problem));
        for (name, size) in [("request", self.request), ("reply", self.reply)] {
            if size == Bytes::ZERO || size > most {
                return refuse(format!("a {name} of {size}; 1 B to {most} are possible"));
            }
        }
        if self.count == 0 || self.count.saturating_add(self.warm_up) > COUNT_MAX {
            return refuse("1 to 10 000 000 round trips are possible".into());
        }
        patient(self.timeout)?;
        patient(self.patience)
    }
}

/// Round trips that were measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundTripSample {
    /// From the request's start to the reply's last byte; connecting counts where it is per
    /// request.
    pub latency: Summary,
    /// Requests without a reply in time, on UDP; they are not in the latency.
    pub lost: u64,
    /// All together in seconds.
    pub seconds: f64,
    /// Who asked and replied.
    pub method: Method,
    /// What it cost of the processor.
    pub cpu: CpuUse,
}

/// Sends requests from one end to the other and waits for each reply.
///
/// # Errors
/// As [`bulk`](super::bulk()).
pub fn round_trips(
    from: &End,
    to: &End,
    load: &RoundTrips,
    stop: &AtomicBool,
) -> Result<RoundTripSample, TrafficError> {
    load.check()?;
    let watch = Watch::new(stop, load.patience);
    let echo = Echo::open(to, load)?;
    let target = load.target.unwrap_or(SocketAddrV4::new(to.address, echo.port()));
    let cores = Cores::now()?;
    let done = AtomicBool::new(false);
    let (asked, receiver) = thread::scope(|scope| {
        let serving = scope.spawn(|| watch.guard(echo.serve(to, load, &watch, &done)));
        let asked = watch.guard(ask(from, target, load, &watch));
        done.store(true, Ordering::Relaxed);
        both(asked, join(serving))
    })?;
    let cpu =
        CpuUse { cores: cores.elapsed()?, peer_cores: Vec::new(), sender: asked.times, receiver };
    sample(asked, Method::InProcess, cpu)
}

pub(super) fn sample(
    asked: Asked,
    method: Method,
    cpu: CpuUse,
) -> Result<RoundTripSample, TrafficError> {
    let Asked { times_s, lost, seconds, .. } = asked;
    let doing = "waiting for a reply";
    let silent = || TrafficError::Silent { doing, waited: Duration::from_secs_f64(seconds) };
    let latency = Summary::of(times_s).ok_or_else(silent)?;
    Ok(RoundTripSample { latency, lost, seconds, method, cpu })
}
