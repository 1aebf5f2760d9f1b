//! The table of reported figures beside predictions that `podpath run` prints.

use comfy_table::Cell;

use crate::console::{Sheet, number};
use crate::plot::manifest::Reported;

/// The table; none if nothing is reported.
pub(crate) fn table(reported: &[Reported]) -> Option<Sheet> {
    if reported.is_empty() {
        return None;
    }
    let sure = reported.iter().any(|one| one.sure.is_some());
    let caused = reported.iter().any(|one| one.cause.is_some());
    let predicted = if sure { "predicted (90 %)" } else { "predicted" };
    let mut header = vec!["about", "reported", predicted, "verdict"];
    header.extend(caused.then_some("cause"));
    let mut sheet = Sheet::new(&header);
    for one in reported {
        let about = one.about();
        let mut row: Vec<Cell> = vec![
            if about.is_empty() { one.text.clone() } else { about }.into(),
            number(&one.value),
            number(one.say_predicted()),
            one.verdict().into(),
        ];
        row.extend(caused.then(|| one.say_cause().into()));
        sheet.add_row(row);
    }
    Some(sheet)
}
