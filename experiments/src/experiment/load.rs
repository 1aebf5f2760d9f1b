//! What runs over time: `[[workload]]`, `[[step]]` and `[[pool]]`, as tables whose cells can be
//! swept, and the scenario that they make.

mod drawn;
mod jobs;
mod judge;
mod raw;
mod scenario;
mod trace;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use models::input::{InputError, Source, suggest};
use serde::Serialize;
use serde_spanned::Spanned;
use sim::Time;

use super::problem::Problem;
use super::scalar::Scalar;

pub(super) use judge::{judged, measured};
pub(super) use raw::{RawPool, RawStep, RawWorkload};

/// What a table is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Workload,
    Step,
    Pool,
}

impl Kind {
    /// The kind of that name.
    pub(super) fn named(name: &str) -> Option<Kind> {
        [Kind::Workload, Kind::Step, Kind::Pool].into_iter().find(|kind| kind.name() == name)
    }

    /// Its name in files.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Workload => "workload",
            Kind::Step => "step",
            Kind::Pool => "pool",
        }
    }

    /// Its fields.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::Workload => &[
                "transfer",
                "job",
                "size",
                "at",
                "every",
                "rate",
                "clients",
                "think",
                "trace",
                "after",
                "until",
                "count",
                "precision",
                "limit",
                "attempts",
                "warm_up",
            ],
            Kind::Step => {
                &["job", "wait", "take", "give", "transfer", "kernel", "size", "chance", "repeat"]
            }
            Kind::Pool => &["slots", "set_up", "keep"],
        }
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    key: &'static str,
    value: Scalar,
    span: Range<usize>,
}

/// A table with a name.
#[derive(Clone, Debug)]
pub(super) struct Table {
    kind: Kind,
    name: String,
    /// Where its name stands, or where it could.
    span: Range<usize>,
    cells: Vec<Cell>,
    /// The steps that it comes after.
    after: Vec<Spanned<String>>,
}

/// Everything that runs over time in an experiment.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    source: Arc<Source>,
    tables: Vec<Table>,
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
    /// What the tables of a file say; nothing, if there are none.
    pub(super) fn read(
        workloads: &[RawWorkload],
        steps: &[RawStep],
        pools: &[RawPool],
        source: &Arc<Source>,
        folder: Option<&Path>,
    ) -> Result<Option<Load>, InputError> {
        let mut tables = Vec::new();
        for (at, raw) in workloads.iter().enumerate() {
            let one = workloads.len() == 1;
            tables.push(raw.table(at, one, source)?);
        }
        for (at, raw) in steps.iter().enumerate() {
            tables.push(raw.table(at, source)?);
        }
        for (at, raw) in pools.iter().enumerate() {
            tables.push(raw.table(at, source)?);
        }
        let Some(first) = tables.first() else { return Ok(None) };
        if workloads.is_empty() {
            let problem = "nothing starts it";
            let help = "a [[workload]]: when runs of it begin, and until when";
            let field = first.field("name");
            return Err(Problem::new(problem, help).at(field, source, first.span.clone()));
        }
        for (at, table) in tables.iter().enumerate() {
            let twin = |other: &&Table| other.kind == table.kind && other.name == table.name;
            if tables[..at].iter().find(twin).is_some() {
                let problem =
                    Problem::new(format!("`{}` is given twice", table.name), "another name");
                return Err(problem.at(table.field("name"), source, table.span.clone()));
            }
            for cell in &table.cells {
                judged(table.kind, cell.key, &cell.value)
                    .map_err(|p| p.at(table.field(cell.key), source, cell.span.clone()))?;
            }
        }
        let mut traces = BTreeMap::new();
        for table in &tables {
            if let Some(cell) = table.cell("trace") {
                let name = cell.value.to_string();
                let times = trace::read(&name, folder).map_err(|e| {
                    if e.source.is_some() { e } else { e.at(source, cell.span.clone()) }
                })?;
                traces.insert(name, times);
            }
        }
        Ok(Some(Load { source: Arc::clone(source), tables, traces }))
    }

    /// The table that a dotted name means, by its number.
    pub(super) fn find(&self, kind: Kind, name: &str) -> Result<usize, Problem> {
        let known = |table: &&Table| table.kind == kind;
        let names = || self.tables.iter().filter(known).map(|table| table.name.as_str());
        let is = |table: &Table| table.kind == kind && table.name == name;
        self.tables.iter().position(is).ok_or_else(|| {
            let help = suggest(name, names().collect::<Vec<_>>());
            Problem::new(format!("no {} is called `{name}`", kind.name()), help)
        })
    }

    /// Sets a cell to a value that has been judged.
    pub(super) fn assign(
        &mut self,
        table: usize,
        key: &'static str,
        value: &Scalar,
        span: &Range<usize>,
    ) {
        let table = &mut self.tables[table];
        let cell = Cell { key, value: value.clone(), span: span.clone() };
        match table.cells.iter_mut().find(|known| known.key == key) {
            Some(known) => *known = cell,
            None => table.cells.push(cell),
        }
    }

    /// The names of the workloads, in order.
    pub(crate) fn workloads(&self) -> Vec<&str> {
        let own = self.tables.iter().filter(|table| table.kind == Kind::Workload);
        own.map(|table| table.name.as_str()).collect()
    }

    /// The tables, for the manifest.
    pub(crate) fn told(&self) -> Vec<Told> {
        let told = |table: &Table| Told {
            table: table.kind,
            name: table.name.clone(),
            after: table.after.iter().map(|name| name.get_ref().clone()).collect(),
            cells: table.cells.iter().map(|cell| (cell.key, cell.value.clone())).collect(),
        };
        self.tables.iter().map(told).collect()
    }

    /// The place of a field such as `step.serve.after` or `workload.web.rate`.
    pub(super) fn place(&self, field: &str) -> Option<Range<usize>> {
        let mut parts = field.splitn(2, '.');
        let (kind, rest) = (Kind::named(parts.next()?)?, parts.next()?);
        let (name, key) = rest.rsplit_once('.')?;
        let mut own = self.tables.iter().filter(|table| table.kind == kind);
        let table = own.find(|table| table.name == name)?;
        let first = table.after.first().filter(|_| key == "after").map(Spanned::span);
        let span = table.cell(key).map(|cell| cell.span.clone());
        Some(span.or(first).unwrap_or(table.span.clone()))
    }
}

impl Table {
    fn cell(&self, key: &str) -> Option<&Cell> {
        self.cells.iter().find(|cell| cell.key == key)
    }

    fn field(&self, key: &str) -> String {
        format!("{}.{}.{key}", self.kind.name(), self.name)
    }

    /// An error about one of its cells, or about the table where it has none.
    fn wrong(&self, key: &str, problem: Problem, source: &Arc<Source>) -> InputError {
        let span = self.cell(key).map_or(self.span.clone(), |cell| cell.span.clone());
        problem.at(self.field(key), source, span)
    }
}
