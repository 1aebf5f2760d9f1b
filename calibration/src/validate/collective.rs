//! Runs of nccl-tests and its like.

use models::collective::Costs;
use models::input::InputError;

use super::Verdict;
use super::report::Comparison;
use crate::collective::{Reading, read, read_matrix, read_one_node};
use crate::data::Row;
use crate::family::Table;

pub(super) fn judge(table: Table, row: &Row<'_>, costs: &Costs) -> Result<Verdict, InputError> {
    let reading = match table {
        Table::OneNode => read_one_node(row)?,
        Table::PeerMatrix => read_matrix(row)?,
        _ => read(row)?,
    };
    let Reading { family, label, run } = reading;
    let outcome = run.map(|run| {
        let predicted = run.predict(costs);
        let quantity = if run.unit == "us" { "time" } else { "bandwidth" };
        let decimals = run.decimals.max(2);
        let figure = Comparison::new(quantity, run.unit, run.measured, predicted.value, decimals);
        vec![figure.with_interval(predicted.interval)]
    });
    Ok(Verdict { family, label, outcome })
}
