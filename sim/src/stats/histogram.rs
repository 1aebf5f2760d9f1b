//! Quantiles in bounded memory, with a bounded relative error.
//!
//! A bucket holds all numbers that agree in sign, exponent and the first seven bits of the
//! fraction, so the bits of a number name its bucket: no logarithm, the same on every machine.
//! (The layout of HdrHistogram, Tene 2012, on floating-point numbers.) A bucket spans at most
//! 2^-7 of its values, so its middle is off by at most 2^-8 = 0.39 % of any of them.

use super::normal_quantile;

/// Bits of the fraction that name a bucket.
const PRECISION: u32 = 7;
const DROPPED: u32 = f64::MANTISSA_DIGITS - 1 - PRECISION;

/// A sample of numbers that are zero or more, counted in logarithmic buckets.
///
/// ```
/// use sim::stats::Histogram;
/// let mut latency = Histogram::new();
/// (1..=1000).for_each(|ms| latency.add(f64::from(ms) / 1e3));
/// let p99 = latency.quantile(0.99).unwrap();
/// assert!((p99 - 0.990).abs() <= 0.990 * Histogram::ERROR);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Counts of consecutive buckets, from bucket `first` on.
    counts: Vec<u64>,
    first: u64,
    zeros: u64,
    count: u64,
    sum: f64,
    least: f64,
    most: f64,
}

impl Histogram {
    /// A quantile is off by at most this fraction of itself.
    pub const ERROR: f64 = 1.0 / (2 << PRECISION) as f64;

    /// An empty sample.
    pub fn new() -> Histogram {
        Histogram { least: f64::INFINITY, ..Histogram::default() }
    }

    /// Adds a number to the sample.
    ///
    /// # Panics
    /// If it is negative or not finite.
    pub fn add(&mut self, value: f64) {
        assert!(value >= 0.0 && value.is_finite(), "a histogram cannot hold {value}");
        self.count += 1;
        self.sum += value;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        if value == 0.0 {
            self.zeros += 1;
        } else {
            *self.bucket(value.to_bits() >> DROPPED) += 1;
        }
    }

    /// Adds another sample to this one.
    pub fn merge(&mut self, other: &Histogram) {
        for (bucket, &count) in (other.first..).zip(&other.counts) {
            *self.bucket(bucket) += count;
        }
        self.zeros += other.zeros;
        self.count += other.count;
        self.sum += other.sum;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    /// How many numbers it holds.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean, exactly, or `None` if there are none.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The least of them, exactly, or `None` if there are none.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.least)
    }

    /// The greatest of them, exactly, or `None` if there are none.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.most)
    }

    /// The least number that at least the fraction `q` of the sample does not exceed, to within
    /// [`Histogram::ERROR`]; `None` if the sample is empty.
    ///
    /// # Panics
    /// Unless `q` lies from 0 to 1.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        assert!((0.0..=1.0).contains(&q), "a quantile lies from 0 to 1, got {q}");
        let rank = ((q * self.count as f64).ceil() as u64).max(1);
        let mut below = self.zeros;
        if self.count == 0 || rank <= below {
            return self.min();
        }
        for (bucket, &count) in (self.first..).zip(&self.counts) {
            below += count;
            if rank <= below {
                let edge = |bucket: u64| f64::from_bits(bucket << DROPPED);
                let middle = edge(bucket) / 2.0 + edge(bucket + 1) / 2.0;
                return Some(middle.clamp(self.least, self.most));
            }
        }
        self.max()
    }

    /// An interval that holds the quantile `q` of what the sample was drawn from, with a confidence
    /// of `confidence`: the order statistics of ranks
    ///
    /// ```text
    /// n × (q ± z × √(q (1 − q) ÷ m))
    /// ```
    ///
    /// (Conover, *Practical Nonparametric Statistics*, 1999, § 3.2), where `m` says how many
    /// independent values the sample is worth: `n` for independent ones, less for successive values
    /// of one run ([`Batches::worth`](super::Batches::worth)). `None` for an end that lies beyond
    /// the sample.
    ///
    /// # Panics
    /// Unless `q` and `confidence` lie between 0 and 1.
    pub fn quantile_interval(
        &self,
        q: f64,
        confidence: f64,
        worth: f64,
    ) -> (Option<f64>, Option<f64>) {
        assert!(confidence > 0.0 && confidence < 1.0, "a confidence of {confidence}");
        let z = normal_quantile(0.5 + confidence / 2.0);
        let half = z * (q * (1.0 - q) / worth.max(1.0)).sqrt();
        let at = |q: f64| (q > 0.0 && q < 1.0).then(|| self.quantile(q)).flatten();
        (at(q - half), at(q + half))
    }

    /// The count of a bucket, which it makes room for.
    fn bucket(&mut self, bucket: u64) -> &mut u64 {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let more = (self.first - bucket) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = bucket;
        }
        let place = (bucket - self.first) as usize;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        &mut self.counts[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|&value| histogram.add(value));
        histogram
    }

    proptest! {
        #[test]
        fn quantiles_are_within_the_stated_error(
            mut values in prop::collection::vec(prop_oneof![Just(0.0), 1e-12..1e12], 1..200),
            q in 0.0..=1.0,
        ) {
            let found = histogram(&values).quantile(q).unwrap();
            values.sort_by(f64::total_cmp);
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            let exact: f64 = values[rank - 1];
            prop_assert!((found - exact).abs() <= exact * Histogram::ERROR, "{found} {exact}");
        }

        #[test]
        fn merging_is_adding_everything(
            left in prop::collection::vec(0.0..1e9, 0..50),
            right in prop::collection::vec(0.0..1e9, 1..50),
            q in 0.0..=1.0,
        ) {
            let mut merged = histogram(&left);
            merged.merge(&histogram(&right));
            let whole = histogram(&[left, right].concat());
            prop_assert_eq!(merged.quantile(q), whole.quantile(q));
            prop_assert_eq!(merged.count(), whole.count());
            prop_assert_eq!(merged.max(), whole.max());
        }
    }

    #[test]
    fn quantiles_lie_in_their_intervals_as_often_as_stated() {
        // Exponential values: the quantile q is −ln(1 − q).
        let dist = crate::Dist::Exponential { mean: 1.0 };
        for q in [0.5, 0.9, 0.99] {
            let inside = (0..400).filter(|&run| {
                let mut stream = crate::Seed::new(9).draw(run);
                let mut sample = Histogram::new();
                (0..2_000).for_each(|_| sample.add(dist.sample(&mut stream)));
                let (low, high) = sample.quantile_interval(q, 0.95, 2_000.0);
                let truth = -libm::log(1.0 - q);
                low.unwrap() <= truth && truth <= high.unwrap()
            });
            // 380 of 400 expected, standard deviation 4.4; buckets are 0.39 % wide.
            let inside = inside.count();
            assert!((362..=398).contains(&inside), "{q}: {inside} of 400");
        }
        let few = histogram(&[1.0, 2.0, 3.0]);
        assert_eq!(few.quantile_interval(0.99, 0.95, 3.0).1, None, "beyond the sample");
    }

    #[test]
    fn an_empty_sample_has_no_quantile() {
        assert_eq!(Histogram::new().quantile(0.5), None);
        assert_eq!(Histogram::new().mean(), None);
    }
}
