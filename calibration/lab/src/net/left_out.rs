//! How far the models are off on ways of this machine that a calibration has not seen: each way is
//! left out in turn.
//!
//! Leaving out the rows `g` of a fit moves its predictions of them, to first order, so that their
//! deviations `e` in standard errors and the covariance of these become
//!
//! ```text
//!   e' = (I − H_gg)⁻¹ e_g,   cov(e') = (I − H_gg)⁻¹,   H = J C Jᵀ
//! ```
//!
//! (R. D. Cook, S. Weisberg, *Residuals and Influence in Regression*, 1982, § 2.2). What the costs
//! do not explain of that is the model's own error `τ`, found by maximum likelihood. Machines also
//! become faster and slower as a whole: what all probes of a round have in common is taken as the
//! drift that the next measurement will meet, and added in squares.

use calibration_fit::posterior::Observation;
use calibration_fit::prior::digits;
use models::transfer::Transport;
use models::uncertainty::SIGMAS_95;
use models::uncertainty::model::Part;
use nalgebra::DMatrix;
use sim::stats::student_quantile;

use super::fit::{Figure, MODEL_ERROR, Seen};
use super::probe::NetProbe;

/// Of fewer rows, nothing is said.
const ROWS_MIN: usize = 4;
/// The errors that are tried: as many factors apart, from the least on.
const TRIED: usize = 160;
const APART: f64 = 1.02;

/// How far a part of what models say is off.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The part.
    pub part: Part,
    /// The standard deviation of the logarithm on ways left out.
    pub left_out: f64,
    /// The same from round to round, of all probes together.
    pub drift: f64,
    /// How many figures say so.
    pub rows: usize,
}

impl Error {
    /// The line of a host profile.
    pub(super) fn line(&self) -> String {
        // So few rows tell the deviation itself only roughly.
        let freedom = self.rows as f64 - 1.0;
        let t = if freedom > 0.0 { student_quantile(0.975, freedom) } else { SIGMAS_95 };
        let reach = libm::exp(t * libm::hypot(self.left_out, self.drift));
        format!(
            "error.{},1,ratio,{},{},fitted,\"calibrate net, {} figures, each predicted without its \
             way: {:.1} % off, and {:.1} % from round to round\"\n",
            self.part.line(),
            digits(1.0 / reach),
            digits(reach),
            self.rows,
            100.0 * self.left_out,
            100.0 * self.drift,
        )
    }
}

/// The part of the model that a figure judges; what threads need is no prediction of `run`.
fn part(probe: &NetProbe, figure: Figure) -> Option<Part> {
    match (figure, probe.transfer.transport) {
        (Figure::RoundTrip, _) => Some(Part::RoundTrip),
        (Figure::Goodput, Transport::Tcp) => Some(Part::Tcp),
        (Figure::Goodput | Figure::Sent, Transport::Udp) => Some(Part::Udp),
        _ => None,
    }
}

/// What a probe has in common with others of its way: the name before what is sent over it.
fn way(probe: &NetProbe) -> &str {
    probe.name.rsplit_once(": ").map_or(&probe.name, |(way, _)| way)
}

/// The errors of all parts that enough figures judge.
pub(super) fn errors(
    probes: &[NetProbe],
    seen: &[Seen],
    observations: &[Observation],
    predicted: &[f64],
    leverage: &DMatrix<f64>,
) -> Vec<Error> {
    let rows = left_out(probes, seen, observations, predicted, leverage);
    let parts = [Part::Tcp, Part::Udp, Part::RoundTrip];
    let of = |part: Part| {
        let judged =
            |at: &usize| self::part(&probes[seen[*at].probe], seen[*at].figure) == Some(part);
        let own: Vec<usize> = (0..seen.len()).filter(judged).collect();
        if own.len() < ROWS_MIN {
            return None;
        }
        let residuals: Vec<Row> = own.iter().map(|at| rows[*at]).collect();
        let readings: Vec<&Seen> = own.iter().map(|at| &seen[*at]).collect();
        let (left_out, drift) = (likeliest(&residuals), drift(&readings));
        Some(Error { part, left_out, drift, rows: own.len() })
    };
    parts.into_iter().filter_map(of).collect()
}

/// The logarithm of measured over predicted of a row left out, and the variance that its costs
/// explain.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    off: f64,
    explained: f64,
}

