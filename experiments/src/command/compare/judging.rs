//! `podpath compare --measured PATH`: a measured judging set beside what was predicted of it.
//!
//! ```text
//!   judging.csv ──┐
//!   data/frozen ──┼─► compare.csv (a line per case) ─► summary.csv (by kind and half) ─► report
//!   --profile ────┘
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;

use calibration_gpu::archive;
use calibration_gpu::judge::frozen::{self, Frozen};
use calibration_gpu::judge::predict::{Prediction, Said, Subject, predict};
use calibration_gpu::judge::table::{self, Measurements};
use calibration_gpu::judge::verdict::{Compared, Of, Summary, compare, summaries};
use calibration_gpu::judge::{Half, Kind};
use models::input::{InputError, Source, suggest};
use models::library::Kind as Folder;
use serde_json::json;

use crate::console::{Console, Sheet, number};
use crate::failure::Failure;
use crate::output::Staging;
use crate::plot::words;
use crate::record::write_table;
use crate::{file, plot, report};

/// The host whose profile predicts: nobody calibrated that of the machine.
const HOST: &str = "gpu-server";
/// The folder for results where none is named.
const OUT: &str = "results/judged";

/// What is judged by what.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The measurements: a folder that has a judging.csv, the file, or an archive that it is in.
    pub(super) measured: &'a Path,
    /// The GPU profile to judge: a shipped one's name, or a file.
    pub(super) profile: Option<&'a str>,
    /// The frozen predictions, where the device does not tell which.
    pub(super) frozen: Option<&'a str>,
    /// The folder for results.
    pub(super) out: Option<&'a Path>,
    /// The most cases to print.
    pub(super) rows: usize,
}

pub(super) fn run(asked: &Asked<'_>, console: &Console) -> Result<(), Failure> {
    let measurements = table::read(&source(asked.measured)?)?;
    let frozen = chosen(asked.frozen, &measurements)?;
    if frozen.is_none() {
        console.note(&format!(
            "no predictions were frozen for `{}`; --frozen NAME takes those of another GPU",
            measurements.device
        ));
    }
    let subject = asked.profile.map(subject).transpose()?;
    let now = subject.as_ref().map(predict).transpose()?;
    let before = frozen.map(|frozen| &frozen.predictions[..]);
    let compared = compare(&measurements, before, now.as_deref());
    let found = summaries(&compared);
    let out = asked.out.unwrap_or(Path::new(OUT));
    let staging = Staging::new(out)?;
    let stage = staging.path();
    write_table(&stage.join("compare.csv"), lines(&compared, now.as_deref()).into_iter())?;
    write_table(&stage.join("summary.csv"), summary_lines(&found).into_iter())?;
    write_table(&stage.join("unjudged.csv"), unjudged(&measurements, &compared).into_iter())?;
    let told = told(&measurements, frozen, subject.as_ref());
    let drawing = |error| Failure::run("drawing the comparison", error);
    let figures = plot::judging(stage).map_err(drawing)?;
    report::judging(stage, &told, measurements.simulated(), &figures).map_err(drawing)?;
    staging.commit(false)?;
    for sentence in &told {
        console.print(&format!("{sentence}\n"))?;
    }
    console.print("\n")?;
    print_cases(&compared, asked.rows, console)?;
    print_errors(&found, console)?;
    console.print(&format!("\nresults in {}\n", out.display()))?;
    console.print_json(&json!({
        "out": out,
        "device": measurements.device,
        "frozen": frozen.map(|frozen| json!({ "name": frozen.name, "head": frozen.head })),
        "profile": subject.map(|subject| subject.gpu),
        "measured": compared.len(),
        "summaries": found,
    }))
}

/// The text of the measurements that a path names.
fn source(path: &Path) -> Result<Arc<Source>, InputError> {
    if archive::is_packed(path) || path.join(archive::MANIFEST).is_file() {
        let refused = |error: archive::ArchiveError| error.input("--measured");
        return archive::open(path).map_err(refused)?.text(archive::JUDGING).map_err(refused);
    }
    if !path.is_dir() {
        return file::read_text(path, "--measured");
    }
    // What an archive is to be made of has them in a folder of their own.
    let places = [path.join(table::FILE), path.join(archive::JUDGING)];
    let Some(place) = places.iter().find(|place| place.is_file()) else {
        return Err(InputError::new(
            "--measured",
            format!("`{}` has no judging.csv", path.display()),
        )
        .help(
            "a folder that `podpath calibrate gpu --judge` wrote, its judging.csv, or an archive",
        ));
    };
    file::read_text(place, "--measured")
}

