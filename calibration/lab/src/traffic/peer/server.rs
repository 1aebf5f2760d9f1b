//! `podpath respond`: the half that receives.

use std::net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use super::super::bulk::{Bulk, Flow, Receiver};
use super::super::cpu::Cores;
use super::super::end::{End, join};
use super::super::error::TrafficError;
use super::super::message::{Arrival, Messages, both, take};
use super::super::round_trip::{Echo, RoundTrips};
use super::super::watch::{TICK, Watch, await_input};
use super::super::{iperf, process, stream};
use super::line::{Lines, Next};
use super::protocol::{Ask, BUSY, Load, Received, Say, VERSION};
use super::token::Token;

/// How long a client may take to say hello.
const HELLO: Duration = Duration::from_secs(5);
/// How long a session may be idle.
const IDLE: Duration = Duration::from_secs(60);
/// How many sessions there may be.
const SESSIONS_MAX: usize = 16;
/// How long nothing may come of a load, whatever its client says.
const PATIENCE_MAX: Duration = Duration::from_secs(10);
/// How long a load may take in all: as long as one that is given by time, and what is around it.
const LOAD_MAX: Duration = Duration::from_secs(3660);
/// Ports below this belong to the system.
const PORT_MIN: u16 = 1024;

/// The half that receives, which listens.
#[derive(Debug)]
pub struct Responder {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<Token>,
    /// Held by whoever receives a load.
    load: Mutex<()>,
    sessions: AtomicUsize,
}

