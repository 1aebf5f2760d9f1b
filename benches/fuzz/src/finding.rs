//! An input that broke something: how it is told, kept and replayed.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::target::TARGETS;
use crate::verdict::without_names;

/// How much of an input is printed \[B\].
const SHOWN_MAX: usize = 4096;

/// What an input did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// Something panicked, or a law was broken, which panics too.
    Panic,
    /// It took too long.
    Hang,
    /// The process was ended by a signal or the allocator.
    Abort,
}

/// An input that broke something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) target: String,
    pub(crate) kind: Kind,
    /// Where and how.
    pub(crate) problem: String,
    /// The file that has the input.
    pub(crate) file: PathBuf,
}

impl Finding {
    /// Keeps an input in a folder.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn keep(
        folder: &Path,
        target: &str,
        (kind, problem): (Kind, String),
        input: &[u8],
    ) -> io::Result<Finding> {
        std::fs::create_dir_all(folder)?;
        let hash = blake3::hash(input).to_hex();
        let file = folder.join(format!("{target}-{}", &hash[..16]));
        std::fs::write(&file, input)?;
        Ok(Finding { target: target.into(), kind, problem, file })
    }

    /// Equal for findings that look like the same fault.
    pub(crate) fn fault(&self) -> String {
        format!("{} {:?} {}", self.target, self.kind, without_names(&self.problem))
    }

    /// The finding for a reader: what, the input, and how to see it again.
    pub(crate) fn told(&self) -> String {
        let input = std::fs::read(&self.file).unwrap_or_default();
        let what = match self.kind {
            Kind::Panic => "a panic or a broken law",
            Kind::Hang => "a hang",
            Kind::Abort => "an abort",
        };
        let cut = &input[..input.len().min(SHOWN_MAX)];
        let target = TARGETS.iter().find(|target| target.name == self.target);
        let stands_for = target.and_then(|target| (target.shown)(&input));
        let shown = stands_for.unwrap_or_else(|| match std::str::from_utf8(cut) {
            Ok(text) => text.to_owned(),
            Err(_) => cut.escape_ascii().to_string(),
        });
        format!(
            "{}: {what}: {}\n--- the input, {} bytes{} ---\n{shown}\n--- replay it ---\n\
             cargo run --package podpath-fuzz -- --target {} --replay {}\n",
            self.target,
            self.problem,
            input.len(),
            if input.len() > SHOWN_MAX { ", its beginning" } else { "" },
            self.target,
            self.file.display(),
        )
    }
}
