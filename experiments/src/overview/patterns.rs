//! What the flows of patterns reach, below the table of all transfers.

use comfy_table::Cell;
use sim::{Rate, Time};

use super::title;
use crate::console::{Sheet, number};
use crate::experiment::{Plan, exact};
use crate::record::{Keyed, keys};

/// The patterns among rows; none if there is none.
pub(crate) fn patterns(plan: &Plan, chosen: &[Keyed<'_>]) -> Option<Sheet> {
    let names = keys(plan);
    let varied: Vec<usize> = (0..names.len())
        .filter(|at| plan.columns.contains(&names[*at]) && names[*at] != "pattern")
        .collect();
    let mut rows: Vec<(Vec<String>, Vec<Cell>)> = Vec::new();
    for keyed in chosen {
        let Some(flows) = keyed.digest.flows else { continue };
        let point = plan.point(keyed.point);
        let transfer = &point.transfers[keyed.transfer];
        let Some(pattern) = &transfer.pattern else { continue };
        let rate = |bit_s: f64| Rate::bytes_per_s(bit_s / 8.0).to_string();
        let time = keyed.digest.completion_s.map(|time| Time::from_seconds(time.mean).to_string());
        let words =
            [plan.worlds[point.world].cluster.name.clone(), pattern.shape.name().to_owned()];
        let figures = [
            flows.count.to_string(),
            exact(transfer.message),
            time.unwrap_or_else(|| "never whole".into()),
            rate(flows.least_bit_s),
            rate(flows.median_bit_s),
            rate(flows.most_bit_s),
            rate(keyed.digest.goodput_bit_s.mean),
        ];
        let set = varied.iter().map(|at| keyed.cells[*at].clone()).collect();
        let cells = words.into_iter().map(Cell::from).chain(figures.map(number));
        let worst = Cell::from(keyed.digest.busiest_link());
        rows.push((set, cells.chain([worst]).collect()));
    }
    if rows.is_empty() {
        return None;
    }
    let differs = |at: &usize| rows.iter().any(|(set, _)| set[*at] != rows[0].0[*at]);
    let told: Vec<usize> = (0..varied.len()).filter(differs).collect();
    let mut header = vec!["topology", "pattern"];
    header.extend(told.iter().map(|at| title(&names[varied[*at]])));
    header.extend(["flows", "each", "time", "slowest", "median", "fastest", "sum", "busiest"]);
    let mut sheet = Sheet::new(&header);
    for (set, mut cells) in rows {
        let own: Vec<Cell> = told.iter().map(|at| Cell::from(&set[*at])).collect();
        cells.splice(2..2, own);
        sheet.add_row(cells);
    }
    sheet.keep_whole(header.len());
    Some(sheet)
}
