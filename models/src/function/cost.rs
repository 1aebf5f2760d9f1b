//! What a stage costs: a time that is drawn, or a movement of bytes.

use sim::{Dist, Seed};

/// What a stage of a start or of a call costs.
#[derive(Clone, Debug, PartialEq)]
pub enum Cost {
    /// A time.
    Time(Duration),
    /// The movement of this number, which a [`Mover`](super::Mover) carries out.
    Move(u32),
}

impl Cost {
    /// Nothing.
    pub const NOTHING: Cost = Cost::Time(Duration::Nothing);

    /// The least time that it takes \[s\]; nothing is known of a movement.
    pub fn least(&self) -> f64 {
        match self {
            Cost::Time(duration) => duration.least(),
            Cost::Move(_) => 0.0,
        }
    }
}

/// A time that is drawn \[s\].
#[derive(Clone, Debug, PartialEq)]
pub enum Duration {
    /// No time.
    Nothing,
    /// From a distribution.
    Dist(Dist),
    /// From measured quantiles, times a factor.
    Quantiles(Quantiles, f64),
}

impl Duration {
    /// Draw `number` of those of a consumer \[s\].
    pub fn draw(&self, consumer: Seed, number: u64) -> f64 {
        match self {
            Duration::Nothing => 0.0,
            Duration::Dist(dist) => dist.sample(&mut consumer.draw(number)),
            Duration::Quantiles(quantiles, times) => times * quantiles.at(consumer.unit(number)),
        }
    }

    /// No draw is less \[s\].
    pub fn least(&self) -> f64 {
        match self {
            Duration::Nothing => 0.0,
            Duration::Quantiles(quantiles, times) => times * quantiles.at(0.0),
            Duration::Dist(dist) => match dist {
                Dist::Constant { value } => *value,
                Dist::Uniform { low, .. } => *low,
                Dist::Pareto { scale, .. } => *scale,
                Dist::Exponential { .. } | Dist::LogNormal { .. } => 0.0,
                Dist::Empirical { values } => values.iter().copied().fold(f64::INFINITY, f64::min),
            },
        }
    }
}

/// Some quantiles of a measured value, with straight lines between them. Beyond the first and the
/// last nothing is known, and those two are taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles(Vec<(f64, f64)>);

impl Quantiles {
    /// Probabilities and the values below which so much lies; none unless both ascend and the
    /// probabilities are from zero to one.
    pub fn new(points: Vec<(f64, f64)>) -> Option<Quantiles> {
        let ascend = points.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
        let possible = |(p, value): &(f64, f64)| (0.0..=1.0).contains(p) && value.is_finite();
        (!points.is_empty() && ascend && points.iter().all(possible)).then_some(Quantiles(points))
    }

    /// The value below which `p` of all lie.
    pub fn at(&self, p: f64) -> f64 {
        let above = self.0.partition_point(|(own, _)| *own < p);
        match (above.checked_sub(1), self.0.get(above)) {
            (Some(below), Some(&(high, to))) => {
                let (low, from) = self.0[below];
                from + (to - from) * (p - low) / (high - low)
            }
            (None, Some((_, first))) => *first,
            (_, None) => self.0[self.0.len() - 1].1,
        }
    }

    /// The points.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_joined_by_lines() {
        let known = Quantiles::new(vec![(0.1, 1.0), (0.5, 3.0), (0.9, 13.0)]).unwrap();
        let cases = [(0.0, 1.0), (0.1, 1.0), (0.3, 2.0), (0.5, 3.0), (0.6, 5.5), (1.0, 13.0)];
        for (p, value) in cases {
            assert!((known.at(p) - value).abs() < 1e-12, "{p}");
        }
        assert_eq!(Quantiles::new(vec![(0.5, 3.0), (0.4, 4.0)]), None);
        assert_eq!(Quantiles::new(vec![(0.5, 3.0), (0.9, 2.0)]), None);
        assert_eq!(Quantiles::new(vec![]), None);
    }

    #[test]
    fn draws_do_not_depend_on_their_order() {
        let duration = Duration::Dist(Dist::Exponential { mean: 2.0 });
        let consumer = Seed::new(3).of("work");
        let mean = (0..20_000).map(|n| duration.draw(consumer, n)).sum::<f64>() / 20_000.0;
        assert!((mean - 2.0).abs() < 0.08, "{mean}");
        assert_eq!(duration.draw(consumer, 7), duration.draw(consumer, 7));
    }
}
