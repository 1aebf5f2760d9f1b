//! The head of the file that a replay writes: what was replayed, on what, and what was inferred.

use std::fmt::Write;
use std::path::{Path, PathBuf, absolute};

use calibration_data::trace::Imported;

use super::super::show::setting;
use super::Arguments;
use super::steps::quoted;
use crate::experiment::Topology;

/// The head of the experiment file at `path`.
pub(super) fn head(arguments: &Arguments, imported: &Imported, path: &Path) -> String {
    let files = arguments.files.iter().map(|file| file.display().to_string());
    let files = files.collect::<Vec<_>>().join(" ");
    let mut text = format!("# Made by `podpath replay` of {}: {files}\n", imported.format);
    for note in &imported.notes {
        let _ = writeln!(text, "# {}", note.replace('\n', " "));
    }
    text += "# Each rank's messages to another one go over one connection. Receive queues are\n\
             # drawn anew, and who comes to an executor with others may go first.\n";
    let place = |path: &Path| absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let topology = arguments.topology.as_deref().unwrap_or_default();
    let topology = match Topology::is_path(topology) {
        true => place(Path::new(topology)).display().to_string(),
        false => topology.to_owned(),
    };
    let _ = writeln!(text, "name = {}", quoted(&name(path)));
    let about = format!("A replay of {}.", imported.format);
    let _ = writeln!(text, "about = {}", quoted(&about));
    let _ = writeln!(text, "topologies = [{}]", quoted(&topology));
    if let Some(folder) = &arguments.profiles {
        let _ = writeln!(text, "profiles = {}", quoted(&place(folder).display().to_string()));
    }
    let _ = writeln!(text, "repetitions = 1\nseed = {}", arguments.seed);
    if !arguments.set.is_empty() {
        text += "\n[set]\n";
    }
    for set in arguments.set.iter().flat_map(|text| setting(text)) {
        let _ = writeln!(text, "{} = {}", quoted(&set.key), set.value);
    }
    text
}

/// A name of an experiment, after its file.
fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().take(60).map(allowed).collect();
    if name.is_empty() { "replay".into() } else { name }
}