impl Responder {
    /// Listens at an address, which beyond loopback asks for a token.
    ///
    /// # Errors
    /// If it is taken or not this machine's, its port is below 1024, or there has to be a token.
    pub fn listen(address: SocketAddrV4, token: Option<Token>) -> Result<Responder, TrafficError> {
        if !address.ip().is_loopback() && token.is_none() {
            let problem = "others than this machine can reach it, and there is no token";
            return Err(TrafficError::Load(problem.into()));
        }
        check_port(address.port())?;
        let doing = "listening for a peer";
        let listener = TcpListener::bind(address).map_err(TrafficError::system(doing))?;
        let address = listener.local_addr().map_err(TrafficError::system(doing))?;
        let (load, sessions) = (Mutex::new(()), AtomicUsize::new(0));
        Ok(Responder { listener, address, token, load, sessions })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Carries sessions until `stop` is set; tells of each in a sentence.
    ///
    /// # Errors
    /// If the listener fails; what goes wrong in a session ends that session only.
    pub fn run(&self, stop: &AtomicBool, tell: &(dyn Fn(&str) + Sync)) -> Result<(), TrafficError> {
        let doing = "waiting for a peer";
        thread::scope(|scope| {
            while !stop.load(Ordering::Relaxed) {
                if !await_input(&self.listener, TICK).map_err(TrafficError::system(doing))? {
                    continue;
                }
                // Whoever has gone again is no error of ours.
                let Ok((socket, peer)) = self.listener.accept() else { continue };
                tell(&format!("session with {peer}"));
                if self.sessions.fetch_add(1, Ordering::Relaxed) >= SESSIONS_MAX {
                    self.sessions.fetch_sub(1, Ordering::Relaxed);
                    turn_away(socket, stop);
                    tell(&format!("session with {peer} ended: {SESSIONS_MAX} are open already"));
                    continue;
                }
                scope.spawn(move || {
                    let ended = self.session(socket, stop);
                    self.sessions.fetch_sub(1, Ordering::Relaxed);
                    match ended {
                        Ok(()) => tell(&format!("session with {peer} ended")),
                        Err(TrafficError::Stopped) => {}
                        Err(error) => tell(&format!("session with {peer} ended: {error}")),
                    }
                });
            }
            Ok(())
        })
    }

    fn session(&self, socket: TcpStream, stop: &AtomicBool) -> Result<(), TrafficError> {
        let watch = Watch::new(stop, HELLO);
        let doing = "opening a session";
        let SocketAddr::V4(own) = socket.local_addr().map_err(TrafficError::system(doing))? else {
            return Err(TrafficError::Peer("came by IPv6, which is not measured".into()));
        };
        let mut lines = lines(socket)?;
        if !self.greet(&mut lines, &watch)? {
            return Ok(());
        }
        let mut received = false;
        loop {
            match lines.receive(IDLE, &watch)? {
                Next::Line(Ask::Receive { load, cores, processes }) => {
                    let to = End { netns: None, address: *own.ip(), cores };
                    let said = match self.receive(&to, &load, processes, &mut lines, &watch, stop) {
                        Ok(received) => Say::Received(received),
                        Err(TrafficError::Stopped) => return Err(TrafficError::Stopped),
                        Err(error) => Say::Refused(format!("could not receive: {error}")),
                    };
                    lines.send(&said, &watch)?;
                    received = true;
                }
                // Its load had ended before it was said. Once: nobody keeps a session by saying so.
                Next::Line(Ask::Done) if std::mem::take(&mut received) => {}
                Next::Line(Ask::Done) => {
                    return Err(TrafficError::Peer("was done before it asked for a load".into()));
                }
                Next::Line(Ask::Hello { .. }) => {
                    return Err(TrafficError::Peer("said hello again".into()));
                }
                Next::End | Next::Unwanted => return Ok(()),
            }
        }
    }

    /// Whether a client that may have a session has said hello.
    fn greet(&self, lines: &mut Lines, watch: &Watch<'_>) -> Result<bool, TrafficError> {
        let problem = match lines.receive(HELLO, watch)? {
            Next::Line(Ask::Hello { version, .. }) if version != VERSION => {
                format!("speaks version {VERSION} of the peer protocol, not {version}")
            }
            Next::Line(Ask::Hello { token: told, .. }) => {
                let told = told.unwrap_or_default();
                if self.token.as_ref().is_none_or(|token| token.is(&told)) {
                    return lines.send(&Say::Hello { version: VERSION }, watch).map(|()| true);
                }
                match told.is_empty() {
                    true => "asks for a token: give --token-file or PODPATH_TOKEN".to_owned(),
                    false => "has another token".to_owned(),
                }
            }
            Next::Line(_) => return Err(TrafficError::Peer("did not begin with a hello".into())),
            Next::End | Next::Unwanted => return Ok(false),
        };
        lines.send(&Say::Refused(problem.clone()), watch)?;
        Err(TrafficError::Peer(format!("was refused: this end {problem}")))
    }

    /// Receives one load, once nobody else does.
    fn receive(
        &self,
        to: &End,
        load: &Load,
        processes: usize,
        lines: &mut Lines,
        session: &Watch<'_>,
        stop: &AtomicBool,
    ) -> Result<Received, TrafficError> {
        check(load)?;
        let begin = Instant::now();
        let _turn = loop {
            match self.load.try_lock() {
                Ok(turn) => break turn,
                // What it guards is nothing that a panic could break.
                Err(TryLockError::Poisoned(turn)) => break turn.into_inner(),
                Err(TryLockError::WouldBlock) if begin.elapsed() < BUSY => {
                    session.check()?;
                    thread::sleep(TICK);
                }
                Err(TryLockError::WouldBlock) => {
                    let problem = "the load of another client takes long; try again later";
                    return Err(TrafficError::Load(problem.into()));
                }
            }
        };
        receive(to, load, processes, lines, session, stop)
    }
}

/// Lines over the socket of a client.
fn lines(socket: TcpStream) -> Result<Lines, TrafficError> {
    let doing = "opening a session";
    socket.set_read_timeout(Some(TICK)).map_err(TrafficError::system(doing))?;
    socket.set_write_timeout(Some(TICK)).map_err(TrafficError::system(doing))?;
    Ok(Lines::new(socket))
}

/// Says that there are too many sessions; who does not hear it is no error of ours.
fn turn_away(socket: TcpStream, stop: &AtomicBool) {
    if let Ok(lines) = lines(socket) {
        let said = Say::Refused(format!("has {SESSIONS_MAX} sessions already; try again later"));
        let _ = lines.send(&said, &Watch::new(stop, TICK));
    }
}

/// Refuses a port that belongs to the system.
fn check_port(port: u16) -> Result<(), TrafficError> {
    match (1..PORT_MIN).contains(&port) {
        true => Err(TrafficError::Load(format!("port {port} is below {PORT_MIN}"))),
        false => Ok(()),
    }
}

/// Refuses what no client may ask for.
fn check(load: &Load) -> Result<(), TrafficError> {
    let (port, patience) = match load {
        Load::Bulk(load) => (load.port, load.patience),
        Load::Messages(load) => (load.port, load.patience),
        Load::RoundTrips(load) => (load.port, load.patience),
    };
    check_port(port)?;
    match patience > PATIENCE_MAX {
        true => {
            let most = PATIENCE_MAX.as_secs();
            Err(TrafficError::Load(format!("a patience of at most {most} s is possible")))
        }
        false => Ok(()),
    }
}

/// Receives one load.
fn receive(
    to: &End,
    load: &Load,
    processes: usize,
    lines: &mut Lines,
    session: &Watch<'_>,
    stop: &AtomicBool,
) -> Result<Received, TrafficError> {
    let cores = Cores::now()?;
    let received = match load {
        Load::Bulk(load) if load.by_iperf()? => by_iperf(to, load, processes, lines, session, stop),
        Load::Bulk(load) => {
            let receiver = Receiver::open(to, load)?;
            let ports = receiver.ports().to_vec();
            let watch = Watch::new(stop, load.patience);
            attended(ports, lines, session, &watch, |done| {
                receiver.receive(to, load, &watch, done).map(Received::from)
            })
        }
        Load::Messages(load) => messages(to, load, lines, session, stop),
        Load::RoundTrips(load) => round_trips(to, load, lines, session, stop),
    }?;
    Ok(Received { cores: cores.elapsed()?, ..received })
}

impl From<Flow> for Received {
    fn from(flow: Flow) -> Received {
        Received {
            bytes: flow.bytes,
            datagrams: flow.datagrams,
            seconds: flow.seconds(),
            times: flow.times,
            cores: Vec::new(),
        }
    }
}

fn messages(
    to: &End,
    load: &Messages,
    lines: &mut Lines,
    session: &Watch<'_>,
    stop: &AtomicBool,
) -> Result<Received, TrafficError> {
    load.check()?;
    let (listener, port) = stream::listen(to, load.port)?;
    let watch = Watch::new(stop, load.patience);
    attended(vec![port], lines, session, &watch, |_| {
        take(to, &listener, load, &Arrival::Acknowledge, &watch).map(Received::from)
    })
}

fn round_trips(
    to: &End,
    load: &RoundTrips,
    lines: &mut Lines,
    session: &Watch<'_>,
    stop: &AtomicBool,
) -> Result<Received, TrafficError> {
    load.check()?;
    let echo = Echo::open(to, load)?;
    let watch = Watch::new(stop, load.patience);
    attended(vec![echo.port()], lines, session, &watch, |done| {
        let times = echo.serve(to, load, &watch, done)?;
        Ok(Received { times, ..Received::default() })
    })
}

/// Does `work` on a thread of its own while the control connection is listened to: the client
/// says when it is done, and when it goes away the work ends.
fn attended(
    ports: Vec<u16>,
    lines: &mut Lines,
    session: &Watch<'_>,
    transfer: &Watch<'_>,
    work: impl FnOnce(&AtomicBool) -> Result<Received, TrafficError> + Send,
) -> Result<Received, TrafficError> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let working = scope.spawn(|| transfer.guard(work(&done)));
        let heard = lines
            .send(&Say::Ready { ports }, session)
            .and_then(|()| hear_done(lines, session, &|| working.is_finished()));
        let heard = transfer.guard(heard);
        done.store(true, Ordering::Relaxed);
        both(heard, join(working)).map(|(_, received)| received)
    })
}

