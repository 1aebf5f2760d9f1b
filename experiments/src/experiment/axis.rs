//! An axis of an experiment: one parameter, or several that walk in step.
//!
//! The points of an experiment are the product of its axes with its topologies. Fixed settings are
//! an axis of length one, so that everything that changes a point does so in one way.

use std::ops::Range;
use std::sync::Arc;

use models::input::{InputError, Source};
use models::library::Library;
use serde_spanned::Spanned;

use super::axes::{Entry, RawSettings, RawSweepTable};
use super::field::Field;
use super::load::Load;
use super::parameter::{Change, Of, Parameter};
use super::problem::Problem;
use super::raw::RawAssumption;
use super::scalar::Scalar;
use super::transfer::Draft;

/// The most values of one parameter.
const VALUES_MAX: usize = 1000;

/// Why an axis is there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Purpose {
    /// Fixed by `[set]` or an argument.
    Set,
    /// Swept on its own.
    Cross,
    /// Swept in step with others.
    Zip,
    /// Not known, with the reason for the range.
    Assumption(String),
}

/// Parameters that walk in step.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) purpose: Purpose,
    pub(crate) varied: Vec<Varied>,
}

impl Axis {
    /// The number of its steps.
    pub(crate) fn len(&self) -> usize {
        self.varied.first().map_or(1, |varied| varied.changes.len())
    }
}

/// A parameter with the values it takes along its axis.
#[derive(Clone, Debug)]
pub(crate) struct Varied {
    /// Its dotted name.
    pub(crate) key: String,
    /// Where the name stands in the file.
    pub(crate) span: Range<usize>,
    /// What it is.
    pub(crate) parameter: Parameter,
    /// The values as they stand in the file.
    pub(crate) values: Vec<Scalar>,
    /// What each value changes.
    pub(crate) changes: Vec<Change>,
    /// The column of results that it fills and its cells; none for what has a column anyway.
    pub(crate) column: Option<(String, Vec<String>)>,
}

impl Varied {
    /// The field of a transfer that it is, and of which one, unless it is of all.
    pub(crate) fn of_transfers(&self) -> Option<(Option<usize>, &'static Field)> {
        match &self.parameter {
            Parameter::Field { of: Of::Transfers(which), field } => Some((*which, *field)),
            _ => None,
        }
    }
}

/// Turns parameters with values into axes; reports through the file they stand in.
pub(crate) struct AxisReader<'a> {
    pub(crate) source: &'a Arc<Source>,
    pub(crate) transfers: &'a [Draft],
    pub(crate) load: Option<&'a Load>,
    pub(crate) library: &'a Library,
}

