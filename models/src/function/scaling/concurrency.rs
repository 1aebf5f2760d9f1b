//! Scaling by concurrency, as Knative's autoscaler (KPA) does it.
//!
//! Concurrency is averaged over a stable and over a panic window. Where the short one asks for at
//! least twice what is ready, the autoscaler panics: it follows the short window and stops nothing
//! until a stable window has passed without that. The first call after none starts an instance at
//! once, because the activator asks for it. The defaults are those of config-autoscaler: target
//! 100 × 70 %, 60 s, 10 %, 200 %, grace 30 s, at most halved with each look.

use std::collections::VecDeque;

use sim::Time;
use sim::stats::TimeMean;

use super::Seen;

/// How often the autoscaler looks.
pub(super) const TICK: Time = Time::from_ms(2_000);
/// The fastest change with one look, up and down.
const UP_MAX: f64 = 1000.0;
const DOWN_MAX: f64 = 2.0;

/// How Knative's autoscaler is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concurrency {
    /// Calls that an instance should have at once; the part that is to be used is in it already.
    pub target: f64,
    /// The stable window.
    pub window: Time,
    /// The panic window, as a part of the stable one.
    pub panic_part: f64,
    /// What the panic window must ask for of what is ready, to panic.
    pub panic_threshold: f64,
    /// How long the last instance stays once nothing is asked for.
    pub grace: Time,
}

impl Default for Concurrency {
    fn default() -> Concurrency {
        Concurrency {
            target: 70.0,
            window: Time::from_ms(60_000),
            panic_part: 0.1,
            panic_threshold: 2.0,
            grace: Time::from_ms(30_000),
        }
    }
}

/// What the autoscaler remembers of a function.
#[derive(Clone, Debug)]
pub(crate) struct State {
    own: Concurrency,
    level: TimeMean,
    /// The area under the concurrency at each look [calls × s], oldest first.
    areas: VecDeque<(Time, f64)>,
    /// Until when it panics, and the most that was asked for since.
    panics: Option<(Time, u32)>,
    /// Since when nothing is asked for.
    nothing: Option<Time>,
}

impl State {
    pub(super) fn new(own: Concurrency) -> State {
        let level = TimeMean::new(Time::ZERO, 0.0);
        let areas = VecDeque::from([(Time::ZERO, 0.0)]);
        State { own, level, areas, panics: None, nothing: None }
    }

    pub(super) fn note(&mut self, now: Time, calls: u32) {
        self.level.set(now, calls.into());
    }

    pub(super) fn desired(&mut self, now: Time, seen: Seen) -> u32 {
        self.areas.push_back((now, self.level.area(now)));
        // The oldest that is kept is the last one before the window.
        while self.areas.get(1).is_some_and(|(at, _)| *at + self.own.window <= now) {
            self.areas.pop_front();
        }
        let ready = f64::from(seen.ready.max(1));
        let panic = Time::from_seconds(self.own.window.as_seconds() * self.own.panic_part);
        let asked = |mean: f64| {
            let wanted = (mean / self.own.target).ceil();
            wanted.clamp((ready / DOWN_MAX).floor(), (ready * UP_MAX).ceil()) as u32
        };
        let stable = asked(self.mean(now, self.own.window));
        let short = asked(self.mean(now, panic));
        if f64::from(short) / ready >= self.own.panic_threshold {
            let most = self.panics.map_or(0, |(_, most)| most);
            self.panics = Some((now + self.own.window, most));
        }
        self.panics = self.panics.filter(|(until, _)| now < *until);
        if let Some((_, most)) = &mut self.panics {
            *most = (*most).max(short).max(seen.ready);
            return *most;
        }
        self.last(now, stable, seen)
    }

    /// The last instance stays for a while.
    fn last(&mut self, now: Time, wanted: u32, seen: Seen) -> u32 {
        if wanted > 0 || seen.live == 0 || seen.waiting + seen.working > 0 {
            self.nothing = None;
            return wanted.max(u32::from(seen.waiting + seen.working > 0));
        }
        let since = *self.nothing.get_or_insert(now);
        u32::from(now < since + self.own.grace)
    }

    /// The mean over the last `window`, or since the beginning if that is less.
    fn mean(&self, now: Time, window: Time) -> f64 {
        let from = now.saturating_sub(window);
        let at = self.areas.partition_point(|(at, _)| *at <= from).saturating_sub(1);
        let (begin, before) = self.areas[at];
        // It does not look while there is nothing to see, so an older area still stands.
        let span = (now - begin).min(window).as_seconds();
        if span > 0.0 { (self.level.area(now) - before) / span } else { self.level.level() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(state: &mut State, seconds: u64, calls: u32, ready: u32) -> u32 {
        let now = Time::from_ms(1_000 * seconds);
        let seen = Seen { waiting: 0, working: calls, ready, live: ready };
        let desired = state.desired(now, seen);
        state.note(now, calls);
        desired
    }

    #[test]
    fn a_burst_panics_and_a_calm_minute_ends_it() {
        let mut state = State::new(Concurrency { target: 1.0, ..Concurrency::default() });
        state.note(Time::ZERO, 1);
        // One call at a time: one instance.
        let steady: Vec<u32> = (1..=60).map(|n| look(&mut state, 2 * n, 1, 1)).collect();
        assert!(steady.iter().all(|desired| *desired == 1), "{steady:?}");
        // Eight at once: the panic window (6 s) sees 8 after 6 s, the stable one far less.
        let mut ready = 1;
        look(&mut state, 122, 8, ready);
        for at in 62..=64 {
            ready = look(&mut state, 2 * at, 8, ready).max(ready);
        }
        assert_eq!(ready, 8);
        // All is over, yet nothing stops while it panics.
        assert_eq!(look(&mut state, 130, 0, 8), 8);
        assert_eq!(look(&mut state, 180, 0, 8), 8);
        // A minute after the last panic it halves with each look, and the last stays for 30 s.
        let after: Vec<u32> = (0..40)
            .map(|n| {
                ready = look(&mut state, 192 + 2 * n, 0, ready);
                ready
            })
            .collect();
        assert_eq!(&after[..3], [4, 2, 1]);
        assert_eq!(after.last(), Some(&0));
    }
}