/// The frozen file of that name, or the one for the device.
fn chosen(
    name: Option<&str>,
    measurements: &Measurements,
) -> Result<Option<&'static Frozen>, InputError> {
    let all = frozen::all()?;
    let Some(name) = name else { return Ok(frozen::of_device(all, &measurements.device)) };
    let names = || all.iter().map(|frozen| frozen.name.as_str());
    match all.iter().find(|frozen| frozen.name == name) {
        Some(frozen) => Ok(Some(frozen)),
        None => Err(InputError::new("--frozen", format!("nothing is frozen for `{name}`"))
            .help(suggest(name, names()))),
    }
}

/// What predicts now: the profile, in the slot that it names.
fn subject(profile: &str) -> Result<Subject, InputError> {
    let field = |error| InputError { field: "--profile".into(), ..error };
    let mut library = calibration_data::shipped().clone();
    let path = PathBuf::from(profile);
    let gpu = match path.extension().is_some_and(|ending| ending == "csv") {
        true => {
            let source = file::read_text(&path, "--profile")?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            library.add(Folder::Gpu, name.clone(), source);
            name
        }
        false => profile.to_owned(),
    };
    let read = library.profile(Folder::Gpu, &gpu).map_err(field)?;
    let (generation, lanes) = (read.count("pcie_generation")?, read.count("pcie_lanes")?);
    let pcie = format!("gen{generation}-x{lanes}");
    Ok(Subject { library, gpu, pcie, host: HOST.into() })
}

/// `compare.csv`: a line per case that was measured.
fn lines(compared: &[Compared], now: Option<&[Prediction]>) -> Vec<Vec<String>> {
    let header = [
        "case",
        "kind",
        "half",
        "unit",
        "measured",
        "low_quartile",
        "high_quartile",
        "repetitions",
        "by",
        "frozen",
        "frozen_low",
        "frozen_high",
        "frozen_error",
        "predicted",
        "predicted_low",
        "predicted_high",
        "predicted_error",
        "why_not",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for one in compared {
        let measured = &one.measured;
        let case = measured.case;
        let mut row = vec![case.name.clone(), case.kind.name().into(), case.half.name().into()];
        row.push(table::UNIT.into());
        row.extend([measured.value, measured.low, measured.high].map(|v| format!("{v:e}")));
        row.extend([measured.repetitions.to_string(), case.by().name().into()]);
        row.extend(cells(one, Of::Frozen));
        row.extend(cells(one, Of::Now));
        let said = if now.is_some() { &one.now } else { &one.frozen };
        let why = said.as_ref().and_then(|said| said.as_ref().err());
        row.push(why.cloned().unwrap_or_default());
        rows.push(row);
    }
    rows
}

/// A prediction with its interval and error, or empty cells.
fn cells(one: &Compared, of: Of) -> [String; 4] {
    let (Some(Said { value, low, high }), Some(error)) = (one.said(of), one.error(of)) else {
        return [const { String::new() }; 4];
    };
    let [value, low, high] = [value, low, high].map(|value| format!("{value:e}"));
    [value, low, high, format!("{error:.5}")]
}

/// `summary.csv`: errors of either prediction, by kind and half.
fn summary_lines(found: &[Summary]) -> Vec<Vec<String>> {
    let header = [
        "of",
        "kind",
        "half",
        "cases",
        "median_error_ratio",
        "p90_error_ratio",
        "worst_error_ratio",
        "coverage_ratio",
    ];
    let row = |summary: &Summary| {
        let errors = &summary.errors;
        let ratios = [
            errors.median_error_ratio,
            errors.p90_error_ratio,
            errors.worst_error_ratio,
            errors.coverage_ratio,
        ];
        let mut row = vec![
            name(summary.of).to_owned(),
            summary.kind.map_or("all", Kind::name).into(),
            summary.half.map_or("both", Half::name).into(),
            errors.cases.to_string(),
        ];
        row.extend(ratios.map(|ratio| format!("{ratio:.5}")));
        row
    };
    let header = std::iter::once(header.map(str::to_owned).to_vec());
    header.chain(found.iter().map(row)).collect()
}

/// `unjudged.csv`: cases that say nothing of a prediction, and why.
fn unjudged(measurements: &Measurements, compared: &[Compared]) -> Vec<Vec<String>> {
    let mut rows = vec![["case", "kind", "why"].map(str::to_owned).to_vec()];
    let mut add = |name: &str, kind: Kind, why: &str| {
        rows.push(vec![name.to_owned(), kind.name().to_owned(), why.to_owned()]);
    };
    for (case, why) in &measurements.left_out {
        add(&case.name, case.kind, &format!("not measured: {why}"));
    }
    for measured in measurements.measured.iter().filter(|measured| measured.wrong) {
        add(&measured.case.name, measured.case.kind, "its results were wrong");
    }
    for one in compared {
        let said = [&one.frozen, &one.now].into_iter().flatten();
        if let Some(why) = said.filter_map(|said| said.as_ref().err()).next() {
            add(&one.measured.case.name, one.measured.case.kind, &format!("not predicted: {why}"));
        }
    }
    rows
}

/// The name of a prediction in tables.
const fn name(of: Of) -> &'static str {
    match of {
        Of::Frozen => "frozen",
        Of::Now => "profile",
    }
}

