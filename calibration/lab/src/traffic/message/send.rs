//! The sending half of messages.

use std::net::{SocketAddrV4, TcpStream};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use super::super::cpu::ThreadTimes;
use super::super::end::End;
use super::super::error::TrafficError;
use super::super::watch::Watch;
use super::{Connecting, Messages};

/// How the sender learns of it.
pub(in super::super) enum Told {
    /// By the same clock.
    Clock(Receiver<Instant>),
    /// By one byte, half a round trip later.
    Acknowledged(Duration),
}

/// What the sender saw.
pub(in super::super) struct Sent {
    pub(in super::super) bytes: u64,
    pub(in super::super) times_s: Vec<f64>,
    pub(in super::super) half_round_trip_s: Option<f64>,
    pub(in super::super) times: ThreadTimes,
}

/// The sending half.
pub(in super::super) fn send(
    from: &End,
    target: SocketAddrV4,
    load: &Messages,
    told: Told,
    watch: &Watch<'_>,
) -> Result<Sent, TrafficError> {
    from.within(|| {
        let before = ThreadTimes::now()?;
        let payload = vec![0x5a; load.write.get().min(load.bytes.get()) as usize];
        let mut courier = Courier::new(target, load.connection, told, watch)?;
        let mut times_s = Vec::new();
        for number in 0..load.warm_up + load.count {
            let begin = Instant::now();
            courier.open()?;
            let mut left = load.bytes.get();
            while left > 0 {
                let piece = left.min(payload.len() as u64);
                courier.write(&payload[..piece as usize])?;
                left -= piece;
            }
            let arrived = courier.arrived()?;
            if number >= load.warm_up {
                times_s.push(arrived.saturating_duration_since(begin).as_secs_f64());
            }
        }
        Ok(Sent {
            bytes: load.bytes.get() * (load.warm_up + load.count),
            times_s,
            half_round_trip_s: courier.half_round_trip_s(),
            times: ThreadTimes::since(before)?,
        })
    })
}

/// Carries messages over a connection and learns when each has arrived.
pub(in super::super) struct Courier<'a, 'b> {
    target: SocketAddrV4,
    connection: Connecting,
    socket: Option<TcpStream>,
    told: Told,
    watch: &'a Watch<'b>,
}

impl<'a, 'b> Courier<'a, 'b> {
    pub(in super::super) fn new(
        target: SocketAddrV4,
        connection: Connecting,
        told: Told,
        watch: &'a Watch<'b>,
    ) -> Result<Courier<'a, 'b>, TrafficError> {
        let mut courier = Courier { target, connection, socket: None, told, watch };
        if connection == Connecting::Warm {
            courier.open()?;
        }
        Ok(courier)
    }

    /// Connects unless there is a connection.
    pub(in super::super) fn open(&mut self) -> Result<(), TrafficError> {
        if self.socket.is_none() {
            self.socket = Some(self.watch.connect(self.target)?);
        }
        Ok(())
    }

    pub(in super::super) fn write(&self, piece: &[u8]) -> Result<(), TrafficError> {
        self.watch.check()?;
        let socket = self.socket.as_ref().ok_or(TrafficError::Abandoned)?;
        self.watch.write_all(socket, piece, "sending a message")
    }

    /// Waits until the message has arrived.
    pub(in super::super) fn arrived(&mut self) -> Result<Instant, TrafficError> {
        let doing = "waiting for a message to arrive";
        let arrived = match (&self.told, &self.socket) {
            (Told::Clock(told), _) => self.watch.take(told, doing)?,
            (Told::Acknowledged(half_round_trip), Some(socket)) => {
                self.watch.read_exact(socket, &mut [0], doing)?;
                let now = Instant::now();
                now.checked_sub(*half_round_trip).unwrap_or(now)
            }
            (Told::Acknowledged(_), None) => return Err(TrafficError::Abandoned),
        };
        if self.connection == Connecting::Each {
            self.socket = None;
        }
        Ok(arrived)
    }

    pub(in super::super) fn half_round_trip_s(&self) -> Option<f64> {
        match &self.told {
            Told::Clock(_) => None,
            Told::Acknowledged(half) => Some(half.as_secs_f64()),
        }
    }
}
