//! Runs of nccl-tests and its like.

use models::collective::Costs;

use super::Verdict;
use super::report::Comparison;
use crate::collective::Reading;

pub(super) fn judge(reading: Reading, costs: &Costs) -> Verdict {
    let Reading { family, label, run } = reading;
    let outcome = run.map(|run| {
        let predicted = run.predict(costs);
        let quantity = if run.unit == "us" { "time" } else { "bandwidth" };
        let decimals = run.decimals.max(2);
        let figure = Comparison::new(quantity, run.unit, run.measured, predicted.value, decimals);
        vec![figure.with_interval(predicted.interval)]
    });
    Verdict { family, label, outcome }
}
