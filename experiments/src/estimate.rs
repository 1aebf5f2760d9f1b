//! A mean over replications with its 95 % interval.

use serde::{Deserialize, Serialize};
use sim::stats::Interval;

/// A mean, and what it may be off by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean over replications.
    pub mean: f64,
    /// The lower end of the interval; none where one replication says nothing about spread.
    pub low: Option<f64>,
    /// The upper end.
    pub high: Option<f64>,
}

impl Estimate {
    /// The estimate from one value per replication.
    ///
    /// # Panics
    /// If there are no values.
    pub fn of(values: &[f64]) -> Estimate {
        let first = values[0];
        if values.len() > 1 && values.iter().all(|value| *value == first) {
            // Exact, where summing and dividing would leave a rounding error of its own.
            return Estimate { mean: first, low: Some(first), high: Some(first) };
        }
        match Interval::of(values, 0.95) {
            Some(interval) => Estimate {
                mean: interval.mean,
                low: Some(interval.low()),
                high: Some(interval.high()),
            },
            None => Estimate { mean: first, low: None, high: None },
        }
    }

    /// Half the width of the interval, if there is one.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_replications_leave_no_rounding_error() {
        let estimate = Estimate::of(&[0.1; 3]);
        assert_eq!(estimate, Estimate { mean: 0.1, low: Some(0.1), high: Some(0.1) });
        assert_eq!(Estimate::of(&[2.0]), Estimate { mean: 2.0, low: None, high: None });
    }

    #[test]
    fn the_interval_is_students() {
        // t(0.975, 1) = 12.706; s = √2; half-width = 12.706 × √2 ÷ √2.
        let half = Estimate::of(&[1.0, 3.0]).half_width().unwrap();
        assert!((half - 12.706).abs() < 1e-3, "{half}");
    }
}
