//! Published and measured rows beside what the shipped profiles predict for them.
//!
//! Nothing is fitted here, whatever the rows say: [`validate`] takes rows and returns a [`Report`].
//! A row that cannot be predicted is reported with the reason. A prediction is compared in the
//! digits that the file prints: a table with two decimals cannot show a smaller difference.

mod collective;
mod copy;
mod gpu;
mod pcie;
mod report;

use models::input::InputError;
use models::library::Library;
use models::profile::Profile;

use crate::cni::{self, Setups};
use crate::data::{DataFile, Row};
use crate::family::{Family, Table, recognise};
use crate::{fit, shipped};

use gpu::Gpus;

pub use report::{Comparison, Errors, Judged, Report, Skipped, Summary, Use};

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
        for row in file.rows() {
            let judged = match table {
                Table::Collectives | Table::OneNode | Table::PeerMatrix => {
                    collective::judge(table, &row, &costs)?
                }
                _ => judge(table, &row, &mut setups, &mut gpus, library)?,
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

fn judge(
    table: Table,
    row: &Row<'_>,
    setups: &mut Setups<'_>,
    gpus: &mut Gpus,
    library: &Library,
) -> Result<Verdict, InputError> {
    match table {
        Table::Pcie => pcie::judge(row),
        Table::Cni => {
            let read = cni::read(row, library)?;
            let predicted = setups.predict(&read)?.goodput;
            let decimals = row.decimals("goodput_bit_s_median");
            let compared = Comparison::new("goodput", "bit/s", read.goodput, predicted, decimals);
            let compared = compared.with_draws(&setups.drawn(&read, predicted)?);
            let label = format!("{} {}", read.cni, row.text("test")?);
            Ok(Verdict { family: read.family(), label, outcome: Ok(vec![compared]) })
        }
        Table::Gpu(family) => gpus.judge(row, family),
        Table::Collectives | Table::OneNode | Table::PeerMatrix => {
            unreachable!("judged without clusters")
        }
    }
}

/// The published rows of a table that a shipped profile was fitted to.
struct Fitted(Option<DataFile>);

impl Fitted {
    fn of(table: Table) -> Result<Fitted, InputError> {
        let name = match table {
            Table::Cni => fit::cni::TABLE,
            Table::Collectives => fit::collectives::TABLE,
            Table::OneNode => fit::collectives::ONE_NODE,
            Table::PeerMatrix => fit::collectives::MATRICES,
            Table::Pcie | Table::Gpu(_) => return Ok(Fitted(None)),
        };
        Ok(Fitted(Some(crate::published::table(name)?)))
    }

    fn has(&self, row: &Row<'_>) -> bool {
        self.0.as_ref().is_some_and(|file| file.rows().any(|fitted| fitted.says_the_same(row)))
    }
}
