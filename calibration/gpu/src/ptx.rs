//! The probes' kernels as PTX that ships: what a driver runs without any compiler beside it.
//!
//! `.ci/ptx` makes `calibration/ptx` from the CUDA sources with NVRTC 12.0. Its PTX is of ISA 8.0,
//! which every driver of CUDA 12 or newer takes, and names the least compute capability that it is
//! for. Each file begins with the hash of its source. That hash is the only tie between the two: a
//! PTX whose source has changed is no longer found, and a test fails.

use include_dir::{Dir, include_dir};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/ptx");
/// What the first line of a file begins with.
const HEAD: &str = "// Made by .ci/ptx from CUDA source with BLAKE3 hash ";
/// The compute capabilities that `.ci/ptx` compiles for: the oldest that is supported, and those
/// of generations with instructions of their own, whose PTX ships only where it differs.
pub const CAPABILITIES: [u32; 3] = [70, 80, 90];

/// A file of PTX that ships.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its name: `launch.70.ptx`.
    pub name: &'static str,
    /// The hash of the CUDA source that it was made of.
    pub source: &'static str,
    /// Ten times the least compute capability that it is for.
    pub capability: u32,
    /// The whole file, which a driver takes as it is.
    pub text: &'static str,
}

/// Every file, by name. One that does not begin as it should has an empty hash.
pub fn all() -> Vec<Shipped> {
    let shipped = |file: &'static include_dir::File<'static>| {
        let text = file.contents_utf8().unwrap_or_default();
        let source = text.lines().next().and_then(|line| line.strip_prefix(HEAD));
        let name = file.path().to_str().unwrap_or_default();
        Shipped { name, source: source.unwrap_or_default(), capability: target(text), text }
    };
    let mut all: Vec<Shipped> = FILES.files().map(shipped).collect();
    all.sort_by_key(|file| file.name);
    all
}

/// The PTX of a CUDA source for a GPU of this compute capability (times ten): the newest that the
/// GPU can run. `None` if there is none, or it was made of another text.
pub fn of(source: &str, capability: u32) -> Option<&'static str> {
    let wanted = hash(source);
    let fits = |file: &Shipped| file.source == wanted && file.capability <= capability;
    let best = all().into_iter().filter(fits).max_by_key(|file| file.capability)?;
    Some(best.text)
}

/// What `.ci/ptx` writes of a source and what the compiler made of it.
pub fn headed(source: &str, compiled: &str) -> String {
    format!("{HEAD}{}\n{compiled}", hash(source))
}

/// The hash of a source, in hexadecimal digits.
pub fn hash(source: &str) -> String {
    blake3::hash(source.as_bytes()).to_hex().to_string()
}

/// Ten times the compute capability that a text says it is for; 0 if it says none.
fn target(text: &str) -> u32 {
    let line = text.lines().find_map(|line| line.strip_prefix(".target sm_"));
    line.and_then(|digits| digits.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kernel;

    #[test]
    fn a_source_that_changed_by_one_letter_has_no_ptx() {
        let source = Kernel::Nothing.source();
        assert!(of(source, 70).is_some());
        assert!(of(&source.replacen("nothing", "nothinG", 1), 70).is_none());
        assert!(of(source, 61).is_none(), "older than everything that ships");
    }

    #[test]
    fn a_target_is_read_and_a_missing_one_is_none() {
        assert_eq!(target("//\n.version 8.0\n.target sm_90\n"), 90);
        assert_eq!(target(".version 8.0\n"), 0);
    }
}
