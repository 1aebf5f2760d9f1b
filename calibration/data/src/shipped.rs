//! The library that is built into the program: every file below `profiles/`.
//!
//! A file's folder is its kind and its name is its name, so adding a CNI, a GPU or a topology is
//! adding a file; no code lists them.

use std::sync::OnceLock;

use include_dir::{Dir, File, include_dir};
use models::input::Source;
use models::library::{Kind, Library};

static PROFILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../profiles");

/// Everything that ships: hosts, GPUs, PCIe ports, NICs, hops, CNIs and topologies.
pub fn shipped() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut library = Library::new();
        add_built_in(&mut library, &PROFILES, "shipped:");
        library
    })
}

/// Adds the files of a folder that is built into a program and laid out like `profiles/`; in
/// messages they are called by their paths behind `shown`.
pub fn add_built_in(library: &mut Library, folder: &Dir<'static>, shown: &str) {
    for kind in Kind::ALL {
        let own = folder.get_dir(folder.path().join(kind.folder()));
        for file in own.into_iter().flat_map(Dir::files) {
            if let Some((name, text)) = named(kind, file) {
                let shown = format!("{shown}{}", file.path().display());
                library.add(kind, name, Source::new(shown, text));
            }
        }
    }
}

/// Name and text of a file of one kind; a file of another ending or encoding is not one.
fn named<'f>(kind: Kind, file: &'f File<'static>) -> Option<(&'f str, &'f str)> {
    let path = file.path();
    let fits = path.extension().and_then(|ending| ending.to_str()) == Some(kind.ending());
    Some((path.file_stem()?.to_str().filter(|_| fits)?, file.contents_utf8()?))
}
