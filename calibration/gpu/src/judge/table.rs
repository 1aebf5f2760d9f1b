//! `judging.csv`: what was measured of the judging set, and what was left out and why.

use std::sync::Arc;

use calibration_data::file::{DataFile, Row};
use models::input::{InputError, Source};

use super::super::Facts;
use super::measure::Judged;
use super::{Case, VERSION, case, cases};

/// The name of the file.
pub const FILE: &str = "judging.csv";
/// Its columns; times are in the unit that stands beside them.
pub const COLUMNS: [&str; 13] = [
    "set",
    "device",
    "case",
    "kind",
    "half",
    "order",
    "value",
    "unit",
    "low_quartile",
    "high_quartile",
    "repetitions",
    "verified",
    "left_out",
];
/// The unit of every value.
pub const UNIT: &str = "s";

/// The whole file, a line per case in the order in which they were measured.
pub fn table(facts: &Facts, judged: &[Judged]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("memory");
    let device = match facts.simulated {
        true => format!("simulated device ({})", facts.name),
        false => facts.name.clone(),
    };
    for (order, judged) in judged.iter().enumerate() {
        let case = judged.case;
        let [low, median, high] = match judged.middle() {
            Some(middle) => middle.map(|seconds| format!("{seconds:e}")),
            None => [const { String::new() }; 3],
        };
        let verified = match judged.verified {
            _ if judged.readings.is_empty() => "",
            Some(true) => "right",
            Some(false) => "wrong",
            None => "not checked",
        };
        let line = [
            VERSION.to_string(),
            device.clone(),
            case.name.clone(),
            case.kind.name().into(),
            case.half.name().into(),
            (order + 1).to_string(),
            median,
            UNIT.into(),
            low,
            high,
            judged.readings.len().to_string(),
            verified.into(),
            judged.left_out.clone().unwrap_or_default(),
        ];
        writer.write_record(line).expect("memory");
    }
    String::from_utf8(writer.into_inner().expect("memory")).expect("text in, text out")
}

/// A case that was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The case.
    pub case: &'static Case,
    /// The median in seconds.
    pub value: f64,
    /// The lower quartile in seconds.
    pub low: f64,
    /// The upper quartile in seconds.
    pub high: f64,
    /// Readings.
    pub repetitions: usize,
    /// Whether the results were found to be wrong.
    pub wrong: bool,
}

/// A measured judging set.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurements {
    /// What the device calls itself.
    pub device: String,
    /// What was measured, in the order of the set.
    pub measured: Vec<Measured>,
    /// Cases that were not, and why.
    pub left_out: Vec<(&'static Case, String)>,
}

impl Measurements {
    /// Whether it was no GPU.
    pub fn simulated(&self) -> bool {
        self.device.starts_with("simulated device")
    }
}

/// Reads such a file.
///
/// # Errors
/// If a column is missing, a line is of another version of the set, of no case of it, or of one
/// twice; a value is no time; or a line has neither a value nor a reason why not.
pub fn read(source: &Arc<Source>) -> Result<Measurements, InputError> {
    let file = DataFile::from_bytes(&source.name, source.text.as_bytes())?;
    if let Some(missing) = COLUMNS.iter().find(|column| !file.columns().any(|c| c == **column)) {
        return Err(InputError::new(*missing, "this column is missing")
            .help(format!("the header of {FILE} is {}", COLUMNS.join(",")))
            .at(file.source(), file.source().span_of_line(1)));
    }
    let mut device = None;
    let (mut measured, mut left_out) = (Vec::new(), Vec::new());
    let mut seen: Vec<&str> = Vec::new();
    for row in file.rows() {
        let case = known(&row)?;
        if seen.contains(&case.name.as_str()) {
            return Err(row.fault("case", "stands here twice").help("one line a case"));
        }
        seen.push(&case.name);
        let own = row.text("device")?;
        if device.get_or_insert_with(|| own.to_owned()) != own {
            return Err(row.fault("device", "is another one than that of the first line"));
        }
        match line(&row, case)? {
            Ok(one) => measured.push(one),
            Err(why) => left_out.push((case, why)),
        }
    }
    let place = |case: &Case| cases().iter().position(|known| known.name == case.name);
    measured.sort_by_key(|one: &Measured| place(one.case));
    Ok(Measurements { device: device.unwrap_or_default(), measured, left_out })
}

