//! The shipped kinds of hop, of which a shipped host has costs.

use models::input::Source;
use models::library::{Kind, Library};

/// Adds all of them to a library.
pub fn add(library: &mut Library) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../calibration/profiles/hop");
    for file in std::fs::read_dir(folder).expect("the shipped hops") {
        let path = file.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text");
        library.add(Kind::Hop, name, Source::new("hop.toml", text));
    }
}
