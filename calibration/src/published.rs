//! Measurements that others published, as they stand in `published/` (sources in its SOURCES.md).

use include_dir::{Dir, include_dir};
use models::input::InputError;

use crate::data::DataFile;

static PUBLISHED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/published");

/// Every published table, in order of file names.
///
/// # Errors
/// If a shipped table is malformed; the tests read them all.
pub fn published() -> Result<Vec<DataFile>, InputError> {
    let mut names: Vec<&str> = PUBLISHED.files().filter_map(|file| file.path().to_str()).collect();
    names.retain(|name| name.ends_with(".csv"));
    names.sort_unstable();
    names.into_iter().map(table).collect()
}

/// One published table by file name.
///
/// # Errors
/// If there is none of that name, or it is malformed.
pub fn table(name: &str) -> Result<DataFile, InputError> {
    let file = PUBLISHED
        .get_file(name)
        .ok_or_else(|| InputError::new("published", format!("no file is called `{name}`")))?;
    DataFile::from_bytes(format!("published:{name}"), file.contents())
}
