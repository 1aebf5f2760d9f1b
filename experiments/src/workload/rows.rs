//! The rows of the tables of workloads behind their key columns, one type per table.

mod batch;
mod resource;
mod run;
mod workload;

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::estimate::Estimate;
use crate::experiment::Point;
use crate::row::{Figure, Means};

pub(super) use batch::BatchRow;
pub(super) use resource::WindowRow;
pub(super) use run::WorkloadRunRow;

pub(crate) use resource::ResourceRow;
pub(crate) use workload::WorkloadRow;

/// A point that was run.
pub(super) struct OfPoint<'a> {
    /// The names of its workloads.
    pub(super) names: &'a [&'a str],
    pub(super) point: Point,
    /// Its results.
    pub(super) digest: &'a Digest,
}

/// A row of a table about a point's workloads.
pub(super) trait OfWorkloads: Serialize + Default {
    /// The table's file.
    const FILE: &'static str;

    /// The rows of a point.
    fn rows(of: &OfPoint<'_>) -> Vec<Self>;
}

/// How long runs take, each figure with its interval.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Completions {
    pub(crate) completion_s: Means,
    pub(crate) completion_s_p50: Figure,
    pub(crate) completion_s_p90: Figure,
    pub(crate) completion_s_p99: Figure,
    pub(crate) completion_s_p999: Figure,
}

impl Completions {
    /// Those of the mean and the quantiles.
    fn of(figures: Option<[Estimate; 5]>) -> Completions {
        let at = |which: usize| figures.map(|figures| figures[which]);
        Completions {
            completion_s: at(0).into(),
            completion_s_p50: at(1).into(),
            completion_s_p90: at(2).into(),
            completion_s_p99: at(3).into(),
            completion_s_p999: at(4).into(),
        }
    }

    /// The mean and the quantiles.
    pub(crate) fn figures(&self) -> [Figure; 5] {
        let Means { mean, low, high } = self.completion_s;
        [
            Figure { value: mean, low, high },
            self.completion_s_p50,
            self.completion_s_p90,
            self.completion_s_p99,
            self.completion_s_p999,
        ]
    }
}
