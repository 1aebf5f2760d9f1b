//! The table of nccl-tests, below that of all transfers.

use comfy_table::Cell;
use models::predict::together;
use sim::Time;

use super::title;
use crate::console::{Sheet, number};
use crate::experiment::{Plan, exact};
use crate::record::{Bus, Keyed, keys};

/// What nccl-tests would print of the collectives among rows; none if there is none.
pub(crate) fn collectives(plan: &Plan, chosen: &[Keyed<'_>]) -> Option<Sheet> {
    let names = keys(plan);
    let varied: Vec<usize> = (0..names.len())
        .filter(|at| plan.columns.contains(&names[*at]) && names[*at] != "collective")
        .collect();
    let mut rows: Vec<(Vec<String>, Vec<Cell>)> = Vec::new();
    for keyed in chosen {
        let point = plan.point(keyed.point);
        let cluster = &plan.worlds[point.world].cluster;
        let transfer = &point.transfers[keyed.transfer];
        let Some(together) = together(cluster, transfer) else { continue };
        let bus = Bus::of(&together, keyed.digest);
        let gb_s = match bus.predicted {
            Some([_, low, high]) => format!("{:.2} ({low:.1}–{high:.1})", bus.gb_s),
            None => format!("{:.2}", bus.gb_s),
        };
        let time = keyed.digest.completion_s.map(|time| Time::from_seconds(time.mean).to_string());
        let words = [
            cluster.name.clone(),
            together.collective.replace('_', "-"),
            format!("{} × {}", together.nodes, together.ranks / together.nodes),
            format!("{}, {}", together.algorithm, together.protocol),
        ];
        let figures = [
            exact(transfer.message),
            time.unwrap_or_else(|| "never whole".into()),
            format!("{:.2}", bus.algorithm_gb_s),
            gb_s,
            format!("{:.1}", bus.ideal_gb_s),
        ];
        let set = varied.iter().map(|at| keyed.cells[*at].clone()).collect();
        let cells = words.into_iter().map(Cell::from).chain(figures.map(number));
        rows.push((set, cells.collect()));
    }
    if rows.is_empty() {
        return None;
    }
    let differs = |at: &usize| rows.iter().any(|(set, _)| set[*at] != rows[0].0[*at]);
    let told: Vec<usize> = (0..varied.len()).filter(differs).collect();
    let mut header = vec!["topology", "collective", "ranks", "algorithm"];
    header.extend(told.iter().map(|at| title(&names[varied[*at]])));
    header.extend(["size", "time", "algbw [GB/s]", "busbw [GB/s]", "ideal"]);
    let mut sheet = Sheet::new(&header);
    for (set, mut cells) in rows {
        let own: Vec<Cell> = told.iter().map(|at| Cell::from(&set[*at])).collect();
        cells.splice(4..4, own);
        sheet.add_row(cells);
    }
    sheet.keep_whole(header.len());
    Some(sheet)
}
