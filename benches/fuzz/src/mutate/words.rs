//! What the seeds of a target are made of: which values a key has, which lines there are.

use std::collections::{BTreeMap, BTreeSet};

/// Values by key, and lines.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// What stands behind `key =` somewhere, or in a column of that name.
    pub(super) values: BTreeMap<String, Vec<String>>,
    /// Lines that stand somewhere.
    pub(super) lines: Vec<String>,
}

impl Words {
    pub(super) fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Words {
        let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut lines = BTreeSet::new();
        for text in texts {
            let columns = text.lines().next().and_then(columns);
            for line in text.lines() {
                lines.insert(line.to_owned());
                if let Some((key, value)) = pair(line) {
                    values.entry(key.into()).or_default().insert(value.into());
                } else if let Some(columns) = &columns {
                    for (column, cell) in columns.iter().zip(line.split(',')) {
                        values.entry((*column).into()).or_default().insert(cell.into());
                    }
                }
            }
        }
        let values = values.into_iter().map(|(key, all)| (key, all.into_iter().collect()));
        Words { values: values.collect(), lines: lines.into_iter().collect() }
    }
}

/// The names in the first line of a table.
pub(super) fn columns(header: &str) -> Option<Vec<&str>> {
    let columns: Vec<&str> = header.split(',').collect();
    let plain =
        |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.is_empty();
    (columns.len() > 1 && columns.iter().all(plain)).then_some(columns)
}

/// Key and value of a line of TOML.
pub(super) fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    (!key.is_empty() && !value.is_empty() && !key.starts_with('#')).then_some((key, value))
}
