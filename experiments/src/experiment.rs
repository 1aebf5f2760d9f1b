//! An experiment: read from its file, judged whole, and laid out as points to run.
//!
//! ```text
//! file.toml ──parse_toml──► RawExperiment ──check──► Experiment ──plan──► worlds × points
//!             (format)                     (meaning)              (product of axes)
//! ```
//!
//! Everything that can be wrong with a file is found on this way, before anything is run or
//! written; after it, a point cannot fail but by a bug.

mod axes;
mod axis;
mod blame;
mod causes;
mod check;
mod drawn;
mod field;
mod figure;
mod group;
mod load;
mod measure;
mod parameter;
mod pattern;
mod plan;
mod problem;
mod question;
mod raw;
mod reported;
mod request;
mod scalar;
mod space;
mod topology;
mod transfer;

use std::path::Path;
use std::sync::Arc;

use models::input::{InputError, Source, parse_toml, suggest};
use models::library::Library;
use models::outcome::Fidelity;
use serde_spanned::Spanned;

use crate::near::Near;

pub(crate) use axes::Flat;
pub(crate) use axis::{Axis, Purpose};
pub(crate) use drawn::{Unit, dist};
pub(crate) use field::{Field, listed};
pub(crate) use load::{Load, STEPS_MAX};
pub(crate) use measure::PodsBy;
use parameter::Of;
pub(crate) use parameter::Parameter;
pub(crate) use plan::{Plan, Point};
pub(crate) use problem::Problem;
pub use question::{Asked, Question};
pub(crate) use reported::Reported;
pub(crate) use scalar::Scalar;
pub(crate) use topology::Topology;
pub(crate) use transfer::{Draft, exact};

/// An experiment whose every value has been judged.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The text it was read from.
    pub source: Arc<Source>,
    /// Its name, fit for a folder.
    pub name: String,
    /// What it asks.
    pub about: Option<String>,
    /// The name of the cause, for the report.
    pub cause: Option<String>,
    /// How often each point is run.
    pub repetitions: u32,
    /// The seed of all chance.
    pub seed: u64,
    /// How finely to compute where no axis says otherwise.
    pub fidelity: Fidelity,
    /// The profiles: the shipped ones and the user's.
    pub library: Arc<Library>,
    pub(crate) topologies: Vec<Topology>,
    /// What runs over time; the transfers are then what that is made of.
    pub(crate) load: Option<Load>,
    pub(crate) transfers: Vec<Draft>,
    pub(crate) axes: Vec<Axis>,
    /// How it is carried out on real networking.
    pub(crate) measure: measure::Measure,
    pub(crate) reported: Vec<Reported>,
    /// Whether topologies were dropped, so that what only they read is read no more.
    narrowed: bool,
}

impl Experiment {
    /// Reads an experiment. `folder` is where its relative paths start; without one, it names
    /// topologies of the library.
    ///
    /// # Errors
    /// Whatever is wrong with the file or with a file it names, with its place.
    pub fn read(
        source: &Arc<Source>,
        folder: Option<&Path>,
        shipped: &Library,
    ) -> Result<Experiment, InputError> {
        Experiment::read_near(source, folder.map_or(Near::Nowhere, Near::Disk), shipped)
    }

    /// Reads an experiment whose files are `near`.
    ///
    /// # Errors
    /// As [`Experiment::read`].
    pub(crate) fn read_near(
        source: &Arc<Source>,
        near: Near<'_>,
        shipped: &Library,
    ) -> Result<Experiment, InputError> {
        check::checked(parse_toml(source)?, source, near, shipped)
    }

    /// Computes at these levels instead of what the file says; crossed where there are several.
    pub fn at_fidelities(&mut self, levels: &[Fidelity]) {
        for axis in &mut self.axes {
            axis.varied.retain(|varied| varied.parameter != Parameter::Fidelity);
        }
        self.axes.retain(|axis| !axis.varied.is_empty());
        match levels {
            [level] => self.fidelity = *level,
            levels => self.axes.push(Axis::of_fidelities(levels)),
        }
    }

