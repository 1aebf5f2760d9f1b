//! Cases from the field: what people reported beside what is predicted for it, by the very code
//! that `podpath run` uses.
//!
//! ```text
//!  experiments with [[reported]] ─► figures ─► by case ─► by group (network, GPU)
//!                                      └─────► by kind
//! ```
//!
//! Figures of one case err together, so a group is told by its cases: half of them have a smaller
//! median factor, and the part that is covered is the mean over cases of the part of their figures.

pub(crate) mod files;
mod scene;
pub(crate) mod summary;

use models::cluster::PlaceKind;
use models::input::InputError;
use serde::Serialize;

use crate::beside::Beside;
use crate::experiment::{Experiment, Plan, Reported};
use crate::failure::Failure;
use crate::record;
use crate::run::{Ask, Changes, all};
use crate::unit::Unit;

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub(crate) enum Group {
    /// Pods, and no GPU in sight.
    #[serde(rename = "network")]
    Network,
    /// A topology of it has a GPU.
    #[serde(rename = "GPU path")]
    Gpu,
    /// Models that are served or trained, over time.
    #[serde(rename = "serving and training")]
    Scenario,
}

impl Group {
    /// All, in the order of tables.
    pub(crate) const ALL: [Group; 3] = [Group::Network, Group::Gpu, Group::Scenario];

    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Group::Network => "network",
            Group::Gpu => "GPU path",
            Group::Scenario => "serving and training",
        }
    }
}

/// A reported figure beside what is predicted for it, in its unit.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) case: String,
    /// The experiment that it is in.
    pub(crate) experiment: String,
    pub(crate) group: Group,
    /// The kind of figure in the words of its file; empty if it has none.
    pub(crate) kind: String,
    /// What was seen.
    pub(crate) text: String,
    pub(crate) topology: Option<String>,
    #[serde(serialize_with = "unit_name")]
    pub(crate) unit: Unit,
    pub(crate) percentile: Option<f64>,
    /// Whether the report counts bytes, for tables that people read.
    #[serde(skip)]
    pub(crate) in_bytes: bool,
    pub(crate) reported_low: f64,
    pub(crate) reported_high: f64,
    /// With nothing drawn: the median of the points that match.
    pub(crate) predicted: f64,
    pub(crate) predicted_low: Option<f64>,
    pub(crate) predicted_median: Option<f64>,
    pub(crate) predicted_high: Option<f64>,
    /// Whether the reported range meets the 90 % interval; none where there is no interval.
    pub(crate) inside: Option<bool>,
    /// The ratio of the nearer ends, the greater over the less; 1 where they meet.
    pub(crate) factor: f64,
    /// High end of the interval over its low end.
    pub(crate) width: Option<f64>,
    pub(crate) cause: Option<String>,
    pub(crate) most_taken_by: Option<String>,
    pub(crate) cause_named: Option<bool>,
    pub(crate) source: String,
}

fn unit_name<S: serde::Serializer>(unit: &Unit, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(unit.name())
}

pub(crate) use scene::Scene;

/// An experiment of a case, ready to be computed.
pub(crate) struct Task {
    pub(crate) case: String,
    pub(crate) name: String,
    pub(crate) experiment: Experiment,
    pub(crate) plan: Plan,
}

impl Task {
    /// The task of an experiment.
    ///
    /// # Errors
    /// If it cannot be planned.
    pub(crate) fn new(
        case: String,
        name: String,
        experiment: Experiment,
    ) -> Result<Task, InputError> {
        let plan = experiment.plan()?;
        Ok(Task { case, name, experiment, plan })
    }

    fn group(&self) -> Group {
        let mut places =
            self.plan.worlds.iter().flat_map(|world| world.cluster.graph.node_weights());
        match places.any(|place| place.kind == PlaceKind::DeviceMemory) {
            true => Group::Gpu,
            false => Group::Network,
        }
    }

    /// Its figures; `tell` hears of each point that is done.
    ///
    /// # Errors
    /// If a point cannot be computed, or a figure is beside none.
    pub(crate) fn figures(
        &self,
        intervals: bool,
        tell: &(dyn Fn() + Sync),
    ) -> Result<Vec<Figure>, Failure> {
        let ask = Ask { changes: Changes::None, intervals };
        let keeps = self.experiment.reported.iter().any(Reported::needs_replications);
        let results = all(&self.experiment, &self.plan, ask, &|digests| {
            digests.iter_mut().for_each(|digest| digest.forget_rows(keeps));
            tell();
        })?;
        let keyed = record::keyed(&self.experiment, &self.plan, results.iter().enumerate());
        let group = self.group();
        let figure = |(number, reported): (usize, &Reported)| {
            let beside = Beside::of(&self.experiment, reported, &self.plan, &keyed);
            self.figure(group, reported, &beside).ok_or_else(|| {
                let problem = "no point of the experiment matches, or nothing ever arrives whole";
                InputError::new(format!("reported[{number}]"), problem)
                    .help("values of `at` that one point has together")
                    .at(&self.experiment.source, reported.span.clone())
            })
        };
        let figures = self.experiment.reported.iter().enumerate().map(figure);
        Ok(figures.collect::<Result<_, InputError>>()?)
    }

    fn figure(&self, group: Group, reported: &Reported, beside: &Beside) -> Option<Figure> {
        let sure = beside.sure;
        let topology = reported.topology.map(|at| self.experiment.topologies[at].label.clone());
        Some(Figure {
            case: self.case.clone(),
            experiment: self.name.clone(),
            group,
            kind: reported.kind.clone().unwrap_or_default(),
            text: reported.text.clone(),
            topology,
            unit: reported.unit,
            percentile: reported.percentile,
            in_bytes: reported.value.ends_with("B/s"),
            reported_low: reported.low,
            reported_high: reported.high,
            predicted: beside.predicted()?,
            predicted_low: sure.map(|sure| sure.low),
            predicted_median: sure.map(|sure| sure.median),
            predicted_high: sure.map(|sure| sure.high),
            inside: sure.and(beside.miss(reported)).map(|miss| miss == 0.0),
            factor: beside.factor(reported)?,
            width: sure.map(|sure| sure.high / sure.low),
            cause: reported.cause.as_ref().map(|cause| cause.get_ref().clone()),
            most_taken_by: beside.most_taken_by.clone(),
            cause_named: beside.cause_named(reported),
            source: reported.source.clone(),
        })
    }
}

#[cfg(test)]
mod tests;
