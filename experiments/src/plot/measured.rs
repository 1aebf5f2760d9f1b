//! Measurements beside their predictions, from the tables of `calibrate net` and `compare`.

use std::path::Path;

use super::PlotError;
use super::run::distinct;
use super::series;
use super::table::Table;
use super::validation::{Check, Family};
use super::words;
use crate::compare::{CompareRow, FigureRow};
use crate::verdict::{Contender, Point, Spread, Verdict, quantile, ranking, summaries};

/// A measured figure, what it is about, and its prediction.
#[derive(Clone, Debug)]
pub struct Row {
    /// The probe or the topology.
    pub subject: String,
    /// The settings in words, those that differ between rows: `8 streams, nic.mtu 9000 B`.
    pub setting: String,
    /// The figure with its spread and prediction.
    pub point: Point,
    /// How it was measured, where the table says so.
    pub method: String,
}

/// All rows of a table.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Its name: the experiment's, empty for a calibration.
    pub name: String,
    /// The rows in file order.
    pub rows: Vec<Row>,
    /// What was not measured or not predicted: subject, setting and figure of each.
    pub skipped: Vec<String>,
}

/// A unit for people, and its size in that of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Its name.
    pub name: &'static str,
    /// How much of the table's unit it is.
    pub scale: f64,
}

impl Measured {
    /// Reads the residuals of a calibration in `dir`.
    ///
    /// # Errors
    /// If residuals.csv is missing or is not what `podpath calibrate net` writes.
    pub fn residuals(dir: &Path) -> Result<Measured, PlotError> {
        let table = Table::read(dir, "residuals.csv")?;
        let mut measured = Measured::empty("");
        for line in table.rows() {
            let inside = |spread: &Spread, predicted| spread.holds(predicted);
            measured.add(line.read()?, line.text("probe")?, String::new(), inside);
        }
        Ok(measured)
    }

    /// Reads the comparison in `dir`.
    ///
    /// # Errors
    /// If compare.csv is missing or is not what `podpath compare` writes.
    pub fn comparison(dir: &Path) -> Result<Measured, PlotError> {
        let table = Table::read(dir, "compare.csv")?;
        let told = told(&table)?;
        let name = table.rows().next().map(|line| line.text("experiment")).transpose()?;
        let mut measured = Measured::empty(name.unwrap_or(""));
        for line in table.rows() {
            let parts = told.iter().map(|column| Ok((column, line.text(column)?)));
            let parts = parts.collect::<Result<Vec<_>, PlotError>>()?.into_iter();
            let parts = parts.filter(|(_, value)| !value.is_empty());
            let parts: Vec<String> =
                parts.map(|(column, value)| series::setting(column, value)).collect();
            let row: CompareRow = line.read()?;
            let inside = |_: &Spread, _| row.inside_spread == Some(true);
            measured.add(row.of, line.text("topology")?, parts.join(", "), inside);
            if let Some(last) = measured.rows.last_mut() {
                last.method = row.method;
            }
        }
        Ok(measured)
    }

    fn empty(name: &str) -> Measured {
        Measured { name: name.into(), rows: Vec::new(), skipped: Vec::new() }
    }

    /// Adds a line of the table, to the rows or to what was skipped.
    fn add(
        &mut self,
        line: FigureRow,
        subject: &str,
        setting: String,
        inside: impl Fn(&Spread, f64) -> bool,
    ) {
        let median = line.measured_median.filter(|median| *median > 0.0);
        let (Some(median), Some(predicted)) = (median, line.predicted) else {
            let parts = [subject, &setting, &name(&line.figure)].map(str::to_owned);
            let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            self.skipped.push(parts.join(", "));
            return;
        };
        let measured = Spread {
            low: line.measured_low_quartile.unwrap_or(median),
            median,
            high: line.measured_high_quartile.unwrap_or(median),
            rounds: line.rounds,
        };
        let inside = inside(&measured, predicted);
        let point = Point { figure: line.figure, measured, predicted, inside };
        self.rows.push(Row { subject: subject.into(), setting, point, method: String::new() });
    }

    /// The figures in file order.
    pub fn figures(&self) -> Vec<String> {
        distinct(self.rows.iter().map(|row| row.point.figure.clone()))
    }

    /// The rows of one figure.
    pub fn of<'m>(&'m self, figure: &'m str) -> impl Iterator<Item = &'m Row> {
        self.rows.iter().filter(move |row| row.point.figure == figure)
    }

    /// The unit in which a figure's values read well.
    pub fn unit(&self, figure: &str) -> Unit {
        unit(figure, quantile(self.of(figure).map(|row| row.point.measured.median), 0.5))
    }

