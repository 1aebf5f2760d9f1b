//! Which point and transfer the rows of a run are about: text that many rows share.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::PlotError;
use super::table::Table;
use crate::row::columns;

/// Which point and transfer a row is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// The point's number.
    pub point: u64,
    /// The topology's name.
    pub topology: String,
    /// The message \[B\].
    pub message_b: f64,
    /// What else names the point: column and value, in column order.
    pub dimensions: Vec<(String, String)>,
}

/// No message has a size that is not a number.
impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.point, self.message_b.to_bits()).hash(state);
        self.dimensions.hash(state);
    }
}

impl Key {
    /// The value in a column, empty if there is none.
    pub fn get(&self, column: &str) -> &str {
        self.dimensions.iter().find(|(name, _)| name == column).map_or("", |(_, value)| value)
    }
}

/// The rows of a table, none where there is none; the columns before those of the rows are the key,
/// which rows that follow each other share.
pub(super) fn read<R: Serialize + DeserializeOwned + Default, T>(
    table: Option<&Table>,
    of: fn(Arc<Key>, R) -> T,
) -> Result<Vec<T>, PlotError> {
    let Some(table) = table else { return Ok(Vec::new()) };
    let values = &columns::<R>()[0];
    let columns = table.between("topology", values).iter().filter(|column| *column != "message_b");
    let columns: Vec<(&String, usize)> =
        columns.filter_map(|column| Some((column, table.place(column)?))).collect();
    let mut last: Option<Arc<Key>> = None;
    let mut rows = Vec::with_capacity(table.rows().len());
    for row in table.rows() {
        let (point, message_b) = (row.number("point")? as u64, row.number("message_b")?);
        let dimensions = || columns.iter().map(|(column, place)| (*column, row.at(*place)));
        let same = last.as_ref().filter(|last| {
            let cells = last.dimensions.iter().map(|(column, cell)| (column, cell.as_str()));
            last.point == point && last.message_b == message_b && cells.eq(dimensions())
        });
        let key = match same {
            Some(last) => Arc::clone(last),
            None => Arc::new(Key {
                point,
                topology: row.text("topology")?.into(),
                message_b,
                dimensions: dimensions().map(|(name, cell)| (name.clone(), cell.into())).collect(),
            }),
        };
        last = Some(Arc::clone(&key));
        rows.push(of(key, row.read()?));
    }
    Ok(rows)
}
