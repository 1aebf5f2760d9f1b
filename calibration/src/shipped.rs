//! The library that is built into the program: every file below `profiles/`.
//!
//! A file's folder is its kind and its name is its name, so adding a CNI, a GPU or a topology is
//! adding a file; no code lists them.

use std::sync::OnceLock;

use include_dir::{Dir, include_dir};
use models::input::Source;
use models::library::{Kind, Library};

static PROFILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/profiles");

/// Everything that ships: hosts, GPUs, PCIe ports, NICs, hops, CNIs and topologies.
pub fn shipped() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let mut library = Library::new();
        for kind in Kind::ALL {
            for (name, text) in files(kind) {
                let shown = format!("shipped:{}/{name}.{}", kind.folder(), kind.ending());
                library.add(kind, name, Source::new(shown, text));
            }
        }
        library
    })
}

/// Name and text of the files of one kind; a file of another ending or encoding is not one.
fn files(kind: Kind) -> impl Iterator<Item = (&'static str, &'static str)> {
    let folder = PROFILES.get_dir(kind.folder());
    folder.into_iter().flat_map(Dir::files).filter_map(move |file| {
        let path = file.path();
        let fits = path.extension().and_then(|ending| ending.to_str()) == Some(kind.ending());
        Some((path.file_stem()?.to_str().filter(|_| fits)?, file.contents_utf8()?))
    })
}
