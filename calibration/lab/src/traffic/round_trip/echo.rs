//! The replying half of round trips.

use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::super::bulk::{DATAGRAM_MAX, Protocol};
use super::super::cpu::ThreadTimes;
use super::super::datagram;
use super::super::end::End;
use super::super::error::TrafficError;
use super::super::stream::listen;
use super::super::watch::{TICK, Watch, is_tick};
use super::{NUMBER, RoundTrips};

/// The most that one call reads.
const READ_MAX: usize = 1 << 20;

/// The replying half.
pub(in super::super) enum Echo {
    Tcp(TcpListener, u16),
    Udp(UdpSocket, u16),
}

impl Echo {
    pub(in super::super) fn open(to: &End, load: &RoundTrips) -> Result<Echo, TrafficError> {
        Ok(match load.protocol {
            Protocol::Tcp => {
                let (listener, port) = listen(to, load.port)?;
                Echo::Tcp(listener, port)
            }
            Protocol::Udp => {
                let (socket, port) = datagram::bind(to, load.port, TICK)?;
                Echo::Udp(socket, port)
            }
        })
    }

    pub(in super::super) fn port(&self) -> u16 {
        match self {
            Echo::Tcp(_, port) | Echo::Udp(_, port) => *port,
        }
    }

    /// Replies until `done` is set.
    pub(in super::super) fn serve(
        &self,
        to: &End,
        load: &RoundTrips,
        watch: &Watch<'_>,
        done: &AtomicBool,
    ) -> Result<ThreadTimes, TrafficError> {
        to.enter(0)?;
        let before = ThreadTimes::now()?;
        match self {
            Echo::Tcp(listener, _) => {
                while let Some(socket) = watch.accept_unless(listener, done)? {
                    answer(&socket, load, watch)?;
                }
            }
            Echo::Udp(socket, _) => answer_datagrams(socket, load, watch, done)?,
        }
        ThreadTimes::since(before)
    }
}

/// Replies on one connection to its end.
fn answer(socket: &TcpStream, load: &RoundTrips, watch: &Watch<'_>) -> Result<(), TrafficError> {
    let doing = "receiving a request";
    let expected = load.request.get();
    let mut buffer = vec![0; (expected as usize).min(READ_MAX)];
    let reply = vec![0x5a; load.reply.get() as usize];
    loop {
        let mut left = expected;
        while left > 0 {
            watch.check()?;
            let room = left.min(buffer.len() as u64) as usize;
            match watch.read(socket, &mut buffer[..room], doing)? {
                0 if left == expected => return Ok(()),
                0 => {
                    return Err(TrafficError::Died { doing, received: expected - left, expected });
                }
                read => left -= read as u64,
            }
        }
        watch.write_all(socket, &reply, "replying")?;
    }
}

/// Replies to datagrams; a reply repeats the number that its request begins with.
fn answer_datagrams(
    socket: &UdpSocket,
    load: &RoundTrips,
    watch: &Watch<'_>,
    done: &AtomicBool,
) -> Result<(), TrafficError> {
    let mut buffer = vec![0; DATAGRAM_MAX.get() as usize];
    let mut reply = vec![0x5a; load.reply.get() as usize];
    let mut last = Instant::now();
    loop {
        watch.check()?;
        match socket.recv_from(&mut buffer) {
            Ok((size, peer)) => {
                last = Instant::now();
                let number = size.min(NUMBER).min(reply.len());
                reply[..number].copy_from_slice(&buffer[..number]);
                watch.wait("replying", || socket.send_to(&reply, peer))?;
            }
            Err(error) if is_tick(&error) => {
                if done.load(Ordering::Relaxed) {
                    return Ok(());
                }
                // The one who asks may wait for its time-outs; it decides first.
                if last.elapsed() >= (watch.patience + load.timeout) * 2 {
                    let doing = "waiting for requests";
                    return Err(TrafficError::Silent { doing, waited: last.elapsed() });
                }
            }
            Err(error) => return Err(TrafficError::System { doing: "receiving", error }),
        }
    }
}
