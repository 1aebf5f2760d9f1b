//! `resources.csv` and `windows.csv`: one row per link and pool, over the whole time and bit by
//! bit.

use models::cluster::LinkUnit;
use models::workload::Window;
use serde::{Deserialize, Serialize};

use super::{OfPoint, OfWorkloads};
use crate::estimate::Estimate;

/// A link or pool over the whole time.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ResourceRow {
    pub(crate) order: usize,
    pub(crate) resource: String,
    pub(crate) kind: String,
    pub(crate) capacity: f64,
    pub(crate) capacity_unit: String,
    pub(crate) busy_ratio: Estimate,
    pub(crate) waiting: Estimate,
}

/// A link or pool over a part of the time.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct WindowRow {
    pub(crate) order: usize,
    pub(crate) resource: String,
    pub(crate) kind: String,
    pub(crate) begin_s: f64,
    pub(crate) end_s: f64,
    pub(crate) busy_ratio: f64,
    pub(crate) waiting_mean: f64,
}

/// What a resource is, and in which unit its capacity is given.
fn kind(unit: Option<LinkUnit>) -> [&'static str; 2] {
    match unit {
        None => ["pool", "slots"],
        Some(LinkUnit::Bytes) => ["link", "B/s"],
        Some(LinkUnit::Cores) => ["core", "s/s"],
        Some(LinkUnit::Parts) => ["link", "parts/s"],
    }
}

impl OfWorkloads for ResourceRow {
    const FILE: &'static str = "resources.csv";

    fn rows(of: &OfPoint<'_>) -> Vec<ResourceRow> {
        let resources = of.digest.resources.iter().enumerate();
        let rows = resources.map(|(order, resource)| {
            let [kind, unit] = kind(resource.unit);
            ResourceRow {
                order,
                resource: resource.name.clone(),
                kind: kind.to_owned(),
                capacity: resource.capacity,
                capacity_unit: unit.to_owned(),
                busy_ratio: resource.busy,
                waiting: resource.waiting,
            }
        });
        rows.collect()
    }
}

impl OfWorkloads for WindowRow {
    const FILE: &'static str = "windows.csv";

    fn rows(of: &OfPoint<'_>) -> Vec<WindowRow> {
        let resources = of.digest.resources.iter().enumerate();
        let rows = resources.flat_map(|(order, resource)| {
            let row = move |window: &Window| WindowRow {
                order,
                resource: resource.name.clone(),
                kind: kind(resource.unit)[0].to_owned(),
                begin_s: window.begin.as_seconds(),
                end_s: window.end.as_seconds(),
                busy_ratio: window.busy,
                waiting_mean: window.waiting,
            };
            resource.windows.iter().map(row)
        });
        rows.collect()
    }
}
