//! The results of workloads over time.

use std::path::Path;

use super::Job;
use super::finish::{seal, tell_rest, widening, write_provenance};
use super::told::{Rows, Told};
use crate::console::Console;
use crate::failure::Failure;
use crate::figures::Figures;
use crate::interval::causes;
use crate::journal::Finished;
use crate::output::Staging;
use crate::workload::{self, Digest, Keyed, Results, Tables, key_cells};
use crate::{effect, manifest, report};

/// Writes the results, puts them in place, and says what they are.
pub(super) fn finish<'a>(
    out: &Path,
    staging: Staging,
    finished: Finished,
    job: Job<'a>,
    console: &Console,
) -> Result<Option<Told<'a>>, Failure> {
    let Job { experiment, plan, .. } = job;
    let intervals = job.options.intervals;
    let results = Results { experiment, plan, finished, intervals };
    let stage = staging.path();
    let mut tables = Tables::open(stage, experiment, plan)?;
    let mut digests: Vec<(usize, Digest)> = Vec::new();
    results.each(|point, mut digest| {
        let cells = key_cells(experiment, plan, point);
        tables.write(&Keyed { point, cells, digest: &digest })?;
        digest.forget_rows();
        digests.push((point, digest));
        Ok(())
    })?;
    tables.finish()?;
    let keyed: Vec<Keyed<'_>> = digests
        .iter()
        .map(|(point, digest)| Keyed {
            point: *point,
            cells: key_cells(experiment, plan, *point),
            digest,
        })
        .collect();
    workload::write_comparisons(stage, experiment, plan, &keyed)?;
    let whole =
        |keyed: &&Keyed<'_>| keyed.digest.replications.len() == experiment.repetitions as usize;
    let done = keyed.iter().filter(whole).count();
    let none = Figures::new(experiment);
    let mut manifest = manifest::manifest(experiment, plan, (done, &none), &[])?;
    write_provenance(stage, experiment, plan, &manifest)?;
    let wide = widening(stage, experiment, plan, intervals)?;
    report::workloads(stage).map_err(|e| Failure::run("writing the report", e))?;
    seal(stage, &mut manifest, job)?;
    staging.commit(manifest["complete"] == false)?;
    let (table, left_out) = workload::overview(experiment, &keyed);
    console.print_table(table)?;
    if left_out > 0 {
        let rest = out.join("workloads.csv");
        console.print(&format!("{left_out} more rows in {}\n", rest.display()))?;
    }
    if let Some(batches) = workload::batches(experiment, &keyed) {
        console.print_table(batches)?;
    }
    if let Some(widest) = causes::sentence(experiment, plan, &wide) {
        console.print(&format!("{widest}\n"))?;
    }
    tell_rest(out, &manifest, console)?;
    for note in effect::of_ways(plan) {
        console.note(&format!("note: {note}"));
    }
    let rows = Rows::Workloads(results);
    Ok(console.json.then(|| Told { out: out.to_owned(), manifest, rows }))
}
