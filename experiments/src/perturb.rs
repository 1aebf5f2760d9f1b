//! What every number changes: each line of each shipped profile and each numeric field of the files
//! is moved on its own, until the prediction of some scene is another.
//!
//! A number that moves nothing is one that nobody reads, whatever the file says. There may be such,
//! each with its reason ([`reasons`]).

mod entries;
mod fields;
mod moves;
pub(crate) mod reasons;
mod scene;

use models::input::InputError;
use rayon::prelude::*;
use serde::Serialize;

use entries::Entry;

/// What moving one number did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Found {
    /// The file or the schema that has it: `host/bench-2024`, `topology`, `experiment`.
    pub(crate) origin: String,
    /// The line or field: `veth.rx_per_skb`, `nic.mtu`.
    pub(crate) name: String,
    /// What it was, with its unit.
    pub(crate) value: String,
    /// The move that showed, if one did.
    pub(crate) moved: Option<Moved>,
    /// Why it has no effect, where it has none and that is known.
    pub(crate) reason: Option<&'static str>,
}

/// A move that changed a prediction.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Moved {
    /// What it was moved to.
    pub(crate) to: String,
    /// The scene whose prediction changed.
    pub(crate) scene: String,
    /// The figure that changed: `completion of out [s]`.
    pub(crate) figure: String,
    /// What it was.
    pub(crate) before: f64,
    /// What it became; none where the scene is refused with the moved number.
    pub(crate) after: Option<f64>,
}

/// Moves every entry whose origin begins with `only`, in a fixed order; `done` after each.
///
/// # Errors
/// If a scene is not possible: a bug, which the tests find.
pub(crate) fn run(
    only: Option<&str>,
    count: impl FnOnce(usize),
    done: impl Fn() + Sync,
) -> Result<Vec<Found>, InputError> {
    let entries = entries::all(only)?;
    count(entries.len());
    let found = |entry: &Entry| {
        let moved = moved(entry);
        let (origin, name) = (entry.origin.clone(), entry.name.clone());
        let reason = match moved {
            Some(_) => None,
            None => reasons::of(&origin, &name),
        };
        done();
        Found { origin, name, value: entry.value.clone(), moved, reason }
    };
    Ok(entries.par_iter().map(found).collect())
}

/// The first move that changes a figure; where none does, the first that a scene refuses.
fn moved(entry: &Entry) -> Option<Moved> {
    let mut refused: Option<Moved> = None;
    for (to, change) in &entry.tries {
        for scene in &entry.scenes {
            let told = |figure: String, before: f64, after: Option<f64>| Moved {
                to: to.clone(),
                scene: scene.name.clone(),
                figure,
                before,
                after,
            };
            match scene.figures(change) {
                Ok(figures) => {
                    if let Some((figure, before, after)) = scene.difference(&figures) {
                        return Some(told(figure, before, Some(after)));
                    }
                }
                Err(error) => {
                    let problem = format!("refused: {}", error.problem);
                    refused = refused.or_else(|| Some(told(problem, 0.0, None)));
                }
            }
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::scene::Change;
    use super::*;

    /// The most numbers that may be without effect, each with its reason.
    const WITHOUT_EFFECT_MAX: usize = 20;

    #[test]
    fn every_number_changes_a_prediction_or_has_a_reason_not_to() {
        let left = crate::nightly::is_left("all numbers, and not those of some kinds of file");
        let all: Vec<Found> = match left {
            // What topologies and experiments say, which grows most often.
            true => ["topology", "experiment", "nic"]
                .into_iter()
                .flat_map(|only| run(Some(only), |count| assert!(count > 0), || {}).unwrap())
                .collect(),
            false => run(None, |count| assert!(count > 900, "{count} entries"), || {}).unwrap(),
        };
        let idle: Vec<&Found> = all.iter().filter(|found| found.moved.is_none()).collect();
        let unexplained: Vec<String> = idle
            .iter()
            .filter(|found| found.reason.is_none())
            .map(|found| format!("{} {}", found.origin, found.name))
            .collect();
        assert!(unexplained.is_empty(), "no effect and no reason: {unexplained:#?}");
        assert!(reasons::ALL.len() <= WITHOUT_EFFECT_MAX);
        for (origin, name, why) in reasons::ALL {
            let used = idle.iter().any(|f| reasons::matches(origin, &f.origin) && f.name == name);
            assert!(left || used, "{origin} {name} has an effect, and a reason not to have one");
            assert!(why.len() > 20, "{origin} {name}: {why}");
        }
    }

    #[test]
    fn a_line_that_nobody_reads_is_found() {
        let entry = entries::all(Some("nic/generic-10g")).unwrap().swap_remove(0);
        let still = Entry { tries: vec![("itself".into(), Change::None)], ..entry };
        assert!(moved(&still).is_none());
    }
}
