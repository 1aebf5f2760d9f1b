//! The points of an experiment: the product of its topologies and axes.
//!
//! Points that differ only in their transfers share one assembled cluster, a [`World`]; worlds are
//! assembled here, so that a topology that cannot be is found before anything runs.

use std::sync::Arc;

use models::cluster::{Cluster, Setting};
use models::input::{InputError, Source};
use models::library::Library;
use models::outcome::Fidelity;
use models::predict::check as check_transfers;
use models::transfer::Transfer;
use models::uncertainty::Draw;
use models::workload::{self, Scenario};
use rayon::prelude::*;

use super::axis::{Axis, Purpose, Varied};
use super::parameter::{Change, Of, Parameter};
use super::problem::Problem;
use super::scalar::Scalar;
use super::space::Space;
use super::transfer::Draft;
use super::{Experiment, Reported};

/// The most rows that one experiment may write: points × repetitions × transfers.
const ROWS_MAX: usize = 1_000_000;
/// The most clusters that one experiment may assemble.
const WORLDS_MAX: usize = 10_000;

/// What there is to run.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The names of the columns that this experiment adds to its tables.
    pub(crate) columns: Vec<String>,
    /// The clusters.
    pub(crate) worlds: Vec<World>,
    /// The points, in the order of the results.
    space: Space,
}

/// A cluster, assembled from a topology with settings and changed profiles.
#[derive(Debug)]
pub(crate) struct World {
    /// The cluster.
    pub(crate) cluster: Cluster,
}

/// One point: transfers that begin together on a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    /// The number of its world.
    pub(crate) world: usize,
    /// The number of its topology.
    pub(crate) topology: usize,
    /// How finely it is computed.
    pub(crate) fidelity: Fidelity,
    /// The transfers, named by the experiment's drafts of the same number.
    pub(crate) transfers: Vec<Transfer>,
    /// What runs over time, if anything does; the transfers are then what that is made of.
    pub(crate) scenario: Option<Arc<Scenario>>,
    /// The step it takes on every axis.
    pub(crate) steps: Vec<usize>,
    /// Its cells in the added columns.
    pub(crate) cells: Vec<String>,
}

impl Plan {
    /// How many points there are.
    pub(crate) fn len(&self) -> usize {
        self.space.len()
    }

    /// The point of a number below [`Plan::len`].
    pub(crate) fn point(&self, number: usize) -> Point {
        self.space.tried(number).expect("every point was tried when the plan was made")
    }

    /// All points, in the order of the results.
    pub(crate) fn points(&self) -> impl ExactSizeIterator<Item = Point> {
        (0..self.len()).map(|number| self.point(number))
    }

    /// The same for all points that differ from this one on the axis alone.
    pub(crate) fn without(&self, number: usize, axis: usize) -> usize {
        self.space.without(number, axis)
    }
}

impl Axis {
    /// An axis over fidelities.
    pub(super) fn of_fidelities(levels: &[Fidelity]) -> Axis {
        let name = |level: &Fidelity| match level {
            Fidelity::Closed => "closed",
            Fidelity::Flow => "flow",
            Fidelity::Chunk => "chunk",
        };
        let varied = Varied {
            key: "fidelity".into(),
            span: 0..0,
            parameter: Parameter::Fidelity,
            values: levels.iter().map(|level| Scalar::Text(name(level).into())).collect(),
            changes: levels.iter().map(|level| Change::Fidelity(*level)).collect(),
            column: None,
        };
        Axis { purpose: Purpose::Cross, varied: vec![varied] }
    }

    /// Whether a step on it leads to another cluster.
    pub(super) fn changes_world(&self) -> bool {
        let to_world =
            |p: &Parameter| matches!(p, Parameter::Setting { .. } | Parameter::Profile { .. });
        self.varied.iter().any(|varied| to_world(&varied.parameter))
    }

    /// Whether points may come out equal because it varies what only overlapped transfers have.
    pub(super) fn changes_chunks(&self) -> bool {
        let of_chunks =
            |p: &Parameter| matches!(p, Parameter::Field { field, .. } if field.within.of_chunks);
        self.varied.iter().any(|varied| of_chunks(&varied.parameter))
    }
}

impl Experiment {
    /// Lays the experiment out and assembles its clusters.
    ///
    /// # Errors
    /// If there are too many points, or a topology cannot be assembled.
    pub(crate) fn plan(&self) -> Result<Plan, InputError> {
        self.check_size()?;
        let columns = self.axes.iter().flat_map(|axis| &axis.varied);
        let columns = columns.filter_map(|varied| varied.column.as_ref().map(|c| c.0.clone()));
        let columns = columns.collect();
        let space = Space::new(self)?;
        let assembled: Vec<Result<World, InputError>> = (0..space.worlds())
            .into_par_iter()
            .map(|number| {
                let (topology, steps) = space.of_world(number);
                self.world(topology, &steps)
            })
            .collect();
        let worlds = assembled.into_iter().collect::<Result<_, _>>()?;
        let plan = Plan { columns, worlds, space };
        self.check_read(&plan)?;
        self.check_points(&plan)?;
        self.check_causes(&plan)?;
        Ok(plan)
    }

