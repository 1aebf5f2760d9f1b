//! Published and measured rows beside what the shipped profiles predict for them.
//!
//! Nothing is fitted here, whatever the rows say: [`validate`] takes rows and returns a [`Report`].
//! A row that cannot be predicted is reported with the reason. A prediction is compared in the
//! digits that the file prints: a table with two decimals cannot show a smaller difference.

mod collective;
mod copy;
mod gpu;
mod pcie;
mod placement;
mod points;
mod report;
mod serving;

use std::collections::HashSet;

use models::input::InputError;
use models::library::Library;
use models::profile::Profile;

use crate::cni::{self, Setups};
use crate::collective::read_of;
use crate::family::{Family, Table, recognise};
use crate::file::{DataFile, Row};
use crate::published;
use crate::shipped;

use gpu::Gpus;

pub use points::{Placed, Points};
pub use report::{Comparison, Errors, Judged, Report, Skipped, Summary, Use};
pub use serving::Told;

/// Predicts every row of `files` from the shipped profiles.
///
/// # Errors
/// If a file is not a known table, or a row of it is malformed; nothing is judged then.
pub fn validate(files: &[DataFile]) -> Result<Report, InputError> {
    compare(files, Gpus::shipped())
}

/// Predicts every row of `files`, those about GPUs from `profile`; a row about another GPU than
/// the profile's is skipped.
///
/// # Errors
/// As [`validate`], or if the profile lacks what the execution model needs.
pub fn validate_profile(files: &[DataFile], profile: &Profile) -> Result<Report, InputError> {
    compare(files, Gpus::one(profile)?)
}

fn compare(files: &[DataFile], mut gpus: Gpus) -> Result<Report, InputError> {
    let library = shipped();
    let mut setups = Setups::new(library);
    let costs = crate::collective::costs(library)?;
    let mut report = Report::default();
    for file in files {
        let table = recognise(file)?;
        let fitted = Fitted::of(table)?;
        if table == Table::Placement {
            placement::judge(file, &mut report)?;
            continue;
        }
        if table == Table::Serving {
            serving::judge(file, &mut report)?;
            continue;
        }
        for row in file.rows() {
            let judged = match (table, read_of(table, &row)?) {
                (_, Some(reading)) => collective::judge(reading, &costs),
                (Table::Gpu(family), None) => gpus.judge(&row, family)?,
                (Table::Pcie, None) => pcie::judge(&row)?,
                (_, None) => cni_verdict(&row, &mut setups, library)?,
            };
            let seen = match table {
                Table::Gpu(family) => gpus.fitted(file, &row, family)?,
                _ => fitted.has(&row),
            };
            let used = if seen { Use::Calibration } else { Use::Holdout };
            report.add(&row, judged, used);
        }
    }
    Ok(report)
}

/// A row's family, its short name, and its comparisons or why there are none.
struct Verdict {
    family: Family,
    label: String,
    outcome: Result<Vec<Comparison>, String>,
}

/// A row of the CNI benchmark.
fn cni_verdict(
    row: &Row<'_>,
    setups: &mut Setups<'_>,
    library: &Library,
) -> Result<Verdict, InputError> {
    let read = cni::read(row, library)?;
    let predicted = setups.predict(&read)?.goodput;
    let decimals = row.decimals("goodput_bit_s_median");
    let compared = Comparison::new("goodput", "bit/s", read.goodput, predicted, decimals);
    let compared = compared.with_draws(&setups.drawn(&read, predicted)?);
    let label = format!("{} {}", read.cni, row.text("test")?);
    Ok(Verdict { family: read.family(), label, outcome: Ok(vec![compared]) })
}

/// The published rows of a table that a shipped profile was fitted to.
#[derive(Default)]
struct Fitted {
    /// The columns of that table.
    columns: Vec<String>,
    /// What its rows say in them.
    rows: HashSet<Vec<Option<String>>>,
}

impl Fitted {
    fn of(table: Table) -> Result<Fitted, InputError> {
        let name = match table {
            Table::Cni => published::CNI,
            Table::Collectives => published::COLLECTIVES,
            Table::OneNode => published::ONE_NODE,
            Table::PeerMatrix => published::PEER_MATRICES,
            Table::Pcie | Table::Gpu(_) | Table::Placement | Table::Serving => {
                return Ok(Fitted::default());
            }
        };
        let file = crate::published::table(name)?;
        let columns = file.columns().map(str::to_owned).collect();
        let mut fitted = Fitted { columns, rows: HashSet::new() };
        fitted.rows = file.rows().map(|row| fitted.said(&row)).collect();
        Ok(fitted)
    }

    fn has(&self, row: &Row<'_>) -> bool {
        self.rows.contains(&self.said(row))
    }

    /// What a row says in these columns, whatever file it is in and in whatever order of columns.
    fn said(&self, row: &Row<'_>) -> Vec<Option<String>> {
        let cell = |column: &String| row.cell(column).map(str::to_owned);
        self.columns.iter().map(cell).collect()
    }
}
