//! GOAL schedules: what each rank of a parallel program computes, sends and receives, and what
//! requires what.
//!
//! T. Hoefler, C. Siebert, A. Lumsdaine, *Group operation assembly language*, ICPP 2009. LogGOPSim
//! and ATLAHS read them; their `txt2bin` makes the binary form of the text.

pub(super) mod binary;
mod matching;
pub(super) mod text;

use models::replay::{Does, Kind, Need, Operation, Port};
use sim::{Bytes, Time};

use super::Place;

/// What an operation does, before messages are matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// So many nanoseconds.
    Calc {
        ns: u64,
        cpu: u8,
    },
    Send(Message),
    Receive(Message),
}

/// One end of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Message {
    bytes: u64,
    /// The rank at the other end.
    peer: u32,
    tag: u32,
    port: Port,
}

/// An operation as it was read.
#[derive(Clone, Debug)]
struct Read {
    rank: u32,
    goal: Goal,
    needs: Vec<Need>,
    place: Place,
}

impl Goal {
    /// What it does; a receive takes the message that operation `send` sends.
    fn does(self, send: u32) -> Does {
        match self {
            Goal::Calc { ns, cpu } => Does::Work {
                kind: Kind::Calc,
                // Longer than a day, which is refused where it stands.
                time: Time::from_ps(ns.saturating_mul(1_000)),
                on: Some(u16::from(cpu)),
            },
            Goal::Send(message) => Does::Send {
                to: message.peer,
                bytes: Bytes::new(message.bytes),
                port: message.port,
            },
            Goal::Receive(message) => Does::Receive { send, port: message.port },
        }
    }
}

/// The operations of a schedule, each receive with its send.
fn operations(read: Vec<Read>, sends: &[u32]) -> (Vec<Operation>, Vec<Place>) {
    let places = read.iter().map(|read| read.place).collect();
    let operation = |(read, send): (Read, &u32)| Operation {
        rank: read.rank,
        does: read.goal.does(*send),
        needs: read.needs,
    };
    (read.into_iter().zip(sends).map(operation).collect(), places)
}