/// Waits until the client is done, or the work has ended by itself; refuses a load that takes too
/// long.
fn hear_done(
    lines: &mut Lines,
    session: &Watch<'_>,
    finished: &dyn Fn() -> bool,
) -> Result<(), TrafficError> {
    let begin = Instant::now();
    let late = || begin.elapsed() > LOAD_MAX;
    match lines.receive_while(&|| !finished() && !late(), session)? {
        Next::Line(Ask::Done) | Next::Unwanted if late() => {
            Err(TrafficError::Load(format!("it takes over {} s", LOAD_MAX.as_secs())))
        }
        Next::Line(Ask::Done) | Next::Unwanted => Ok(()),
        Next::Line(_) => Err(TrafficError::Peer("asked for more before it was done".into())),
        Next::End => Err(TrafficError::Peer("went away in the middle".into())),
    }
}

fn by_iperf(
    to: &End,
    load: &Bulk,
    processes: usize,
    lines: &mut Lines,
    session: &Watch<'_>,
    stop: &AtomicBool,
) -> Result<Received, TrafficError> {
    process::requirements()?;
    let watch = &Watch::new(stop, load.patience);
    let count = processes.clamp(1, load.streams);
    thread::scope(|scope| {
        let (ready, readies) = channel();
        let serving =
            scope.spawn(move || watch.guard(iperf::servers(to, count, load, watch, ready)));
        let heard = iperf::ports(&readies, count, watch).and_then(|ports| {
            lines.send(&Say::Ready { ports }, session)?;
            hear_done(lines, session, &|| serving.is_finished())
        });
        let heard = watch.guard(heard);
        both(heard, join(serving)).map(|_| Received::default())
    })
}
