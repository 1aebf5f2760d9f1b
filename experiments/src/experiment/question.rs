//! An experiment as the models are asked it: clusters, and what is to become of transfers or
//! workloads on them. Whoever holds predictions against laws of their own asks for these.

use std::sync::Arc;

use models::cluster::Cluster;
use models::input::InputError;
use models::outcome::Fidelity;
use models::transfer::Transfer;
use models::workload::Scenario;

use super::Experiment;

/// Clusters, and the questions about them.
#[derive(Debug)]
pub struct Asked {
    /// The clusters, each assembled once.
    pub clusters: Vec<Cluster>,
    /// The points of the experiment, in the order of its results.
    pub questions: Vec<Question>,
}

/// One point of an experiment.
#[derive(Clone, Debug)]
pub struct Question {
    /// The number of its cluster.
    pub cluster: usize,
    /// What begins together on it.
    pub transfers: Vec<Transfer>,
    /// How finely the experiment computes it.
    pub fidelity: Fidelity,
    /// What runs over time, if anything does; the transfers are then what that is made of.
    pub scenario: Option<Arc<Scenario>>,
}

impl Experiment {
    /// Lays the experiment out, with its first `most` points. All of its clusters are assembled
    /// and all of its points are judged, as `podpath run` does before it begins.
    ///
    /// # Errors
    /// If something is wrong with a topology or a point.
    pub fn asked(&self, most: usize) -> Result<Asked, InputError> {
        let plan = self.plan()?;
        let questions = plan.points().take(most).map(|point| Question {
            cluster: point.world,
            transfers: point.transfers,
            fidelity: point.fidelity,
            scenario: point.scenario,
        });
        let questions = questions.collect();
        Ok(Asked {
            clusters: plan.worlds.into_iter().map(|world| world.cluster).collect(),
            questions,
        })
    }
}
