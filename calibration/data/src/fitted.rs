//! What a fit says of itself in the source column of a profile, and reads back from there.

use models::profile::Profile;

use crate::family::Family;
use crate::file::{DataFile, Row};
use crate::filter::Filter;

const BEGIN: &str = "calibrate fit gpu, ";

/// The note of a fit of `rows` rows.
pub fn note(gpu: &str, rows: usize, families: &[Family], filter: Option<&Filter>) -> String {
    let names: Vec<&str> =
        Family::ALL.iter().filter(|f| families.contains(f)).map(|f| f.name()).collect();
    let condition = filter.map_or(String::new(), |f| format!(" where {}", f.text()));
    let condition = condition.replace('"', "'");
    format!("{BEGIN}{rows} rows of {gpu} in {}{condition}", names.join(" + "))
}

/// The rows that a profile says it was fitted to: the GPU, the families and the condition.
pub struct FittedRows {
    /// The GPU as the command named it.
    pub gpu: String,
    families: String,
    filter: Option<Filter>,
}

impl FittedRows {
    /// Reads the note of a fitted profile; `None` if there is none.
    pub fn of(profile: &Profile) -> Option<FittedRows> {
        let note = profile
            .rows()
            .iter()
            .find_map(|row| row.source.strip_prefix(BEGIN).map(str::to_owned))?;
        let (_, rest) = note.split_once(" rows of ")?;
        let (gpu, rest) = rest.split_once(" in ")?;
        let (families, condition) = match rest.split_once(" where ") {
            Some((families, condition)) => (families, Some(condition)),
            None => (rest, None),
        };
        let filter = condition.and_then(|condition| Filter::parse(condition).ok());
        Some(FittedRows { gpu: gpu.to_owned(), families: families.to_owned(), filter })
    }

    /// Whether a row of a table of `family` was among them.
    pub fn has(&self, file: &DataFile, row: &Row<'_>, family: Family) -> bool {
        let of_family = self.families.split(" + ").any(|name| name == family.name());
        let filter = self.filter.as_ref().filter(|filter| filter.speaks_of(file));
        of_family && filter.is_none_or(|filter| filter.has(row))
    }
}
