//! What carries keys and values from replica to replica.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use sim::{Bytes, Time};

use crate::function::{Graph, Mover};
use crate::input::InputError;
use crate::transfer::Transfer;

/// Carries bytes between a replica of the first pool and one of the second. It is passive: it is
/// told the time, and says when to be told again.
pub trait Wire {
    /// Sends bytes from one replica to another; their end is told with `tag`.
    ///
    /// # Errors
    /// If so many bytes cannot be planned on a cluster.
    fn send(&mut self, now: Time, ends: (u32, u32), bytes: f64, tag: u64)
    -> Result<(), InputError>;

    /// When to [`advance`](Wire::advance) again; [`Time::MAX`] if nothing is under way.
    fn next(&mut self) -> Time;

    /// Lets time pass to `now`, and adds the tags of what has arrived to `done`.
    fn advance(&mut self, now: Time, done: &mut Vec<u64>);
}

/// Every handover at one rate, whatever else is under way.
#[derive(Clone, Debug)]
pub struct Rates {
    bytes_per_s: f64,
    ends: BinaryHeap<Reverse<(Time, u64)>>,
}

impl Rates {
    /// A wire of so many bytes a second for each.
    pub fn new(bytes_per_s: f64) -> Rates {
        Rates { bytes_per_s, ends: BinaryHeap::new() }
    }
}

impl Wire for Rates {
    fn send(&mut self, now: Time, _: (u32, u32), bytes: f64, tag: u64) -> Result<(), InputError> {
        self.ends.push(Reverse((now + Time::from_seconds(bytes / self.bytes_per_s), tag)));
        Ok(())
    }

    fn next(&mut self) -> Time {
        self.ends.peek().map_or(Time::MAX, |Reverse((time, _))| *time)
    }

    fn advance(&mut self, now: Time, done: &mut Vec<u64>) {
        while let Some(&Reverse((time, tag))) = self.ends.peek() {
            if time > now {
                break;
            }
            self.ends.pop();
            done.push(tag);
        }
    }
}

/// Handovers over the graph of a cluster: a transfer for each rank, which share its links.
pub struct OverGraph<'g, 'c> {
    graph: &'g mut Graph<'c>,
    /// What a rank sends, for each pair of GPUs of two replicas.
    between: &'g dyn Fn(u32, u32) -> Vec<Transfer>,
    /// Plans by their ends and bytes of a rank.
    known: BTreeMap<(u32, u32, u64), Vec<u32>>,
    /// Transfers of a handover that are under way.
    open: BTreeMap<u64, u32>,
    moved: Vec<u64>,
}

/// The movement of a [`Graph`] that handovers are.
const MOVEMENT: u32 = 0;

impl<'g, 'c> OverGraph<'g, 'c> {
    /// A wire over a graph, whose first movement is that of handovers.
    pub fn new(
        graph: &'g mut Graph<'c>,
        between: &'g dyn Fn(u32, u32) -> Vec<Transfer>,
    ) -> OverGraph<'g, 'c> {
        let (known, open, moved) = Default::default();
        OverGraph { graph, between, known, open, moved }
    }
}

impl Wire for OverGraph<'_, '_> {
    fn send(
        &mut self,
        now: Time,
        (from, to): (u32, u32),
        bytes: f64,
        tag: u64,
    ) -> Result<(), InputError> {
        let transfers = (self.between)(from, to);
        let each = ((bytes / transfers.len().max(1) as f64).ceil() as u64).max(1);
        let plans = match self.known.get(&(from, to, each)) {
            Some(plans) => plans.clone(),
            None => {
                let own = transfers.into_iter().map(|transfer| {
                    let sized = Transfer { message: Bytes::new(each), ..transfer };
                    self.graph.add(MOVEMENT, &sized)
                });
                let plans: Vec<u32> = own.collect::<Result<_, InputError>>()?;
                self.known.insert((from, to, each), plans.clone());
                plans
            }
        };
        self.open.insert(tag, plans.len() as u32);
        plans.into_iter().for_each(|plan| self.graph.begin(now, MOVEMENT, plan, tag));
        Ok(())
    }

    fn next(&mut self) -> Time {
        self.graph.next()
    }

    fn advance(&mut self, now: Time, done: &mut Vec<u64>) {
        self.graph.advance(now, &mut self.moved);
        for tag in self.moved.drain(..) {
            let left = self.open.get_mut(&tag).expect("it was sent");
            *left -= 1;
            if *left == 0 {
                self.open.remove(&tag);
                done.push(tag);
            }
        }
    }
}
