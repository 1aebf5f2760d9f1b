//! Where inputs begin: files of this repository, and those that once broke something.
//!
//! `corpus/TARGET` has what was found, and what no other file of the repository shows; all else is
//! read where it lies, so that new examples and new tests are new seeds.

use std::fs;
use std::path::{Path, PathBuf};

use crate::target::Target;

/// Larger files make slow inputs and no better ones \[B\].
const SEED_MAX: u64 = 128 << 10;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The seeds of a target: its own corpus first, then what it names, each in the order of names.
pub(crate) fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let own = root().join("benches/fuzz/corpus").join(target.name);
    let mut paths = files(&own);
    for place in target.seeds {
        paths.extend(files(&root().join(place)));
    }
    let small = |path: &PathBuf| fs::metadata(path).is_ok_and(|about| about.len() <= SEED_MAX);
    let mut seeds: Vec<Vec<u8>> =
        paths.iter().filter(|path| small(path)).filter_map(|path| fs::read(path).ok()).collect();
    seeds.extend((target.made)());
    seeds
}

/// A file, or the files of a folder and of those in it; `*.toml` at the end takes these alone.
fn files(place: &Path) -> Vec<PathBuf> {
    let ending = place.file_name().and_then(|name| name.to_str()?.strip_prefix("*."));
    let (folder, ending) = match ending {
        Some(ending) => (place.parent().expect("a star is below a folder"), Some(ending)),
        None => (place, None),
    };
    if folder.is_file() {
        return vec![folder.to_owned()];
    }
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            if ending.is_none() {
                found.extend(files(&path));
            }
        } else if ending.is_none_or(|ending| path.extension().is_some_and(|own| own == ending)) {
            found.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TARGETS;

    #[test]
    fn every_target_has_seeds() {
        for target in TARGETS {
            for place in target.seeds {
                assert!(
                    !files(&root().join(place)).is_empty(),
                    "{}: {place} has none",
                    target.name
                );
            }
            assert!(!seeds(target).is_empty(), "{} has no seed", target.name);
        }
    }

    #[test]
    fn the_corpus_is_small_and_of_targets() {
        let mut bytes = 0;
        for path in files(&root().join("benches/fuzz/corpus")) {
            let folder = path.parent().and_then(Path::file_name).expect("a folder");
            assert!(TARGETS.iter().any(|target| target.name == folder), "{}", path.display());
            bytes += fs::metadata(&path).expect("a file").len();
        }
        assert!(bytes <= 2 << 20, "the corpus has {bytes} bytes");
    }
}
