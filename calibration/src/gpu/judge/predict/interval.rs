//! How sure a prediction is, from the intervals of the profiles' lines.
//!
//! Each line that has a low and a high end is drawn from two halves of a normal distribution of its
//! logarithm that meet at its value and have those ends at 95 % (of the value itself where the low
//! end is zero). Lines are drawn apart from each other, [`DRAWS`] times, each line once from every
//! part of equal probability (Latin hypercube; M. McKay et al. 1979). A prediction's interval of
//! 90 % reaches from the 5th to the 95th percentile of what the draws predict, and holds the
//! prediction itself.
//!
//! The draws of a line hang on its name alone, so that two profiles meet the same chance.

use models::input::InputError;
use models::library::Kind as Folder;
use models::profile::{Dimension, Parameter, unit};
use sim::{Dist, Seed};
use statrs::distribution::{ContinuousCDF, Normal};

use super::Subject;
use crate::quantile::quantile;

/// How often everything is drawn.
pub const DRAWS: usize = 64;
/// What the draws begin from.
const SEED: u64 = 1;
/// Standard deviations that bound 95 % of a normal distribution on both sides.
const SIGMAS_95: f64 = 1.959_964;

/// The same profiles as often as drawn, each with its lines moved.
///
/// # Errors
/// If a profile is missing or malformed.
pub(super) fn draws(subject: &Subject) -> Result<Vec<Subject>, InputError> {
    let mut drawn = vec![subject.clone(); DRAWS];
    for (folder, name) in
        [(Folder::Gpu, &subject.gpu), (Folder::Pcie, &subject.pcie), (Folder::Host, &subject.host)]
    {
        let profile = subject.library.profile(folder, name)?;
        let vague = profile.rows().iter().filter(|row| row.low.is_some() && row.low < row.high);
        for row in vague {
            let what = format!("judging set/{}/{}", folder.folder(), row.parameter);
            for (draw, deviation) in drawn.iter_mut().zip(deviations(&what)) {
                draw.library.set(folder, name, &row.parameter, moved(row, deviation))?;
            }
        }
    }
    Ok(drawn)
}

/// Standard normal deviations for one line, one from each part of equal probability, in an order
/// of chance.
fn deviations(name: &str) -> Vec<f64> {
    let mut stream = Seed::new(SEED).stream(name);
    let mut uniform = || Dist::Uniform { low: 0.0, high: 1.0 }.sample(&mut stream);
    let normal = Normal::new(0.0, 1.0).expect("a normal distribution");
    let mut parts: Vec<(f64, f64)> = (0..DRAWS)
        .map(|part| {
            let inside = (part as f64 + uniform().clamp(1e-6, 1.0 - 1e-6)) / DRAWS as f64;
            (uniform(), normal.inverse_cdf(inside))
        })
        .collect();
    parts.sort_by(|a, b| a.0.total_cmp(&b.0));
    parts.into_iter().map(|(_, deviation)| deviation).collect()
}

/// A line's value so many standard deviations away, in base units.
fn moved(row: &Parameter, deviation: f64) -> f64 {
    let (_, dimension, factor) = unit(&row.unit).copied().unwrap_or(("", Dimension::Ratio, 1.0));
    let end = if deviation < 0.0 { row.low } else { row.high };
    let (value, end) = (row.value, end.unwrap_or(row.value));
    let part = deviation.abs() / SIGMAS_95;
    let moved = match end > 0.0 && value > 0.0 {
        true => value * (end / value).powf(part),
        false => (value + (end - value) * part).max(0.0),
    };
    // Beyond 95 % an end that is a bound by nature, such as 1 for a part, must not be passed.
    let bounded = match dimension {
        Dimension::Ratio | Dimension::Count => {
            moved.clamp(row.low.unwrap_or(moved), row.high.unwrap_or(moved))
        }
        _ => moved,
    };
    let base = bounded * factor;
    match dimension {
        Dimension::Count | Dimension::Bytes => base.round(),
        _ => base,
    }
}

/// The 5th and 95th percentile of what was drawn, widened to hold the value.
pub(super) fn ninety(value: f64, drawn: &[f64]) -> (f64, f64) {
    match drawn.is_empty() {
        true => (value, value),
        false => (quantile(drawn, 0.05).min(value), quantile(drawn, 0.95).max(value)),
    }
}

#[cfg(test)]
mod tests {
    use models::profile::How;

    use super::*;

    fn row(value: f64, low: f64, high: f64, unit: &str) -> Parameter {
        Parameter {
            parameter: "x".into(),
            value,
            unit: unit.into(),
            low: Some(low),
            high: Some(high),
            how: How::Assumed,
            source: "a test".into(),
        }
    }

    #[test]
    fn the_ends_of_a_line_are_two_deviations_away_in_base_units() {
        let close = |found: f64, expected: f64| {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found}, not {expected}");
        };
        close(moved(&row(10.0, 5.0, 40.0, "us"), -SIGMAS_95), 5e-6);
        close(moved(&row(10.0, 5.0, 40.0, "us"), SIGMAS_95), 40e-6);
        close(moved(&row(10.0, 5.0, 40.0, "us"), SIGMAS_95 / 2.0), 20e-6);
        close(moved(&row(1.0, 0.0, 1.0, "ratio"), -SIGMAS_95 / 2.0), 0.5);
        assert_eq!(moved(&row(1.0, 0.9, 1.0, "ratio"), 3.0), 1.0, "a part is no more than 1");
        assert_eq!(moved(&row(256.0, 32.0, 256.0, "count"), -0.7).fract(), 0.0);
    }

    /// The mean of a Latin hypercube is far nearer to zero than chance alone would have it.
    #[test]
    fn every_part_of_a_line_is_drawn_once_and_another_line_in_another_order() {
        let (one, other) = (deviations("a"), deviations("b"));
        let mean = one.iter().sum::<f64>() / DRAWS as f64;
        let square = one.iter().map(|d| d * d).sum::<f64>() / DRAWS as f64;
        assert!(mean.abs() < 0.02 && (square - 1.0).abs() < 0.05, "{mean} {square}");
        let product: f64 = one.iter().zip(&other).map(|(a, b)| a * b).sum();
        assert!((product / DRAWS as f64).abs() < 0.4, "{product}");
        assert_eq!(one, deviations("a"));
    }
}