    /// Refuses a change to a line of a profile that no model reads on any of the topologies.
    fn check_read(&self, plan: &Plan) -> Result<(), InputError> {
        let varied = self.axes.iter().flat_map(|axis| &axis.varied).filter(|_| !self.narrowed);
        for varied in varied {
            let Parameter::Profile { kind, name, parameter, .. } = &varied.parameter else {
                continue;
            };
            let of = (*kind, name.clone());
            let reads = || plan.worlds.iter().filter_map(|world| world.cluster.read.get(&of));
            if reads().any(|lines| lines.contains(parameter)) {
                continue;
            }
            let folder = kind.folder();
            let problem = match reads().next() {
                Some(_) => Problem::new(
                    "no model reads it on these topologies",
                    "a line that a hop or device of them has, or a topology that reads this one",
                ),
                None => {
                    let used = plan.worlds.iter().flat_map(|world| &world.cluster.used);
                    let mut used: Vec<String> = used
                        .filter(|(other, _)| other == kind)
                        .map(|(_, name)| format!("`{folder}.{name}`"))
                        .collect();
                    used.sort();
                    used.dedup();
                    let help = match used.is_empty() {
                        true => format!("they have no {folder} profile"),
                        false => format!("they use {}", used.join(", ")),
                    };
                    Problem::new(format!("no topology here uses `{folder}.{name}`"), help)
                }
            };
            return Err(problem.at(&varied.key, &self.source, varied.span.clone()));
        }
        Ok(())
    }

    /// Plans every point, which takes microseconds and finds what is wrong with any of them before
    /// the first is run.
    fn check_points(&self, plan: &Plan) -> Result<(), InputError> {
        let check = |number: usize| {
            let point = &plan.space.tried(number)?;
            let cluster = &plan.worlds[point.world].cluster;
            let checked = match &point.scenario {
                None => check_transfers(cluster, &point.transfers, point.fidelity),
                Some(_) if point.fidelity != Fidelity::Flow => {
                    let problem = "workloads run over time, at one fidelity";
                    Err(InputError::new("fidelity", problem).help("`flow`"))
                }
                Some(scenario) => workload::check(cluster, scenario),
            };
            checked.map_err(|error| self.placed(error, point))
        };
        let checks = (0..plan.len()).into_par_iter().map(check);
        checks.find_map_first(Result::err).map_or(Ok(()), Err)
    }

    /// Refuses what would run for days, before it takes any memory.
    fn check_size(&self) -> Result<(), InputError> {
        let product = |mut numbers: Vec<usize>, fixed: &[usize]| {
            numbers.extend(fixed);
            numbers.into_iter().fold(1, usize::saturating_mul)
        };
        let of_axes = self.axes.iter().map(Axis::len).collect();
        let each = match &self.load {
            Some(load) => load.workloads().len(),
            None => self.transfers.len(),
        };
        let fixed = [self.topologies.len(), self.repetitions as usize, each];
        let rows = product(of_axes, &fixed);
        let of_worlds = self.axes.iter().filter(|axis| axis.changes_world()).map(Axis::len);
        let worlds = product(of_worlds.collect(), &[self.topologies.len()]);
        let (problem, help) = if rows > ROWS_MAX {
            ("gives more rows than one experiment may have", format!("at most {ROWS_MAX} rows"))
        } else if worlds > WORLDS_MAX {
            let help = format!("at most {WORLDS_MAX} combinations of topologies and settings");
            ("gives more clusters than one experiment may have", help)
        } else {
            return Ok(());
        };
        let longest = self.axes.iter().max_by_key(|axis| axis.len());
        let span = longest.and_then(|axis| axis.varied.first()).map_or(0..0, |v| v.span.clone());
        let help = format!("{help}: topologies × sweep × repetitions × transfers");
        Err(Problem::new(problem, help).at("sweep", &self.source, span))
    }

