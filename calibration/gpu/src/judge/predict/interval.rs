//! How sure a prediction is: what the draws of everything unknown say ([`models::uncertainty`]).
//!
//! A prediction's interval of 90 % reaches from the 5th to the 95th percentile of what the draws
//! predict, and holds the prediction itself. Draws hang on the names of profiles and lines alone.

use calibration_data::quantile;
use models::uncertainty::Draw;
use sim::Seed;

use super::Subject;

pub use models::uncertainty::DRAWS;

/// What the draws begin from.
const SEED: u64 = 1;

/// The same profiles as often as drawn, each with its lines moved.
pub(super) fn draws(subject: &Subject) -> Vec<Subject> {
    let drawn = |draw| Subject { library: subject.library.drawn(draw), ..subject.clone() };
    Draw::all(Seed::new(SEED), DRAWS).map(drawn).collect()
}

/// The 5th and 95th percentile of what was drawn, widened to hold the value.
pub(super) fn ninety(value: f64, drawn: &[f64]) -> (f64, f64) {
    match drawn.is_empty() {
        true => (value, value),
        false => {
            let (low, high) = quantile::ninety(drawn);
            (low.min(value), high.max(value))
        }
    }
}
