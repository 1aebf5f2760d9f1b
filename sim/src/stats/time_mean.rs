//! The mean of a level over time: `∫ level dt ÷ span`.

use crate::Time;

/// A level that changes in steps, such as the length of a queue, and its mean over time.
#[derive(Clone, Copy, Debug)]
pub struct TimeMean {
    begin: Time,
    since: Time,
    level: f64,
    /// Integral of the level from `begin` to `since` [level units × s].
    area: f64,
}

impl TimeMean {
    /// A level that has been `level` since `now`.
    pub fn new(now: Time, level: f64) -> TimeMean {
        TimeMean { begin: now, since: now, level, area: 0.0 }
    }

    /// The level.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// Sets the level at `now`.
    ///
    /// # Panics
    /// If `now` lies before an earlier change.
    pub fn set(&mut self, now: Time, level: f64) {
        self.area = self.area(now);
        self.since = now;
        self.level = level;
    }

    /// Raises the level at `now` by `step`, or lowers it. Panics as [`TimeMean::set`].
    pub fn add(&mut self, now: Time, step: f64) {
        self.set(now, self.level + step);
    }

    /// The integral of the level up to `now` [level units × s]. Panics as [`TimeMean::set`].
    pub fn area(&self, now: Time) -> f64 {
        assert!(now >= self.since, "a level is asked for at {now}, before {}", self.since);
        self.area + self.level * (now - self.since).as_seconds()
    }

    /// The mean from the beginning to `now`, or the level itself if no time has passed. Panics as
    /// [`TimeMean::set`].
    pub fn mean(&self, now: Time) -> f64 {
        let span = (now - self.begin).as_seconds();
        if span > 0.0 { self.area(now) / span } else { self.level }
    }

    /// Forgets everything before `now` but the level: the end of the warm-up.
    pub fn restart(&mut self, now: Time) {
        *self = TimeMean::new(now, self.level);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_count_for_as_long_as_they_last() {
        let mut queue = TimeMean::new(Time::ZERO, 0.0);
        queue.add(Time::from_ms(2), 3.0); // 0 for 2 ms
        queue.add(Time::from_ms(3), -1.0); // 3 for 1 ms
        assert_eq!(queue.mean(Time::from_ms(5)), (3.0 + 2.0 * 2.0) / 5.0); // 2 for 2 ms
        queue.restart(Time::from_ms(5));
        assert_eq!(queue.mean(Time::from_ms(5)), 2.0);
        assert_eq!(queue.mean(Time::from_ms(9)), 2.0);
    }
}
