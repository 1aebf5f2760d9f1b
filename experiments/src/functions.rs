//! Functions on pods as a file describes them: GPUs, functions, and where calls come from.
//!
//! ```text
//!  file.toml ──parse_toml──► RawScene ──check──► Scene + movements ──► models::function::live
//!              (format)                (meaning)   (on a topology, if it names one)
//! ```

mod capacity;
mod check;
mod cost;
mod function;
mod gpus;
mod raw;
mod sources;

use std::path::Path;
use std::sync::Arc;

use models::cluster::Cluster;
use models::function::{Function, Gpu, Movement, Node};
use models::input::{InputError, Source, nearest, parse_toml};
use models::library::Library;
use sim::Time;

use crate::file;
pub(crate) use cost::time;
pub(crate) use function::keep_of;
pub(crate) use sources::Arrivals;

/// The scenes that ship.
const SHIPPED: [(&str, &str); 1] =
    [("function-pods", include_str!("../functions/function-pods.toml"))];

/// A scene whose every value has been judged.
#[derive(Debug)]
pub(crate) struct Described {
    /// Its name.
    pub(crate) name: String,
    /// What it is, in a sentence.
    pub(crate) about: String,
    /// Machines and GPUs.
    pub(crate) nodes: Vec<Node>,
    pub(crate) gpus: Vec<Gpu>,
    /// What is called.
    pub(crate) functions: Vec<Function>,
    /// Where calls come from.
    pub(crate) sources: Vec<Arrivals>,
    /// When the run ends; without, when nothing lies ahead.
    pub(crate) until: Time,
    /// The cluster, if it has one, and what moves over it.
    pub(crate) cluster: Option<Cluster>,
    pub(crate) movements: Vec<Movement>,
}

/// The scene in the file `name`, or the shipped one of that name.
///
/// # Errors
/// If there is neither, or something is wrong with it.
pub(crate) fn read(name: &str, library: &Library) -> Result<Described, InputError> {
    let path = Path::new(name);
    let source = match SHIPPED.iter().find(|(own, _)| !path.exists() && *own == name) {
        Some((own, text)) => Source::new(format!("shipped:{own}.toml"), *text),
        None => file::read_text(path, "INPUT")?,
    };
    parsed(&source, path.parent().unwrap_or(Path::new("")), library)
}

/// A scene from its text, which stands in `folder`.
///
/// # Errors
/// If something is wrong with it.
pub(crate) fn parsed(
    source: &Arc<Source>,
    folder: &Path,
    library: &Library,
) -> Result<Described, InputError> {
    check::checked(parse_toml(source)?, source, (folder, library))
}

/// The name of a shipped scene, or one that may have been meant.
pub(crate) fn shipped(name: &str) -> (bool, Option<&'static str>) {
    let names = SHIPPED.iter().map(|(own, _)| *own);
    (names.clone().any(|own| own == name), nearest(name, names))
}
