//! Bulk over TCP by threads of this process: one sending and one receiving thread per stream.

use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use super::bulk::{Amount, Bulk, Flow};
use super::cpu::ThreadTimes;
use super::end::{End, join};
use super::error::{TrafficError, all};
use super::watch::Watch;

/// The most that one call reads, whatever the sender writes: a peer cannot make us allocate. Below
/// it a call reads as much as one writes, as iperf3 does.
const READ_MAX: u64 = 1 << 20;

/// A listener in the receiver's namespace.
#[derive(Debug)]
pub(super) struct Receiver {
    listener: TcpListener,
    /// The listener's port, once per stream.
    pub(super) ports: Vec<u16>,
}

/// Listens at an end; port 0 is any that is free.
pub(super) fn listen(to: &End, port: u16) -> Result<(TcpListener, u16), TrafficError> {
    let doing = "listening for connections";
    to.within(|| {
        let listener =
            TcpListener::bind((to.address, port)).map_err(TrafficError::system(doing))?;
        let port = listener.local_addr().map_err(TrafficError::system(doing))?.port();
        Ok((listener, port))
    })
}

impl Receiver {
    pub(super) fn open(to: &End, load: &Bulk) -> Result<Receiver, TrafficError> {
        let (listener, port) = listen(to, load.port)?;
        Ok(Receiver { listener, ports: vec![port; load.streams] })
    }

    /// Reads every stream to its end.
    pub(super) fn receive(
        &self,
        to: &End,
        load: &Bulk,
        watch: &Watch<'_>,
    ) -> Result<Flow, TrafficError> {
        let buffer_bytes = load.write.get().min(READ_MAX) as usize;
        let flows = thread::scope(|scope| {
            let mut readers = Vec::new();
            let mut flows = Vec::new();
            for index in 0..load.streams {
                match watch.guard(watch.accept(&self.listener)) {
                    Ok(socket) => readers.push(scope.spawn(move || {
                        watch.guard(drain(to, index, &socket, buffer_bytes, watch))
                    })),
                    Err(error) => {
                        flows.push(Err(error));
                        break;
                    }
                }
            }
            flows.extend(readers.into_iter().map(join));
            all(flows)
        })?;
        Flow::merge(flows).ok_or(TrafficError::Abandoned)
    }
}

/// Reads one stream to its end.
fn drain(
    to: &End,
    index: usize,
    socket: &TcpStream,
    buffer_bytes: usize,
    watch: &Watch<'_>,
) -> Result<Flow, TrafficError> {
    to.enter(index)?;
    let before = ThreadTimes::now()?;
    let mut buffer = vec![0; buffer_bytes];
    let mut bytes = 0;
    let mut first = None;
    let mut last = Instant::now();
    loop {
        watch.check()?;
        let read = watch.read(socket, &mut buffer, "receiving")?;
        if read == 0 {
            return Ok(Flow {
                bytes,
                datagrams: 0,
                first: first.unwrap_or(last),
                last,
                times: ThreadTimes::since(before)?,
            });
        }
        bytes += read as u64;
        last = Instant::now();
        first.get_or_insert(last);
    }
}

/// Connects one stream after the other, so that streams meet in order, and starts them at once.
pub(super) fn send(
    from: &End,
    to: &[SocketAddrV4],
    load: &Bulk,
    watch: &Watch<'_>,
) -> Result<Flow, TrafficError> {
    let connect = || to.iter().map(|target| connect(*target, watch)).collect();
    let sockets: Vec<TcpStream> = from.within(connect)?;
    let together = Barrier::new(sockets.len());
    let flows = thread::scope(|scope| {
        let mut senders = Vec::new();
        for (index, socket) in sockets.into_iter().enumerate() {
            let together = &together;
            senders.push(scope.spawn(move || {
                let entered = from.enter(index);
                together.wait();
                watch.guard(entered.and_then(|()| feed(&socket, index, load, watch)))
            }));
        }
        all(senders.into_iter().map(join).collect())
    })?;
    Flow::merge(flows).ok_or(TrafficError::Abandoned)
}

/// Connects; a small write may wait for the next one, as iperf3's do.
fn connect(target: SocketAddrV4, watch: &Watch<'_>) -> Result<TcpStream, TrafficError> {
    let socket = watch.connect(target)?;
    socket.set_nodelay(false).map_err(TrafficError::system("connecting"))?;
    Ok(socket)
}

/// Writes one stream.
fn feed(
    mut socket: &TcpStream,
    index: usize,
    load: &Bulk,
    watch: &Watch<'_>,
) -> Result<Flow, TrafficError> {
    use std::io::Write;
    let payload = vec![0x5a; load.write.get().min(load.share(index).unwrap_or(u64::MAX)) as usize];
    let before = ThreadTimes::now()?;
    let first = Instant::now();
    let mut bytes = 0;
    loop {
        watch.check()?;
        let left = match (load.share(index), load.amount) {
            (Some(share), _) => share - bytes,
            (None, Amount::Duration(time)) if first.elapsed() < time => u64::MAX,
            (None, _) => 0,
        };
        if left == 0 {
            break;
        }
        let piece = &payload[..left.min(payload.len() as u64) as usize];
        bytes += watch.wait("sending", || socket.write(piece))? as u64;
    }
    let last = Instant::now();
    socket.shutdown(Shutdown::Write).map_err(TrafficError::system("ending a stream"))?;
    Ok(Flow { bytes, datagrams: 0, first, last, times: ThreadTimes::since(before)? })
}
