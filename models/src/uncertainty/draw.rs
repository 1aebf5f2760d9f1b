//! Draws: Latin hypercube samples of standard normal numbers, one dimension for each name.
//!
//! With `n` draws, a name's numbers fall one into each n-th of the distribution, in an order that
//! is the name's own (M. D. McKay, R. J. Beckman, W. J. Conover 1979,
//! doi 10.1080/00401706.1979.10489755).
//! A name's numbers depend on nothing but the seed and the name, so two topologies of a run meet
//! the same draws, and another parameter beside it changes none of them.

use sim::Seed;
use sim::stats::{normal_probability, normal_quantile};

/// As many draws as an interval takes.
pub const DRAWS: u32 = 64;

/// One of several draws of all that is unknown, or a move of one number alone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    seed: Seed,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    Sample { number: u32, of: u32 },
    Alone { key: Seed, normal: f64 },
}

impl Draw {
    /// Draw `number` of `of`.
    ///
    /// # Panics
    /// Unless `number` is below `of`.
    pub fn new(seed: Seed, number: u32, of: u32) -> Draw {
        assert!(number < of, "draw {number} of {of}");
        Draw { seed: seed.of("unknowns"), how: How::Sample { number, of } }
    }

    /// All draws that an interval takes.
    pub fn all(seed: Seed, of: u32) -> impl Iterator<Item = Draw> + Clone {
        (0..of).map(move |number| Draw::new(seed, number, of))
    }

    /// Everything at its median but what is called by these names, one within the other, which is
    /// `normal` standard deviations from it.
    pub fn alone<'a>(names: impl IntoIterator<Item = &'a str>, normal: f64) -> Draw {
        let seed = Seed::new(0);
        let key = names.into_iter().fold(seed, Seed::of);
        Draw { seed, how: How::Alone { key, normal } }
    }

    /// What is drawn under `name`, to be refined by further names ([`Seed::of`]).
    pub fn key(self, name: &str) -> Seed {
        self.seed.of(name)
    }

    /// A standard normal number.
    pub fn normal(self, key: Seed) -> f64 {
        self.normal_of(key, key)
    }

    /// A standard normal number for each of several things of one name, whose key is `group`.
    pub fn normal_of(self, group: Seed, key: Seed) -> f64 {
        match self.how {
            How::Sample { number, of } => normal_quantile(unit(key, number, of)),
            How::Alone { key: own, normal } if own == group => normal,
            How::Alone { .. } => 0.0,
        }
    }

    /// Which of several states holds whose probabilities are `odds`; where something else is moved
    /// alone, the most probable one.
    pub fn choice(self, key: Seed, odds: &[f64]) -> usize {
        let part = match self.how {
            How::Sample { number, of } => unit(key, number, of),
            How::Alone { key: own, normal } if own == key => normal_probability(normal),
            How::Alone { .. } => return Draw::likeliest(odds),
        };
        let below = odds.iter().scan(0.0, |sum, odds| {
            *sum += odds;
            Some(*sum)
        });
        below.take_while(|sum| *sum <= part).count().min(odds.len() - 1)
    }

    /// How many standard deviations choose state `at` among those of such odds.
    pub fn choosing(odds: &[f64], at: usize) -> f64 {
        let middle = odds[..at].iter().sum::<f64>() + odds[at] / 2.0;
        normal_quantile(middle)
    }

    /// The state with the highest odds, the first of several.
    pub fn likeliest(odds: &[f64]) -> usize {
        let better = |best: usize, at: usize| if odds[at] > odds[best] { at } else { best };
        (0..odds.len()).fold(0, better)
    }
}

/// A number between zero and one, exclusive: draw `number` of `of`.
fn unit(key: Seed, number: u32, of: u32) -> f64 {
    let order = |number: u32| (key.unit(u64::from(number)), number);
    let own = order(number);
    let before = (0..of).filter(|other| order(*other) < own).count();
    let within = key.unit(u64::from(of) + u64::from(number));
    ((before as f64 + within) / f64::from(of)).clamp(1e-9, 1.0 - 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normals(name: &str) -> Vec<f64> {
        Draw::all(Seed::new(1), DRAWS).map(|draw| draw.normal(draw.key(name))).collect()
    }

    #[test]
    fn each_part_of_the_distribution_is_met_once() {
        let mut parts: Vec<usize> = Draw::all(Seed::new(3), DRAWS)
            .zip(0..)
            .map(|(draw, at)| (unit(draw.key("a"), at, DRAWS) * f64::from(DRAWS)) as usize)
            .collect();
        parts.sort_unstable();
        assert_eq!(parts, (0..DRAWS as usize).collect::<Vec<_>>());
    }

    #[test]
    fn draws_are_standard_normal_and_names_are_independent() {
        let names: Vec<String> = (0..200).map(|n| format!("name {n}")).collect();
        for name in &names {
            let values = normals(name);
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            // One value in each 64th: the mean errs by far less than 1/√64.
            assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.2, "{mean} {variance}");
        }
        let together = |a: &str, b: &str| -> f64 {
            normals(a).iter().zip(normals(b)).map(|(a, b)| a * b).sum::<f64>() / f64::from(DRAWS)
        };
        let all: Vec<f64> = names.windows(2).map(|two| together(&two[0], &two[1])).collect();
        let squares = all.iter().map(|c| c * c).sum::<f64>() / all.len() as f64;
        // Independent: variance 1/64 each.
        assert!((0.5..2.0).contains(&(squares * f64::from(DRAWS))), "{squares}");
    }

    #[test]
    fn a_draw_depends_on_seed_name_and_number_alone() {
        assert_eq!(normals("a"), normals("a"));
        assert_ne!(normals("a"), normals("b"));
        let other = Draw::new(Seed::new(2), 5, DRAWS);
        assert_ne!(other.normal(other.key("a")), normals("a")[5]);
    }

    #[test]
    fn a_state_can_be_chosen_alone() {
        let odds = [0.2, 0.5, 0.3];
        for at in 0..3 {
            let draw = Draw::alone(["h"], Draw::choosing(&odds, at));
            assert_eq!(draw.choice(draw.key("h"), &odds), at);
            assert_eq!(draw.choice(draw.key("other"), &odds), 1);
        }
    }

    #[test]
    fn one_number_is_moved_alone() {
        let draw = Draw::alone(["host", "a"], 1.5);
        assert_eq!(draw.normal(draw.key("host").of("a")), 1.5);
        assert_eq!(draw.normal(draw.key("host").of("b")), 0.0);
        let group = draw.key("host").of("a");
        assert_eq!(draw.normal_of(group, group.of("a way")), 1.5);
    }
}
