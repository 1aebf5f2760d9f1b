//! Scenarios of cases: figures of models that are served or trained.

use models::input::InputError;

use super::{Figure, Group};
use crate::scenario::{Reported, Scenario, Told, factor, unit};
use crate::unit::Unit;

/// A scenario of a case, ready to be run.
pub(crate) struct Scene {
    pub(crate) case: String,
    pub(crate) name: String,
    pub(crate) scenario: Scenario,
}

impl Scene {
    /// The variants that a figure stands beside whose numbers the file has not used.
    fn asked(&self) -> Vec<usize> {
        let all = self.scenario.reported.iter().filter(|one| !one.is_used);
        let mut asked: Vec<usize> = all.map(|one| one.variant).collect();
        asked.sort_unstable();
        asked.dedup();
        asked
    }

    /// How many runs its figures take.
    pub(crate) fn runs(&self, draws: u32) -> u64 {
        self.asked().len() as u64 * u64::from(draws + 1)
    }

    /// Its figures; `tell` hears of each run that is done.
    ///
    /// # Errors
    /// If a draw makes something of it that cannot be run.
    pub(crate) fn figures(
        &self,
        draws: u32,
        tell: &(dyn Fn() + Sync),
    ) -> Result<Vec<Figure>, InputError> {
        let mut figures = Vec::new();
        for variant in self.asked() {
            let told = self.scenario.run(&self.scenario.variants[variant], (1, draws), tell)?;
            let own = self.scenario.reported.iter();
            let own = own.filter(|one| one.variant == variant && !one.is_used);
            figures.extend(own.map(|one| self.figure(one, &told, draws > 0)));
        }
        Ok(figures)
    }

    fn figure(&self, reported: &Reported, told: &Told, is_sure: bool) -> Figure {
        let sure = told.figure(&reported.figure).expect("its name was checked");
        // Rates of bytes are in bits, as those of experiments.
        let (unit, scale) = match unit(&reported.figure) {
            "s" => (Unit::Time, 1.0),
            "B/s" => (Unit::Bandwidth, 8.0),
            "1/s" => (Unit::Frequency, 1.0),
            _ => (Unit::Number, 1.0),
        };
        let [low, high, value] =
            [reported.low, reported.high, sure.value].map(|value| value * scale);
        let drawn = |value: f64| is_sure.then_some(value * scale);
        let inside = low <= sure.high * scale && high >= sure.low * scale;
        Figure {
            case: self.case.clone(),
            experiment: self.name.clone(),
            group: Group::Scenario,
            kind: reported.kind.clone(),
            text: reported.text.clone(),
            topology: None,
            unit,
            percentile: None,
            in_bytes: true,
            reported_low: low,
            reported_high: high,
            predicted: value,
            predicted_low: drawn(sure.low),
            predicted_median: drawn(sure.median),
            predicted_high: drawn(sure.high),
            inside: is_sure.then_some(inside),
            factor: factor(low, high, value),
            width: is_sure.then_some(sure.high / sure.low),
            cause: None,
            most_taken_by: None,
            cause_named: None,
            source: reported.source.clone(),
        }
    }
}
