//! How well the judging set was predicted: errors and coverage by kind and half.
//!
//! ```text
//!   error    = |predicted ÷ measured − 1|         coverage = part of the measured medians that lie
//!                                                            in the predicted interval of 90 %
//! ```

use calibration_data::quantile::quantile;
use serde::Serialize;

use super::predict::{Prediction, Said};
use super::table::{Measured, Measurements};
use super::{Case, Half, Kind};

/// A measured case beside what was said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The measurement.
    pub measured: Measured,
    /// What the frozen file says, where there is one.
    pub frozen: Option<Result<Said, String>>,
    /// What the given profile says, where there is one.
    pub now: Option<Result<Said, String>>,
}

/// Which of the two predictions is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Of {
    /// The frozen one.
    Frozen,
    /// That of the given profile.
    Now,
}

/// The errors of some cases.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Cases that were measured and predicted.
    pub cases: usize,
    /// Median of the absolute relative errors.
    pub median_error_ratio: f64,
    /// Their 90th percentile.
    pub p90_error_ratio: f64,
    /// The greatest of them.
    pub worst_error_ratio: f64,
    /// The part of the measured medians that lie in the predicted interval of 90 %.
    pub coverage_ratio: f64,
}

/// The errors of one kind, or of all, in one half, or in both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Whose predictions.
    pub of: Of,
    /// The kind; none is all of them.
    pub kind: Option<Kind>,
    /// The half; none is both.
    pub half: Option<Half>,
    /// The errors.
    #[serde(flatten)]
    pub errors: Errors,
}

impl Compared {
    /// What one of the predictions says.
    pub fn said(&self, of: Of) -> Option<&Said> {
        let said = match of {
            Of::Frozen => self.frozen.as_ref(),
            Of::Now => self.now.as_ref(),
        };
        said?.as_ref().ok()
    }

    /// Its relative error, above zero where too much was predicted.
    pub fn error(&self, of: Of) -> Option<f64> {
        self.said(of).map(|said| said.value / self.measured.value - 1.0)
    }
}

/// Measurements beside both predictions; what was measured with wrong results is not among them.
pub fn compare(
    measurements: &Measurements,
    frozen: Option<&[Prediction]>,
    now: Option<&[Prediction]>,
) -> Vec<Compared> {
    let find = |all: Option<&[Prediction]>, case: &Case| {
        let found = all?.iter().find(|prediction| prediction.case.name == case.name)?;
        Some(found.said.clone())
    };
    let right = measurements.measured.iter().filter(|measured| !measured.wrong);
    let compared = |measured: &Measured| Compared {
        measured: measured.clone(),
        frozen: find(frozen, measured.case),
        now: find(now, measured.case),
    };
    right.map(compared).collect()
}

/// The errors of the cases that `kind` and `half` leave; none if there are none.
pub fn errors(
    compared: &[Compared],
    of: Of,
    kind: Option<Kind>,
    half: Option<Half>,
) -> Option<Errors> {
    let own: Vec<(&Said, f64, f64)> = compared
        .iter()
        .filter(|one| kind.is_none_or(|kind| one.measured.case.kind == kind))
        .filter(|one| half.is_none_or(|half| one.measured.case.half == half))
        .filter_map(|one| Some((one.said(of)?, one.measured.value, one.error(of)?.abs())))
        .collect();
    if own.is_empty() {
        return None;
    }
    let off: Vec<f64> = own.iter().map(|(_, _, error)| *error).collect();
    let covered = own.iter().filter(|(said, value, _)| said.low <= *value && *value <= said.high);
    Some(Errors {
        cases: own.len(),
        median_error_ratio: quantile(&off, 0.5),
        p90_error_ratio: quantile(&off, 0.9),
        worst_error_ratio: quantile(&off, 1.0),
        coverage_ratio: covered.count() as f64 / own.len() as f64,
    })
}

/// The errors of both predictions: of all, by half, by kind, and by kind and half.
pub fn summaries(compared: &[Compared]) -> Vec<Summary> {
    let kinds = std::iter::once(None).chain(Kind::ALL.map(Some));
    let halves = [None, Some(Half::FitMayLook), Some(Half::KeptOut)];
    let mut all = Vec::new();
    for of in [Of::Frozen, Of::Now] {
        for kind in kinds.clone() {
            for half in halves {
                let found = errors(compared, of, kind, half);
                all.extend(found.map(|errors| Summary { of, kind, half, errors }));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::cases;
    use crate::judge::predict::By;

    fn measured(at: usize, value: f64, wrong: bool) -> Measured {
        let case = &cases()[at];
        Measured { case, value, low: value, high: value, repetitions: 5, wrong }
    }

    fn said(at: usize, said: Result<(f64, f64, f64), &str>) -> Prediction {
        let said = said.map(|(low, value, high)| Said { value, low, high }).map_err(str::to_owned);
        Prediction { case: &cases()[at], by: By::Solve, said }
    }

    #[test]
    fn errors_and_coverage_by_hand() {
        let measurements = Measurements {
            device: "x".into(),
            measured: vec![
                measured(0, 10.0, false),
                measured(1, 10.0, false),
                measured(2, 10.0, false),
                measured(3, 10.0, true),
                measured(4, 10.0, false),
            ],
            left_out: Vec::new(),
        };
        let frozen = [
            said(0, Ok((9.0, 11.0, 12.0))),
            said(1, Ok((12.0, 13.0, 14.0))),
            said(2, Ok((7.0, 8.0, 10.0))),
            said(3, Ok((1.0, 99.0, 99.0))),
            said(4, Err("no word")),
        ];
        let compared = compare(&measurements, Some(&frozen), None);
        assert_eq!(compared.len(), 4, "wrong results are not judged");
        let all = errors(&compared, Of::Frozen, None, None).unwrap();
        assert_eq!(all.cases, 3);
        assert!((all.median_error_ratio - 0.2).abs() < 1e-12, "{all:?}");
        assert!((all.worst_error_ratio - 0.3).abs() < 1e-12 && all.p90_error_ratio > 0.25);
        assert!((all.coverage_ratio - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(errors(&compared, Of::Now, None, None), None);
        let halves = Half::ALL.map(|half| errors(&compared, Of::Frozen, None, Some(half)));
        let counted: usize = halves.iter().flatten().map(|errors| errors.cases).sum();
        assert_eq!(counted, 3);
    }
}
