//! The algorithm of LogGOPSim as a small reference, written anew from its published source
//! (`LogGOPSim.cpp`): a heap of operations and messages by time and by when they were made, and the
//! next free time of each cpu and card.
//!
//! It differs from podpath on purpose in three ways, which tests show: an operation is done when it
//! begins, so that what requires it on another cpu does not wait for its end; a cpu that is wanted
//! by several goes to who was made first; and a sender that waits for a long message to be received
//! is taken to be busy.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use models::replay::{Does, LogGops, Moment, Traced};
use sim::Bytes;

/// What is in the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Operation(usize),
    Message(usize),
}

struct Simulator<'a> {
    traced: &'a Traced,
    prices: &'a LogGops,
    heap: BinaryHeap<Reverse<(u64, u64, What)>>,
    made: u64,
    missing: Vec<usize>,
    cpu: Vec<[u64; 4]>,
    sends: Vec<u64>,
    receives: Vec<u64>,
    posted: Vec<bool>,
    arrived: Vec<bool>,
    /// Operations that have become free.
    free: Vec<usize>,
}

/// When the cpus of each rank are idle for ever \[ns\].
pub(super) fn ends(traced: &Traced, prices: &LogGops) -> Vec<f64> {
    let ranks = traced.ranks as usize;
    let all = traced.operations.len();
    let mut simulator = Simulator {
        traced,
        prices,
        heap: BinaryHeap::new(),
        made: 0,
        missing: traced.operations.iter().map(|operation| operation.needs.len()).collect(),
        cpu: vec![[0; 4]; ranks],
        sends: vec![0; ranks],
        receives: vec![0; ranks],
        posted: vec![false; all],
        arrived: vec![false; all],
        free: Vec::new(),
    };
    simulator.free = (0..all).filter(|&at| simulator.missing[at] == 0).collect();
    simulator.push_free();
    while let Some(Reverse((time, made, what))) = simulator.heap.pop() {
        match what {
            What::Operation(at) => simulator.operation(at, time, made),
            What::Message(send) => simulator.message(send, time, made),
        }
        simulator.push_free();
    }
    assert!(simulator.missing.iter().all(|missing| *missing == 0), "everything ran");
    simulator.cpu.iter().map(|cpus| *cpus.iter().max().unwrap() as f64 / 1e3).collect()
}

impl Simulator<'_> {
    fn satisfied(&mut self, of: usize, moment: Moment) {
        for (at, operation) in self.traced.operations.iter().enumerate() {
            for need in &operation.needs {
                if need.operation as usize == of && need.moment == moment {
                    self.missing[at] -= 1;
                    if self.missing[at] == 0 {
                        self.free.push(at);
                    }
                }
            }
        }
    }

    fn push_free(&mut self) {
        let mut free = std::mem::take(&mut self.free);
        let kind = |at: &usize| match self.traced.operations[*at].does {
            Does::Send { .. } => 0,
            Does::Receive { .. } => 1,
            _ => 2,
        };
        free.sort_by_key(|at| (self.traced.operations[*at].rank, kind(at)));
        for at in free {
            let rank = self.traced.operations[at].rank as usize;
            let time = match self.traced.operations[at].does {
                Does::Work { on, .. } => self.cpu[rank][usize::from(on.unwrap())],
                Does::Send { port, .. } => {
                    self.cpu[rank][usize::from(port.cpu)].max(self.sends[rank])
                }
                Does::Receive { port, .. } => self.cpu[rank][usize::from(port.cpu)],
                Does::Copy { .. } => unreachable!("no copies"),
            };
            self.push(time, What::Operation(at));
        }
    }

    fn push(&mut self, time: u64, what: What) {
        self.heap.push(Reverse((time, self.made, what)));
        self.made += 1;
    }

    fn again(&mut self, time: u64, made: u64, what: What) {
        self.heap.push(Reverse((time, made, what)));
    }

    fn per_byte(&self, bytes: Bytes, seconds: f64) -> u64 {
        ((bytes.get() - 1) as f64 * seconds * 1e12).round() as u64
    }

    fn operation(&mut self, at: usize, time: u64, made: u64) {
        let operation = &self.traced.operations[at];
        let rank = operation.rank as usize;
        match operation.does {
            Does::Work { time: length, on, .. } => {
                let cpu = usize::from(on.unwrap());
                if self.cpu[rank][cpu] > time {
                    return self.again(self.cpu[rank][cpu], made, What::Operation(at));
                }
                self.cpu[rank][cpu] = time + length.as_ps();
                self.satisfied(at, Moment::Begun);
                self.satisfied(at, Moment::Ended);
            }
            Does::Send { bytes, port, .. } => {
                let cpu = usize::from(port.cpu);
                let free = self.cpu[rank][cpu].max(self.sends[rank]);
                if free > time {
                    return self.again(free, made, What::Operation(at));
                }
                self.satisfied(at, Moment::Begun);
                let (o, l) = (self.prices.overhead.as_ps(), self.prices.latency.as_ps());
                self.cpu[rank][cpu] =
                    time + o + self.per_byte(bytes, self.prices.overhead_per_byte);
                self.sends[rank] =
                    time + self.prices.gap.as_ps() + self.per_byte(bytes, self.prices.gap_per_byte);
                self.push(time + o + l, What::Message(at));
                if bytes <= self.prices.eager {
                    self.satisfied(at, Moment::Ended);
                }
            }
            Does::Receive { send, .. } => {
                self.satisfied(at, Moment::Begun);
                self.posted[send as usize] = true;
                if self.arrived[send as usize] {
                    self.matched(send as usize, at, time);
                }
            }
            Does::Copy { .. } => unreachable!("no copies"),
        }
    }

    fn message(&mut self, send: usize, time: u64, made: u64) {
        let Does::Send { to, bytes, .. } = self.traced.operations[send].does else { panic!() };
        let to = to as usize;
        let free = self.cpu[to][0].max(self.receives[to]);
        if free > time {
            return self.again(free, made, What::Message(send));
        }
        let per_byte = self.prices.overhead_per_byte.max(self.prices.gap_per_byte);
        self.cpu[to][0] = time + self.prices.overhead.as_ps() + self.per_byte(bytes, per_byte);
        self.receives[to] =
            time + self.prices.gap.as_ps() + self.per_byte(bytes, self.prices.gap_per_byte);
        self.arrived[send] = true;
        if self.posted[send] {
            let takes =
                |does: Does| matches!(does, Does::Receive { send: of, .. } if of as usize == send);
            let all = &self.traced.operations;
            let receive = all.iter().position(|operation| takes(operation.does)).unwrap();
            self.matched(send, receive, time);
        }
    }

    /// A message has met its receive.
    fn matched(&mut self, send: usize, receive: usize, time: u64) {
        let operation = &self.traced.operations[send];
        let Does::Send { bytes, port, .. } = operation.does else { panic!() };
        if bytes > self.prices.eager {
            let rank = operation.rank as usize;
            let cpu = &mut self.cpu[rank][usize::from(port.cpu)];
            *cpu = (*cpu).max(time);
            self.sends[rank] = self.sends[rank].max(time);
            self.satisfied(send, Moment::Ended);
        }
        self.satisfied(receive, Moment::Ended);
    }
}
