//! The figures of functions on pods: what instances do over time, and where calls spend theirs.

use std::path::Path;

use super::stages::{Lanes, bars, gantt};
use super::{Draft, PlotError};

const LANES: &str = "A lane for each function on each GPU: starts of instances, and calls.";

/// Every figure that the tables in `dir` have data for.
pub(super) fn drafts(dir: &Path) -> Result<Vec<Draft>, PlotError> {
    let mut drafts = Vec::new();
    if let Some(picture) = bars(dir, ("Where calls spend their time", "a call"))? {
        drafts.push(Draft {
            name: "stages",
            title: "Where calls spend their time".into(),
            caption: "The mean of all answered calls and seeds. Image to GPU: the part of a start \
                      that a call waited for."
                .into(),
            alternative: "A bar of stages for each row of stages.csv.".into(),
            picture,
        });
    }
    if let Some(picture) = gantt(dir, ("What instances do over time", LANES), Lanes::ByName)? {
        drafts.push(Draft {
            name: "gantt",
            title: "What instances do over time".into(),
            caption: "The first seed. Where a bar is missing, the instance is idle or not there."
                .into(),
            alternative: "A row for each function on each GPU, with a bar for each stage.".into(),
            picture,
        });
    }
    Ok(drafts)
}
