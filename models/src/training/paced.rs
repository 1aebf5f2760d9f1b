//! Movements that each take a time of their own, whatever else is under way.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim::Time;

use crate::function::Mover;

/// Lets movements take stated times.
#[derive(Clone, Debug, Default)]
pub struct Paced {
    /// By movement \[s\].
    takes: Vec<f64>,
    ends: BinaryHeap<Reverse<(Time, u64)>>,
}

impl Paced {
    /// Movements that take these times \[s\].
    pub fn new(takes: Vec<f64>) -> Paced {
        Paced { takes, ends: BinaryHeap::new() }
    }
}

impl Mover for Paced {
    fn begin(&mut self, now: Time, movement: u32, _: u32, tag: u64) {
        let takes = Time::from_seconds(self.takes[movement as usize]);
        self.ends.push(Reverse((now + takes, tag)));
    }

    fn stop(&mut self, _: Time, tag: u64) {
        self.ends.retain(|Reverse((_, own))| *own != tag);
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
