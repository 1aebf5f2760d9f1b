//! `podpath serve`: the half that receives.

use std::net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::super::bulk::{Bulk, Flow, Receiver};
use super::super::cpu::Cores;
use super::super::end::{End, join};
use super::super::error::TrafficError;
use super::super::message::{Arrival, Messages, both, take};
use super::super::round_trip::{Echo, RoundTrips};
use super::super::watch::{TICK, Watch, await_input};
use super::super::{iperf, process, stream};
use super::line::{Lines, Next};
use super::protocol::{Ask, Load, Received, Say, VERSION};

/// How long a client may take to say hello.
const HELLO: Duration = Duration::from_secs(5);
/// How long a session may be idle.
const IDLE: Duration = Duration::from_secs(60);

/// Listens for control connections.
///
/// # Errors
/// If the address is taken or not this machine's.
pub fn listen(address: SocketAddrV4) -> Result<TcpListener, TrafficError> {
    TcpListener::bind(address).map_err(TrafficError::system("listening for a peer"))
}

/// Carries one session after the other until `stop` is set; tells of each in a sentence.
///
/// # Errors
/// If the listener fails; what goes wrong in a session ends that session only.
pub fn serve(
    listener: &TcpListener,
    stop: &AtomicBool,
    tell: &dyn Fn(&str),
) -> Result<(), TrafficError> {
    let doing = "waiting for a peer";
    while !stop.load(Ordering::Relaxed) {
        if !await_input(listener, TICK).map_err(TrafficError::system(doing))? {
            continue;
        }
        // Whoever has gone again is no error of ours.
        let Ok((socket, peer)) = listener.accept() else { continue };
        tell(&format!("session with {peer}"));
        match session(socket, stop) {
            Ok(()) => tell(&format!("session with {peer} ended")),
            Err(TrafficError::Stopped) => {}
            Err(error) => tell(&format!("session with {peer} ended: {error}")),
        }
    }
    Ok(())
}

fn session(socket: TcpStream, stop: &AtomicBool) -> Result<(), TrafficError> {
    let watch = Watch::new(stop, HELLO);
    let doing = "opening a session";
    let SocketAddr::V4(own) = socket.local_addr().map_err(TrafficError::system(doing))? else {
        return Err(TrafficError::Peer("came by IPv6, which is not measured".into()));
    };
    socket.set_read_timeout(Some(TICK)).map_err(TrafficError::system(doing))?;
    socket.set_write_timeout(Some(TICK)).map_err(TrafficError::system(doing))?;
    let mut lines = Lines::new(socket);
    match lines.receive(HELLO, &watch)? {
        Next::Line(Ask::Hello { version: VERSION }) => {
            lines.send(&Say::Hello { version: VERSION }, &watch)?;
        }
        Next::Line(Ask::Hello { version }) => {
            let problem = format!("speaks version {VERSION} of the peer protocol, not {version}");
            lines.send(&Say::Refused(problem.clone()), &watch)?;
            return Err(TrafficError::Peer(format!("was refused: this end {problem}")));
        }
        Next::Line(_) => return Err(TrafficError::Peer("did not begin with a hello".into())),
        Next::End | Next::Unwanted => return Ok(()),
    }
    loop {
        match lines.receive(IDLE, &watch)? {
            Next::Line(Ask::Receive { load, cores, processes }) => {
                let to = End { netns: None, address: *own.ip(), cores };
                let said = match receive(&to, &load, processes, &mut lines, &watch, stop) {
                    Ok(received) => Say::Received(received),
                    Err(TrafficError::Stopped) => return Err(TrafficError::Stopped),
                    Err(error) => Say::Refused(format!("could not receive: {error}")),
                };
                lines.send(&said, &watch)?;
            }
            // Its load had ended before it was said.
            Next::Line(Ask::Done) => {}
            Next::Line(Ask::Hello { .. }) => {
                return Err(TrafficError::Peer("said hello again".into()));
            }
            Next::End | Next::Unwanted => return Ok(()),
        }
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

/// Waits until the client is done, or the work has ended by itself.
fn hear_done(
    lines: &mut Lines,
    session: &Watch<'_>,
    finished: &dyn Fn() -> bool,
) -> Result<(), TrafficError> {
    match lines.receive_while(&|| !finished(), session)? {
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
