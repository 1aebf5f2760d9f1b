//! Scaling by queue, as KEDA does it with a queue's scaler and a Horizontal Pod Autoscaler.
//!
//! Every polling interval the queue is looked at: messages that wait and that are in work. There
//! are to be as many instances as thresholds in it. None is started before a poll has seen a
//! message, and the last one stops when a cool-down has passed since a poll saw one. In between an
//! instance is stopped only if no look within the stabilisation window asked for it. Defaults:
//! polling 30 s, cool-down 300 s, stabilisation 300 s.

use std::collections::VecDeque;

use sim::Time;

use super::Seen;

/// How KEDA is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    /// Messages for one instance.
    pub threshold: f64,
    /// How often the queue is looked at.
    pub polling: Time,
    /// How long the last instance stays after the last message.
    pub cooldown: Time,
    /// How long one stays that was asked for.
    pub stabilisation: Time,
}

impl Default for Queue {
    fn default() -> Queue {
        let minutes = |n: u64| Time::from_ms(60_000 * n);
        Queue {
            threshold: 5.0,
            polling: Time::from_ms(30_000),
            cooldown: minutes(5),
            stabilisation: minutes(5),
        }
    }
}

/// What is remembered of a queue.
#[derive(Clone, Debug)]
pub(crate) struct State {
    own: Queue,
    /// What was asked for lately: later ones are smaller.
    asked: VecDeque<(Time, u32)>,
    /// When a poll last saw a message.
    seen: Option<Time>,
}

impl State {
    pub(super) fn new(own: Queue) -> State {
        State { own, asked: VecDeque::new(), seen: None }
    }

    pub(super) fn every(&self) -> Time {
        self.own.polling
    }

    pub(super) fn desired(&mut self, now: Time, seen: Seen) -> u32 {
        let messages = seen.waiting + seen.working;
        let wanted = (f64::from(messages) / self.own.threshold).ceil() as u32;
        if messages > 0 {
            self.seen = Some(now);
        }
        while self.asked.back().is_some_and(|(_, asked)| *asked <= wanted) {
            self.asked.pop_back();
        }
        self.asked.push_back((now, wanted));
        while self.asked.front().is_some_and(|(at, _)| *at + self.own.stabilisation < now) {
            self.asked.pop_front();
        }
        let most = self.asked.front().map_or(0, |(_, asked)| *asked);
        // An HPA never goes below one; only the cool-down does.
        match self.seen {
            Some(last) if now < last + self.own.cooldown => most.max(1),
            Some(_) if messages == 0 => 0,
            Some(_) => most.max(1),
            None => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_by_hand() {
        let mut state = State::new(Queue { threshold: 2.0, ..Queue::default() });
        let mut look = |seconds: u64, waiting| {
            let seen = Seen { waiting, working: 0, ready: 0, live: 0 };
            state.desired(Time::from_ms(1_000 * seconds), seen)
        };
        assert_eq!(look(30, 0), 0, "nothing was ever there");
        assert_eq!(look(60, 7), 4);
        assert_eq!(look(90, 3), 4, "what was asked for stays for five minutes");
        assert_eq!(look(360, 1), 4);
        assert_eq!(look(390, 1), 2, "7 messages are five and a half minutes ago");
        assert_eq!(look(660, 0), 1, "one message was there at 390 s");
        assert_eq!(look(690, 0), 0, "five minutes after the last message");
    }
}
