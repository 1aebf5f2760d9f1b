//! Frozen predictions: what a profile said of the judging set before anybody had measured it.
//!
//! A file of `data/frozen` is written once, by `podpath calibrate freeze`, and never again: what
//! was predicted cannot be improved after the fact. Its head names the commit, the day, and the
//! three profiles with their hashes:
//!
//! ```csv
//! # commit: 0123…
//! # gpu: h100-80-sxm 4567…
//! set,case,kind,half,predicted,low,high,unit,by,why_not
//! 1,pinned/blocking/to-device/1KiB,pinned,kept-out,3.52e-5,5.0e-6,3.6e-5,s,solve,
//! ```

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use include_dir::{Dir, include_dir};
use models::input::{InputError, Source};
use models::library::{Kind as Folder, Library};
use models::profile::csv_error;
use serde::Deserialize;

use super::predict::{By, Prediction, Said, Subject};
use super::table::UNIT;
use super::{Half, Kind, VERSION, case, cases};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../data/frozen");
/// What the head of a file has to name.
const HEAD: [&str; 5] = ["commit", "date", "gpu", "pcie", "host"];
const COLUMNS: [&str; 10] =
    ["set", "case", "kind", "half", "predicted", "low", "high", "unit", "by", "why_not"];

/// A frozen file.
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen {
    /// Its name without the ending: that of the GPU's profile.
    pub name: String,
    /// What its head says: `commit`, `date`, and the name and hash of each profile.
    pub head: BTreeMap<String, String>,
    /// The predictions, in the order of the file.
    pub predictions: Vec<Prediction>,
}

/// Every frozen file that ships, by name.
///
/// # Errors
/// If one is not what [`text`] writes.
pub fn all() -> Result<&'static [Frozen], InputError> {
    static ALL: OnceLock<Result<Vec<Frozen>, InputError>> = OnceLock::new();
    let read = || {
        let mut all = Vec::new();
        let tables =
            FILES.files().filter(|file| file.path().extension().is_some_and(|e| e == "csv"));
        for file in tables {
            let name = file.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = file.contents_utf8().unwrap_or_default();
            all.push(parse(&name, &Source::new(format!("shipped:frozen/{name}.csv"), text))?);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    };
    ALL.get_or_init(read).as_deref().map_err(Clone::clone)
}

/// The frozen file for a GPU that calls itself `device`; none if no file, or more than one, can
/// be meant.
pub fn of_device<'a>(all: &'a [Frozen], device: &str) -> Option<&'a Frozen> {
    let upper = device.to_uppercase();
    // The driver calls the SXM module `NVIDIA H100 80GB HBM3`, and the card `NVIDIA H100 PCIe`.
    let form = match (upper.contains("PCIE"), upper.contains("HBM3") || upper.contains("H200")) {
        (true, _) => "pcie",
        (false, true) => "sxm",
        (false, false) => return None,
    };
    let model =
        upper.split(' ').find(|word| word.starts_with("H100") || word.starts_with("H200"))?;
    let model = format!("{}-", model.to_lowercase());
    let mut fits =
        all.iter().filter(|frozen| frozen.name.starts_with(&model) && frozen.name.ends_with(form));
    fits.next().filter(|_| fits.next().is_none())
}

/// A frozen file: what `subject` says, at `commit`, on `date`.
///
/// # Errors
/// If a profile is missing.
pub fn text(
    subject: &Subject,
    predictions: &[Prediction],
    commit: &str,
    date: &str,
) -> Result<String, InputError> {
    let mut head = format!("# commit: {commit}\n# date: {date}\n");
    for (folder, name) in
        [(Folder::Gpu, &subject.gpu), (Folder::Pcie, &subject.pcie), (Folder::Host, &subject.host)]
    {
        let hash = hash(&subject.library, folder, name)?;
        head += &format!("# {}: {name} {hash}\n", folder.folder());
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("memory");
    for Prediction { case, by, said } in predictions {
        let number = |value: f64| format!("{value:e}");
        let (numbers, why) = match said {
            Ok(said) => ([said.value, said.low, said.high].map(number), ""),
            Err(why) => ([const { String::new() }; 3], why.as_str()),
        };
        let [value, low, high] = numbers;
        let (kind, half) = (case.kind.name().to_owned(), case.half.name().to_owned());
        let set = VERSION.to_string();
        let rest = [UNIT.to_owned(), by.name().to_owned(), why.to_owned()];
        let first = [set, case.name.clone(), kind, half, value, low, high];
        writer.write_record(first.iter().chain(&rest)).expect("memory");
    }
    let body = String::from_utf8(writer.into_inner().expect("memory")).expect("text");
    Ok(head + &body)
}

/// The hash of a profile's text.
fn hash(library: &Library, folder: Folder, name: &str) -> Result<String, InputError> {
    let source = library.source(folder, name)?;
    Ok(blake3::hash(source.text.as_bytes()).to_hex().to_string())
}

/// A line of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    set: u32,
    case: String,
    kind: Kind,
    half: Half,
    predicted: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    unit: String,
    by: By,
    why_not: String,
}

/// Reads a frozen file.
///
/// # Errors
/// If its head lacks something, a line is of another version of the set or of no case of it, a
/// case has no line or two, or a prediction is no time within its interval.
pub fn parse(name: &str, source: &Arc<Source>) -> Result<Frozen, InputError> {
    let fault = |field: &str, problem: &str, line: usize| {
        InputError::new(field, problem).at(source, source.span_of_line(line))
    };
    let head: BTreeMap<String, String> = source
        .text
        .lines()
        .map_while(|line| line.strip_prefix("# ")?.split_once(": "))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    if let Some(missing) = HEAD.iter().find(|key| !head.contains_key(**key)) {
        return Err(fault(missing, "is not named in the head of the file", 1));
    }
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(source.text.as_bytes());
    let headers = reader.headers().map_err(|error| csv_error(source, &error))?.clone();
    let mut predictions: Vec<Prediction> = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| csv_error(source, &error))? {
        let at = record.position().map_or(1, |position| position.line() as usize);
        let line: Line =
            record.deserialize(Some(&headers)).map_err(|error| csv_error(source, &error))?;
        let prediction = prediction(&line).map_err(|(field, why)| fault(field, why, at))?;
        if predictions.iter().any(|known| known.case.name == line.case) {
            return Err(fault("case", "stands here twice", at));
        }
        predictions.push(prediction);
    }
    let missing = cases().iter().find(|case| !predictions.iter().any(|p| p.case == *case));
    match missing {
        Some(case) => Err(fault(&case.name, "has no line in this file", 1)),
        None => Ok(Frozen { name: name.to_owned(), head, predictions }),
    }
}

/// What a line predicts, or which field is wrong and why.
fn prediction(line: &Line) -> Result<Prediction, (&'static str, &'static str)> {
    if line.set != VERSION {
        return Err(("set", "is another version of the judging set"));
    }
    let case = case(&line.case).ok_or(("case", "is no case of the judging set"))?;
    if line.kind != case.kind || line.half != case.half || line.unit != UNIT {
        return Err(("case", "has another kind, half or unit than in the judging set"));
    }
    let said = match (line.predicted, line.low, line.high) {
        (Some(value), Some(low), Some(high)) if 0.0 < low && low <= value && value <= high => {
            Ok(Said { value, low, high })
        }
        (None, None, None) if !line.why_not.is_empty() => Err(line.why_not.clone()),
        (None, None, None) => return Err(("why_not", "is empty where nothing is predicted")),
        _ => return Err(("predicted", "is no time within its interval")),
    };
    Ok(Prediction { case, by: line.by, said })
}
