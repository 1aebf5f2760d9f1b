//! Quantiles of measured values: one definition for every table, report and fit.

/// The `q`-quantile of values, 0 to 1, by straight lines between order statistics (type 7 of
/// Hyndman and Fan, "Sample Quantiles in Statistical Packages", 1996).
///
/// # Panics
/// If there are no values.
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    of_sorted(&sorted, q)
}

/// The ends between which 90 % of values lie.
///
/// # Panics
/// If there are no values.
pub fn ninety(values: &[f64]) -> (f64, f64) {
    (quantile(values, 0.05), quantile(values, 0.95))
}

/// The same as [`quantile`] of values that are in order already.
///
/// # Panics
/// If there are no values.
pub fn of_sorted(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let (below, part) = (at.floor() as usize, at.fract());
    let above = sorted[(below + 1).min(sorted.len() - 1)];
    sorted[below] + part * (above - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_textbook() {
        // Hyndman and Fan 1996, type 7: as R's default.
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.25), 1.75);
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 0.5), 2.5);
        assert_eq!(quantile(&[7.0], 0.75), 7.0);
    }
}
