//! The user's own profiles, read from a folder laid out like the shipped ones.
//!
//! ```text
//! profiles/host/my-server.csv      profiles/cni/my-network.toml
//! profiles/gpu/my-gpu.csv          profiles/topology/my-cluster.toml
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use models::input::{InputError, suggest};
use models::library::{Kind, Library};

use crate::file;

/// The most files that one folder may hold.
const FILES_MAX: usize = 10_000;

/// Adds every profile below `folder` to the library; one of the same kind and name is replaced.
///
/// # Errors
/// If the folder cannot be listed, holds a folder that is no kind of profile, or a file that
/// cannot be read or is not a valid profile.
pub fn add_folder(library: &mut Library, folder: &Path) -> Result<(), InputError> {
    let mut tables: Vec<(Kind, String)> = Vec::new();
    for path in listed(folder)? {
        if !path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.folder() == name) else {
            let kinds = Kind::ALL.map(Kind::folder);
            let problem = format!("`{}` is no kind of profile", path.display());
            return Err(InputError::new("profiles", problem).help(suggest(&name, kinds)));
        };
        for path in listed(&path)? {
            tables.extend(add_file(library, kind, &path)?.map(|name| (kind, name)));
        }
    }
    // A host may have costs of a hop whose file comes later.
    tables.iter().try_for_each(|(kind, name)| library.profile(*kind, name).map(drop))
}

/// Adds a file; its name, if it is a table of parameters.
fn add_file(library: &mut Library, kind: Kind, path: &Path) -> Result<Option<String>, InputError> {
    let ending = path.extension().unwrap_or_default();
    if ending != "csv" && ending != "toml" {
        // Notes and licences may lie beside profiles.
        return Ok(None);
    }
    if ending != kind.ending() {
        let problem = format!("`{}` has the wrong ending", path.display());
        let help = format!("a {} profile ends in .{}", kind.folder(), kind.ending());
        return Err(InputError::new("profiles", problem).help(help));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let source = file::read_text(path, "profiles")?;
    library.add(kind, name.clone(), source);
    match kind {
        Kind::Posterior => drop(library.posterior(&name)?),
        Kind::Hypothesis => drop(library.hypothesis(&name)?),
        _ => {}
    }
    Ok(kind.is_profile().then_some(name))
}

/// What a folder holds, sorted.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, InputError> {
    let unreadable = |error: std::io::Error| {
        let reason = file::reason(&error);
        InputError::new("profiles", format!("`{}` cannot be listed: {reason}", folder.display()))
            .help("a folder with host/, gpu/, pcie/, nic/, hop/, cni/ or topology/ in it")
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
        if paths.len() > FILES_MAX {
            let problem = format!("`{}` holds more than {FILES_MAX} files", folder.display());
            return Err(InputError::new("profiles", problem).help("a folder of profiles alone"));
        }
    }
    paths.sort();
    Ok(paths)
}
