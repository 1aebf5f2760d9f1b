//! What runs over time: `[[workload]]`, `[[step]]`, `[[pool]]` and `[[batch]]`, as tables whose
//! fields can be swept, and the scenario that they make.

mod jobs;
mod scenario;
mod tables;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use models::input::{InputError, Source, suggest};
use serde::Serialize;
use sim::Time;

use super::field::{Field, Fields, Raw};
use super::problem::Problem;
use super::scalar::Scalar;
use crate::near::Near;

pub(crate) use jobs::STEPS_MAX;
use tables::{Any, Table};
pub(super) use tables::{BatchFields, PoolFields, StepFields, WorkloadFields};

/// What a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Workload,
    Step,
    Pool,
    Batch,
}

impl Kind {
    /// The kind of that name.
    pub(super) fn named(name: &str) -> Option<Kind> {
        let all = [Kind::Workload, Kind::Step, Kind::Pool, Kind::Batch];
        all.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name in files.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Workload => "workload",
            Kind::Step => "step",
            Kind::Pool => "pool",
            Kind::Batch => "batch",
        }
    }

    /// Its fields.
    pub(super) const fn fields(self) -> &'static [Field] {
        match self {
            Kind::Workload => WorkloadFields::FIELDS,
            Kind::Step => StepFields::FIELDS,
            Kind::Pool => PoolFields::FIELDS,
            Kind::Batch => BatchFields::FIELDS,
        }
    }
}

/// Everything that runs over time in an experiment.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    source: Arc<Source>,
    workloads: Vec<Table<WorkloadFields>>,
    steps: Vec<Table<StepFields>>,
    pools: Vec<Table<PoolFields>>,
    batches: Vec<Table<BatchFields>>,
    /// The instants in the files that workloads name.
    traces: BTreeMap<String, Arc<[Time]>>,
}

/// A table as the manifest tells it.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    table: Kind,
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    after: Vec<String>,
    #[serde(flatten)]
    cells: BTreeMap<&'static str, Scalar>,
}

impl Load {
    /// The traces of arrivals that were read, by the names of their files.
    pub(crate) fn traces(&self) -> impl Iterator<Item = (&str, &[Time])> {
        self.traces.iter().map(|(name, times)| (name.as_str(), &**times))
    }

    /// What the tables of a file say; nothing, if there are none.
    pub(super) fn read(
        workloads: &[Raw<WorkloadFields>],
        steps: &[Raw<StepFields>],
        pools: &[Raw<PoolFields>],
        batches: &[Raw<BatchFields>],
        source: &Arc<Source>,
        near: Near<'_>,
    ) -> Result<Option<Load>, InputError> {
        let default = (workloads.len() == 1).then_some("workload");
        let workloads = workloads.iter().enumerate();
        let workloads = workloads.map(|(at, raw)| Table::read(raw, at, default, source));
        let steps = steps.iter().enumerate().map(|(at, raw)| Table::read(raw, at, None, source));
        let pools = pools.iter().enumerate().map(|(at, raw)| Table::read(raw, at, None, source));
        let batches = batches.iter().enumerate();
        let batches = batches.map(|(at, raw)| Table::read(raw, at, None, source));
        let mut load = Load {
            source: Arc::clone(source),
            workloads: workloads.collect::<Result<_, _>>()?,
            steps: steps.collect::<Result<_, _>>()?,
            pools: pools.collect::<Result<_, _>>()?,
            batches: batches.collect::<Result<_, _>>()?,
            traces: BTreeMap::new(),
        };
        let Some(first) = load.tables().next() else { return Ok(None) };
        if load.workloads.is_empty() {
            let help = "a [[workload]]: when runs of it begin, and until when";
            return Err(first.wrong("name", Problem::new("nothing starts it", help), source));
        }
        let mut names = BTreeSet::new();
        for table in load.tables() {
            if !names.insert((table.kind(), table.name())) {
                let problem = format!("`{}` is given twice", table.name());
                return Err(table.wrong("name", Problem::new(problem, "another name"), source));
            }
        }
        for table in &load.workloads {
            if let Some(name) = &table.fields.trace.value {
                let times = trace::read(name, near).map_err(|e| match e.source {
                    Some(_) => e,
                    None => e.at(source, table.place("trace")),
                })?;
                load.traces.insert(name.clone(), times);
            }
        }
        Ok(Some(load))
    }

    /// Every table: workloads, steps, pools, batches.
    fn tables(&self) -> impl Iterator<Item = &dyn Any> {
        let workloads = self.workloads.iter().map(|table| table as &dyn Any);
        let steps = self.steps.iter().map(|table| table as &dyn Any);
        let pools = self.pools.iter().map(|table| table as &dyn Any);
        let batches = self.batches.iter().map(|table| table as &dyn Any);
        workloads.chain(steps).chain(pools).chain(batches)
    }

    /// The number of the table of a kind that a dotted name means.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Result<usize, Problem> {
        let own = self.tables().filter(|table| table.kind() == kind);
        let names: Vec<&str> = own.map(|table| table.name()).collect();
        names.iter().position(|known| *known == name).ok_or_else(|| {
            Problem::new(format!("no {} is called `{name}`", kind.name()), suggest(name, names))
        })
    }

    /// Sets a field of table number `at` of a kind.
    ///
    /// # Errors
    /// If the value is of the wrong type, has a wrong unit, or is out of range.
    pub(super) fn assign(
        &mut self,
        kind: Kind,
        at: usize,
        field: &Field,
        value: &Scalar,
        span: &Range<usize>,
    ) -> Result<(), Problem> {
        match kind {
            Kind::Workload => self.workloads[at].fields.set(field, value, span),
            Kind::Step => self.steps[at].fields.set(field, value, span),
            Kind::Pool => self.pools[at].fields.set(field, value, span),
            Kind::Batch => self.batches[at].fields.set(field, value, span),
        }
    }

    /// The names of the workloads, in order.
    pub(crate) fn workloads(&self) -> Vec<&str> {
        self.workloads.iter().map(|table| table.name.as_str()).collect()
    }

    /// The tables, for the manifest.
    pub(crate) fn told(&self) -> Vec<Told> {
        let told = |table: &dyn Any| Told {
            table: table.kind(),
            name: table.name().to_owned(),
            after: table.after().iter().map(|name| name.get_ref().clone()).collect(),
            cells: table.written().iter().map(|(f, w)| (f.key(), w.value.clone())).collect(),
        };
        self.tables().map(told).collect()
    }

    /// The place of a field such as `step.serve.after` or `workload.web.rate`.
    pub(super) fn place(&self, field: &str) -> Option<Range<usize>> {
        let (kind, rest) = field.split_once('.')?;
        let (name, key) = rest.rsplit_once('.')?;
        let kind = Kind::named(kind)?;
        let table = self.tables().find(|table| table.kind() == kind && table.name() == name)?;
        Some(table.place(key))
    }
}
