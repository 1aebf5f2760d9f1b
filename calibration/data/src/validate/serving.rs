//! Served requests: what users saw over days, in quantiles.

use models::input::InputError;
use serde::{Serialize, Serializer};

use super::Verdict;
use super::report::{Comparison, Report, Use};
use crate::family::Family;
use crate::file::DataFile;
use crate::serving::{
    FIT_DAYS, Period, Served, judged, requests, shipped, shipped_requests, shipped_stages,
};

/// Adds the periods of a trace of requests to a report.
///
/// # Errors
/// If a row is malformed, or nothing of a period can be judged.
pub(super) fn judge(file: &DataFile, report: &mut Report) -> Result<(), InputError> {
    let stages = shipped_stages()?;
    let fitted = shipped(&stages)?;
    let read = requests(file)?;
    let known = requests(&shipped_requests()?)?;
    // The first days are those that were fitted to only if they say the same.
    let is_fitted = read.of_days(1, FIT_DAYS).requests == known.of_days(1, FIT_DAYS).requests;
    let last = read.days();
    let periods = match is_fitted {
        true if last > FIT_DAYS => vec![(1, FIT_DAYS), (FIT_DAYS + 1, last)],
        _ => vec![(1, last)],
    };
    let served = judged(&read, &fitted, &stages, &periods)?;
    let rows: Vec<_> = file.rows().collect();
    for period in &served.periods {
        let seen = is_fitted && period.days.0 == 1;
        let used = if seen { Use::Calibration } else { Use::Holdout };
        let (from, to) = period.days;
        for own in &period.quantiles {
            let label = format!("days {from}-{to} p{:.0}", 100.0 * own.part);
            let compared = Comparison::new("latency", "s", own.measured, own.predicted, 1);
            let outcome = Ok(vec![compared.with_interval(own.interval)]);
            report.add(&rows[0], Verdict { family: Family::Serving, label, outcome }, used);
        }
    }
    report.served.push(Told { file: file.source().name.clone(), served, is_fitted });
    Ok(())
}

/// What is told of a trace of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The file.
    pub file: String,
    /// Its periods.
    pub served: Served,
    /// Whether its first days are those that were fitted to.
    pub is_fitted: bool,
}

impl Told {
    /// The periods that nothing was fitted to.
    pub fn held_back(&self) -> impl Iterator<Item = &Period> {
        self.served.periods.iter().filter(|period| !self.is_fitted || period.days.0 > 1)
    }
}

/// `{"file": …, "periods": [{"days": […], "quantiles": […]}]}`.
impl Serialize for Told {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct One {
            quantile: f64,
            measured_s: f64,
            predicted_s: f64,
            predicted_low_s: f64,
            predicted_high_s: f64,
            rel_error: f64,
            goal: f64,
            met: bool,
        }
        #[derive(Serialize)]
        struct Days {
            first_day: u32,
            last_day: u32,
            fitted: bool,
            requests: usize,
            cold_share: f64,
            quantiles: Vec<One>,
        }
        #[derive(Serialize)]
        struct Whole<'a> {
            file: &'a str,
            pool: u32,
            periods: Vec<Days>,
        }
        let days = |period: &Period| Days {
            first_day: period.days.0,
            last_day: period.days.1,
            fitted: self.is_fitted && period.days.0 == 1,
            requests: period.requests,
            cold_share: period.cold,
            quantiles: period
                .quantiles
                .iter()
                .map(|own| One {
                    quantile: own.part,
                    measured_s: own.measured,
                    predicted_s: own.predicted,
                    predicted_low_s: own.interval.0,
                    predicted_high_s: own.interval.1,
                    rel_error: own.relative_error(),
                    goal: own.goal,
                    met: own.relative_error().abs() <= own.goal,
                })
                .collect(),
        };
        let periods = self.served.periods.iter().map(days).collect();
        Whole { file: &self.file, pool: self.served.pool.gpus, periods }.serialize(to)
    }
}
