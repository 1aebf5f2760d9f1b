//! Runs of nccl-tests and its like.

use models::collective::Costs;
use models::input::InputError;

use super::Verdict;
use super::report::Comparison;
use crate::collective::{Reading, read, read_one_node};
use crate::data::Row;
use crate::family::Table;

pub(super) fn judge(table: Table, row: &Row<'_>, costs: &Costs) -> Result<Verdict, InputError> {
    let reading = if table == Table::OneNode { read_one_node(row)? } else { read(row)? };
    let Reading { family, label, run } = reading;
    let outcome = run.map(|run| {
        let predicted = run.predict(costs);
        let time = predicted.time_us();
        let compared = Comparison::new("time", "us", run.time_us, time, run.decimals.max(2));
        vec![compared.with_interval(predicted.interval_us())]
    });
    Ok(Verdict { family, label, outcome })
}