    /// The experiment reduced to one point per topology: `[transfer]` as it stands, a field that
    /// only the sweep gives at its last value, and no other sweep.
    pub fn unswept(&self) -> Experiment {
        let mut one = self.clone();
        one.axes.retain(|axis| axis.purpose == Purpose::Set);
        for varied in self.axes.iter().flat_map(|axis| &axis.varied) {
            let Parameter::Field { of: Of::Transfers(which), field } = varied.parameter else {
                continue;
            };
            let last = varied.values.last().expect("an axis has values");
            for (at, transfer) in one.transfers.iter_mut().enumerate() {
                let meant = which.is_none_or(|which| which == at);
                if meant && transfer.finish().is_err_and(|missing| missing == field.name) {
                    transfer.assign(field, last, &varied.span).expect("the value was judged");
                }
            }
        }
        one
    }

    /// Refuses what a command cannot do with workloads.
    ///
    /// # Errors
    /// If it has workloads.
    pub fn only_transfers(&self, command: &str) -> Result<(), InputError> {
        match &self.load {
            None => Ok(()),
            Some(_) => {
                let at =
                    self.source.text.find("[[workload]]").or(self.source.text.find("[workload]"));
                let at = at.unwrap_or(0);
                let problem = format!("`podpath {command}` looks at transfers, not at workloads");
                Err(InputError::new("workload", problem)
                    .help("`podpath run`, or a file without workloads")
                    .at(&self.source, at..at + 1))
            }
        }
    }

    /// Refuses collectives, which no kernel networking carries out, and patterns of many transfers.
    ///
    /// # Errors
    /// If it has one.
    pub fn no_collectives(&self, command: &str) -> Result<(), InputError> {
        let swept = |field: &str| self.axes.iter().flat_map(|a| &a.varied).any(|v| v.key == field);
        let refused = |field: &str, problem: String, help: &str| {
            let at = self.source.text.find(field).unwrap_or(0);
            Err(InputError::new(format!("transfer.{field}"), problem)
                .help(help)
                .at(&self.source, at..at + field.len()))
        };
        if group::any(&self.transfers) || swept("collective") {
            let problem = format!("`podpath {command}` carries out no collectives");
            return refused("collective", problem, "nccl-tests, and `podpath run` beside it");
        }
        if self.transfers.iter().any(Draft::is_pattern) || swept("pattern") {
            let problem = format!("`podpath {command}` carries out no patterns of traffic");
            return refused("pattern", problem, "transfers with `from` and `to`");
        }
        Ok(())
    }

    /// Drops all topologies but the one called `name`.
    ///
    /// # Errors
    /// If the experiment has none of that name.
    pub fn only_topology(&mut self, name: &str) -> Result<(), InputError> {
        let labels: Vec<&str> = self.topologies.iter().map(|t| t.label.as_str()).collect();
        let Some(at) = labels.iter().position(|label| *label == name) else {
            let problem = format!("this experiment has no topology `{name}`");
            return Err(InputError::new("--topology", problem).help(suggest(name, labels)));
        };
        self.topologies = vec![self.topologies.swap_remove(at)];
        self.narrowed = true;
        self.reported.retain(|reported| reported.topology.is_none_or(|about| about == at));
        self.reported.iter_mut().for_each(|r| r.topology = r.topology.map(|_| 0));
        Ok(())
    }

    /// Sets `key` to `text`, as `[set]` would; an axis over the same parameter goes.
    ///
    /// # Errors
    /// If there is no such parameter or the value is not possible for it.
    pub fn set(&mut self, assignment: &str) -> Result<(), InputError> {
        let source = Source::new("--set", assignment);
        let Some((key, text)) = assignment.split_once('=') else {
            return Err(InputError::new("--set", "has no `=`")
                .help("--set message=\"64 KiB\", --set nic.mtu=1500")
                .at(&source, 0..assignment.len()));
        };
        let (key, value) = (key.trim(), Scalar::from_argument(text.trim()));
        let reader = axis::AxisReader {
            source: &source,
            transfers: &self.transfers,
            load: self.load.as_ref(),
            library: &self.library,
        };
        let value = Spanned::new(key.len() + 1..assignment.len(), value);
        let varied = reader.varied(key, key, &(0..key.len()), &[value], true)?;
        self.axes.iter_mut().for_each(|axis| axis.varied.retain(|v| v.key != key));
        self.axes.retain(|axis| !axis.varied.is_empty());
        self.axes.push(Axis { purpose: Purpose::Set, varied: vec![varied] });
        Ok(())
    }

    /// The JSON schema of experiment files.
    pub fn schema() -> serde_json::Value {
        let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
        generator.into_root_schema_for::<raw::RawExperiment>().into()
    }
}
