//! What links and pools are used for over time: how busy they are, and how many wait for them.
//!
//! In a pool those wait who stand in line. At a link a move waits in part: one that has the rate
//! `r` where it would have `r₀` alone counts as `1 − r ÷ r₀` moves that stand still, at the link
//! that holds it back. So both are numbers of waiting, and divided by runs a second they are what a
//! run waits there on average (Little's law).
//!
//! Time is cut into windows. Where it is not known how long a run goes on, they grow: whenever
//! there are 64, neighbours are merged.

use sim::stats::TimeMean;
use sim::{LinkId, Pool, Time};

use super::fluid::Fluid;
use super::runs::Ticket;

/// When there are as many windows, neighbours are merged.
const MOST: usize = 64;
/// So many windows where it is known how long a run goes on.
const PLANNED: u64 = 50;
/// The first windows where it is not.
const SHORTEST: Time = Time::from_us(100);

/// What has passed up to an instant: for each link and then each pool, how much it was used [link:
/// units; pool: slots × s], and how much was waited for it \[s\].
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Passed {
    pub(crate) used: Vec<f64>,
    pub(crate) waited: Vec<f64>,
}

/// A stretch of time, and what passed in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) begin: Time,
    pub(crate) end: Time,
    pub(crate) passed: Passed,
}

/// How a pool is used.
struct Level {
    slots: u32,
    held: TimeMean,
    waiting: TimeMean,
}

/// Looks at links and pools.
pub(crate) struct Watch {
    links: usize,
    pools: Vec<Level>,
    /// What moves waited at each link, up to those that have ended \[s\].
    slowed: Vec<f64>,
    /// Statistics begin here, and end here if that is known.
    warm: Time,
    until: Option<Time>,
    width: Time,
    windows: Vec<Stretch>,
    /// What had passed when the present window began, and when the statistics did.
    before: (Time, Passed),
    warmed: Option<Passed>,
    whole: Option<Stretch>,
}

impl Passed {
    fn since(&self, earlier: &Passed) -> Passed {
        let minus = |all: &[f64], less: &[f64]| {
            all.iter().zip(less).map(|(all, less)| (all - less).max(0.0)).collect()
        };
        Passed {
            used: minus(&self.used, &earlier.used),
            waited: minus(&self.waited, &earlier.waited),
        }
    }

    fn and(mut self, other: &Passed) -> Passed {
        self.used.iter_mut().zip(&other.used).for_each(|(sum, more)| *sum += more);
        self.waited.iter_mut().zip(&other.waited).for_each(|(sum, more)| *sum += more);
        self
    }
}

impl Watch {
    /// Over `links` links and pools of so many slots, from `warm` on, until `until` or for as long
    /// as something happens.
    pub(crate) fn new(links: usize, pools: &[u32], warm: Time, until: Option<Time>) -> Watch {
        let level = |&slots: &u32| Level {
            slots,
            held: TimeMean::new(Time::ZERO, 0.0),
            waiting: TimeMean::new(Time::ZERO, 0.0),
        };
        let nothing = vec![0.0; links + pools.len()];
        let nothing = Passed { used: nothing.clone(), waited: nothing };
        let width = until.map_or(SHORTEST, |until| (until / PLANNED).max(Time::from_ps(1)));
        Watch {
            links,
            pools: pools.iter().map(level).collect(),
            slowed: vec![0.0; links],
            warm,
            until,
            width,
            windows: Vec::new(),
            warmed: (warm == Time::ZERO).then(|| nothing.clone()),
            before: (Time::ZERO, nothing),
            whole: None,
        }
    }

    /// Notes how many hold and want a slot of a pool.
    pub(super) fn pool(&mut self, at: usize, pool: &Pool<Ticket>, now: Time) {
        let level = &mut self.pools[at];
        level.held.set(now, f64::from(level.slots - pool.free()));
        level.waiting.set(now, pool.waiting() as f64);
    }

    /// Notes what a move that has ended waited at links \[s\].
    pub(super) fn slowed(&mut self, slowed: &[(LinkId, f64)]) {
        for (link, seconds) in slowed {
            self.slowed[link.index()] += seconds;
        }
    }

    /// When to look next; never, if it is over.
    pub(super) fn next(&self) -> Time {
        if self.whole.is_some() {
            return Time::MAX;
        }
        let window = self.before.0 + self.width;
        let window = match self.until {
            // The last one takes what the division leaves.
            Some(until) if window + self.width > until => until,
            _ => window,
        };
        if self.warmed.is_none() { window.min(self.warm) } else { window }
    }

    /// Looks, if it is time to; `over`: whether nothing is left to happen.
    pub(super) fn look(&mut self, now: Time, over: bool, fluid: &mut Fluid) {
        if self.whole.is_some() {
            return;
        }
        let at_warm = self.warmed.is_none() && now >= self.warm;
        let at_end = self.until.map_or(over, |until| now >= until);
        let at_window = now >= self.before.0 + self.width;
        if !(at_warm || at_end || at_window) {
            return;
        }
        let passed = self.passed(now, fluid);
        if at_warm {
            self.warmed = Some(passed.clone());
        }
        let next_is_last = self.until.is_some_and(|until| now + self.width > until && now < until);
        if (at_window && !next_is_last) || at_end {
            self.push(now, &passed);
        }
        if at_end {
            let warmed = self.warmed.as_ref().unwrap_or(&self.before.1);
            let (begin, end) = (self.warm.min(now), now);
            self.whole = Some(Stretch { begin, end, passed: passed.since(warmed) });
        }
    }

    /// Looks for the last time: nothing will happen any more, though something may not have ended.
    pub(super) fn conclude(&mut self, now: Time, fluid: &mut Fluid) {
        if self.whole.is_none() {
            let passed = self.passed(now, fluid);
            self.push(now, &passed);
            let warmed = self.warmed.as_ref().unwrap_or(&passed);
            let (begin, end) = (self.warm.min(now), now);
            self.whole = Some(Stretch { begin, end, passed: passed.since(warmed) });
        }
    }

    /// Ends the present window.
    fn push(&mut self, now: Time, passed: &Passed) {
        let (begin, before) = &self.before;
        if now > *begin {
            let passed = passed.since(before);
            self.windows.push(Stretch { begin: *begin, end: now, passed });
        }
        self.before = (now, passed.clone());
        if self.windows.len() == MOST {
            let pairs = self.windows.chunks(2).map(|pair| Stretch {
                begin: pair[0].begin,
                end: pair[1].end,
                passed: pair[0].passed.clone().and(&pair[1].passed),
            });
            self.windows = pairs.collect();
            self.width = self.width * 2;
        }
    }

    fn passed(&self, now: Time, fluid: &mut Fluid) -> Passed {
        let links = (0..self.links as u32).map(|link| fluid.work(LinkId::new(link), now));
        let held = self.pools.iter().map(|level| level.held.area(now));
        let waiting = self.pools.iter().map(|level| level.waiting.area(now));
        Passed {
            used: links.chain(held).collect(),
            waited: self.slowed.iter().copied().chain(waiting).collect(),
        }
    }

    /// The whole of what the statistics are about, and the windows.
    pub(crate) fn finish(self) -> (Stretch, Vec<Stretch>) {
        (self.whole.expect("it was over"), self.windows)
    }
}
