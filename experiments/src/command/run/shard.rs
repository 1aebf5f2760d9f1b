//! The results of a shard: its journal, to be merged with those of the others.

use std::fs;
use std::path::Path;

use super::Job;
use super::told::Told;
use crate::console::Console;
use crate::failure::Failure;
use crate::journal::{FILE, Finished, Header, Shard};
use crate::output::{HEADER, Staging};

/// How many records a run has, or a shard of it.
pub(super) fn records(job: Job<'_>, part: Option<Shard>) -> usize {
    let held = |point: &usize| part.is_none_or(|part| part.holds(*point));
    (0..job.plan.len()).filter(held).count() * job.records_of_point()
}

/// Whether the folder `out` has this shard already, whole.
///
/// # Errors
/// If its journal is broken.
pub(super) fn is_there(out: &Path, header: &Header, job: Job<'_>) -> Result<bool, Failure> {
    // One of another version, or none, is written over.
    let there = Header::read(&out.join(HEADER)).ok().flatten();
    if !there.is_some_and(|there| there.same(header)) {
        return Ok(false);
    }
    let journal = [out.join(FILE)];
    let finished = Finished::read(&journal, &header.configuration, &|_, _| Ok(()))?;
    Ok(finished.len() == records(job, header.shard))
}

/// Puts a shard in place if it is whole; otherwise the same command goes on with it.
pub(super) fn commit<'a>(
    out: &Path,
    staging: Staging,
    (header, part, whole): (&Header, Shard, bool),
    console: &Console,
) -> Result<Option<Told<'a>>, Failure> {
    if !whole {
        console.print(&format!("PARTIAL: shard {part} was stopped\n"))?;
        console.note("the same command goes on from there");
        return Ok(None);
    }
    let (journal, place) = (staging.beside(FILE), staging.path().join(FILE));
    let put = fs::hard_link(&journal, &place).or_else(|_| fs::copy(&journal, &place).map(|_| ()));
    put.map_err(|error| Failure::run(format!("writing {}", place.display()), error))?;
    header.write(&staging.path().join(HEADER))?;
    staging.commit(false)?;
    console.print(&format!("shard {part} in {}\n", out.display()))?;
    Ok(Some(Told::of_shard(out, header)))
}
