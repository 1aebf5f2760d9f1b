//! `podpath measure --peer`: the half that sends.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::super::bulk::{self, Bulk, BulkSample, Method, send};
use super::super::cpu::{Cores, CpuUse, ThreadTimes};
use super::super::end::End;
use super::super::error::TrafficError;
use super::super::message::{self, MessageSample, Messages, Told};
use super::super::produced::{self, Produce, Produced, ProducedSample};
use super::super::round_trip::{self, RoundTripSample, RoundTrips, ask};
use super::super::watch::Watch;
use super::super::{iperf, process};
use super::PORT;
use super::line::{Lines, Next};
use super::possible::Bounds;
use super::protocol::{Ask, BUSY, Load, Received, Say, VERSION};
use super::token::Token;

/// How many round trips make the half that is taken off an acknowledgement.
const ROUND_TRIPS: u64 = 101;

/// A session with a machine that runs `podpath respond`.
#[derive(Debug)]
pub struct Peer {
    from: End,
    /// The peer's address, and the cores that its threads are pinned to.
    to: End,
    lines: Lines,
}

impl Peer {
    /// Opens a session with `host`, a name or address with or without `:port`, which may ask for a
    /// token. `from` is this machine's end; its address is not used.
    ///
    /// # Errors
    /// If the host is unknown, nobody responds there, it speaks another version, or the token is
    /// not its own.
    pub fn connect(
        from: &End,
        (host, token): (&str, Option<&Token>),
        cores: &[usize],
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<Peer, TrafficError> {
        bulk::patient(patience)?;
        let watch = Watch::new(stop, patience);
        let (address, socket) = from.within(|| {
            let address = resolve(host)?;
            Ok((address, watch.connect(address)?))
        })?;
        let to = End { netns: None, address: *address.ip(), cores: cores.to_vec() };
        let mut peer = Peer { from: from.clone(), to, lines: Lines::new(socket) };
        let token = token.map(|token| token.text().to_owned());
        peer.lines.send(&Ask::Hello { version: VERSION, token }, &watch)?;
        match peer.hear(patience, &watch) {
            Ok(Say::Hello { version: VERSION }) => Ok(peer),
            Ok(said) => Err(unexpected(&said)),
            Err(TrafficError::Silent { waited, .. }) => Err(TrafficError::Peer(format!(
                "did not answer the hello for {} s; is it `podpath respond`?",
                waited.as_secs_f64()
            ))),
            Err(error) => Err(error),
        }
    }

    /// Moves a load to the peer; the goodput is by the peer's clock, from its first to its last
    /// byte.
    ///
    /// # Errors
    /// As [`bulk`](super::super::bulk()), and if the peer refuses or goes away.
    pub fn bulk(&mut self, load: &Bulk, stop: &AtomicBool) -> Result<BulkSample, TrafficError> {
        let watch = Watch::new(stop, load.patience);
        let by_iperf = load.by_iperf()?;
        if by_iperf {
            process::requirements()?;
        }
        let (cores, begin) = (Cores::now()?, Instant::now());
        let ports = self.ask(Load::Bulk(load.clone()), load.patience, &watch)?;
        if by_iperf {
            let reports = iperf::clients(&self.from, &self.to, &ports, load, &watch)?;
            let received = self.done((0, 0), begin, load.patience, &watch)?;
            let mut sample = iperf::sum(&reports, load.protocol, cores.elapsed()?)?;
            sample.cpu.peer_cores = received.cores;
            return Ok(sample);
        }
        let targets: Vec<SocketAddrV4> =
            ports.iter().map(|port| self.target(load.target, *port)).collect();
        let sent = send(&self.from, &targets, load, &watch)?;
        let received = self.done((sent.bytes, sent.datagrams), begin, load.patience, &watch)?;
        let seconds = received.seconds.max(sent.seconds());
        let counted = (received.bytes, received.datagrams);
        let cpu = cpu(&cores, sent.times, received)?;
        bulk::sample(&sent, counted, seconds, load, Method::Peer, cpu)
    }

    /// Sends requests to the peer and waits for each reply.
    ///
    /// # Errors
    /// As [`Peer::bulk`].
    pub fn round_trips(
        &mut self,
        load: &RoundTrips,
        stop: &AtomicBool,
    ) -> Result<RoundTripSample, TrafficError> {
        load.check()?;
        let watch = Watch::new(stop, load.patience);
        let (cores, begin) = (Cores::now()?, Instant::now());
        let port = self.ask_port(Load::RoundTrips(load.clone()), load.patience, &watch)?;
        let asked = ask(&self.from, self.target(load.target, port), load, &watch)?;
        let received = self.done((0, 0), begin, load.patience, &watch)?;
        let cpu = cpu(&cores, asked.times, received)?;
        round_trip::sample(asked, Method::Peer, cpu)
    }

    /// Moves messages to the peer, one at a time. There is no shared clock: a message ends at an
    /// acknowledgement of the receiving program, less half the median round trip.
    ///
    /// # Errors
    /// As [`Peer::bulk`].
    pub fn messages(
        &mut self,
        load: &Messages,
        stop: &AtomicBool,
    ) -> Result<MessageSample, TrafficError> {
        load.check()?;
        let told = self.acknowledged(load.patience, stop)?;
        let watch = Watch::new(stop, load.patience);
        let (cores, begin) = (Cores::now()?, Instant::now());
        let port = self.ask_port(Load::Messages(load.clone()), load.patience, &watch)?;
        let target = self.target(load.target, port);
        let sent = message::send(&self.from, target, load, told, &watch)?;
        let received = self.done((sent.bytes, sent.bytes), begin, load.patience, &watch)?;
        let bytes = received.bytes;
        let cpu = cpu(&cores, sent.times, received)?;
        message::sample(sent, bytes, load, Method::Peer, cpu)
    }

    /// Makes results here and sends them to the peer, one at a time; timed as messages are.
    ///
    /// # Errors
    /// As [`Peer::bulk`], and if the producer fails.
    pub fn produced<P: Produce>(
        &mut self,
        load: &Produced,
        producer: &mut P,
        stop: &AtomicBool,
    ) -> Result<ProducedSample, TrafficError> {
        load.check()?;
        let told = self.acknowledged(load.patience, stop)?;
        let watch = Watch::new(stop, load.patience);
        let (cores, begin) = (Cores::now()?, Instant::now());
        let port = self.ask_port(Load::Messages(load.as_messages()), load.patience, &watch)?;
        let target = self.target(load.target, port);
        let made = produced::make_and_send(&self.from, target, load, producer, told, &watch)?;
        let received = self.done((made.0.bytes, made.0.bytes), begin, load.patience, &watch)?;
        let bytes = received.bytes;
        let cpu = cpu(&cores, made.0.times, received)?;
        produced::sample(made, bytes, load, producer, Method::Peer, cpu)
    }

    /// Half the median round trip of one byte.
    fn acknowledged(
        &mut self,
        patience: Duration,
        stop: &AtomicBool,
    ) -> Result<Told, TrafficError> {
        let load = RoundTrips { count: ROUND_TRIPS, patience, ..RoundTrips::default() };
        let sample = self.round_trips(&load, stop)?;
        Ok(Told::Acknowledged(Duration::from_secs_f64(sample.latency.median_s / 2.0)))
    }

    fn target(&self, given: Option<SocketAddrV4>, port: u16) -> SocketAddrV4 {
        given.unwrap_or(SocketAddrV4::new(self.to.address, port))
    }

    /// Has the peer open its half of a load; its ports.
    fn ask(
        &mut self,
        load: Load,
        patience: Duration,
        watch: &Watch<'_>,
    ) -> Result<Vec<u16>, TrafficError> {
        let processes = match &load {
            Load::Bulk(load) => iperf::processes(&self.from, load),
            Load::Messages(_) | Load::RoundTrips(_) => 1,
        };
        let cores = self.to.cores.clone();
        self.lines.send(&Ask::Receive { load, cores, processes }, watch)?;
        match self.hear(patience * 2 + BUSY, watch)? {
            Say::Ready { ports } if !ports.is_empty() && ports.len() <= 128 => Ok(ports),
            said => Err(unexpected(&said)),
        }
    }

    fn ask_port(
        &mut self,
        load: Load,
        patience: Duration,
        watch: &Watch<'_>,
    ) -> Result<u16, TrafficError> {
        Ok(self.ask(load, patience, watch)?[0])
    }

    /// Says that everything was sent, so many bytes and datagrams since `begin`; what the peer has
    /// received.
    fn done(
        &mut self,
        (bytes, datagrams): (u64, u64),
        begin: Instant,
        patience: Duration,
        watch: &Watch<'_>,
    ) -> Result<Received, TrafficError> {
        self.lines.send(&Ask::Done, watch)?;
        match self.hear(patience * 2, watch)? {
            Say::Received(received) => {
                let bounds = Bounds { bytes, datagrams, elapsed: begin.elapsed() };
                bounds.check(&received).map(|()| received)
            }
            said => Err(unexpected(&said)),
        }
    }

    fn hear(&mut self, limit: Duration, watch: &Watch<'_>) -> Result<Say, TrafficError> {
        match self.lines.receive(limit, watch)? {
            Next::Line(Say::Refused(problem)) => Err(TrafficError::Peer(problem)),
            Next::Line(said) => Ok(said),
            Next::End | Next::Unwanted => {
                Err(TrafficError::Peer("ended the session without a word".into()))
            }
        }
    }
}

fn unexpected(said: &Say) -> TrafficError {
    let said: String = format!("{said:?}").chars().take(80).collect();
    TrafficError::Peer(format!("said what was not asked for: {said}"))
}

fn cpu(cores: &Cores, sender: ThreadTimes, received: Received) -> Result<CpuUse, TrafficError> {
    Ok(CpuUse {
        cores: cores.elapsed()?,
        peer_cores: received.cores,
        sender,
        receiver: received.times,
    })
}

/// The IPv4 address of `HOST`, `HOST:PORT`, or an address alone.
fn resolve(host: &str) -> Result<SocketAddrV4, TrafficError> {
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(SocketAddrV4::new(address, PORT));
    }
    let found = match host.contains(':') {
        true => host.to_socket_addrs(),
        false => (host, PORT).to_socket_addrs(),
    };
    let refuse = |problem: &str| TrafficError::Peer(format!("`{host}` {problem}"));
    let mut found = found.map_err(|error| refuse(&format!("is not known: {error}")))?;
    let v4 = found.find_map(|address| match address {
        SocketAddr::V4(address) => Some(address),
        SocketAddr::V6(_) => None,
    });
    v4.ok_or_else(|| refuse("has no IPv4 address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_the_usual_port_unless_it_names_one() {
        let address = |host: &str| resolve(host).map(|address| address.to_string()).ok();
        assert_eq!(address("10.1.2.3"), Some(format!("10.1.2.3:{PORT}")));
        assert_eq!(address("10.1.2.3:99"), Some("10.1.2.3:99".into()));
        assert_eq!(address("localhost:99"), Some("127.0.0.1:99".into()));
        for bad in ["", ":", "localhost:", "localhost:99999", "[::1]:5", "a b"] {
            let error = resolve(bad).expect_err(bad).to_string();
            assert!(error.starts_with(&format!("the peer `{bad}` ")), "{error}");
        }
    }
}
