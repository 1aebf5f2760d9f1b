//! Where the beginning of a run ends and its steady state begins.

/// How many observations at the beginning of `observations`, one run's in order, to discard, by
/// the rule MSER-5: the cut after which the mean of what remains is estimated best.
///
/// Observations are averaged in batches of five; the cut after batch `d` of `n` minimises
///
/// ```text
/// Σ over batches after d: (batch − mean of those)² ÷ (n − d)²
/// ```
///
/// (White, Cobb & Spratt, *A comparison of five steady-state truncation heuristics*, WSC 2000.)
/// Returns `None` if the best cut lies in the second half: the run is too short to tell.
pub fn mser5(observations: &[f64]) -> Option<usize> {
    const BATCH: usize = 5;
    let batches: Vec<f64> = observations
        .chunks_exact(BATCH)
        .map(|batch| batch.iter().sum::<f64>() / BATCH as f64)
        .collect();
    // From the end, so that mean and squares grow by one batch at a time (Welford, 1962).
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let mut best = None;
    for (cut, batch) in batches.iter().enumerate().rev() {
        count += 1.0;
        let distance = batch - mean;
        mean += distance / count;
        squares += distance * (batch - mean);
        let error = squares / (count * count);
        // The last few batches may agree by chance: a cut needs five behind it.
        if count >= 5.0 && best.is_none_or(|(least, _)| error <= least) {
            best = Some((error, cut));
        }
    }
    best.map(|(_, cut)| cut).filter(|cut| cut * 2 <= batches.len()).map(|cut| cut * BATCH)
}

/// What is left of `observations` after the first `fraction` of them.
///
/// # Panics
/// Unless `fraction` lies from 0 to 1.
pub fn after_fraction(observations: &[f64], fraction: f64) -> &[f64] {
    assert!((0.0..=1.0).contains(&fraction), "a fraction lies from 0 to 1, got {fraction}");
    &observations[(observations.len() as f64 * fraction) as usize..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dist, Seed};

    /// Noise around 10, plus a beginning that is too high and fades.
    fn run(length: usize, fade: f64) -> Vec<f64> {
        let mut stream = Seed::new(3).stream("noise");
        let noise = Dist::Uniform { low: 9.0, high: 11.0 };
        (0..length)
            .map(|i| noise.sample(&mut stream) + 20.0 * libm::exp(-(i as f64) / fade))
            .collect()
    }

    #[test]
    fn a_fading_beginning_is_cut() {
        let cut = mser5(&run(5_000, 100.0)).unwrap();
        // 20 e^(−i/100) falls below the noise's standard deviation, 0.58, at i = 354.
        assert!((200..1000).contains(&cut), "{cut}");
    }

    #[test]
    fn a_steady_run_is_hardly_cut() {
        assert!(mser5(&run(5_000, 1e-9)).unwrap() <= 250);
    }

    #[test]
    fn a_run_that_never_settles_is_refused() {
        let ramp: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(mser5(&ramp), None);
        assert_eq!(mser5(&[1.0; 4]), None);
    }

    #[test]
    fn a_fixed_fraction_is_cut() {
        assert_eq!(after_fraction(&[1.0, 2.0, 3.0, 4.0], 0.5), [3.0, 4.0]);
    }
}
