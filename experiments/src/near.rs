//! Where the files are that an experiment names: beside its own on disk, or in the program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::Dir;
use models::input::{InputError, Source};
use models::library::Library;

use crate::{file, library};

/// The folder of an experiment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Near<'a> {
    /// On disk: relative paths start there.
    Disk(&'a Path),
    /// Built into the program.
    Shipped(&'a Dir<'static>),
    /// None: topologies have names only, and other paths start where the program does.
    Nowhere,
}

/// The same, kept.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// On disk.
    Disk(PathBuf),
    /// Built into the program.
    Shipped(&'static Dir<'static>),
    /// None.
    Nowhere,
}

impl Home {
    /// Where files are looked for.
    pub(crate) fn near(&self) -> Near<'_> {
        match self {
            Home::Disk(folder) => Near::Disk(folder),
            Home::Shipped(folder) => Near::Shipped(folder),
            Home::Nowhere => Near::Nowhere,
        }
    }
}

impl Near<'_> {
    /// The text file `name`, which `field` names.
    ///
    /// # Errors
    /// If there is none, or it is not text.
    pub(crate) fn text(self, name: &str, field: &str) -> Result<Arc<Source>, InputError> {
        match self {
            Near::Disk(folder) => file::read_text(&folder.join(name), field),
            Near::Nowhere => file::read_text(Path::new(name), field),
            Near::Shipped(folder) => {
                let path = folder.path().join(name);
                let file = folder.get_file(&path);
                let text = file.and_then(|file| file.contents_utf8()).ok_or_else(|| {
                    let problem = format!("no file `{name}` is shipped with it");
                    InputError::new(field, problem).help("the name of a file beside it")
                })?;
                Ok(Source::new(format!("shipped:cases/{}", path.display()), text))
            }
        }
    }

    /// Adds the profiles in the folder `name` to a library.
    ///
    /// # Errors
    /// If there is no such folder, or something is wrong with a profile.
    pub(crate) fn add_profiles(self, name: &str, to: &mut Library) -> Result<(), InputError> {
        let folder = match self {
            Near::Disk(folder) => return library::add_folder(to, &folder.join(name)),
            Near::Nowhere => return library::add_folder(to, Path::new(name)),
            Near::Shipped(folder) => folder.get_dir(folder.path().join(name)),
        };
        let Some(folder) = folder else {
            let problem = format!("no folder `{name}` is shipped with it");
            return Err(InputError::new("profiles", problem).help("a folder beside it"));
        };
        calibration_data::shipped::add_built_in(to, folder, "shipped:cases/");
        Ok(())
    }
}
