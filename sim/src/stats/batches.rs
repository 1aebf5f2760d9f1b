//! The mean of successive values of one run, and how far the true mean may be from it.
//!
//! Successive values hang together: who waits long is followed by others who wait long. Means of
//! long batches hardly do, so a Student-t interval over them holds:
//!
//! ```text
//! mean ± t(confidence, b − 1) × s(batch means) ÷ √b
//! ```
//!
//! (Law, *Simulation Modeling and Analysis*, 2015, § 9.5.3; Schmeiser, Operations Research 30(3),
//! 1982: 10 to 30 batches are enough, and more gain little.) The batches grow with the run: when
//! there are 64, neighbours are merged, so memory is bounded and 16 to 31 are used at the end.

use super::Interval;

/// When there are as many batches, neighbours are merged.
const MOST: usize = 64;
/// At least as many batches make an interval.
const LEAST: usize = 16;

/// Successive values, kept as means of batches of equal size.
#[derive(Clone, Debug)]
pub struct Batches {
    /// Values of a whole batch.
    size: u64,
    means: Vec<f64>,
    /// The batch that is not whole yet: its values and their sum.
    begun: u64,
    sum: f64,
    /// All values (Welford, 1962).
    count: u64,
    mean: f64,
    squares: f64,
}

impl Batches {
    /// No values.
    pub fn new() -> Batches {
        let means = Vec::with_capacity(MOST);
        Batches { size: 1, means, begun: 0, sum: 0.0, count: 0, mean: 0.0, squares: 0.0 }
    }

    /// Adds the next value.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
        self.begun += 1;
        self.sum += value;
        if self.begun < self.size {
            return;
        }
        self.means.push(self.sum / self.begun as f64);
        (self.begun, self.sum) = (0, 0.0);
        if self.means.len() == MOST {
            self.means = merged(&self.means, 2);
            self.size *= 2;
        }
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The interval for the mean; `None` for fewer than 16 values.
    ///
    /// # Panics
    /// Unless `confidence` lies between 0 and 1, exclusive.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let (means, _) = self.used()?;
        let interval = Interval::of(&means, confidence)?;
        Some(Interval { mean: self.mean, ..interval })
    }

    /// How many independent values these are worth: their number, divided by how much more the
    /// batch means vary than those of independent values would. At most their number.
    pub fn worth(&self) -> f64 {
        let Some((means, size)) = self.used() else { return self.count as f64 };
        let count = means.len() as f64;
        let mean = means.iter().sum::<f64>() / count;
        let of_batches =
            means.iter().map(|batch| (batch - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let of_values = self.squares / (self.count - 1) as f64;
        match of_values > 0.0 {
            true => self.count as f64 / (of_batches * size as f64 / of_values).max(1.0),
            false => self.count as f64,
        }
    }

    /// 16 to 31 batches and their size: the last ones, if their number does not come out even.
    fn used(&self) -> Option<(Vec<f64>, u64)> {
        if self.means.len() < LEAST {
            return None;
        }
        let times = self.means.len() / LEAST;
        let spare = self.means.len() % times;
        Some((merged(&self.means[spare..], times), self.size * times as u64))
    }
}

impl Default for Batches {
    fn default() -> Batches {
        Batches::new()
    }
}

/// Means of `times` neighbours each.
fn merged(means: &[f64], times: usize) -> Vec<f64> {
    let mean = |few: &[f64]| few.iter().sum::<f64>() / few.len() as f64;
    means.chunks_exact(times).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dist, Seed};

    /// How often of 300 runs the interval holds the true mean, 1: of values that keep `memory` of
    /// the one before; and what 4096 of them are worth on average.
    fn coverage(memory: f64) -> (usize, f64) {
        let noise = Dist::Exponential { mean: 1.0 };
        let (mut inside, mut worth) = (0, 0.0);
        for run in 0..300 {
            let mut stream = Seed::new(11).draw(run);
            let mut batches = Batches::new();
            let mut value = 1.0;
            for _ in 0..4096 {
                value = memory * value + (1.0 - memory) * noise.sample(&mut stream);
                batches.add(value);
            }
            inside += usize::from(batches.interval(0.95).unwrap().contains(1.0));
            worth += batches.worth() / 300.0;
        }
        (inside, worth)
    }

    #[test]
    fn intervals_hold_the_mean_as_often_as_stated_though_values_hang_together() {
        // 285 of 300 expected, standard deviation 3.8.
        let (alone, _) = coverage(0.0);
        assert!(alone >= 272, "{alone} of 300");
        let (together, worth) = coverage(0.8);
        assert!(together >= 268, "{together} of 300");
        // An autoregressive chain is worth n (1 − a) ÷ (1 + a).
        assert!((worth / (4096.0 * 0.2 / 1.8) - 1.0).abs() < 0.3, "{worth}");
    }

    #[test]
    fn memory_does_not_grow() {
        let mut batches = Batches::new();
        (0..1_000_000u32).for_each(|value| batches.add(f64::from(value % 10)));
        assert!(batches.means.len() < MOST && batches.means.capacity() <= 2 * MOST);
        assert_eq!(batches.count(), 1_000_000);
        let interval = batches.interval(0.95).unwrap();
        assert!((interval.mean - 4.5).abs() < 1e-9 && interval.half_width < 0.01, "{interval:?}");
    }

    #[test]
    fn a_few_values_have_no_interval() {
        let mut batches = Batches::new();
        (0..15).for_each(|_| batches.add(1.0));
        assert_eq!(batches.interval(0.95), None);
    }
}