    /// The most rounds that a row was measured in.
    pub fn rounds(&self) -> usize {
        self.rows.iter().map(|row| row.point.measured.rounds).max().unwrap_or(0)
    }

    /// What the rows say of the predictions.
    pub fn verdict(&self) -> Verdict {
        let contenders: Vec<Contender> = self.of("goodput_bit_s").map(Row::contender).collect();
        Verdict {
            figures: summaries(&self.rows.iter().map(|row| &row.point).collect::<Vec<_>>()),
            ranking: ranking(&contenders),
            skipped: self.skipped.len(),
        }
    }

    /// The rows as families for the scatter, one per figure; `held_out` where no parameter was
    /// fitted to them.
    pub fn families(&self, file: &str, held_out: bool) -> Vec<Family> {
        let family = |figure: String| {
            let Unit { name: unit, scale } = self.unit(&figure);
            let check = |(at, row): (usize, &Row)| {
                let spread = row.point.measured;
                Check {
                    family: name(&figure),
                    file: file.into(),
                    row: (at + 1).to_string(),
                    label: row.told(),
                    measured: spread.median / scale,
                    quartiles: Some((spread.low / scale, spread.high / scale)),
                    predicted: row.point.predicted / scale,
                    unit: unit.into(),
                    error: row.point.error(),
                    held_out,
                }
            };
            let checks = self.of(&figure).enumerate().map(check).collect();
            Family { name: name(&figure), unit: unit.into(), checks }
        };
        self.figures().into_iter().map(family).collect()
    }
}

impl Row {
    fn contender(&self) -> Contender<'_> {
        Contender { setting: &self.setting, topology: &self.subject, point: &self.point }
    }

    /// Subject and setting in a line.
    pub fn told(&self) -> String {
        match self.setting.is_empty() {
            true => self.subject.clone(),
            false => format!("{}, {}", self.subject, self.setting),
        }
    }
}

/// The key columns that tell rows of one topology and figure apart.
fn told(table: &Table) -> Result<Vec<String>, PlotError> {
    let keys = table.columns().iter().take_while(|column| *column != "figure");
    let keys = keys.filter(|key| !["experiment", "point", "topology"].contains(&key.as_str()));
    let values = |columns: &[String]| -> Result<usize, PlotError> {
        let mut rows: Vec<Vec<&str>> = Vec::new();
        for line in table.rows() {
            rows.push(columns.iter().map(|column| line.text(column)).collect::<Result<_, _>>()?);
        }
        Ok(distinct(rows.into_iter()).len())
    };
    let mut told = Vec::new();
    for key in keys {
        if values(std::slice::from_ref(key))? > 1 {
            told.push(key.clone());
        }
    }
    // Ends that a transfer's name already tells apart need not be named beside it.
    for end in ["from", "to", "via"] {
        let fewer: Vec<String> = told.iter().filter(|column| *column != end).cloned().collect();
        if values(&fewer)? == values(&told)? {
            told = fewer;
        }
    }
    Ok(told)
}

/// A figure's column as words.
pub fn name(figure: &str) -> String {
    match figure {
        "goodput_bit_s" => "goodput".into(),
        "sent_bit_s" => "rate sent".into(),
        "packet_s" => "packets per second".into(),
        "completion_s" => "completion time".into(),
        "round_trip_s" => "round trip".into(),
        "reading_core_s_per_b" => "core time of reading, per byte".into(),
        other => other.replace('_', " "),
    }
}

/// The spread of a measurement as a part of its median; a single round has none.
pub fn spread_told(spread: &Spread) -> String {
    if spread.rounds > 1 { words::error(spread.ratio()) } else { "–".into() }
}

/// The unit in which a figure reads well where `typical` is one of its values.
pub fn unit(figure: &str, typical: f64) -> Unit {
    let of = |name, scale| Unit { name, scale };
    match figure {
        _ if figure.ends_with("_bit_s") => {
            let (name, scale) = words::bit_unit(typical);
            of(name, scale)
        }
        _ if figure.ends_with("_s_per_b") => of("ns/B", 1e-9),
        "packet_s" if typical >= 1e6 => of("million packets/s", 1e6),
        "packet_s" if typical >= 1e3 => of("thousand packets/s", 1e3),
        "packet_s" => of("packets/s", 1.0),
        _ if figure.ends_with("_s") => match typical {
            long if long >= 1.0 => of("s", 1.0),
            long if long >= 1e-3 => of("ms", 1e-3),
            _ => of("µs", 1e-6),
        },
        _ => of("", 1.0),
    }
}
