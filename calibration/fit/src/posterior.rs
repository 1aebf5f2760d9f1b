//! The statistics of a fit: few positive parameters, relative errors, stated prior knowledge.
//!
//! Every parameter p_i is positive and known beforehand to within a factor f_i, and every
//! observation y_j is known to within a relative error s_j, so both are normal in the logarithm:
//!
//! ```text
//!   minimise  Σ_j (ln(model_j(p) / y_j) / s_j)²  +  Σ_i (ln(p_i / prior_i) / ln f_i)²
//! ```
//!
//! by Levenberg-Marquardt (K. Levenberg 1944, D. Marquardt 1963; MINPACK's implementation). The
//! posterior is taken as normal in the logarithms: covariance (JᵀJ)⁻¹ with the priors' rows in J.
//! A parameter without prior that no observation depends on, alone or in combination with others,
//! is refused: the data does not identify it.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt, TerminationReason};
use models::input::InputError;
use models::uncertainty::SIGMAS_95;
use models::uncertainty::posterior::Weight;
use nalgebra::storage::Owned;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn, SymmetricEigen};

use super::covariance::weights_of;

/// Step of the central differences, in the logarithm of a parameter: 1 %. The model has corners
/// (a minimum of limits), and a smaller step would only look at one side of them.
const STEP: f64 = 0.01;
/// A direction in which the residuals change by less than this per unit of logarithm says nothing.
const CURVATURE_MIN: f64 = 1e-6;

/// A parameter to be fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Free {
    /// Its name.
    pub name: String,
    /// What is known beforehand: its median.
    pub prior: f64,
    /// One standard deviation of that knowledge as a factor, above 1; `None` is no knowledge.
    pub factor: Option<f64>,
}

/// A measured value and its relative standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The value; above zero.
    pub value: f64,
    /// Relative standard error, model error included; above zero.
    pub relative_error: f64,
}

/// What is known of a parameter after the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Its name.
    pub name: String,
    /// Median.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// Posterior ÷ prior standard deviation of the logarithm: near 0, the data decided; near 1,
    /// the prior did; 0 where there was no prior.
    pub spread_ratio: f64,
}

/// The result of a fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// One estimate per free parameter, in order.
    pub estimates: Vec<Estimate>,
    /// The model at the estimates, one value per observation.
    pub predicted: Vec<f64>,
    /// How the estimates hang together; nothing of those that stand alone.
    pub weights: Vec<Weight>,
}

/// A prediction from which only one parameter is moved, so that a model may skip what that
/// parameter cannot change.
#[derive(Clone, Copy, Debug)]
pub struct Beside<'a> {
    /// The index of the parameter that is moved.
    pub moved: usize,
    /// The predictions without the move.
    pub predicted: &'a [f64],
}

/// Where a model is asked.
#[derive(Clone, Debug)]
pub struct Point<'a> {
    /// The value of each parameter.
    pub values: Vec<f64>,
    /// What is known beside it.
    pub beside: Option<Beside<'a>>,
}

