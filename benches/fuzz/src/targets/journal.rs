//! The journal of a shard: its header and its records, merged into results.

use std::fs;
use std::path::Path;

use experiments::failure::Failure;

use crate::laws::refused;
use crate::verdict::Verdict;

const TEXT: &str = "name = \"j\"\ntopologies = [\"flannel\"]\nrepetitions = 2\n[transfer]\n\
    from = \"client\"\nto = \"server\"\n[sweep.cross]\nmessage = [\"64 KiB\", \"4 MiB\"]\n";
/// Between the header and the journal of an input.
const BETWEEN: &[u8] = b"\n== points.journal ==\n";
/// What a journal has in front of its records \[B\].
const FRONT: usize = 18 + 64;
/// A record's head: three numbers of four bytes, and a checksum \[B\].
const HEAD: usize = 12 + CHECK;
const CHECK: usize = 8;

/// A shard as a run leaves it.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("j.toml");
    fs::write(&file, TEXT).expect("a file");
    let words = [file.to_str().expect("text"), folder.path().to_str().expect("text")];
    let run = experiments::command::call(&["run", words[0], "--out", words[1], "--shard", "1/1"]);
    run.unwrap_or_else(|failure| panic!("{failure:?}"));
    let shard = folder.path().join("shard-1-of-1");
    let header = fs::read_to_string(shard.join("header.json")).expect("a header");
    // Inputs must not depend on where the folder was.
    let header = header.replace(words[0], "j.toml");
    let journal = fs::read(shard.join("points.journal")).expect("a journal");
    vec![[header.as_bytes(), BETWEEN, &journal].concat()]
}

pub(crate) fn run(input: &[u8]) -> Verdict {
    let at = input.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    let (header, journal) = match at {
        Some(at) => (&input[..at], &input[at + BETWEEN.len()..]),
        None => (input, &[][..]),
    };
    let mut journal = journal.to_vec();
    // Half of them are right as far as checksums go, so that what they guard is read.
    let forged = super::choice(input, 2) == 0;
    if forged {
        right(&mut journal);
    }
    let written = || -> std::io::Result<()> {
        fs::write("j.toml", TEXT)?;
        fs::create_dir_all("s/shard-1-of-1")?;
        fs::write(Path::new("s/shard-1-of-1/header.json"), header)?;
        fs::write(Path::new("s/shard-1-of-1/points.journal"), &journal)
    };
    written().expect("a folder of its own");
    let words = ["merge", "s", "--experiment", "j.toml", "--out", "merged"];
    match experiments::command::call(&words) {
        Ok(()) => Verdict::Ended("merged".into()),
        Err(Failure::Input(error)) => refused(&error),
        // Whoever forges a checksum need not be told more than where it fails.
        Err(Failure::Run(problem)) if forged => Verdict::Refused(problem),
        Err(other) => panic!("what a user gave is no reason to fail so: {other:?}"),
    }
}

/// Puts the right checksum into every record.
fn right(journal: &mut [u8]) {
    let mut at = FRONT;
    while let Some(head) = journal.get(at..at + HEAD) {
        let number =
            |n: usize| u32::from_le_bytes(std::array::from_fn(|byte| head[4 * n + byte])) as usize;
        let end = at.saturating_add(HEAD + number(1) + number(2));
        let Some(record) = journal.get_mut(at..end) else { return };
        let mut hash = blake3::Hasher::new();
        hash.update(&record[..HEAD - CHECK]).update(&record[HEAD..]);
        record[HEAD - CHECK..HEAD].copy_from_slice(&hash.finalize().as_bytes()[..CHECK]);
        at = end;
    }
}
