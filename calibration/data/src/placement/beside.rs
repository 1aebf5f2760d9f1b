//! Tables that lie beside another one, packed or not.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use models::input::InputError;

use crate::file::{DataFile, SIZE_MAX};
use crate::published;

/// Where the shipped ones lie.
const FOLDER: &str = "placement/";

/// Reads the table called `name`, or `name.gz`, that lies beside `file`: in the folder of a file,
/// or among what ships if that does.
///
/// # Errors
/// If there is none, or it is no table.
pub fn beside(file: &DataFile, name: &str) -> Result<DataFile, InputError> {
    let own = &file.source().name;
    let packed = format!("{name}.gz");
    if let Some(shipped) = own.strip_prefix(published::PREFIX) {
        let folder = Path::new(shipped).parent().unwrap_or(Path::new(""));
        let find = |name: &str| published::bytes(&folder.join(name).to_string_lossy());
        let (name, bytes) = match find(name) {
            Some(bytes) => (name, bytes),
            None => (packed.as_str(), find(&packed).ok_or_else(|| missing(name, &packed, own))?),
        };
        let shown = format!("{}{}", published::PREFIX, folder.join(name).display());
        return from_bytes(shown, bytes);
    }
    let folder = Path::new(own).parent().unwrap_or(Path::new(""));
    let paths: [PathBuf; 2] = [folder.join(name), folder.join(&packed)];
    let path = paths.into_iter().find(|path| path.exists());
    table(&path.ok_or_else(|| missing(name, &packed, own))?)
}

/// The shipped table of nodes or pods that is called so: `nodes`, `pods_default`; none if there is
/// no such table.
pub fn shipped(name: &str) -> Option<Result<DataFile, InputError>> {
    let names = ["", ".gz"].map(|ending| format!("{FOLDER}openb_{name}.csv{ending}"));
    let found = names.into_iter().map(|name| (published::bytes(&name), name));
    let (bytes, name) = { found }.find(|(bytes, _)| bytes.is_some())?;
    let bytes = bytes?;
    Some(from_bytes(format!("{}{name}", published::PREFIX), bytes))
}

/// The workloads whose pods ship, in the order of their names.
pub fn shipped_workloads() -> Vec<&'static str> {
    let own = |path: &'static str| path.strip_prefix(FOLDER)?.strip_prefix("openb_pods_");
    let names = published::names().filter_map(own);
    let mut names: Vec<&str> = names.filter_map(|name| name.split('.').next()).collect();
    names.sort_unstable();
    names
}

/// Reads a table from a file, which may be packed with gzip.
///
/// # Errors
/// If it cannot be read or unpacked, or is no table.
pub fn table(path: &Path) -> Result<DataFile, InputError> {
    let name = path.display().to_string();
    let failed = |e: std::io::Error| InputError::new(&name, format!("cannot be read: {e}"));
    // Opening a pipe would wait for its writer.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(InputError::new(&name, "is not a regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(SIZE_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    from_bytes(name, &bytes)
}

/// Reads a table from bytes, which gzip has packed if the name says so.
pub(crate) fn from_bytes(name: String, bytes: &[u8]) -> Result<DataFile, InputError> {
    if !name.ends_with(".gz") {
        return DataFile::from_bytes(name, bytes);
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(SIZE_MAX + 1).read_to_end(&mut unpacked);
    read.map_err(|error| {
        InputError::new(&name, format!("cannot be unpacked: {error}"))
            .help("a whole file that gzip has packed; is this one cut off?")
    })?;
    DataFile::from_bytes(name, &unpacked)
}

fn missing(name: &str, packed: &str, beside: &str) -> InputError {
    InputError::new(name, format!("there is no `{name}` and no `{packed}` beside `{beside}`"))
        .help("the nodes and pods of a table of placements in the same folder")
}