/// A model that is asked at one point after the other.
pub fn each<M>(model: M) -> impl Fn(&[Point<'_>]) -> Result<Vec<Vec<f64>>, InputError>
where
    M: Fn(&[f64], Option<Beside<'_>>) -> Result<Vec<f64>, InputError>,
{
    move |points| points.iter().map(|point| model(&point.values, point.beside)).collect()
}

/// Fits `free` to `observations`; `model` turns each of several points into one prediction for each
/// observation. It is asked at all points of a Jacobian at once.
///
/// # Errors
/// If the model fails, a parameter is not identified, or the iteration does not converge.
pub fn fit<M>(
    free: &[Free],
    observations: &[Observation],
    model: M,
) -> Result<Posterior, InputError>
where
    M: Fn(&[Point<'_>]) -> Result<Vec<Vec<f64>>, InputError>,
{
    let at = DVector::from_element(free.len(), 0.0);
    let problem = Problem { free, observations, model, at };
    check_identified(free, &problem.slopes()?)?;
    let search = LevenbergMarquardt::new().with_ftol(1e-6).with_xtol(1e-4).with_patience(10);
    let (problem, report) = search.minimize(problem);
    // Finds the model's own error again, if that is what ended the search.
    problem.deviations()?;
    match report.termination {
        TerminationReason::Numerical(_) | TerminationReason::User(_) => {
            let told = format!("did not converge: {:?}", report.termination);
            Err(InputError::new("fit", told))
        }
        // A corner of the model can leave no downhill step; no point near it is better.
        _ => problem.posterior(),
    }
}

struct Problem<'a, M> {
    free: &'a [Free],
    observations: &'a [Observation],
    model: M,
    /// ln(value ÷ prior) per parameter.
    at: DVector<f64>,
}

impl<M> Problem<'_, M>
where
    M: Fn(&[Point<'_>]) -> Result<Vec<Vec<f64>>, InputError>,
{
    fn values(&self, at: &DVector<f64>) -> Vec<f64> {
        self.free.iter().zip(at.iter()).map(|(free, log)| free.prior * libm::exp(*log)).collect()
    }

    fn predict(&self) -> Result<Vec<f64>, InputError> {
        let here = Point { values: self.values(&self.at), beside: None };
        Ok(self.ask(&[here])?.swap_remove(0))
    }

    fn ask(&self, points: &[Point<'_>]) -> Result<Vec<Vec<f64>>, InputError> {
        let predicted = (self.model)(points)?;
        assert_eq!(predicted.len(), points.len(), "an answer for each point");
        let whole = predicted.iter().all(|values| values.len() == self.observations.len());
        assert!(whole, "one prediction per observation");
        Ok(predicted)
    }

    /// Observations' deviations in standard errors, then priors'.
    fn deviations(&self) -> Result<DVector<f64>, InputError> {
        let predicted = self.predict()?;
        let fit = predicted.iter().zip(self.observations);
        let fit = fit.map(|(model, seen)| libm::log(model / seen.value) / seen.relative_error);
        let prior = self.free.iter().zip(self.at.iter());
        let prior = prior.map(|(free, log)| log * precision(free));
        Ok(DVector::from_vec(fit.chain(prior).collect()))
    }

    /// The Jacobian of [`Problem::deviations`] by central differences.
    fn slopes(&self) -> Result<DMatrix<f64>, InputError> {
        let (rows, columns) = (self.observations.len() + self.free.len(), self.free.len());
        let mut slopes = DMatrix::zeros(rows, columns);
        let predicted = self.predict()?;
        let beside = |(column, step): (usize, f64)| {
            let mut at = self.at.clone();
            at[column] += step;
            let beside = Some(Beside { moved: column, predicted: &predicted });
            Point { values: self.values(&at), beside }
        };
        let around = (0..columns).flat_map(|column| [(column, STEP), (column, -STEP)]);
        let around = self.ask(&around.map(beside).collect::<Vec<_>>())?;
        for (column, pair) in around.chunks_exact(2).enumerate() {
            let [above, below] = pair else { unreachable!("two of each") };
            for (row, seen) in self.observations.iter().enumerate() {
                let rise = libm::log(above[row] / below[row]) / (2.0 * STEP);
                slopes[(row, column)] = rise / seen.relative_error;
            }
            slopes[(self.observations.len() + column, column)] = precision(&self.free[column]);
        }
        Ok(slopes)
    }

    fn posterior(&self) -> Result<Posterior, InputError> {
        let slopes = self.slopes()?;
        check_identified(self.free, &slopes)?;
        let information = slopes.transpose() * &slopes;
        let covariance = information.try_inverse().ok_or_else(|| {
            InputError::new("fit", "the parameters cannot be told apart by these rows")
        })?;
        let values = self.values(&self.at);
        let estimates = self.free.iter().zip(&values).enumerate().map(|(at, (free, &value))| {
            let deviation = covariance[(at, at)].max(0.0).sqrt();
            let reach = libm::exp(SIGMAS_95 * deviation);
            Estimate {
                name: free.name.clone(),
                value,
                low: value / reach,
                high: value * reach,
                spread_ratio: (deviation * precision(free)).min(1.0),
            }
        });
        let weights = weights(self.free, &covariance);
        Ok(Posterior { estimates: estimates.collect(), predicted: self.predict()?, weights })
    }
}

/// The rows of the lower triangular factor of the correlations; nothing of a parameter that is
/// alone, or where rounding leaves no factor.
fn weights(free: &[Free], covariance: &DMatrix<f64>) -> Vec<Weight> {
    let Some(root) = Cholesky::new(covariance.clone()).map(|root| root.l()) else {
        return Vec::new();
    };
    let row = |at: usize| {
        let sigma = covariance[(at, at)].sqrt();
        let parts = (0..=at).map(|to| (free[to].name.as_str(), root[(at, to)] / sigma));
        weights_of(&free[at].name, parts)
    };
    (0..free.len()).flat_map(row).collect()
}

/// Prior standard deviations per unit of logarithm; zero without a prior.
fn precision(free: &Free) -> f64 {
    free.factor.map_or(0.0, |factor| 1.0 / libm::log(factor))
}

/// Refuses a design in which some combination of parameters changes no residual.
fn check_identified(free: &[Free], slopes: &DMatrix<f64>) -> Result<(), InputError> {
    let information = SymmetricEigen::new(slopes.transpose() * slopes);
    let Some(weakest) = information.eigenvalues.iter().position(|&v| v < CURVATURE_MIN) else {
        return Ok(());
    };
    let direction = information.eigenvectors.column(weakest);
    let culprit = direction.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    let name = culprit.map_or("fit", |(at, _)| &free[at].name);
    Err(InputError::new(name, "the rows do not identify this parameter")
        .help("give it a prior factor, or rows that depend on it"))
}

impl<M> LeastSquaresProblem<f64, Dyn, Dyn> for Problem<'_, M>
where
    M: Fn(&[Point<'_>]) -> Result<Vec<Vec<f64>>, InputError>,
{
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, at: &DVector<f64>) {
        self.at.copy_from(at);
    }

    fn params(&self) -> DVector<f64> {
        self.at.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        self.deviations().ok()
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        self.slopes().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(name: &str, prior: f64, factor: Option<f64>) -> Free {
        Free { name: name.into(), prior, factor }
    }

    fn seen(values: [f64; 3], relative_error: f64) -> Vec<Observation> {
        values.map(|value| Observation { value, relative_error }).to_vec()
    }

    #[test]
    fn exact_data_gives_the_true_values_whatever_the_start() {
        let free = [free("a", 0.1, None), free("b", 100.0, None)];
        // A fast path, a slow path, and both in turn.
        let sum = |v: &[f64], _: Option<Beside<'_>>| Ok(vec![v[0], v[0] + v[1], 2.0 * v[1]]);
        let posterior = fit(&free, &seen([2.0, 5.0, 6.0], 0.01), each(sum)).unwrap();
        let [a, b] = &posterior.estimates[..] else { panic!("two parameters") };
        assert!((a.value - 2.0).abs() < 1e-3 && (b.value - 3.0).abs() < 1e-3, "{a:?} {b:?}");
        assert!(a.low < 2.0 && 2.0 < a.high && a.high / a.low < 1.05, "{a:?}");
        assert_eq!(a.spread_ratio, 0.0);
    }

    #[test]
    fn what_rows_tell_together_hangs_together() {
        // Of two parameters only the product is seen: one high, the other low.
        let free = [free("a", 1.0, Some(2.0)), free("b", 1.0, Some(2.0))];
        let seen = [Observation { value: 1.0, relative_error: 0.01 }];
        let product = |v: &[f64], _: Option<Beside<'_>>| Ok(vec![v[0] * v[1]]);
        let posterior = fit(&free, &seen, each(product)).unwrap();
        let [ba, bb] = &posterior.weights[..] else { panic!("{:?}", posterior.weights) };
        assert_eq!((ba.parameter.as_str(), ba.of.as_str(), bb.of.as_str()), ("b", "a", "b"));
        assert!(ba.weight < -0.99 && bb.weight.abs() < 0.05, "{ba:?} {bb:?}");
    }

    #[test]
    fn a_prior_and_equally_sure_data_meet_half_way() {
        let seen = [Observation { value: 4.0, relative_error: libm::log(2.0) }];
        let posterior =
            fit(&[free("a", 1.0, Some(2.0))], &seen, each(|v, _| Ok(v.to_vec()))).unwrap();
        let a = &posterior.estimates[0];
        // Geometric mean of 1 and 4; two equal informations halve the variance.
        assert!((a.value - 2.0).abs() < 1e-3, "{a:?}");
        assert!((a.spread_ratio - 0.5f64.sqrt()).abs() < 1e-3, "{a:?}");
    }

    #[test]
    fn a_parameter_that_no_row_depends_on_is_refused_unless_there_is_a_prior() {
        let rows = seen([2.0, 2.0, 2.0], 0.1);
        let first = |v: &[f64], _: Option<Beside<'_>>| Ok(vec![v[0]; 3]);
        let error = fit(&[free("a", 1.0, None), free("b", 1.0, None)], &rows, each(first));
        let told = error.unwrap_err().to_string();
        assert!(told.starts_with("b: the rows do not identify this parameter"), "{told}");
        let known = [free("a", 1.0, None), free("b", 1.0, Some(3.0))];
        let posterior = fit(&known, &rows, each(first)).unwrap();
        assert!((posterior.estimates[1].spread_ratio - 1.0).abs() < 1e-6);
        assert_eq!(posterior.estimates[1].value, 1.0);
    }
}