fn left_out(
    probes: &[NetProbe],
    seen: &[Seen],
    observations: &[Observation],
    predicted: &[f64],
    leverage: &DMatrix<f64>,
) -> Vec<Row> {
    let off = |at: usize| {
        let seen = &observations[at];
        libm::log(seen.value / predicted[at]) / seen.relative_error
    };
    let mut rows = vec![Row { off: 0.0, explained: 0.0 }; seen.len()];
    let mut done = vec![false; seen.len()];
    for at in 0..seen.len() {
        if done[at] {
            continue;
        }
        let own = way(&probes[seen[at].probe]);
        let group: Vec<usize> =
            (at..seen.len()).filter(|other| way(&probes[seen[*other].probe]) == own).collect();
        let many = group.len();
        let without = DMatrix::from_fn(many, many, |i, j| {
            f64::from(u8::from(i == j)) - leverage[(group[i], group[j])]
        });
        let deviations = DMatrix::from_fn(many, 1, |i, _| off(group[i]));
        // Priors keep every row from deciding its own prediction alone, so there is an inverse.
        let inverse = without.try_inverse().unwrap_or_else(|| DMatrix::identity(many, many));
        let moved = &inverse * deviations;
        for (i, &row) in group.iter().enumerate() {
            let error = observations[row].relative_error;
            let explained = (inverse[(i, i)] - 1.0).max(0.0) * error * error;
            rows[row] = Row { off: moved[(i, 0)] * error, explained };
            done[row] = true;
        }
    }
    rows
}

/// The deviation under which rows are likeliest; at least what the fit itself allows for.
fn likeliest(rows: &[Row]) -> f64 {
    let likelihood = |own: f64| -> f64 {
        let of = |row: &Row| {
            let variance = row.explained + own * own;
            -libm::log(variance) - row.off * row.off / variance
        };
        rows.iter().map(of).sum()
    };
    let tried = (0..TRIED).map(|step| MODEL_ERROR * APART.powi(step as i32));
    let better = |a: f64, b: f64| if likelihood(b) > likelihood(a) { b } else { a };
    tried.reduce(better).unwrap_or(MODEL_ERROR)
}

/// What all figures of a round have in common beside their medians, as a standard deviation.
fn drift(readings: &[&Seen]) -> f64 {
    let rounds = readings.iter().map(|seen| seen.values.len()).min().unwrap_or(0);
    if rounds < 2 {
        return 0.0;
    }
    let common = |round: usize| {
        let logs = readings.iter().map(|seen| libm::log(seen.values[round] / seen.median()));
        logs.sum::<f64>() / readings.len() as f64
    };
    let all: Vec<f64> = (0..rounds).map(common).collect();
    let mean = all.iter().sum::<f64>() / rounds as f64;
    let squares: f64 = all.iter().map(|one| (one - mean).powi(2)).sum();
    (squares / (rounds as f64 - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_deviation_is_what_the_costs_leave() {
        // Without other doubt: the root of the mean square, to the step that is tried.
        let rows = [0.1, -0.2, 0.2, -0.1].map(|off| Row { off, explained: 0.0 });
        let found = likeliest(&rows);
        assert!((found / 0.025f64.sqrt() - 1.0).abs() < 0.02, "{found}");
        // Where costs explain all of it, what the fit allows for is left.
        let rows = rows.map(|row| Row { explained: 0.04, ..row });
        assert_eq!(likeliest(&rows), MODEL_ERROR);
    }

    #[test]
    fn drift_is_common_to_all_figures_of_a_round() {
        let seen =
            |values: &[f64]| Seen { probe: 0, figure: Figure::Goodput, values: values.to_vec() };
        // The second round is 10 % faster for both; what one does alone evens out.
        let all = [seen(&[100.0, 110.0, 100.0]), seen(&[10.0, 11.0, 10.0])];
        let found = drift(&all.iter().collect::<Vec<_>>());
        let log = libm::log(1.1);
        assert!((found - log / 3f64.sqrt()).abs() < 1e-12, "{found}");
    }

    /// A mean of two rows: without one of them it is the other.
    #[test]
    fn a_row_left_out_is_predicted_by_the_others() {
        let probes = super::super::probe::design();
        let at = |name: &str| probes.iter().position(|p| p.name.starts_with(name)).unwrap();
        let (a, b) = (at("host-network, bridge: TCP"), at("host-network, route: TCP"));
        let seen = |probe| Seen { probe, figure: Figure::Goodput, values: vec![1.0] };
        let observed = |value| Observation { value, relative_error: 0.1 };
        let leverage = DMatrix::from_element(2, 2, 0.5);
        let rows = left_out(
            &probes,
            &[seen(a), seen(b)],
            &[observed(libm::exp(0.2)), observed(1.0)],
            &[libm::exp(0.1); 2],
            &leverage,
        );
        // Predicted by the other: e^0 for e^0.2, with the variance of one row.
        assert!((rows[0].off - 0.2).abs() < 1e-12 && (rows[1].off + 0.2).abs() < 1e-12);
        assert!((rows[0].explained - 0.01).abs() < 1e-12, "{rows:?}");
    }
}
