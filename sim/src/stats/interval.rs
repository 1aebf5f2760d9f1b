//! The mean of independent replications, and how far the true mean may be from it.
//!
//! ```text
//! mean ± t(confidence, n − 1) × s ÷ √n
//! ```
//!
//! with the sample standard deviation `s` and Student's t (Law, *Simulation Modeling and
//! Analysis*, 2015, § 9.4.1). It holds for independent values: means of whole replications, not
//! successive observations of one run.

use serde::{Deserialize, Serialize};

use super::student_quantile;

/// A mean with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The mean of the values.
    pub mean: f64,
    /// The true mean lies within this of `mean`, with the stated confidence.
    pub half_width: f64,
    /// That confidence, such as 0.95.
    pub confidence: f64,
    /// How many values there were.
    pub count: usize,
}

impl Interval {
    /// The interval for the mean of `values`; `None` for fewer than two, of which nothing can be
    /// said.
    ///
    /// # Panics
    /// Unless `confidence` lies between 0 and 1, exclusive.
    pub fn of(values: &[f64], confidence: f64) -> Option<Interval> {
        let inside = confidence > 0.0 && confidence < 1.0;
        assert!(inside, "a confidence lies between 0 and 1, got {confidence}");
        if values.len() < 2 {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let deviation = (squares / (count - 1.0)).sqrt();
        let t = student_quantile(0.5 + confidence / 2.0, count - 1.0);
        let half_width = t * deviation / count.sqrt();
        Some(Interval { mean, half_width, confidence, count: values.len() })
    }

    /// Its lower end.
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// Its upper end.
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }

    /// Whether `value` lies in it.
    pub fn contains(&self, value: f64) -> bool {
        self.low() <= value && value <= self.high()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_widths_follow_the_t_table() {
        // Standard deviation 1 and 4 values: t(0.975, 3) = 3.182, t(0.95, 3) = 2.353; over √4.
        let values = [9.0, 9.0, 11.0, 11.0].map(|value| 10.0 + (value - 10.0) * 0.75f64.sqrt());
        for (confidence, half_width) in [(0.95, 1.591), (0.90, 1.177)] {
            let interval = Interval::of(&values, confidence).unwrap();
            assert!((interval.half_width - half_width).abs() < 5e-4, "{interval:?}");
            assert!(interval.contains(10.0) && !interval.contains(12.0));
        }
    }

    #[test]
    fn nothing_is_said_of_a_single_value() {
        assert_eq!(Interval::of(&[1.0], 0.95), None);
    }
}