impl AxisReader<'_> {
    /// `[set]`: one step that holds everything.
    pub(crate) fn set(&self, table: &RawSettings) -> Result<Axis, InputError> {
        let varied = table.0.iter().map(|entry| {
            let value = Spanned::new(entry.value_span.clone(), entry.value.clone());
            self.varied(&format!("set.{}", entry.key), &entry.key, &entry.key_span, &[value], true)
        });
        Ok(Axis { purpose: Purpose::Set, varied: varied.collect::<Result<_, _>>()? })
    }

    /// `[sweep.cross]`: an axis per parameter.
    pub(crate) fn cross(&self, table: &RawSweepTable) -> Result<Vec<Axis>, InputError> {
        let axis = |entry: &Entry<Vec<Spanned<Scalar>>>| {
            let field = format!("sweep.cross.{}", entry.key);
            let varied = self.varied(&field, &entry.key, &entry.key_span, &entry.value, true)?;
            Ok(Axis { purpose: Purpose::Cross, varied: vec![varied] })
        };
        table.0.iter().map(axis).collect()
    }

    /// A table of `[[sweep.zip]]`: one axis; all lists have one length.
    pub(crate) fn zip(&self, at: usize, table: &RawSweepTable) -> Result<Axis, InputError> {
        let mut varied: Vec<Varied> = Vec::new();
        for entry in &table.0 {
            let field = format!("sweep.zip[{at}].{}", entry.key);
            let (key, span) = (&entry.key, &entry.key_span);
            let next = self.varied(&field, key, span, &entry.value, false)?;
            if let Some(first) = varied.first()
                && first.values.len() != next.values.len()
            {
                let (n, m, key) = (next.values.len(), first.values.len(), &first.key);
                let problem = format!("has {n} values where `{key}` has {m}");
                return Err(Problem::new(problem, "lists that are zipped have one length").at(
                    field,
                    self.source,
                    entry.value_span.clone(),
                ));
            }
            varied.push(next);
        }
        Ok(Axis { purpose: Purpose::Zip, varied })
    }

    /// An `[[assumption]]`: an axis with its reason.
    pub(crate) fn assumption(&self, at: usize, raw: &RawAssumption) -> Result<Axis, InputError> {
        let field = format!("assumption[{at}]");
        if raw.because.get_ref().trim().is_empty() {
            let problem = Problem::new("is empty", "the reason for this range of values");
            let field = format!("{field}.because");
            return Err(problem.at(field, self.source, raw.because.span()));
        }
        let (key, values) = (&raw.parameter, raw.values.get_ref());
        let varied = self.varied(&field, key.get_ref(), &key.span(), values, true)?;
        let purpose = Purpose::Assumption(raw.because.get_ref().clone());
        Ok(Axis { purpose, varied: vec![varied] })
    }

    /// One parameter with its values, all judged; `once`: no value may come twice.
    pub(crate) fn varied(
        &self,
        field: &str,
        key: &str,
        span: &Range<usize>,
        values: &[Spanned<Scalar>],
        once: bool,
    ) -> Result<Varied, InputError> {
        let parameter = Parameter::named(key, self.transfers, self.load, self.library)
            .map_err(|problem| problem.at(field, self.source, span.clone()))?;
        if values.is_empty() || values.len() > VALUES_MAX {
            let problem = format!("has {} values", values.len());
            let problem = Problem::new(problem, format!("1 to {VALUES_MAX} values"));
            return Err(problem.at(field, self.source, span.clone()));
        }
        let mut changes: Vec<Change> = Vec::with_capacity(values.len());
        for (at, value) in values.iter().enumerate() {
            let wrong = |problem: Problem| {
                let field = if values.len() == 1 { field.into() } else { format!("{field}[{at}]") };
                problem.at(field, self.source, value.span())
            };
            let change = match parameter.change(value.get_ref()).map_err(wrong)? {
                Change::Setting(setting) => Change::Setting(setting.at(self.source, span.clone())),
                change => change,
            };
            if once && changes.contains(&change) {
                let problem = format!("`{}` is given twice", value.get_ref());
                return Err(wrong(Problem::new(problem, "each value once")));
            }
            changes.push(change);
        }
        let values: Vec<Scalar> = values.iter().map(|value| value.get_ref().clone()).collect();
        let column = column(key, &parameter, &values);
        Ok(Varied { key: key.into(), span: span.clone(), parameter, values, changes, column })
    }
}

/// The column of a parameter: in one unit if all its values have it, else as they are written.
fn column(key: &str, parameter: &Parameter, values: &[Scalar]) -> Option<(String, Vec<String>)> {
    if parameter.has_key_column() {
        return None;
    }
    let measured: Option<Vec<_>> = values.iter().map(|value| parameter.measured(value)).collect();
    match measured.as_deref() {
        Some([(unit, _), rest @ ..]) if rest.iter().all(|(other, _)| other == unit) => {
            let cells = measured.iter().flatten().map(|(_, number)| number.to_string());
            Some((format!("{key}_{unit}"), cells.collect()))
        }
        _ => Some((key.into(), values.iter().map(Scalar::to_string).collect())),
    }
}
