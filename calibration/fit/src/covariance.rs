//! What a fit says of everything at once: of the parameters that it moved, and of those that it
//! took as known and that are not.
//!
//! Rows of a benchmark tell the sum of many costs better than any of them. A cost that was assumed
//! is as uncertain as before, but if it is higher, what was fitted beside it is lower. The
//! covariance is therefore that of *all* uncertain numbers, at the values of the fit:
//!
//! ```text
//!   C = (JᵀJ + P)⁻¹,   J_ji = ∂ln(model_j) / ∂ln(p_i) / s_j,   P = diag(1 / ln² f_i)
//! ```
//!
//! A line that follows another is a ratio times that one, and both move it.

use models::input::InputError;
use models::uncertainty::SIGMAS_95;
use models::uncertainty::posterior::Weight;
use nalgebra::{Cholesky, DMatrix};

use super::posterior::Observation;
use super::prior::{Priors, digits};

/// Step of the central differences, in the logarithm.
const STEP: f64 = 0.01;
/// A weight below this is left out; the others are scaled up.
const WEIGHT_MIN: f64 = 0.002;

/// Lines of a profile as a fit leaves them.
#[derive(Clone, Debug, PartialEq)]
pub struct Together {
    /// For each line of the priors: how many standard deviations its logarithm has; zero if it is
    /// exact.
    pub sigmas: Vec<f64>,
    /// How lines hang together.
    pub weights: Vec<Weight>,
}

impl Together {
    /// Low and high end of the 95 % interval of line `at`, whose value this is.
    pub fn interval(&self, at: usize, value: f64) -> Option<(f64, f64)> {
        let reach = libm::exp(SIGMAS_95 * self.sigmas[at]);
        (self.sigmas[at] > 0.0).then(|| (digits(value / reach), digits(value * reach)))
    }

    /// The weights, as a file.
    pub fn file(&self) -> String {
        file(&self.weights)
    }
}

/// How lines hang together, as a file of kind `posterior`.
pub(super) fn file(weights: &[Weight]) -> String {
    let mut writer = csv::Writer::from_writer(models::format::comment());
    for weight in weights {
        writer.serialize(weight).expect("memory");
    }
    String::from_utf8(writer.into_inner().expect("memory")).expect("text in, text out")
}

/// What a fit says of its lines, and how much each observation decides.
#[derive(Clone, Debug)]
pub struct Covariance {
    /// The lines.
    pub together: Together,
    /// The hat matrix `J C Jᵀ`: how much each prediction follows each observation, all in standard
    /// errors.
    pub leverage: DMatrix<f64>,
}

/// The covariance of all uncertain lines of `priors` at the `values` of each line's own number;
/// `model` gives the predictions of all observations when line `moved` has another.
///
/// # Errors
/// If the model fails.
pub fn covariance(
    priors: &Priors,
    values: &[f64],
    observations: &[Observation],
    model: impl Fn(&[f64], usize) -> Result<Vec<f64>, InputError>,
) -> Result<Covariance, InputError> {
    let own = priors.sigmas();
    let lines: Vec<usize> =
        (0..own.len()).filter(|at| own[*at] > 0.0 && values[*at] > 0.0).collect();
    let mut slopes = DMatrix::zeros(observations.len(), lines.len());
    for (column, &at) in lines.iter().enumerate() {
        let moved = |step: f64| {
            let mut values = values.to_vec();
            values[at] *= libm::exp(step);
            model(&values, at)
        };
        let (above, below) = (moved(STEP)?, moved(-STEP)?);
        for (row, seen) in observations.iter().enumerate() {
            let rise = libm::log(above[row] / below[row]) / (2.0 * STEP);
            slopes[(row, column)] = rise / seen.relative_error;
        }
    }
    let mut information = slopes.transpose() * &slopes;
    for (column, &at) in lines.iter().enumerate() {
        information[(column, column)] += own[at].powi(-2);
    }
    let covariance = Cholesky::new(information).map(|root| root.inverse());
    let root = covariance.and_then(Cholesky::new).map(|root| root.l()).ok_or_else(|| {
        InputError::new("fit", "the parameters cannot be told apart by these rows")
    })?;
    let reached = &slopes * &root;
    let leverage = &reached * reached.transpose();
    Ok(Covariance { together: together(priors, &lines, &root), leverage })
}

