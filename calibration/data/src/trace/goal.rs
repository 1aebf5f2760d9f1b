//! GOAL schedules: what each rank of a parallel program computes, sends and receives, and what
//! requires what.
//!
//! T. Hoefler, C. Siebert, A. Lumsdaine, *Group operation assembly language*, ICPP 2009. LogGOPSim
//! and ATLAHS read them; their `txt2bin` makes the binary form of the text.

pub(super) mod binary;
pub(super) mod text;

use std::sync::Arc;

use models::input::Source;
use models::replay::{Does, Kind, Need, Operation, Port};
use sim::{Bytes, Time};

use super::Place;
use super::matching::Message as End;
use super::part::Part;

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
    /// What it does, and the end of a message that it is.
    fn does(self) -> (Does, Option<End>) {
        let end = |message: Message, sends: bool| {
            let Message { bytes, peer, tag, .. } = message;
            Some(End { sends, peer, tag, bytes })
        };
        match self {
            // Longer than a day is refused where it stands.
            Goal::Calc { ns, cpu } => {
                let time = Time::from_ps(ns.saturating_mul(1_000));
                (Does::Work { kind: Kind::Calc, time, on: Some(u16::from(cpu)) }, None)
            }
            Goal::Send(message) => {
                let (to, bytes) = (message.peer, Bytes::new(message.bytes));
                (Does::Send { to, bytes, port: message.port }, end(message, true))
            }
            // Which message it takes is found when all have been read.
            Goal::Receive(message) => {
                (Does::Receive { send: 0, port: message.port }, end(message, false))
            }
        }
    }
}

/// A schedule.
fn part(source: &Arc<Source>, format: &'static str, ranks: u32, read: Vec<Read>) -> Part {
    let mut part = Part::new(format, Arc::clone(source));
    part.all_ranks = Some(ranks);
    for Read { rank, goal, needs, place } in read {
        let (does, message) = goal.does();
        part.push(Operation { rank, does, needs }, place, message);
    }
    part
}