/// What was compared with what, a sentence each.
fn told(
    measurements: &Measurements,
    frozen: Option<&Frozen>,
    subject: Option<&Subject>,
) -> Vec<String> {
    let mut told = vec![format!(
        "{} of {} were measured on {}.",
        words::count(measurements.measured.len(), "case"),
        measurements.measured.len() + measurements.left_out.len(),
        measurements.device
    )];
    told.extend(frozen.map(|frozen| {
        let head = |key: &str| frozen.head[key].split(' ').next().unwrap_or_default().to_owned();
        format!(
            "Frozen on {} at commit {:.12}: {} in a slot {} of host {}.",
            head("date"),
            head("commit"),
            frozen.name,
            head("pcie"),
            head("host")
        )
    }));
    let own = frozen::all().ok().and_then(|all| frozen::of_device(all, &measurements.device));
    if let Some(other) = frozen.filter(|frozen| own != Some(*frozen)) {
        told.push(format!("The device does not say that it is of the kind {}.", other.name));
    }
    told.extend(subject.map(|subject| {
        let Subject { gpu, pcie, host, .. } = subject;
        format!("Predicted now with the profile {gpu} in a slot {pcie} of host {host}.")
    }));
    told
}

/// Every case with both predictions, the first `most` of the set.
fn print_cases(compared: &[Compared], most: usize, console: &Console) -> Result<(), Failure> {
    if most == 0 {
        return Ok(());
    }
    let mut sheet =
        Sheet::new(&["case", "half", "frozen", "error", "measured", "profile", "error"]);
    for one in compared.iter().take(most) {
        let time = |of| one.said(of).map_or(String::new(), |said| words::time(said.value));
        let error = |of| one.error(of).map_or(String::new(), words::gain);
        let case = one.measured.case;
        sheet.add_row([
            case.name.clone().into(),
            case.half.name().into(),
            number(time(Of::Frozen)),
            number(error(Of::Frozen)),
            number(words::time(one.measured.value)),
            number(time(Of::Now)),
            number(error(Of::Now)),
        ]);
    }
    console.print_table(sheet)?;
    match compared.len().saturating_sub(most) {
        0 => console.print("\n"),
        more => console.print(&format!("{more} more cases in compare.csv\n\n")),
    }
}

/// The errors of both predictions side by side, by kind and half.
fn print_errors(found: &[Summary], console: &Console) -> Result<(), Failure> {
    let mut sheet = Sheet::new(&[
        "kind",
        "half",
        "cases",
        "frozen: median",
        "p90",
        "coverage",
        "profile: median",
        "p90",
        "coverage",
    ]);
    let kinds = Kind::ALL.map(Some).into_iter().chain([None]);
    let rows = kinds.flat_map(|kind| {
        let both = kind.is_none().then_some(None);
        Half::ALL.map(Some).into_iter().chain(both).map(move |half| (kind, half))
    });
    for (kind, half) in rows {
        let of = |of| {
            let own = |one: &&Summary| (one.of, one.kind, one.half) == (of, kind, half);
            found.iter().find(own).map(|one| &one.errors)
        };
        let (frozen, now) = (of(Of::Frozen), of(Of::Now));
        let Some(any) = frozen.or(now) else { continue };
        let cells = [frozen, now].into_iter().flat_map(|errors| {
            let told = errors.map_or([const { String::new() }; 3], |errors| {
                [
                    words::error(errors.median_error_ratio),
                    words::error(errors.p90_error_ratio),
                    words::percent(errors.coverage_ratio),
                ]
            });
            told.map(number)
        });
        let mut row = vec![
            kind.map_or("all", Kind::name).into(),
            half.map_or("both", Half::name).into(),
            number(any.cases),
        ];
        row.extend(cells);
        sheet.add_row(row);
    }
    console.print_table(sheet)
}
