//! The rows of a run's tables behind their key columns, one type per table: what `podpath run`
//! writes, figures and reports read.

mod collective;
mod life;
mod pattern;
mod returned;
mod run;
mod step;
mod summary;
mod taken;
mod together;

use serde::Serialize;

use crate::digest::Digest;
use crate::row::{cells, columns};

pub(crate) use collective::{Bus, CollectiveRow};
pub(crate) use life::LifeRow;
pub(crate) use pattern::PatternRow;
pub(crate) use returned::ReturnedRow;
pub(crate) use run::RunRow;
pub(crate) use step::{StepRow, WHOLE};
pub(crate) use summary::SummaryRow;
pub(crate) use taken::TakenRow;
pub(crate) use together::TogetherRow;

/// A row of a table about transfers.
pub(crate) trait OfTransfer: Serialize + Default {
    /// The table's file.
    const FILE: &'static str;

    /// The rows of a transfer.
    fn rows(digest: &Digest) -> Vec<Self>;
}

/// A table about transfers: its file, its columns behind the keys, and the cells of its rows.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) file: &'static str,
    pub(super) columns: fn() -> Vec<String>,
    pub(super) rows: fn(&Digest) -> Vec<Vec<String>>,
}

impl Table {
    pub(super) const fn of<R: OfTransfer>() -> Table {
        Table {
            file: R::FILE,
            columns: columns::<R>,
            rows: |digest| R::rows(digest).iter().map(cells).collect(),
        }
    }
}
