//! Which points `podpath explain` explains.

use crate::beside::nearest;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::record::{self, Keyed};
use crate::run::{self as runner, Ask, Changes};

/// A point to explain, and why it is that one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    /// Its number in the plan.
    pub(super) point: usize,
    /// What was reported of it; empty where nothing was.
    pub(super) reported: Vec<String>,
}

/// Every point of a plan.
pub(super) fn every(plan: &Plan) -> Vec<Asked> {
    (0..plan.len()).map(|point| Asked { point, reported: Vec::new() }).collect()
}

/// The points that reported figures are about: of those that a figure may be about, where the
/// report leaves something open, the one that is predicted nearest to it.
///
/// # Errors
/// As [`runner::run`].
pub(super) fn reported(experiment: &Experiment, plan: &Plan) -> Result<Vec<Asked>, Failure> {
    let may_be = |number: usize| {
        let point = plan.point(number);
        experiment.reported.iter().any(|reported| experiment.matches(reported, &point))
    };
    let digests = runner::some(experiment, plan, QUICK, &may_be)?;
    let finished = digests.iter().map(|(point, digests)| (*point, digests));
    let keyed: Vec<Keyed<'_>> = record::keyed(experiment, plan, finished);
    let mut asked: Vec<Asked> = Vec::new();
    for reported in &experiment.reported {
        let Some(point) = nearest(experiment, reported, plan, &keyed) else { continue };
        let said = match &reported.up_to {
            Some(up_to) => format!("{} to {up_to}", reported.value),
            None => reported.value.clone(),
        };
        match asked.iter_mut().find(|known| known.point == point) {
            Some(known) => known.reported.push(said),
            None => asked.push(Asked { point, reported: vec![said] }),
        }
    }
    asked.sort_by_key(|asked| asked.point);
    Ok(asked)
}

/// What is reached, and no more.
const QUICK: Ask = Ask { changes: Changes::None, intervals: false };
