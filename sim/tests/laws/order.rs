//! The agenda against a binary heap: the order is (time, sequence), whatever the times are.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;
use sim::{Agenda, Time};

/// What is done to both queues.
#[derive(Clone, Debug)]
enum Step {
    /// Notes so many events, each this long after the present [ps].
    Push(usize, u64),
    /// Takes so many events.
    Pop(usize),
    /// Takes all events of the next so many picoseconds, as a run with an end does.
    Until(u64),
}

/// Delays of every size, from no time at all to the end of time, and often the same ones.
fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        0..4u64,
        0..300u64,
        Just(1_000_000),
        1_000_000..1_000_100u64,
        0..100_000_000_000u64,
        (0..64u32, any::<u64>())
            .prop_map(|(bits, noise)| (1 << bits) | (noise & ((1 << bits) - 1))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..4usize, delay()).prop_map(|(count, delay)| Step::Push(count, delay)),
        // Enough to force slots to be dealt down and the front to be cut.
        1 => (100..700usize, delay()).prop_map(|(count, delay)| Step::Push(count, delay)),
        3 => (1..50usize).prop_map(Step::Pop),
        1 => (300..2000usize).prop_map(Step::Pop),
        2 => delay().prop_map(Step::Until),
    ]
}

/// The two queues, and what was taken so far from both.
#[derive(Default)]
struct Twins {
    agenda: Agenda<u32>,
    heap: BinaryHeap<Reverse<(u64, u32)>>,
    pushed: u32,
}

impl Twins {
    fn push(&mut self, delay: u64) {
        self.agenda.after(Time::from_ps(delay), self.pushed);
        let time = self.agenda.now().as_ps().saturating_add(delay);
        if time < u64::MAX {
            self.heap.push(Reverse((time, self.pushed)));
        }
        self.pushed += 1;
    }

    /// Takes one event from both and checks that it is the same one; false if none is left.
    fn pop(&mut self, end: u64) -> bool {
        let expected = match self.heap.peek() {
            Some(&Reverse((time, _))) if time < end => self.heap.pop(),
            _ => None,
        };
        let found = self.agenda.next(Time::from_ps(end));
        assert_eq!(found, expected.map(|Reverse((_, event))| event));
        if let Some(Reverse((time, _))) = expected {
            assert_eq!(self.agenda.now().as_ps(), time);
        }
        assert_eq!(self.agenda.len(), self.heap.len());
        found.is_some()
    }

    fn apply(&mut self, step: &Step) {
        match *step {
            // Equal and slightly different times, in both directions.
            Step::Push(count, delay) => (0..count as u64).for_each(|i| match i % 3 {
                0 => self.push(delay),
                1 => self.push(delay.saturating_add(i)),
                _ => self.push(delay.saturating_sub(i)),
            }),
            Step::Pop(count) => (0..count).for_each(|_| {
                self.pop(u64::MAX);
            }),
            Step::Until(span) => {
                let end = self.agenda.now().as_ps().saturating_add(span);
                while self.pop(end) {}
                if end < u64::MAX {
                    assert_eq!(self.agenda.now().as_ps(), end);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn the_agenda_keeps_the_order_of_a_heap(steps in prop::collection::vec(step(), 1..60)) {
        let mut twins = Twins::default();
        steps.iter().for_each(|step| twins.apply(step));
        while twins.pop(u64::MAX) {}
    }
}

#[test]
fn events_of_one_instant_happen_in_the_order_of_noting() {
    let mut agenda = Agenda::new();
    let instant = Time::from_us(3);
    (0..10_000).for_each(|event| agenda.at(instant, event));
    for expected in 0..10_000 {
        assert_eq!(agenda.next(Time::MAX), Some(expected));
        // Noted at this very instant: it happens after all that were noted before.
        agenda.after(Time::ZERO, 10_000 + expected);
    }
    assert_eq!(agenda.next(Time::MAX), Some(10_000));
}

#[test]
fn an_end_is_exclusive_and_moves_the_clock() {
    let mut agenda = Agenda::new();
    agenda.at(Time::from_ns(7), 'a');
    assert_eq!(agenda.next(Time::from_ns(7)), None);
    assert_eq!(agenda.now(), Time::from_ns(7));
    assert_eq!(agenda.next(Time::from_ns(8)), Some('a'));
    assert_eq!(agenda.next(Time::MAX), None);
    assert_eq!(agenda.now(), Time::from_ns(7), "running dry leaves the clock at the last event");
    agenda.at(Time::MAX, 'z');
    assert!(agenda.is_empty(), "an event at the end of time never happens");
}

#[test]
#[should_panic(expected = "before the present")]
fn the_past_is_closed() {
    let mut agenda = Agenda::new();
    agenda.next(Time::from_ns(1)).unwrap_or(());
    agenda.at(Time::ZERO, ());
}