    pub(super) fn changes<'a>(
        &'a self,
        steps: &'a [usize],
    ) -> impl Iterator<Item = (&'a Varied, &'a Change)> {
        let steps = self.axes.iter().zip(steps);
        steps.flat_map(|(axis, &step)| axis.varied.iter().map(move |v| (v, &v.changes[step])))
    }

    /// The point of a topology at these steps.
    ///
    /// # Errors
    /// If what runs over time cannot be at them.
    pub(super) fn point(
        &self,
        topology: usize,
        world: usize,
        steps: Vec<usize>,
    ) -> Result<Point, InputError> {
        let mut drafts: Vec<Draft> = self.transfers.clone();
        let mut load = self.load.clone();
        let mut fidelity = self.fidelity;
        for (varied, change) in self.changes(&steps) {
            match change {
                Change::Field { of: Of::Transfers(which), field, value } => {
                    let of = which.map_or(0..drafts.len(), |which| which..which + 1);
                    for draft in &mut drafts[of] {
                        draft.assign(field, value, &varied.span).expect("the value was judged");
                    }
                }
                Change::Field { of: Of::Load(kind, at), field, value } => {
                    if let Some(load) = &mut load {
                        let set = load.assign(*kind, *at, field, value, &varied.span);
                        set.expect("the value was judged");
                    }
                }
                Change::Fidelity(level) => fidelity = *level,
                Change::Profile { .. } | Change::Setting(_) => {}
            }
        }
        let scenario = load.map(|load| load.finish(&drafts)).transpose()?.map(Arc::new);
        let transfers = drafts.iter().map(|d| d.finish().expect("completeness was checked"));
        let cell = |varied: &Varied, step: usize| match &varied.parameter {
            // Without chunks there is one launch, whatever is said of it.
            Parameter::Field { field, .. } if !drafts.iter().any(|draft| draft.uses(field)) => {
                String::new()
            }
            _ => varied.column.as_ref().map_or(String::new(), |column| column.1[step].clone()),
        };
        let cells = self.axes.iter().zip(&steps).flat_map(|(axis, &step)| {
            let own = axis.varied.iter().filter(|varied| varied.column.is_some());
            own.map(move |varied| cell(varied, step))
        });
        let (transfers, cells) = (transfers.collect(), cells.collect());
        Ok(Point { world, topology, fidelity, transfers, scenario, steps, cells })
    }

    /// A transfer of a point as it is set there.
    pub(crate) fn transfer_at(&self, point: &Point, which: usize) -> Draft {
        let mut draft = self.transfers[which].clone();
        for (varied, change) in self.changes(&point.steps) {
            if let Change::Field { of: Of::Transfers(of), field, value } = change
                && of.is_none_or(|of| of == which)
            {
                draft.assign(field, value, &varied.span).expect("the value was judged");
            }
        }
        draft
    }

    /// The topology of a point as it is carried out on real networking: its text and the changes to
    /// it.
    ///
    /// # Errors
    /// If the point changes a profile, which no hardware lets one do.
    pub(crate) fn built(&self, point: &Point) -> Result<(&Arc<Source>, Vec<Setting>), InputError> {
        let mut settings = Vec::new();
        for (varied, change) in self.changes(&point.steps) {
            match change {
                Change::Setting(setting) => settings.push(setting.clone()),
                Change::Profile { .. } => {
                    let problem = Problem::new(
                        "what a profile says cannot be set on real hardware",
                        "vary transfers and topologies (`nic.mtu`), or `podpath run` it",
                    );
                    return Err(problem.at(&varied.key, &self.source, varied.span.clone()));
                }
                Change::Field { .. } | Change::Fidelity(_) => {}
            }
        }
        Ok((&self.topologies[point.topology].parsed.source, settings))
    }

    fn world(&self, topology: usize, steps: &[usize]) -> Result<World, InputError> {
        let assembled = self.assembled(topology, steps, Arc::clone(&self.library));
        assembled.map(|cluster| World { cluster }).map_err(|error| self.set_here(error, steps))
    }

    /// The cluster of a point under a draw of what is unknown; what the experiment sets is known.
    ///
    /// # Errors
    /// As [`Experiment::plan`].
    pub(crate) fn drawn(&self, point: &Point, draw: Draw) -> Result<Cluster, InputError> {
        self.assembled(point.topology, &point.steps, Arc::new(self.library.drawn(draw)))
    }

    /// The library of a point: what the experiment sets there is known. Errors: as `plan`.
    pub(crate) fn library_at(&self, point: &Point) -> Result<Arc<Library>, InputError> {
        Ok(self.as_set(&point.steps, Arc::clone(&self.library))?.0)
    }

    fn assembled(
        &self,
        topology: usize,
        steps: &[usize],
        library: Arc<Library>,
    ) -> Result<Cluster, InputError> {
        let (library, settings) = self.as_set(steps, library)?;
        self.topologies[topology].assemble(&library, &settings)
    }

    /// A library with what steps set of profiles, and what they set of the topology.
    fn as_set(
        &self,
        steps: &[usize],
        mut library: Arc<Library>,
    ) -> Result<(Arc<Library>, Vec<Setting>), InputError> {
        let mut settings: Vec<Setting> = Vec::new();
        for (_, change) in self.changes(steps) {
            match change {
                Change::Profile { kind, name, parameter, value } => {
                    Arc::make_mut(&mut library).set(*kind, name, parameter, *value)?;
                }
                Change::Setting(setting) => settings.push(setting.clone()),
                Change::Field { .. } | Change::Fidelity(_) => {}
            }
        }
        Ok((library, settings))
    }

    /// Whether a reported figure is about `point`.
    pub(crate) fn matches(&self, reported: &Reported, point: &Point) -> bool {
        let here = reported.topology.is_none_or(|topology| topology == point.topology);
        let values = || {
            let steps = self.axes.iter().zip(&point.steps);
            steps.flat_map(|(axis, &step)| {
                axis.varied.iter().map(move |v| (&v.key, &v.values[step]))
            })
        };
        here && reported
            .at
            .iter()
            .all(|(key, value)| values().any(|(known, this)| known == key && this == value))
    }
}

impl Point {
    /// All that decides its result, beside its world.
    pub(super) fn effect(&self) -> (&Fidelity, &[Transfer], &[String]) {
        (&self.fidelity, &self.transfers, &self.cells)
    }
}
