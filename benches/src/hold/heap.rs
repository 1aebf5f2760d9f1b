//! The yardsticks: heaps of (time, sequence, event) in a plain loop.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dary_heap::QuaternaryHeap;

use super::{Contender, Increments, SECOND};

/// Time [ps], sequence and event; the least first.
type Entry = Reverse<(u64, u64, u64)>;

/// What two kinds of heap have in common.
trait Queue {
    fn push(&mut self, entry: Entry);
    /// Takes the first entry if its time lies before `end`.
    fn pop(&mut self, end: u64) -> Option<Entry>;
}

impl Queue for BinaryHeap<Entry> {
    fn push(&mut self, entry: Entry) {
        BinaryHeap::push(self, entry);
    }

    fn pop(&mut self, end: u64) -> Option<Entry> {
        self.peek().is_some_and(|first| first.0.0 < end).then(|| BinaryHeap::pop(self)).flatten()
    }
}

impl Queue for QuaternaryHeap<Entry> {
    fn push(&mut self, entry: Entry) {
        QuaternaryHeap::push(self, entry);
    }

    fn pop(&mut self, end: u64) -> Option<Entry> {
        self.peek()
            .is_some_and(|first| first.0.0 < end)
            .then(|| QuaternaryHeap::pop(self))
            .flatten()
    }
}

struct Loop<Q> {
    queue: Q,
    sequence: u64,
    increments: Increments,
    sum: u64,
    now: u64,
}

/// Makes a loop around a binary heap.
pub(super) fn binary(pending: usize, increments: Increments) -> Box<dyn Contender> {
    fill(BinaryHeap::with_capacity(pending), pending, increments)
}

/// Makes a loop around a heap of which each entry has four below it.
pub(super) fn quaternary(pending: usize, increments: Increments) -> Box<dyn Contender> {
    fill(QuaternaryHeap::with_capacity(pending), pending, increments)
}

fn fill<Q: Queue + 'static>(
    mut queue: Q,
    pending: usize,
    mut increments: Increments,
) -> Box<dyn Contender> {
    for sequence in 0..pending as u64 {
        queue.push(Reverse((increments.draw_first(), sequence, sequence)));
    }
    Box::new(Loop { queue, sequence: pending as u64, increments, sum: 0, now: 0 })
}

impl<Q: Queue> Contender for Loop<Q> {
    fn run(&mut self, span: f64) -> u64 {
        let end = self.now + (span * SECOND) as u64;
        let mut events = 0;
        while let Some(Reverse((time, _, who))) = self.queue.pop(end) {
            self.sum = self.sum.wrapping_add(who);
            self.queue.push(Reverse((time + self.increments.draw(), self.sequence, who)));
            self.sequence += 1;
            events += 1;
        }
        self.now = end;
        events
    }
}
