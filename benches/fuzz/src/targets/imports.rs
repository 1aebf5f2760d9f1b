//! What `calibrate gpu` and `compare` take over from other programs and other machines.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::OnceLock;

use calibration_gpu::archive;
use calibration_gpu::evaluate::evaluate;
use calibration_gpu::import::{self, Overlay, overlay};
use calibration_gpu::judge::{frozen, table, verdict};
use calibration_gpu::{profile, raw};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use models::library::{Kind, Library};
use models::pcie::Port;
use models::profile::Profile;

use super::{parts, source};
use crate::laws::{has_no_number, refused};
use crate::verdict::Verdict;

/// An archive that was measured, as it ships.
const MEASURED: &str = "../../calibration/data/measured/h100-firecracker.tar.gz";

/// The column of figures in the table of what was imported.
const VALUE: usize = 6;

/// The GPU and the slot that are completed.
fn base() -> &'static (Profile, Port) {
    static BASE: OnceLock<(Profile, Port)> = OnceLock::new();
    BASE.get_or_init(|| {
        let library: &Library = calibration_data::shipped();
        let port =
            library.profile(Kind::Pcie, "gen4-x16").and_then(|port| Port::from_profile(&port));
        (library.profile(Kind::Gpu, "a100-40-pcie").expect("it ships"), port.expect("it ships"))
    })
}

pub(crate) fn others(input: &[u8]) -> Verdict {
    let source = source("printed", input);
    let imported = match import::read(&source) {
        Ok(imported) => imported,
        Err(error) => return refused(&error),
    };
    let program = imported.program();
    imported.notes();
    let all = [(source, imported)];
    let table = import::table(&all);
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    for row in rows.records() {
        let row = row.expect("a row as long as all");
        let number = row[VALUE].parse::<f64>().is_ok_and(|value| !value.is_finite());
        assert!(!number, "a figure is no number: {row:?}");
    }
    let (base, port) = base();
    match overlay(&Overlay { imported: &all, device: 0, base, port }) {
        Ok(text) => {
            let completed = calibration_data::shipped().parsed(
                Kind::Gpu,
                "completed",
                &super::source("gpu/completed.csv", text.as_bytes()),
            );
            completed.unwrap_or_else(|error| panic!("a profile that podpath refuses: {error}"));
            Verdict::Ended(format!("completed by {program}"))
        }
        Err(error) => {
            refused(&error);
            Verdict::Ended(format!("{program}: {}", error.problem))
        }
    }
}

/// A member of the archive that ships.
fn member(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(MEASURED);
    let archive = archive::open(&path).unwrap_or_else(|error| panic!("{error}"));
    archive.text(name).unwrap_or_else(|error| panic!("{error}")).text.clone()
}

/// Readings of some probes.
pub(crate) fn raw_parts() -> Vec<Vec<u8>> {
    let text = member(archive::RAW);
    let lines: Vec<&str> = text.lines().collect();
    let part = |every: usize| {
        let own = lines[1..].iter().filter(|line| line.len() < 4000).step_by(every);
        let all: Vec<&str> = std::iter::once(lines[0]).chain(own.copied().take(60)).collect();
        (all.join("\n") + "\n").into_bytes()
    };
    [1, 7, 23].map(part).to_vec()
}

pub(crate) fn raw(input: &[u8]) -> Verdict {
    let raw = match raw::read(&source("raw.jsonl", input)) {
        Ok(raw) => raw,
        Err(error) => return refused(&error),
    };
    let measured = evaluate(raw);
    if measured.samples.is_empty() {
        return Verdict::Ended("nothing measured".into());
    }
    match profile(&measured, &base().1, "a place") {
        Ok(text) => {
            let file = super::source("gpu/measured.csv", text.as_bytes());
            let parsed = calibration_data::shipped().parsed(Kind::Gpu, "measured", &file);
            parsed.unwrap_or_else(|error| panic!("a profile that podpath refuses: {error}"));
            Verdict::Ended("a profile".into())
        }
        Err(error) => refused(&error),
    }
}

/// Archives, as they are before they are packed.
pub(crate) fn archives() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    write(archive::RAW, &raw_parts()[0]);
    write(archive::JUDGING, &judgings()[0]);
    write("facts/date.txt", b"2026-01-01\n");
    let packed = archive::pack(folder.path()).unwrap_or_else(|error| panic!("{error}"));
    let mut tar = Vec::new();
    GzDecoder::new(&packed.bytes[..]).read_to_end(&mut tar).expect("it was packed just now");
    vec![tar]
}

pub(crate) fn archive(input: &[u8]) -> Verdict {
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(input).expect("memory");
    fs::write("a.tar.gz", packed.finish().expect("memory")).expect("a folder of its own");
    match archive::open(Path::new("a.tar.gz")) {
        Ok(archive) => match archive.text(archive::RAW) {
            Ok(text) => raw(text.text.as_bytes()),
            Err(error) => refused(&error.input("--import")),
        },
        Err(error) => refused(&error.input("--import")),
    }
}

/// Judging sets.
pub(crate) fn judgings() -> Vec<Vec<u8>> {
    parts(&member(archive::JUDGING), 12)
}

pub(crate) fn judging(input: &[u8]) -> Verdict {
    let measurements = match table::read(&source("judging.csv", input)) {
        Ok(measurements) => measurements,
        Err(error) => return refused(&error),
    };
    let frozen = &frozen::all().expect("they ship")[0];
    let compared = verdict::compare(&measurements, Some(&frozen.predictions), None);
    let told = format!("{:?}", verdict::summaries(&compared));
    assert!(!has_no_number(&told), "a figure is no number: {told}");
    Verdict::Ended(if compared.is_empty() { "nothing to judge" } else { "judged" }.into())
}
