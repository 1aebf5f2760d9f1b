//! From finished points to a folder of results.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::Job;
use super::told::Told;
use super::{transfers, workloads};
use crate::console::Console;
use crate::experiment::{Experiment, Plan};
use crate::failure::Failure;
use crate::interval::causes;
use crate::journal::Finished;
use crate::output::Staging;
use crate::{interrupt, provenance, record};

/// Writes the results of finished points, puts them in place, and says what they are. Points that
/// are missing make a run that is not complete, which can be gone on with.
///
/// # Errors
/// If a file cannot be read or written.
pub(in crate::command) fn finish<'a>(
    out: &Path,
    staging: Staging,
    finished: Finished,
    job: Job<'a>,
    console: &Console,
) -> Result<Option<Told<'a>>, Failure> {
    match job.is_over_time() {
        true => workloads::finish(out, staging, finished, job, console),
        false => transfers::finish(out, staging, finished, job, console),
    }
}

/// What makes intervals wide, where there are any, which is written into the stage as well.
pub(super) fn widening(
    stage: &Path,
    experiment: &Experiment,
    plan: &Plan,
    intervals: bool,
) -> Result<Vec<causes::Wide>, Failure> {
    let wide = if intervals { causes::of(experiment, plan, &interrupt::asked)? } else { None };
    let wide = wide.unwrap_or_default();
    causes::write(stage, experiment, plan, &wide)?;
    Ok(wide)
}

/// Writes what the results stand on.
pub(super) fn write_provenance(
    stage: &Path,
    experiment: &Experiment,
    plan: &Plan,
    manifest: &Value,
) -> Result<(), Failure> {
    provenance::write(stage, experiment, plan)?;
    write_manifest(stage, manifest)
}

/// Writes tables as Parquet files, if that is asked for, and the manifest once more, with the files
/// that are there.
pub(super) fn seal(stage: &Path, manifest: &mut Value, job: Job<'_>) -> Result<(), Failure> {
    if job.parquet {
        #[cfg(feature = "parquet")]
        record::write_parquet(stage)?;
    }
    let mut files = BTreeSet::from(["manifest.json".to_owned()]);
    list(stage, "", &mut files)
        .map_err(|error| Failure::run(format!("reading {}", stage.display()), error))?;
    let tables = files.iter().filter(|file| file.ends_with(".csv") || file.ends_with(".parquet"));
    let versions: Map<String, Value> =
        tables.map(|table| (table.clone(), record::VERSION.into())).collect();
    manifest["tables"] = versions.into();
    manifest["files"] = files.into_iter().collect();
    write_manifest(stage, manifest)
}

/// The files below a folder, by their names with `/` between them.
fn list(folder: &Path, before: &str, files: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            list(&entry.path(), &format!("{name}/"), files)?;
        } else {
            files.insert(name);
        }
    }
    Ok(())
}

fn write_manifest(stage: &Path, manifest: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(manifest)
        .map_err(|error| Failure::run("writing the manifest", error))?;
    let path = stage.join("manifest.json");
    std::fs::write(path, text + "\n").map_err(|e| Failure::run("writing the manifest", e))
}

/// Says whether the results are whole, and where they are.
pub(super) fn tell_rest(out: &Path, manifest: &Value, console: &Console) -> Result<(), Failure> {
    if manifest["complete"] == false {
        let (done, all) = (&manifest["points_done"], &manifest["points_planned"]);
        console.print(&format!("PARTIAL: stopped after {done} of {all} points\n"))?;
        console.note("the same command goes on from there");
    }
    console.print(&format!("results in {}\n", out.display()))
}
