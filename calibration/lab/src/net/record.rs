//! Readings of a calibration as a table, written and read back: whoever has the table can fit it
//! again, with another model, without the machine.

use std::sync::Arc;

use calibration_data::file::DataFile;
use models::input::{InputError, Source, suggest};

use super::fit::{Figure, NetFit, Seen, figures};
use super::probe::NetProbe;

/// The columns of `readings.csv`.
const READINGS: [&str; 4] = ["probe", "figure", "round", "value"];
/// The columns of `residuals.csv`.
const RESIDUALS: [&str; 8] = [
    "probe",
    "figure",
    "rounds",
    "measured_median",
    "measured_low_quartile",
    "measured_high_quartile",
    "predicted",
    "relative_error",
];

/// The table of all readings, one row per probe, figure and round.
pub fn written(probes: &[NetProbe], seen: &[Seen]) -> String {
    let rows = seen.iter().flat_map(|seen| {
        seen.values.iter().enumerate().map(|(round, value)| {
            vec![
                probes[seen.probe].name.clone(),
                seen.figure.name().to_owned(),
                round.to_string(),
                format!("{value:e}"),
            ]
        })
    });
    table(&READINGS, rows)
}

/// The table of residuals of a fit.
pub fn residuals(probes: &[NetProbe], fit: &NetFit) -> String {
    let rows = fit.residuals.iter().map(|row| {
        let ((low, high), median) = (row.seen.quartiles(), row.seen.median());
        vec![
            probes[row.seen.probe].name.clone(),
            row.seen.figure.name().to_owned(),
            row.seen.values.len().to_string(),
            format!("{median:e}"),
            format!("{low:e}"),
            format!("{high:e}"),
            format!("{:e}", row.predicted),
            format!("{:.4}", row.predicted / median - 1.0),
        ]
    });
    table(&RESIDUALS, rows)
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns).expect("memory");
    for row in rows {
        writer.write_record(&row).expect("memory");
    }
    String::from_utf8(writer.into_inner().expect("memory")).expect("text in, text out")
}

/// Reads a table of readings: the probes that it has, and their figures.
///
/// # Errors
/// If it is no such table, names an unknown probe or figure, or has a value that is no number above
/// zero.
pub fn read(
    source: &Arc<Source>,
    known: &[NetProbe],
) -> Result<(Vec<NetProbe>, Vec<Seen>), InputError> {
    let file = DataFile::from_bytes(&source.name, source.text.as_bytes())?;
    if !file.columns().eq(READINGS) {
        return Err(InputError::new("header", "is not that of readings.csv")
            .help(READINGS.join(","))
            .at(file.source(), file.source().span_of_line(1)));
    }
    let mut seen = figures(known);
    for row in file.rows() {
        let name = row.text("probe")?;
        let probe = known.iter().position(|probe| probe.name == name).ok_or_else(|| {
            let names = known.iter().map(|probe| probe.name.as_str());
            row.fault("probe", format!("no probe is called `{name}`")).help(suggest(name, names))
        })?;
        let text = row.text("figure")?;
        let at = seen.iter().position(|s| s.probe == probe && s.figure.name() == text);
        let at = at.ok_or_else(|| {
            let names = Figure::ALL.map(Figure::name);
            row.fault("figure", format!("`{text}` is no figure of it")).help(suggest(text, names))
        })?;
        seen[at].values.push(row.positive("value")?);
    }
    seen.retain(|seen| !seen.values.is_empty());
    let used: Vec<usize> =
        (0..known.len()).filter(|at| seen.iter().any(|s| s.probe == *at)).collect();
    for seen in &mut seen {
        seen.probe = used.iter().position(|at| *at == seen.probe).expect("it has values");
    }
    Ok((used.into_iter().map(|at| known[at].clone()).collect(), seen))
}
