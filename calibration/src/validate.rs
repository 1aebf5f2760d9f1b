//! Published and measured rows beside what the shipped profiles predict for them.
//!
//! Nothing is fitted here, whatever the rows say: [`validate`] takes rows and returns a [`Report`].
//! A row that cannot be predicted is reported with the reason. A prediction is compared in the
//! digits that the file prints: a table with two decimals cannot show a smaller difference.

mod copy;
mod pcie;
mod report;

use models::input::InputError;
use models::library::Library;

use crate::cni::{self, Setups};
use crate::data::{DataFile, Row};
use crate::family::{Family, MemcpyRow, Table, recognise};
use crate::{fit, shipped};

pub use report::{Comparison, Errors, Judged, Report, Skipped, Summary, Use};

/// Why a row of these families is not predicted.
const NO_EXECUTION_MODEL: &str = "the GPU execution model is not part of this version";

/// Predicts every row of `files` from the shipped profiles.
///
/// # Errors
/// If a file is not a known table, or a row of it is malformed; nothing is judged then.
pub fn validate(files: &[DataFile]) -> Result<Report, InputError> {
    let library = shipped();
    let mut setups = Setups::new(library);
    let mut report = Report::default();
    for file in files {
        let table = recognise(file)?;
        let fitted = Fitted::of(table)?;
        for row in file.rows() {
            let judged = judge(table, &row, &mut setups, library)?;
            let used = if fitted.has(&row) { Use::Calibration } else { Use::Holdout };
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
    library: &Library,
) -> Result<Verdict, InputError> {
    match table {
        Table::Pcie => pcie::judge(row),
        Table::Cni => {
            let read = cni::read(row, library)?;
            let compared = Comparison::new(
                "goodput",
                "bit/s",
                read.goodput,
                setups.predict(&read)?.goodput,
                row.decimals("goodput_bit_s_median"),
            );
            let label = format!("{} {}", read.cni, row.text("test")?);
            Ok(Verdict { family: read.family(), label, outcome: Ok(vec![compared]) })
        }
        Table::Gpu(Family::GpuMemcpy) => copy::judge(&MemcpyRow::read(row)?, row, library),
        Table::Gpu(family) => {
            let gpu = row.text("gpu")?;
            let value = match family {
                Family::GpuLatency => "latency_ns",
                _ => "bandwidth_gb_s",
            };
            row.positive(value)?;
            let outcome = Err(NO_EXECUTION_MODEL.to_owned());
            Ok(Verdict { family, label: gpu.to_owned(), outcome })
        }
    }
}

/// The published rows of a table that a shipped profile was fitted to.
struct Fitted(Option<DataFile>);

impl Fitted {
    fn of(table: Table) -> Result<Fitted, InputError> {
        let name = match table {
            Table::Cni => fit::cni::TABLE,
            Table::Gpu(Family::GpuMemcpy) => fit::memcpy::TABLE,
            Table::Pcie | Table::Gpu(_) => return Ok(Fitted(None)),
        };
        Ok(Fitted(Some(crate::published::table(name)?)))
    }

    fn has(&self, row: &Row<'_>) -> bool {
        self.0.as_ref().is_some_and(|file| file.rows().any(|fitted| fitted.says_the_same(row)))
    }
}
