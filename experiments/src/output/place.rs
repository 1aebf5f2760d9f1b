//! Where results and what is beside them lie.

use std::io;
use std::path::{Path, PathBuf};

use models::input::InputError;

use crate::file::reason;

/// A target, and the folder beside it.
pub(super) struct Place {
    pub(super) target: PathBuf,
    pub(super) partial: PathBuf,
    /// The outermost folder that was made, if any was.
    pub(super) made: Option<PathBuf>,
}

/// The place of the folder `target`, whose parents are made if they are not there.
///
/// # Errors
/// If it is no folder, cannot be made, or cannot change places with another one.
pub(super) fn of(target: &Path) -> Result<Place, InputError> {
    if target.is_dir() {
        let target = target.canonicalize().map_err(|error| refused(target, &error))?;
        let partial = partial(&target)?;
        check_movable(&target)?;
        return Ok(Place { target, partial, made: None });
    }
    if target.symlink_metadata().is_ok() {
        let problem = format!("`{}` is no folder", target.display());
        return Err(InputError::new("--out", problem).help("a folder that you may write"));
    }
    let name = target.file_name().ok_or_else(|| no_name(target))?;
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let missing = parent.ancestors().take_while(|path| !path.as_os_str().is_empty());
    let missing = missing.take_while(|path| !path.exists()).last().map(Path::to_path_buf);
    std::fs::create_dir_all(parent).map_err(|error| refused(target, &error))?;
    let whole = |path: &Path| path.canonicalize().map_err(|error| refused(target, &error));
    let made = missing.map(|path| whole(&path)).transpose()?;
    let target = whole(parent)?.join(name);
    let partial = partial(&target)?;
    // Nothing of the target itself is there yet, and what is made of its parents may go again.
    Ok(Place { target, partial, made })
}

/// That results cannot be put into `target`.
pub(super) fn refused(target: &Path, error: &io::Error) -> InputError {
    let problem = format!("`{}` cannot be written: {}", target.display(), reason(error));
    InputError::new("--out", problem).help("a folder that you may write")
}

fn no_name(target: &Path) -> InputError {
    InputError::new("--out", format!("`{}` is no folder of its own", target.display()))
        .help("the name of a folder in it")
}

/// The folder beside `target`.
fn partial(target: &Path) -> Result<PathBuf, InputError> {
    let mut name = target.file_name().ok_or_else(|| no_name(target))?.to_owned();
    name.push(".partial");
    Ok(target.with_file_name(name))
}

/// Refuses a folder that another one cannot take the place of.
fn check_movable(target: &Path) -> Result<(), InputError> {
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    let problem = if here.is_ok_and(|here| here.starts_with(target)) {
        "is where you are, and results take the place of a folder"
    } else if is_mount(target) {
        "is a mount point, and results take the place of a folder"
    } else {
        return Ok(());
    };
    Err(InputError::new("--out", format!("`{}` {problem}", target.display()))
        .help("the name of a folder in it"))
}

#[cfg(target_os = "linux")]
fn is_mount(target: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, target, AtFlags::empty(), StatxFlags::BASIC_STATS)
        .is_ok_and(|about| about.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
fn is_mount(_: &Path) -> bool {
    false
}
