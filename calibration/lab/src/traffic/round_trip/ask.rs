//! The asking half of round trips.

use std::net::{SocketAddrV4, TcpStream, UdpSocket};
use std::time::Instant;

use super::super::bulk::Protocol;
use super::super::cpu::ThreadTimes;
use super::super::datagram;
use super::super::end::End;
use super::super::error::TrafficError;
use super::super::message::Connecting;
use super::super::watch::{TICK, Watch, is_tick};
use super::{NUMBER, RoundTrips};

/// What the asking half saw.
pub(in super::super) struct Asked {
    pub(super) times_s: Vec<f64>,
    pub(super) lost: u64,
    pub(super) seconds: f64,
    pub(in super::super) times: ThreadTimes,
}

/// The asking half.
pub(in super::super) fn ask(
    from: &End,
    target: SocketAddrV4,
    load: &RoundTrips,
    watch: &Watch<'_>,
) -> Result<Asked, TrafficError> {
    from.within(|| {
        let before = ThreadTimes::now()?;
        let mut request = vec![0x5a; load.request.get() as usize];
        let mut reply = vec![0; load.reply.get() as usize];
        let mut asker = Asker { target, load, watch, tcp: None, udp: None };
        let (mut times_s, mut lost) = (Vec::new(), 0);
        if load.connection == Connecting::Warm {
            asker.open()?;
        }
        let mut answered = Instant::now();
        let mut first = answered;
        for number in 0..load.warm_up + load.count {
            watch.check()?;
            let begin = Instant::now();
            if number == load.warm_up {
                first = begin;
            }
            if load.duration.is_some_and(|time| number > load.warm_up && first.elapsed() >= time) {
                break;
            }
            asker.open()?;
            let came = asker.ask(number, &mut request, &mut reply)?;
            let now = Instant::now();
            if came {
                answered = now;
            } else if answered.elapsed() >= watch.patience + load.timeout {
                let doing = "waiting for a reply";
                return Err(TrafficError::Silent { doing, waited: answered.elapsed() });
            }
            match (number >= load.warm_up, came) {
                (true, true) => times_s.push(now.duration_since(begin).as_secs_f64()),
                (true, false) => lost += 1,
                (false, _) => {}
            }
            asker.close();
        }
        let seconds = first.elapsed().as_secs_f64();
        Ok(Asked { times_s, lost, seconds, times: ThreadTimes::since(before)? })
    })
}

/// A connection or socket that asks.
struct Asker<'a, 'b> {
    target: SocketAddrV4,
    load: &'a RoundTrips,
    watch: &'a Watch<'b>,
    tcp: Option<TcpStream>,
    udp: Option<UdpSocket>,
}

impl Asker<'_, '_> {
    fn open(&mut self) -> Result<(), TrafficError> {
        match self.load.protocol {
            Protocol::Tcp if self.tcp.is_none() => {
                self.tcp = Some(self.watch.connect(self.target)?);
            }
            Protocol::Udp if self.udp.is_none() => {
                let socket = datagram::connect(self.target)?;
                socket
                    .set_read_timeout(Some(self.load.timeout.min(TICK)))
                    .map_err(TrafficError::system("opening a datagram socket"))?;
                self.udp = Some(socket);
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) {
        if self.load.connection == Connecting::Each {
            (self.tcp, self.udp) = (None, None);
        }
    }

    /// Whether the reply came in time.
    fn ask(&self, number: u64, request: &mut [u8], reply: &mut [u8]) -> Result<bool, TrafficError> {
        let (sending, doing) = ("sending a request", "waiting for a reply");
        if let Some(socket) = &self.tcp {
            self.watch.write_all(socket, request, sending)?;
            self.watch.read_exact(socket, reply, doing)?;
            return Ok(true);
        }
        let Some(socket) = &self.udp else { return Err(TrafficError::Abandoned) };
        let begin = Instant::now();
        let number = number.to_le_bytes();
        let known = NUMBER.min(request.len()).min(reply.len());
        let mark = NUMBER.min(request.len());
        request[..mark].copy_from_slice(&number[..mark]);
        self.watch.wait(sending, || socket.send(request))?;
        loop {
            match socket.recv(reply) {
                // A late reply to an earlier request has another number.
                Ok(size) if size >= known && reply[..known] == number[..known] => return Ok(true),
                Ok(_) => {}
                Err(error) if is_tick(&error) => self.watch.check()?,
                Err(error) => return Err(TrafficError::System { doing, error }),
            }
            if begin.elapsed() >= self.load.timeout {
                return Ok(false);
            }
        }
    }
}
