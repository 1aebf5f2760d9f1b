//! The figures of scenarios: where the time of a first token or of a step goes, and how starts run.

use std::path::Path;

use super::stages::{Lanes, bars, gantt};
use super::table::{Row, Table};
use super::{Draft, PlotError};

/// Every figure that the tables in `dir` have data for.
pub(super) fn drafts(dir: &Path) -> Result<Vec<Draft>, PlotError> {
    let mut drafts = Vec::new();
    let table = Table::read_if_there(dir, "stages.csv")?;
    let is_compute = |row: Row<'_>| row.text("stage").is_ok_and(|stage| stage == "compute");
    let (title, what) = match table.is_some_and(|table| table.rows().any(is_compute)) {
        true => ("Where a step goes", "a step"),
        false => ("Where the time to the first token goes", "a request"),
    };
    if let Some(picture) = bars(dir, (title, what))? {
        drafts.push(Draft {
            name: "stages",
            title: title.into(),
            caption: "With nothing drawn; stages.csv has the 90 % intervals.".into(),
            alternative: "A bar of parts for each variant in stages.csv.".into(),
            picture,
        });
    }
    let note = "The first start of each variant, stage by stage.";
    if let Some(picture) = gantt(dir, ("How a replica starts", note), Lanes::AsTheyCome)? {
        drafts.push(Draft {
            name: "start",
            title: "How a replica starts".into(),
            caption: "Stages that run beside each other overlap.".into(),
            alternative: "A lane for each stage of each variant in gantt.csv.".into(),
            picture,
        });
    }
    Ok(drafts)
}
