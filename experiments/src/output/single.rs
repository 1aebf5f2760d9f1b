//! One file that appears whole or not at all.

use std::fs;
use std::io::Write;
use std::path::Path;

use models::input::InputError;

use super::failed;
use super::place::refused;
use super::swap::sync_folder;
use crate::failure::Failure;
use crate::lock::locked;

/// Writes one file, whole or not at all, in place of one that is there.
///
/// # Errors
/// If the folder cannot be made or written, or `path` names a folder: the user's `--out` is at
/// fault.
pub(crate) fn write_file(path: &Path, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
        return Err(InputError::new("--out", format!("`{}` is a folder", path.display()))
            .help("the file to write")
            .into());
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
    // One name, so that what a killed process leaves is found and taken by the next one.
    let mut partial = name.to_owned();
    partial.push(".partial");
    let partial = folder.join(partial);
    let Some(mut file) = locked(&partial).map_err(|error| refused(folder, &error))? else {
        let problem = format!("another podpath is writing `{}`", path.display());
        return Err(InputError::new("--out", problem).help("wait for it, or another file").into());
    };
    let written = file
        .set_len(0)
        .and_then(|()| file.write_all(content.as_ref()))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&partial, path))
        .and_then(|()| sync_folder(folder));
    written.map_err(|error| {
        let _ = fs::remove_file(&partial);
        failed(path, &error)
    })
}
