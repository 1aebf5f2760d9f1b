//! Waiting that ends: on progress, on the user's stop, on another thread's failure, or when
//! patience runs out.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};

use super::error::TrafficError;

/// How long a call of the kernel blocks before the flags are looked at.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// How long one attempt to connect lasts: the kernel repeats its SYN after a second.
const ATTEMPT: Duration = Duration::from_millis(900);

/// What ends the waiting of all threads of one transfer.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    stop: &'a AtomicBool,
    failed: AtomicBool,
    /// How long nothing may happen.
    pub(super) patience: Duration,
}

impl<'a> Watch<'a> {
    pub(super) fn new(stop: &'a AtomicBool, patience: Duration) -> Watch<'a> {
        Watch { stop, failed: AtomicBool::new(false), patience }
    }

    /// An error if the user or another thread has ended the transfer.
    pub(super) fn check(&self) -> Result<(), TrafficError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(TrafficError::Stopped);
        }
        match self.failed.load(Ordering::Relaxed) {
            true => Err(TrafficError::Abandoned),
            false => Ok(()),
        }
    }

    /// Ends the waiting of every other thread.
    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    /// Passes a thread's result on; if it is an error, the other threads end too.
    pub(super) fn guard<T>(&self, result: Result<T, TrafficError>) -> Result<T, TrafficError> {
        if result.is_err() {
            self.fail();
        }
        result
    }

    /// Repeats a call that gives up after [`TICK`] until it does something.
    pub(super) fn wait<T>(
        &self,
        doing: &'static str,
        mut call: impl FnMut() -> io::Result<T>,
    ) -> Result<T, TrafficError> {
        let mut begin = None;
        loop {
            match call() {
                Ok(value) => return Ok(value),
                Err(error) if is_tick(&error) => {
                    self.check()?;
                    let waited = begin.get_or_insert_with(|| Instant::now() - TICK).elapsed();
                    if waited >= self.patience {
                        return Err(TrafficError::Silent { doing, waited: self.patience });
                    }
                }
                Err(error) => {
                    // A connection that breaks once the transfer has ended is no news.
                    self.check()?;
                    return Err(TrafficError::System { doing, error });
                }
            }
        }
    }

    /// Reads what there is; 0 at the end of the stream.
    pub(super) fn read(
        &self,
        mut socket: &TcpStream,
        buffer: &mut [u8],
        doing: &'static str,
    ) -> Result<usize, TrafficError> {
        self.wait(doing, || socket.read(buffer))
    }

    /// Fills all of `buffer`.
    pub(super) fn read_exact(
        &self,
        socket: &TcpStream,
        buffer: &mut [u8],
        doing: &'static str,
    ) -> Result<(), TrafficError> {
        let expected = buffer.len() as u64;
        let mut done = 0;
        while done < buffer.len() {
            match self.read(socket, &mut buffer[done..], doing)? {
                0 => return Err(TrafficError::Died { doing, received: done as u64, expected }),
                bytes => done += bytes,
            }
        }
        Ok(())
    }

    /// Writes all of `buffer`.
    pub(super) fn write_all(
        &self,
        mut socket: &TcpStream,
        mut buffer: &[u8],
        doing: &'static str,
    ) -> Result<(), TrafficError> {
        while !buffer.is_empty() {
            let written = self.wait(doing, || socket.write(buffer))?;
            buffer = &buffer[written..];
        }
        Ok(())
    }

    /// Takes what another thread of the transfer hands over.
    pub(super) fn take<T>(
        &self,
        from: &Receiver<T>,
        doing: &'static str,
    ) -> Result<T, TrafficError> {
        self.wait(doing, || {
            from.recv_timeout(TICK).map_err(|error| match error {
                RecvTimeoutError::Timeout => ErrorKind::TimedOut.into(),
                RecvTimeoutError::Disconnected => ErrorKind::BrokenPipe.into(),
            })
        })
        .map_err(|error| match error {
            // The other thread has ended; its own error says why.
            TrafficError::System { .. } => TrafficError::Abandoned,
            error => error,
        })
    }

    /// Connects from the namespace of the calling thread.
    pub(super) fn connect(&self, target: SocketAddrV4) -> Result<TcpStream, TrafficError> {
        let doing = "connecting";
        let begin = Instant::now();
        loop {
            self.check()?;
            match TcpStream::connect_timeout(&target.into(), ATTEMPT.min(self.patience)) {
                Ok(socket) => return ready(socket, doing),
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    if begin.elapsed() >= self.patience {
                        return Err(TrafficError::Silent { doing, waited: self.patience });
                    }
                }
                Err(error) => return Err(TrafficError::System { doing, error }),
            }
        }
    }

    /// Takes the next connection, or none if `done` is set before one comes.
    pub(super) fn accept_unless(
        &self,
        listener: &TcpListener,
        done: &AtomicBool,
    ) -> Result<Option<TcpStream>, TrafficError> {
        let doing = "waiting for a connection";
        let begin = Instant::now();
        loop {
            if await_input(listener, TICK).map_err(TrafficError::system(doing))? {
                let (socket, _) = listener.accept().map_err(TrafficError::system(doing))?;
                return ready(socket, doing).map(Some);
            }
            self.check()?;
            if done.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if begin.elapsed() >= self.patience {
                return Err(TrafficError::Silent { doing, waited: self.patience });
            }
        }
    }

    /// Takes the next connection.
    pub(super) fn accept(&self, listener: &TcpListener) -> Result<TcpStream, TrafficError> {
        self.accept_unless(listener, &AtomicBool::new(false))?.ok_or(TrafficError::Abandoned)
    }
}

/// Whether there is something to take from `socket` within `limit`.
pub(super) fn await_input(socket: &impl AsFd, limit: Duration) -> io::Result<bool> {
    let limit = u16::try_from(limit.as_millis()).unwrap_or(u16::MAX);
    match poll(&mut [PollFd::new(socket.as_fd(), PollFlags::POLLIN)], limit) {
        Ok(ready) => Ok(ready > 0),
        Err(nix::Error::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Whether a call has only run out of its tick.
pub(super) fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// A connection whose calls give up after a tick, and that sends at once.
fn ready(socket: TcpStream, doing: &'static str) -> Result<TcpStream, TrafficError> {
    let set = || -> io::Result<()> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(TICK))?;
        socket.set_write_timeout(Some(TICK))
    };
    set().map_err(TrafficError::system(doing))?;
    Ok(socket)
}
