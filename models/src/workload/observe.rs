//! What is kept of the runs of one workload: counts, levels, and a histogram.

use sim::Time;
use sim::stats::{Batches, Histogram, TimeMean, warm_up::mser5};

use super::WarmUp;

/// So many runs are kept one by one where the warm-up has to be found in them.
const PILOT: usize = 10_000;

/// The runs of one workload.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    /// From when on runs count, and up to when; for ever, if that is not known.
    warm: Time,
    until: Time,
    in_flight: TimeMean,
    warmed: bool,
    /// The mean in flight once it is not changed any more.
    closed: Option<f64>,
    pub(super) most: u64,
    pub(super) arrived: u64,
    pub(super) completed: u64,
    /// Runs that were given up, and attempts after the first.
    pub(super) late: u64,
    pub(crate) retried: u64,
    /// Of those, between `warm` and `until`.
    offered: u64,
    carried: u64,
    pub(super) completion: Histogram,
    batches: Batches,
    /// The first runs, until it is known how many of them are warm-up.
    pilot: Option<Vec<f64>>,
    /// How many runs were left out, and whether the rest is steady.
    pub(super) left_out: u64,
    pub(super) settled: bool,
    last: Time,
}

/// What was measured over the time that counts.
pub(super) struct Rates {
    pub(super) span_s: f64,
    pub(super) offered_hz: f64,
    pub(super) carried_hz: f64,
    pub(super) in_flight: f64,
}

impl Observed {
    pub(super) fn new(warm_up: WarmUp, until: Option<Time>) -> Observed {
        let (warm, pilot) = match warm_up {
            WarmUp::Until(warm) => (warm, None),
            WarmUp::Found => (Time::ZERO, Some(Vec::new())),
        };
        Observed {
            warm,
            until: until.unwrap_or(Time::MAX),
            in_flight: TimeMean::new(Time::ZERO, 0.0),
            warmed: false,
            closed: None,
            most: 0,
            arrived: 0,
            completed: 0,
            late: 0,
            retried: 0,
            offered: 0,
            carried: 0,
            completion: Histogram::new(),
            batches: Batches::new(),
            pilot,
            left_out: 0,
            settled: true,
            last: Time::ZERO,
        }
    }

    /// Changes the number in flight.
    fn step(&mut self, now: Time, step: f64) {
        if !self.warmed && now >= self.warm {
            self.in_flight.restart(self.warm);
            self.warmed = true;
        }
        if self.closed.is_none() && now >= self.until {
            self.closed = Some(self.in_flight.mean(self.until));
        }
        self.in_flight.add(now, step);
        self.most = self.most.max(self.in_flight.level() as u64);
    }

    /// A run begins.
    pub(crate) fn begun(&mut self, now: Time) {
        self.step(now, 1.0);
        self.arrived += 1;
        self.offered += u64::from(self.counts(now));
    }

    /// A run that began at `born` has ended.
    pub(crate) fn ended(&mut self, born: Time, now: Time) {
        self.step(now, -1.0);
        self.completed += 1;
        self.carried += u64::from(self.counts(now));
        self.last = now;
        let seconds = (now - born).as_seconds();
        if born < self.warm {
            self.left_out += 1;
            return;
        }
        match &mut self.pilot {
            Some(pilot) => {
                pilot.push(seconds);
                if pilot.len() >= PILOT {
                    self.settle();
                }
            }
            None => self.count_in(seconds),
        }
    }

    /// A run was given up.
    pub(crate) fn gave_up(&mut self, now: Time) {
        self.step(now, -1.0);
        self.late += 1;
        self.last = now;
    }

    fn counts(&self, now: Time) -> bool {
        self.warm <= now && now <= self.until
    }

    fn count_in(&mut self, seconds: f64) {
        self.completion.add(seconds);
        self.batches.add(seconds);
    }

    /// Finds how many of the first runs are warm-up, and counts the others.
    fn settle(&mut self) {
        let Some(pilot) = self.pilot.take() else { return };
        let cut = mser5(&pilot);
        // If it cannot be told where the beginning ends, half of them are left out, and it is said.
        let cut = cut.unwrap_or_else(|| {
            self.settled = pilot.len() < 50;
            if self.settled { 0 } else { pilot.len() / 2 }
        });
        self.left_out += cut as u64;
        pilot[cut..].iter().for_each(|&seconds| self.count_in(seconds));
    }

    /// The time that counts ends at `now`.
    pub(crate) fn close(&mut self, now: Time) {
        self.until = self.until.min(now);
    }

    /// How many runs count.
    pub(crate) fn count(&self) -> u64 {
        self.batches.count()
    }

    /// Their completions in batches.
    pub(crate) fn batches(&self) -> &Batches {
        &self.batches
    }

    /// Counts what is left, when everything is over; the rates over the time that counts.
    pub(super) fn finish(&mut self) -> Rates {
        self.settle();
        let end = if self.until < Time::MAX { self.until } else { self.last };
        let span_s = end.saturating_sub(self.warm).as_seconds();
        let rate = |count: u64| if span_s > 0.0 { count as f64 / span_s } else { 0.0 };
        let now = end.max(self.last);
        let in_flight = self.closed.unwrap_or_else(|| match self.warmed {
            true => self.in_flight.mean(now),
            false => 0.0,
        });
        Rates { span_s, offered_hz: rate(self.offered), carried_hz: rate(self.carried), in_flight }
    }
}
