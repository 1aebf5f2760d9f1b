//! What `--json` says of runs, row by row from their journals, so that a sweep of any size can be
//! told.

use std::path::{Path, PathBuf};

use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::journal::Header;
use crate::record::{Keyed, key_cells};
use crate::{overview, sweep, workload};

/// The one object.
#[derive(serde::Serialize)]
pub(in crate::command) struct All<'a> {
    pub(in crate::command) experiments: Vec<Told<'a>>,
    pub(in crate::command) complete: bool,
}

/// A finished run.
pub(in crate::command) struct Told<'a> {
    pub(super) out: PathBuf,
    pub(super) manifest: Value,
    pub(super) rows: Rows<'a>,
}

/// Its rows.
pub(super) enum Rows<'a> {
    Transfers(sweep::Results<'a>),
    Workloads(workload::Results<'a>),
    /// Those of a shard are told when it is merged with the others.
    Shard,
}

impl Told<'_> {
    /// A shard that is finished.
    pub(super) fn of_shard(out: &Path, header: &Header) -> Told<'static> {
        Told { out: out.to_owned(), manifest: json!(header), rows: Rows::Shard }
    }
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("out", &self.out)?;
        match &self.rows {
            Rows::Shard => map.serialize_entry("shard", &self.manifest)?,
            rows => {
                map.serialize_entry("manifest", &self.manifest)?;
                map.serialize_entry("rows", rows)?;
            }
        }
        map.end()
    }
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut refused = None;
        let mut put = |row: Value| {
            list.serialize_element(&row).map_err(|error| {
                refused = Some(error);
                Failure::ReaderGone
            })
        };
        let told = match self {
            Rows::Transfers(results) => transfers(results, &mut put),
            Rows::Workloads(results) => workloads(results, &mut put),
            Rows::Shard => Ok(()),
        };
        match (told, refused) {
            (_, Some(error)) => Err(error),
            (Err(Failure::Run(problem)), None) => Err(S::Error::custom(problem)),
            (Err(_), None) => Err(S::Error::custom("a journal cannot be read")),
            (Ok(()), None) => list.end(),
        }
    }
}

/// Where a row goes.
type Put<'p> = &'p mut dyn FnMut(Value) -> Result<(), Failure>;

fn transfers(results: &sweep::Results<'_>, put: Put<'_>) -> Result<(), Failure> {
    let (experiment, plan) = (results.experiment, results.plan);
    for (at, point) in results.finished.numbers().enumerate() {
        for (transfer, digest) in results.digests(at)?.iter().enumerate() {
            let cells = key_cells(experiment, plan, point, transfer);
            put(overview::row(plan, &Keyed { point, transfer, cells, digest }))?;
        }
    }
    Ok(())
}

fn workloads(results: &workload::Results<'_>, put: Put<'_>) -> Result<(), Failure> {
    let (experiment, plan) = (results.experiment, results.plan);
    results.each(|point, digest| {
        let cells = workload::key_cells(experiment, plan, point);
        put(workload::row(experiment, &workload::Keyed { point, cells, digest: &digest }))
    })
}
