//! Settings: changes to what topology files say, as sweeps and `--set` make them.

use std::ops::Range;
use std::sync::Arc;

use super::table::Table;
use super::{Placed, TABLES};
use crate::input::{Amendment, InputError, Source, suggest};

/// A change to a topology before it is assembled, `nic.mtu = 1500` (every NIC) or
/// `nic.nic-a.mtu = 1500` (one): how sweeps vary what a topology file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The table and key: `nic.mtu`, `cable.rate`, `node.node-a.cni`.
    pub key: String,
    /// The value, as it would stand in the file.
    pub value: toml::Value,
    /// Where it was set, if in a file.
    place: Option<(Arc<Source>, Range<usize>)>,
}

/// The parts of a setting's key.
#[derive(Clone, Copy)]
pub(super) struct Meant<'a> {
    pub(super) table: &'a str,
    pub(super) name: Option<&'a str>,
    field: &'a str,
}

impl Setting {
    /// A setting of no file.
    pub fn new(key: impl Into<String>, value: impl Into<toml::Value>) -> Setting {
        Setting { key: key.into(), value: value.into(), place: None }
    }

    /// The same, set at `span` of a file.
    pub fn at(self, source: &Arc<Source>, span: Range<usize>) -> Setting {
        Setting { place: Some((Arc::clone(source), span)), ..self }
    }

    /// Whether it says which shape nodes have.
    pub(super) fn is_of_shapes(&self) -> bool {
        self.key.starts_with("node.") && self.key.ends_with(".shape")
    }

    /// What an error about its value points at.
    pub(super) fn amendment(&self) -> Amendment {
        Amendment { field: self.key.clone(), place: self.place.clone() }
    }

    /// An error about it.
    pub(super) fn fault(&self, problem: impl Into<String>, help: impl Into<String>) -> InputError {
        let error = InputError::new(&self.key, problem).help(help);
        match &self.place {
            None => error,
            Some((source, span)) => error.at(source, span.clone()),
        }
    }

    /// The tables and the field that it means.
    pub(super) fn meant(&self) -> Result<Meant<'_>, InputError> {
        let parts: Vec<&str> = self.key.split('.').collect();
        let (table, name, field) = match parts[..] {
            [table, field] => (table, None, field),
            [table, name, field] => (table, Some(name), field),
            _ => {
                let help = "TABLE.KEY (`nic.mtu`) or TABLE.NAME.KEY (`nic.nic-a.mtu`)";
                return Err(self.fault("is not the name of a setting", help));
            }
        };
        match TABLES.contains(&table) {
            true => Ok(Meant { table, name, field }),
            false => {
                let problem = format!("a topology has no table `{table}`");
                Err(self.fault(problem, suggest(table, TABLES.iter().copied())))
            }
        }
    }

    /// Refuses a field that is of a counted table as a whole and of no member.
    pub(super) fn can_be_of_one(&self) -> Result<(), InputError> {
        match self.meant()?.field {
            "count" | "numas" => {
                let help = "the name of the counted table: `node.node.count`";
                Err(self.fault("one of many has no such field", help))
            }
            _ => Ok(()),
        }
    }

    /// The error that it means nothing.
    pub(super) fn unused(&self) -> InputError {
        let help = "TABLE.KEY for all (`nic.mtu`) or TABLE.NAME.KEY for one (`nic.nic-a.mtu`)";
        self.fault("no table of this topology is meant", help)
    }

    /// Puts it, which is setting `number`, into every table that it means; whether there was one.
    pub(super) fn put<T: Table>(
        &self,
        number: usize,
        meant: Meant<'_>,
        tables: &mut [Placed<T>],
    ) -> Result<bool, InputError> {
        let mut put = false;
        for placed in tables {
            if meant.name.is_some_and(|name| placed.table.called() != Some(name)) {
                continue;
            }
            if !T::FIELDS.contains(&meant.field) {
                let problem = format!("a {} has no field `{}`", meant.table, meant.field);
                return Err(self.fault(problem, suggest(meant.field, T::FIELDS.iter().copied())));
            }
            let span = placed.source.span_of_amendment(number);
            let set = placed.table.set(meant.field, &self.value, &span);
            set.map_err(|problem| InputError::new(meant.field, problem).at(&placed.source, span))?;
            put = true;
        }
        Ok(put)
    }
}
