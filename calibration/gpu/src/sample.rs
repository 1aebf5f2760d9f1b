//! One measured point: its readings, and what they say together.
//!
//! Readings of a machine have a core that is nearly normal and a tail of late ones, so the value
//! is the median, and its error comes from the median absolute deviation, which half of the
//! readings would have to be wrong to move: σ ≈ 1.4826 · MAD, and the median of n readings has a
//! standard error of 1.2533 σ ÷ √n.

use std::sync::Arc;

use calibration_data::quantile::quantile;
use serde::{Deserialize, Serialize};

use super::probe::Point;
use super::state::Moment;

/// A measured point.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The probe that it is of.
    pub probe: &'static str,
    /// What was measured.
    pub point: Point,
    /// What the timer read, one number a repetition, in the unit of its timer.
    pub readings: Vec<f64>,
    /// The state of the SM clock around the probe.
    pub clock: Clock,
    /// What the driver said of the device after each pass of the probe.
    pub moments: Arc<[Moment]>,
}

/// The SM clock around a probe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Just before \[Hz\].
    pub before_hz: f64,
    /// Just after \[Hz\].
    pub after_hz: f64,
    /// Relative standard error of their mean.
    pub error: f64,
}

impl Clock {
    /// The mean of both \[Hz\].
    pub fn hz(&self) -> f64 {
        (self.before_hz + self.after_hz) / 2.0
    }
}

impl Sample {
    /// The median.
    pub fn median(&self) -> f64 {
        quantile(&self.readings, 0.5)
    }

    /// The lower and upper quartile.
    pub fn quartiles(&self) -> (f64, f64) {
        (quantile(&self.readings, 0.25), quantile(&self.readings, 0.75))
    }

    /// Standard deviation of the core of the readings, as a part of the median.
    pub fn spread(&self) -> f64 {
        let median = self.median();
        let far: Vec<f64> = self.readings.iter().map(|value| (value - median).abs()).collect();
        1.4826 * quantile(&far, 0.5) / median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_reading_changes_nothing() {
        let sample = |last: f64| {
            let clock = Clock { before_hz: 1e9, after_hz: 1e9, error: 0.0 };
            let point = Point::plain();
            let readings = vec![1.0, 3.0, 2.0, 4.0, last];
            Sample { probe: "t", point, readings, clock, moments: Arc::new([]) }
        };
        assert_eq!(sample(5.0).median(), 3.0);
        assert_eq!(sample(500.0).median(), 3.0);
        assert_eq!(sample(5.0).quartiles(), (2.0, 4.0));
        assert_eq!(sample(5.0).spread(), sample(500.0).spread());
        assert!((sample(5.0).spread() - 1.4826 / 3.0).abs() < 1e-12);
    }
}
