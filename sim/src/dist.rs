//! Distributions of times, sizes and counts, as they are written in a configuration.
//!
//! All are over zero and above, have a closed-form mean where the mean exists, and draw only from
//! the stream they are given. Values are in the unit of whoever uses them.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::ziggurat::{exponential, normal};

/// A distribution of numbers that are zero or more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Dist {
    /// Always `value`.
    Constant {
        /// The one value.
        value: f64,
    },
    /// Anything from `low` to below `high`, all alike.
    Uniform {
        /// The least value.
        low: f64,
        /// No value reaches this.
        high: f64,
    },
    /// Memoryless.
    Exponential {
        /// Its mean.
        mean: f64,
    },
    /// The logarithm is normal: most durations of software look so.
    LogNormal {
        /// Half of the values are less.
        median: f64,
        /// Standard deviation of the natural logarithm.
        sigma: f64,
    },
    /// A heavy tail: P(X > x) = (scale ÷ x)^shape.
    Pareto {
        /// The least value.
        scale: f64,
        /// The exponent of the tail; the mean is infinite at 1 or less.
        shape: f64,
    },
    /// One of `values`, all alike: a measured sample, drawn again (bootstrap).
    Empirical {
        /// The sample.
        values: Vec<f64>,
    },
}

/// Why a [`Dist`] cannot be drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistError {
    /// The field that is wrong.
    pub field: &'static str,
    /// What it must be.
    pub must_be: &'static str,
}

impl std::fmt::Display for DistError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "`{}` must be {}", self.field, self.must_be)
    }
}

impl std::error::Error for DistError {}

impl Dist {
    /// Whether it can be drawn from: to be called where a configuration is read.
    ///
    /// # Errors
    /// Names the first field that is out of range, and its range.
    pub fn check(&self) -> Result<(), DistError> {
        let amount = |x: f64| x.is_finite() && x >= 0.0;
        let positive = |x: f64| x.is_finite() && x > 0.0;
        const AMOUNT: &str = "finite and zero or more";
        const POSITIVE: &str = "finite and above zero";
        let checks: &[(&'static str, bool, &'static str)] = match self {
            Dist::Constant { value } => &[("value", amount(*value), AMOUNT)],
            Dist::Uniform { low, high } => &[
                ("low", amount(*low), AMOUNT),
                ("high", positive(*high) && high > low, "finite and above `low`"),
            ],
            Dist::Exponential { mean } => &[("mean", positive(*mean), POSITIVE)],
            Dist::LogNormal { median, sigma } => {
                &[("median", positive(*median), POSITIVE), ("sigma", amount(*sigma), AMOUNT)]
            }
            Dist::Pareto { scale, shape } => {
                &[("scale", positive(*scale), POSITIVE), ("shape", positive(*shape), POSITIVE)]
            }
            Dist::Empirical { values } => &[
                ("values", !values.is_empty(), "one number or more"),
                ("values", values.iter().all(|&x| amount(x)), "finite and zero or more, each"),
            ],
        };
        match checks.iter().find(|(_, good, _)| !good) {
            Some(&(field, _, must_be)) => Err(DistError { field, must_be }),
            None => Ok(()),
        }
    }

    /// Draws a value.
    pub fn sample<R: Rng + ?Sized>(&self, stream: &mut R) -> f64 {
        match self {
            Dist::Constant { value } => *value,
            Dist::Uniform { low, high } => low + (high - low) * stream.random::<f64>(),
            Dist::Exponential { mean } => mean * exponential(stream),
            Dist::LogNormal { median, sigma } => median * libm::exp(sigma * normal(stream)),
            // By inversion; 1 − u is never zero.
            Dist::Pareto { scale, shape } => {
                scale * libm::pow(1.0 - stream.random::<f64>(), -1.0 / shape)
            }
            Dist::Empirical { values } => values[stream.random_range(0..values.len())],
        }
    }

    /// The same with every draw times `factor`.
    pub fn slower(&self, factor: f64) -> Dist {
        let times = |value: &f64| factor * value;
        match self {
            Dist::Constant { value } => Dist::Constant { value: times(value) },
            Dist::Uniform { low, high } => Dist::Uniform { low: times(low), high: times(high) },
            Dist::Exponential { mean } => Dist::Exponential { mean: times(mean) },
            Dist::LogNormal { median, sigma } => {
                Dist::LogNormal { median: times(median), sigma: *sigma }
            }
            Dist::Pareto { scale, shape } => Dist::Pareto { scale: times(scale), shape: *shape },
            Dist::Empirical { values } => {
                Dist::Empirical { values: values.iter().map(times).collect() }
            }
        }
    }

    /// Its mean; infinite for a Pareto tail with a shape of 1 or less.
    pub fn mean(&self) -> f64 {
        match self {
            Dist::Constant { value } => *value,
            Dist::Uniform { low, high } => (low + high) / 2.0,
            Dist::Exponential { mean } => *mean,
            Dist::LogNormal { median, sigma } => median * libm::exp(sigma * sigma / 2.0),
            Dist::Pareto { scale, shape } if *shape > 1.0 => scale * shape / (shape - 1.0),
            Dist::Pareto { .. } => f64::INFINITY,
            Dist::Empirical { values } => values.iter().sum::<f64>() / values.len() as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    #[test]
    fn sample_means_agree_with_the_closed_forms() {
        let cases = [
            Dist::Constant { value: 3.0 },
            Dist::Uniform { low: 1.0, high: 4.0 },
            Dist::Exponential { mean: 2.0 },
            Dist::LogNormal { median: 2.0, sigma: 0.5 },
            Dist::Pareto { scale: 1.0, shape: 4.0 },
            Dist::Empirical { values: vec![1.0, 2.0, 6.0] },
        ];
        for dist in cases {
            dist.check().unwrap();
            let mut stream = Seed::new(7).stream("dist");
            let n = 200_000;
            let mean = (0..n).map(|_| dist.sample(&mut stream)).sum::<f64>() / f64::from(n);
            // The widest standard deviation here is the mean's size: five standard errors.
            let bound = 5.0 * dist.mean() / f64::from(n).sqrt();
            assert!((mean - dist.mean()).abs() <= bound, "{dist:?}: {mean}");
        }
    }

    #[test]
    fn what_cannot_be_drawn_from_is_refused_by_name() {
        let cases = [
            (Dist::Constant { value: f64::NAN }, "value"),
            (Dist::Uniform { low: 2.0, high: 2.0 }, "high"),
            (Dist::Uniform { low: -1.0, high: 2.0 }, "low"),
            (Dist::Exponential { mean: 0.0 }, "mean"),
            (Dist::LogNormal { median: 1.0, sigma: f64::INFINITY }, "sigma"),
            (Dist::Pareto { scale: 1.0, shape: 0.0 }, "shape"),
            (Dist::Empirical { values: vec![] }, "values"),
            (Dist::Empirical { values: vec![1.0, -1.0] }, "values"),
        ];
        for (dist, field) in cases {
            assert_eq!(dist.check().unwrap_err().field, field, "{dist:?}");
        }
    }
}
