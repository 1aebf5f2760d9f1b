//! Bulk over UDP by threads of this process.

use std::io;
use std::net::{SocketAddrV4, UdpSocket};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::libc::ENOBUFS;

use super::bulk::{Amount, Bulk, DATAGRAM_MAX, Flow};
use super::cpu::ThreadTimes;
use super::end::{End, join};
use super::error::{TrafficError, all};
use super::watch::{TICK, Watch, is_tick};

/// The silence after the sender's end that ends receiving.
const SILENCE: Duration = Duration::from_millis(50);

/// Sockets in the receiver's namespace.
#[derive(Debug)]
pub(super) struct Receiver {
    sockets: Vec<UdpSocket>,
    /// The port of each stream.
    pub(super) ports: Vec<u16>,
}

/// A datagram socket at an end whose calls give up after `tick`.
pub(super) fn bind(to: &End, port: u16, tick: Duration) -> Result<(UdpSocket, u16), TrafficError> {
    let socket = || -> io::Result<_> {
        let socket = UdpSocket::bind((to.address, port))?;
        socket.set_read_timeout(Some(tick))?;
        socket.set_write_timeout(Some(TICK))?;
        let port = socket.local_addr()?.port();
        Ok((socket, port))
    };
    to.within(|| socket().map_err(TrafficError::system("opening a datagram socket")))
}

impl Receiver {
    /// A socket per stream; one for all where the port is given.
    pub(super) fn open(to: &End, load: &Bulk) -> Result<Receiver, TrafficError> {
        let count = if load.port == 0 && load.target.is_none() { load.streams } else { 1 };
        let bound: Result<Vec<_>, _> = (0..count).map(|_| bind(to, load.port, SILENCE)).collect();
        let (sockets, bound): (Vec<_>, Vec<_>) = bound?.into_iter().unzip();
        let ports = bound.into_iter().cycle().take(load.streams).collect();
        Ok(Receiver { sockets, ports })
    }

    /// Receives on every socket until `done` is set and nothing more comes.
    pub(super) fn receive(
        &self,
        to: &End,
        load: &Bulk,
        watch: &Watch<'_>,
        done: &AtomicBool,
    ) -> Result<Flow, TrafficError> {
        let flows = thread::scope(|scope| {
            let mut readers = Vec::new();
            for index in 0..load.streams {
                let socket = &self.sockets[index % self.sockets.len()];
                readers
                    .push(scope.spawn(move || watch.guard(drain(to, index, socket, watch, done))));
            }
            all(readers.into_iter().map(join).collect())
        })?;
        Flow::merge(flows).ok_or(TrafficError::Abandoned)
    }
}

fn drain(
    to: &End,
    index: usize,
    socket: &UdpSocket,
    watch: &Watch<'_>,
    done: &AtomicBool,
) -> Result<Flow, TrafficError> {
    let doing = "receiving datagrams";
    to.enter(index)?;
    let before = ThreadTimes::now()?;
    let mut buffer = vec![0; DATAGRAM_MAX.get() as usize];
    let (mut bytes, mut datagrams) = (0, 0);
    let mut first = None;
    let mut last = Instant::now();
    loop {
        watch.check()?;
        match socket.recv(&mut buffer) {
            Ok(size) => {
                bytes += size as u64;
                datagrams += 1;
                last = Instant::now();
                first.get_or_insert(last);
            }
            Err(error) if is_tick(&error) => {
                if done.load(Ordering::Relaxed) {
                    let times = ThreadTimes::since(before)?;
                    return Ok(Flow {
                        bytes,
                        datagrams,
                        first: first.unwrap_or(last),
                        last,
                        times,
                    });
                }
                if last.elapsed() >= watch.patience {
                    return Err(TrafficError::Silent { doing, waited: watch.patience });
                }
            }
            Err(error) => return Err(TrafficError::System { doing, error }),
        }
    }
}

/// Starts all streams at once.
pub(super) fn send(
    from: &End,
    to: &[SocketAddrV4],
    load: &Bulk,
    watch: &Watch<'_>,
) -> Result<Flow, TrafficError> {
    let together = Barrier::new(to.len());
    let flows = thread::scope(|scope| {
        let mut senders = Vec::new();
        for (index, target) in to.iter().enumerate() {
            let together = &together;
            senders.push(scope.spawn(move || {
                let socket = from.enter(index).and_then(|()| connect(*target));
                together.wait();
                watch.guard(socket.and_then(|socket| feed(&socket, index, load, watch)))
            }));
        }
        all(senders.into_iter().map(join).collect())
    })?;
    Flow::merge(flows).ok_or(TrafficError::Abandoned)
}

/// A datagram socket in the namespace of the calling thread that sends to `target` only.
pub(super) fn connect(target: SocketAddrV4) -> Result<UdpSocket, TrafficError> {
    let socket = || -> io::Result<_> {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect(target)?;
        socket.set_read_timeout(Some(TICK))?;
        socket.set_write_timeout(Some(TICK))?;
        Ok(socket)
    };
    socket().map_err(TrafficError::system("opening a datagram socket"))
}

fn feed(
    socket: &UdpSocket,
    index: usize,
    load: &Bulk,
    watch: &Watch<'_>,
) -> Result<Flow, TrafficError> {
    let payload = vec![0x5a; load.write.get() as usize];
    let spacing_s =
        load.pace.map(|rate| load.write.as_f64() * load.streams as f64 / rate.as_bytes_per_s());
    let before = ThreadTimes::now()?;
    let first = Instant::now();
    let (mut bytes, mut datagrams) = (0, 0);
    loop {
        watch.check()?;
        if let Some(spacing_s) = spacing_s {
            pause_until(first, datagrams as f64 * spacing_s, load.amount, watch)?;
        }
        let left = match (load.share(index), load.amount) {
            (Some(share), _) => share - bytes,
            (None, Amount::Duration(time)) if first.elapsed() < time => u64::MAX,
            (None, _) => break,
        };
        if left == 0 {
            break;
        }
        let piece = &payload[..left.min(payload.len() as u64) as usize];
        let send = || match socket.send(piece) {
            // A full queue below the socket drops the datagram: sent, and lost.
            Err(error) if error.raw_os_error() == Some(ENOBUFS) => Ok(piece.len()),
            result => result,
        };
        bytes += watch.wait("sending datagrams", send)? as u64;
        datagrams += 1;
    }
    let last = Instant::now();
    Ok(Flow { bytes, datagrams, first, last, times: ThreadTimes::since(before)? })
}

/// Waits until `offset_s` after `begin`, but not past the end of the transfer.
fn pause_until(
    begin: Instant,
    offset_s: f64,
    amount: Amount,
    watch: &Watch<'_>,
) -> Result<(), TrafficError> {
    /// Sleeping is not exact to less than this.
    const COARSE_S: f64 = 200e-6;
    let end_s = match amount {
        Amount::Duration(time) => offset_s.min(time.as_secs_f64()),
        Amount::Bytes(_) => offset_s,
    };
    loop {
        let left_s = end_s - begin.elapsed().as_secs_f64();
        if left_s <= 0.0 {
            return Ok(());
        }
        watch.check()?;
        match left_s > COARSE_S {
            true => thread::sleep(Duration::from_secs_f64(left_s - COARSE_S).min(TICK)),
            false => std::hint::spin_loop(),
        }
    }
}
