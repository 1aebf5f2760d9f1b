//! The clock and everything that will happen, in the order (time, sequence).
//!
//! Events at one instant happen in the order in which they were noted, always. Nothing is ever
//! cancelled: a component that may have changed its mind is woken early and does nothing, which is
//! simpler and faster than finding the old event. [`Alarm`] keeps such wake-ups few.
//!
//! The pending events live in a timing wheel (`agenda/wheel.rs`), chosen by measurement over heaps
//! (see `benches/`); this file is the small interface that hides it.

mod chunks;
mod wheel;

use crate::Time;
use wheel::Wheel;

/// The clock of a run and the events `E` that lie ahead of it.
#[derive(Clone, Debug)]
pub struct Agenda<E> {
    now: Time,
    wheel: Wheel<E>,
}

impl<E: Copy> Agenda<E> {
    /// Nothing to happen, at time zero.
    pub fn new() -> Agenda<E> {
        Agenda { now: Time::ZERO, wheel: Wheel::new() }
    }

    /// The present instant.
    pub fn now(&self) -> Time {
        self.now
    }

    /// How many events lie ahead.
    pub fn len(&self) -> usize {
        self.wheel.len()
    }

    /// Whether nothing lies ahead.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes that `event` happens at `time`, after everything already noted for that instant.
    ///
    /// [`Time::MAX`] means never: the event is dropped.
    ///
    /// # Panics
    /// If `time` has passed.
    pub fn at(&mut self, time: Time, event: E) {
        assert!(time >= self.now, "an event at {time} lies before the present, {}", self.now);
        if time < Time::MAX {
            self.wheel.push(self.now.as_ps(), time.as_ps(), event);
        }
    }

    /// Notes that `event` happens `delay` from now; never, if that lies beyond [`Time::MAX`].
    pub fn after(&mut self, delay: Time, event: E) {
        self.at(self.now + delay, event);
    }

    /// Takes the earliest event before `end` and moves the clock to it.
    ///
    /// With nothing left before `end`, returns `None` and moves the clock to `end`; an `end` of
    /// [`Time::MAX`] is no instant, and leaves the clock at the last event.
    pub fn next(&mut self, end: Time) -> Option<E> {
        if let Some((time, event)) = self.wheel.pop(end.as_ps()) {
            self.now = Time::from_ps(time);
            return Some(event);
        }
        if end < Time::MAX {
            self.now = self.now.max(end);
        }
        None
    }
}

impl<E: Copy> Default for Agenda<E> {
    fn default() -> Agenda<E> {
        Agenda::new()
    }
}

/// The one pending wake-up of a passive component. Ringing early is harmless, late is not.
///
/// ```
/// use sim::{Agenda, Alarm, Time};
/// let (mut agenda, mut alarm) = (Agenda::new(), Alarm::new());
/// alarm.set(Time::from_ns(5), "wake", &mut agenda);
/// alarm.set(Time::from_ns(9), "wake", &mut agenda); // it wakes at 5 ns anyway
/// assert_eq!(agenda.len(), 1);
/// assert_eq!(agenda.next(Time::MAX), Some("wake"));
/// alarm.rang(agenda.now()); // from here on it may be set again
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Alarm {
    /// When it rings; [`Time::MAX`] when unset.
    at: Time,
}

impl Alarm {
    /// An alarm that is not set.
    pub const fn new() -> Alarm {
        Alarm { at: Time::MAX }
    }

    /// Has `event` happen at `at`, unless the alarm already rings then or earlier.
    pub fn set<E: Copy>(&mut self, at: Time, event: E, agenda: &mut Agenda<E>) {
        if at < self.at {
            self.at = at;
            agenda.at(at, event);
        }
    }

    /// Notes that the event happened, at `now`. Of several that were noted, only the one that the
    /// alarm stands at unsets it; the others are early or stale, and harmless.
    pub fn rang(&mut self, now: Time) {
        if now >= self.at {
            self.at = Time::MAX;
        }
    }
}

impl Default for Alarm {
    fn default() -> Alarm {
        Alarm::new()
    }
}