/// The case that a line is about.
fn known(row: &Row<'_>) -> Result<&'static Case, InputError> {
    let set = row.text("set")?;
    if set != VERSION.to_string() {
        return Err(row
            .fault("set", format!("is version {set} of the judging set"))
            .help(format!("this program has version {VERSION}")));
    }
    let name = row.text("case")?;
    let case = case(name).ok_or_else(|| row.fault("case", format!("`{name}` is no case")))?;
    let (kind, half) = (row.text("kind")?, row.text("half")?);
    if kind != case.kind.name() {
        return Err(
            row.fault("kind", format!("`{kind}`, where the set has `{}`", case.kind.name()))
        );
    }
    match half == case.half.name() {
        true => Ok(case),
        false => Err(row
            .fault("half", format!("`{half}`, where the set says otherwise"))
            .help(case.half.name())),
    }
}

/// What a line says: a measured case, or why there is none.
fn line(row: &Row<'_>, case: &'static Case) -> Result<Result<Measured, String>, InputError> {
    if row.text("unit")? != UNIT {
        return Err(row.fault("unit", "is not `s`"));
    }
    let why = row.cell("left_out").unwrap_or_default();
    if row.cell("value").is_none_or(str::is_empty) {
        return match why {
            "" => Err(row.fault("value", "is missing, and nothing says why")),
            why => Ok(Err(why.to_owned())),
        };
    }
    let (low, value, high) =
        (row.positive("low_quartile")?, row.positive("value")?, row.positive("high_quartile")?);
    if !(low <= value && value <= high) {
        return Err(row.fault("value", "does not lie between its quartiles"));
    }
    Ok(Ok(Measured {
        case,
        value,
        low,
        high,
        repetitions: row.count("repetitions", 1 << 20)? as usize,
        wrong: row.text("verified")? == "wrong",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::plain;

    /// A whole file in which the first case was measured and all others were not.
    fn file() -> String {
        let judged = |(at, case): (usize, &'static Case)| Judged {
            case,
            readings: if at == 0 { vec![1e-6, 2e-6, 4e-6] } else { Vec::new() },
            verified: None,
            left_out: (at > 0).then(|| "the budget was spent, alas".into()),
        };
        table(&plain(), &cases().iter().enumerate().map(judged).collect::<Vec<_>>())
    }

    fn parsed(text: &str) -> Result<Measurements, InputError> {
        read(&Source::new("j.csv", text))
    }

    #[test]
    fn what_was_written_is_read_again() {
        let read = parsed(&file()).unwrap();
        assert!(read.simulated(), "{}", read.device);
        assert_eq!(read.measured.len(), 1);
        let one = &read.measured[0];
        assert_eq!((one.value, one.low, one.high), (2e-6, 1.5e-6, 3e-6));
        assert_eq!(read.left_out.len(), cases().len() - 1);
        assert_eq!(read.left_out[0].1, "the budget was spent, alas");
    }

    /// A file that is cut, foreign, changed or of another version is refused where it is wrong.
    #[test]
    fn what_is_no_judging_set_is_refused_with_line_and_field() {
        let good = file();
        let second = good.lines().nth(1).unwrap();
        let case = &cases()[0];
        let half = case.half.name();
        let other = if half == "kept-out" { "fit-may-look" } else { "kept-out" };
        let cases = [
            (good.replacen("left_out", "omitted", 1), "j.csv:1: left_out: this column is missing"),
            (good.replacen("\n1,", "\n2,", 1), "j.csv:2: set: is version 2 of the judging set"),
            (
                good.replacen(&case.name, "pinned/none", 1),
                "j.csv:2: case: `pinned/none` is no case",
            ),
            (good.replacen(&format!("{half},1,"), &format!("{other},1,"), 1), "j.csv:2: half: `"),
            (good.replacen("e-6,s,", "e-6,ms,", 1), "j.csv:2: unit: is not `s`"),
            (good.replacen("2e-6", "-2e-6", 1), "j.csv:2: value: `-2e-6` is not a finite number"),
            (
                good.replacen("2e-6", "9e-6", 1),
                "j.csv:2: value: does not lie between its quartiles",
            ),
            (good.replacen("2e-6", "", 1), "j.csv:2: value: is missing, and nothing says why"),
            (format!("{good}{second}\n"), "case: stands here twice"),
            (good[..good.len() - 30].to_owned(), "row: has "),
            ("a,b\n1,2\n".to_owned(), "j.csv:1: set: this column is missing"),
        ];
        for (text, expected) in cases {
            let told = parsed(&text).unwrap_err().to_string();
            assert!(told.contains(expected), "{expected}: {told}");
        }
    }
}
