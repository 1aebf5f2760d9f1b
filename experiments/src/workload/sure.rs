//! How sure the figures of workloads are: draws of what is unknown, each simulated from the first
//! arrival to the last.
//!
//! Queues turn a little more service time into much more waiting, so that no closed form moves
//! what was simulated. Draw `i` meets the chance of replication `i mod n`.

use models::uncertainty::{DRAWS, Draw};
use models::workload::WorkloadReport;
use sim::Seed;

use super::digest::figures;
use crate::experiment::Experiment;
use crate::interval::Predicted;

/// Draws for each replication: a run takes three times as long with them.
const PER_REPLICATION: u32 = 2;
/// Fewer tell nothing of a spread.
const DRAWS_MIN: u32 = 4;
/// A workload that carries a smaller part of what is offered falls behind.
pub(super) const CARRIED_MIN: f64 = 0.98;

/// How sure the figures of a workload are.
#[derive(Clone, Debug)]
pub(crate) struct Sure {
    /// The mean, then the quantiles of the completion \[s\]; none if in some draw no run counts.
    pub(crate) completion_s: Option<[Predicted; 5]>,
    /// Runs that end a second [1/s]; none if in some draw none does.
    pub(crate) carried_hz: Option<Predicted>,
    /// The part of draws in which as much is carried as arrives.
    pub(crate) keeps_up: f64,
    /// The mean completion of each draw \[s\]; empty if in some draw no run counts.
    pub(crate) draws: Vec<f64>,
}

/// The draws of an experiment.
pub(super) fn draws(experiment: &Experiment) -> Vec<Draw> {
    let many = (experiment.repetitions * PER_REPLICATION).clamp(DRAWS_MIN, DRAWS);
    Draw::all(Seed::new(experiment.seed), many).collect()
}

impl Sure {
    /// What all draws made of a workload.
    pub(super) fn of(drawn: &[&WorkloadReport]) -> Sure {
        let completions: Option<Vec<[f64; 5]>> = drawn
            .iter()
            .map(|run| run.completion.as_ref().map(|of| figures(of).map(|figure| figure.value)))
            .collect();
        let over = |at: usize, all: &Vec<[f64; 5]>| {
            Predicted::of(&all.iter().map(|one| one[at]).collect::<Vec<f64>>())
        };
        let carried: Vec<f64> = drawn.iter().map(|run| run.carried_hz).collect();
        let keep_up = |run: &&&WorkloadReport| run.carried_hz >= CARRIED_MIN * run.offered_hz;
        Sure {
            completion_s: completions.as_ref().map(|all| std::array::from_fn(|at| over(at, all))),
            carried_hz: carried.iter().all(|rate| *rate > 0.0).then(|| Predicted::of(&carried)),
            keeps_up: drawn.iter().filter(keep_up).count() as f64 / drawn.len() as f64,
            draws: completions.map_or(Vec::new(), |all| all.iter().map(|one| one[0]).collect()),
        }
    }
}
