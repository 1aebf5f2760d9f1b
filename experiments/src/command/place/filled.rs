//! A cluster that pods fill: what each scheduler allocates of it.

use calibration_data::placement::fills;
use models::placement::{Fill, Reading};
use serde_json::json;

use super::Scene;
use super::tables::{Outcome, Table, estimate, percentage};

pub(super) fn run(scene: &Scene<'_>, percent: u32) -> Outcome {
    let fills = fills(scene.fleet, scene.trace, scene.policies, (percent, scene.seed, scene.seeds));
    let mut readings = Table::of(
        "placement.csv",
        &["scheduler", "arrived_percent", "seeds"],
        &["allocated_percent", "fragmented_percent"],
    );
    let header = ["scheduler", "seed", "placed", "skipped", "allocated_percent"];
    let mut seeds = Table::new("seeds.csv", &header);
    let mut outcome = Outcome::new(&[
        ("placed", "pods placed"),
        ("skipped", "skipped"),
        ("allocated_percent", "allocated"),
        ("fragmented_percent", "fragmented"),
    ]);
    for (policy, fills) in scene.policies.iter().zip(&fills) {
        let name = policy.name();
        let reached = fills.iter().map(|fill| fill.readings.len()).min().unwrap_or(0);
        let mut told = Vec::new();
        for at in 0..reached {
            let of = |value: fn(&Reading) -> f64| {
                percentage(fills.iter().map(|fill| value(&fill.readings[at])))
            };
            let allocated = of(|reading| reading.allocated_percent);
            let fragmented = of(|reading| reading.fragmented_percent);
            let cells = [name.to_owned(), (at + 1).to_string(), scene.seeds.to_string()];
            readings.add(cells, &[allocated, fragmented]);
            told.push(json!({
                "arrived_percent": at + 1,
                "allocated_percent": allocated.mean,
                "fragmented_percent": fragmented.mean,
            }));
        }
        for (number, fill) in fills.iter().enumerate() {
            seeds.rows.push(vec![
                name.into(),
                number.to_string(),
                fill.placed.to_string(),
                fill.skipped.to_string(),
                fill.allocated_percent.to_string(),
            ]);
        }
        let of = |value: fn(&Fill) -> f64| estimate(fills.iter().map(value));
        let figures = [
            of(|fill| fill.placed as f64),
            of(|fill| fill.skipped as f64),
            percentage(fills.iter().map(|fill| fill.allocated_percent)),
            percentage(fills.iter().map(|fill| fill.fragmented_percent)),
        ];
        outcome.add(name, &figures, json!({ "readings": told }));
    }
    outcome.tables = vec![readings, seeds];
    outcome
}
