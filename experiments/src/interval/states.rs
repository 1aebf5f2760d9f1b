//! What is in one of several states, as a cause of wide intervals.

use models::cluster::Cluster;
use models::input::InputError;
use models::library::{Kind, Library};
use models::profile::{How, Parameter};
use models::uncertainty::Draw;
use models::uncertainty::hypothesis::Hypothesis;

use super::causes::Cause;

/// A hypothesis about a profile that a cluster has.
pub(super) struct Open<'a> {
    hypothesis: &'a Hypothesis,
    profile: &'a str,
    /// The probability of each state.
    pub(super) odds: Vec<f64>,
}

/// All of a cluster.
pub(super) fn open<'a>(
    cluster: &'a Cluster,
    library: &'a Library,
) -> Result<Vec<Open<'a>>, InputError> {
    let mut all = Vec::new();
    for (kind, profile) in cluster.read.keys() {
        for hypothesis in library.open(*kind, profile)? {
            all.push(Open { hypothesis, profile, odds: hypothesis.odds() });
        }
    }
    Ok(all)
}

impl Open<'_> {
    /// A draw for each state, with everything else as it is given.
    pub(super) fn draws(&self) -> impl Iterator<Item = Draw> {
        let names = [Kind::Hypothesis.folder(), &self.hypothesis.name, self.profile];
        let at = 0..self.odds.len();
        at.map(move |at| Draw::alone(names, Draw::choosing(&self.odds, at)))
    }

    /// The variance of a figure whose logarithm each state makes another.
    pub(super) fn variance(&self, logs: &[f64]) -> f64 {
        let mean: f64 = self.odds.iter().zip(logs).map(|(odds, log)| odds * log).sum();
        self.odds.iter().zip(logs).map(|(odds, log)| odds * (log - mean).powi(2)).sum()
    }

    /// It as a cause: its number is the probability of the state that is taken to hold.
    pub(super) fn cause(&self) -> Cause {
        let at = Draw::likeliest(&self.odds);
        let state = &self.hypothesis.states[at];
        Cause {
            kind: Kind::Hypothesis,
            profile: self.profile.to_owned(),
            line: Parameter {
                parameter: self.hypothesis.name.clone(),
                value: self.odds[at],
                unit: "probability".into(),
                low: None,
                high: None,
                how: How::Assumed,
                source: format!("{}: {}", state.name, state.source),
            },
            about: Some(lower(&self.hypothesis.about)),
            measurement: self.hypothesis.tells.clone(),
            explained: 0.0,
        }
    }
}

/// A sentence as a part of another.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}