/// The lines' deviations: each that of its own number, and of the line that it follows.
fn together(priors: &Priors, lines: &[usize], root: &DMatrix<f64>) -> Together {
    let count = priors.len();
    let mut moves: Vec<Vec<f64>> = vec![vec![0.0; lines.len()]; count];
    for at in 0..count {
        if let Some(of) = priors.followed(at) {
            moves[at] = moves[of].clone();
        }
        if let Ok(column) = lines.binary_search(&at) {
            let row = root.row(column);
            moves[at].iter_mut().zip(row.iter()).for_each(|(all, own)| *all += own);
        }
    }
    let sigmas: Vec<f64> =
        moves.iter().map(|row| row.iter().map(|w| w * w).sum::<f64>().sqrt()).collect();
    let mut weights = Vec::new();
    for (at, (row, sigma)) in moves.iter().zip(&sigmas).enumerate().filter(|(_, m)| *m.1 > 0.0) {
        let parts = row.iter().zip(lines).map(|(weight, of)| (priors.name(*of), weight / sigma));
        weights.extend(weights_of(priors.name(at), parts));
    }
    Together { sigmas, weights }
}

/// The weights of a parameter, as a file has them; nothing if it is moved by its own number alone.
pub(super) fn weights_of<'n>(
    parameter: &str,
    parts: impl Iterator<Item = (&'n str, f64)>,
) -> Vec<Weight> {
    let parts: Vec<(&str, f64)> = parts.filter(|(_, w)| w.abs() >= WEIGHT_MIN).collect();
    if matches!(parts[..], [(own, _)] if own == parameter) {
        return Vec::new();
    }
    let norm = parts.iter().map(|(_, w)| w * w).sum::<f64>().sqrt();
    let weight = |(of, weight): (&str, f64)| Weight {
        parameter: parameter.to_owned(),
        of: of.to_owned(),
        weight: (weight / norm * 1e4).round() / 1e4,
    };
    parts.into_iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use models::input::Source;

    use super::*;

    fn priors() -> Priors {
        let text = "parameter,value,unit,factor,of,how,source\n\
                    a.x,2,us,3,,fitted,s\nb.x,1,us,,,assumed,t\nc.x,0.5,us,,a.x,assumed,t\n\
                    n,4,count,,,assumed,t\n";
        Priors::parse(&Source::new("p.csv", text)).unwrap()
    }

    #[test]
    fn a_sum_that_is_measured_ties_its_parts_together() {
        let priors = priors();
        let values = [2.0, 1.0, 0.5, 4.0];
        let seen = [Observation { value: 3.0, relative_error: 0.01 }];
        let sum = |v: &[f64], _| Ok(vec![v[0] + v[1]]);
        let found = covariance(&priors, &values, &seen, sum).unwrap().together;
        assert_eq!(found.sigmas[3], 0.0, "a count is exact");
        // c is a ratio times a: it is less sure than either.
        let ratio = priors.sigmas()[2];
        assert!((found.sigmas[2].powi(2) - found.sigmas[0].powi(2) - ratio.powi(2)).abs() < 1e-9);
        // Sum = 2/3 a + 1/3 b in logarithms is known to one per cent.
        let parts = |name: &str| -> Vec<f64> {
            ["a.x", "b.x"]
                .map(|of| {
                    let row = |w: &&Weight| w.parameter == name && w.of == of;
                    found.weights.iter().find(row).map_or(0.0, |w| w.weight)
                })
                .to_vec()
        };
        let (a, b) = (parts("a.x"), parts("b.x"));
        let sum: Vec<f64> = (0..2)
            .map(|at| {
                2.0 / 3.0 * found.sigmas[0] * if a[at] == 0.0 && at == 0 { 1.0 } else { a[at] }
                    + 1.0 / 3.0 * found.sigmas[1] * b[at]
            })
            .collect();
        let sigma = sum.iter().map(|part| part * part).sum::<f64>().sqrt();
        assert!((sigma - 0.01).abs() < 1e-3, "{sigma} {found:?}");
    }
}
