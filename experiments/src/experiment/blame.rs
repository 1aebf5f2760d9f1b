//! Errors of models, at the place in the experiment file that caused them.

use models::input::InputError;

use super::field::{Field, List};
use super::parameter::{Change, Of, Parameter};
use super::transfer::Draft;
use super::{Experiment, Point};

impl Experiment {
    /// An error about a line of a profile, at the place where the experiment sets it, if it does.
    pub(super) fn set_here(&self, error: InputError, steps: &[usize]) -> InputError {
        let is_set = |change: &Change| match change {
            Change::Profile { kind, name, parameter, .. } => {
                let file = format!("{}/{name}.{}", kind.folder(), kind.ending());
                let of = error.source.as_ref().is_some_and(|source| source.name.ends_with(&file));
                of && *parameter == error.field
            }
            _ => false,
        };
        match self.changes(steps).find(|(_, change)| is_set(change)) {
            None => error,
            Some((varied, _)) => InputError { field: varied.key.clone(), ..error }
                .at(&self.source, varied.span.clone()),
        }
    }

    /// An error of the solver with the place of the field that it is about.
    pub(crate) fn placed(&self, error: InputError, point: &Point) -> InputError {
        if error.source.is_some() {
            return error;
        }
        let of_load = self.load.as_ref().and_then(|load| load.place(&error.field));
        if let Some(span) = of_load {
            return error.at(&self.source, span);
        }
        let field = Field::named(&error.field);
        let axes = self.axes.iter().flat_map(|axis| &axis.varied);
        let in_axes = axes.filter(|varied| match &varied.parameter {
            Parameter::Field { of: Of::Transfers(_), field: varied } => Some(*varied) == field,
            Parameter::Fidelity => error.field == "fidelity",
            _ => false,
        });
        let in_tables = self.transfers.iter().flat_map(Draft::written);
        let in_tables = in_tables.filter(|(known, _)| Some(*known) == field);
        let text = &self.source.text;
        let level = text.find("\nfidelity").filter(|_| error.field == "fidelity");
        let level = level.map(|at| at + 1..at + 9);
        let table = text.find("transfer").map(|at| at..at + 8);
        let somewhere = level.or(table).unwrap_or(0..0);
        let span = in_axes.map(|varied| varied.span.clone());
        let span = span
            .chain(in_tables.map(|(_, written)| written.span.clone()))
            .next()
            .unwrap_or(somewhere);
        let topology = &self.topologies[point.topology].label;
        let problem = match error.problem.contains(topology) {
            true => error.problem,
            false => format!("{} (on topology {topology})", error.problem),
        };
        let field = match field {
            Some(field) if field.list == List::Request => field.name.to_owned(),
            Some(field) => format!("transfer.{}", field.name),
            None => error.field,
        };
        InputError { problem, field, ..InputError::new("", "") }
            .help(error.help.unwrap_or_default())
            .at(&self.source, span)
    }
}
