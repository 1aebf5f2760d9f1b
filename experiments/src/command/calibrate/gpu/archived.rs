//! Readings that were taken elsewhere: an archive, the folder of one, or a raw.jsonl alone.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use calibration_gpu::archive::{self, Archive};
use calibration_gpu::evaluate::evaluate;
use calibration_gpu::import::{self, Imported};
use calibration_gpu::raw;
use models::input::{InputError, Source};
use serde_json::json;

use super::{Arguments, outcome};
use crate::console::Console;
use crate::failure::Failure;
use crate::file::reason;
use crate::output::write_file;

/// Members that other programs printed, and `--import` reads.
const PRINTED: [&str; 2] = ["facts/nvidia-smi-q-x.xml", "facts/nvidia-smi-topo-m.txt"];

/// Whether a path names readings of podpath, and not what another program printed.
pub(super) fn is_one(path: &Path) -> bool {
    if path.is_dir() || archive::is_packed(path) {
        return true;
    }
    let mut head = Vec::new();
    let begun = File::open(path).and_then(|file| file.take(64).read_to_end(&mut head));
    begun.is_ok() && raw::looks_like(&String::from_utf8_lossy(&head))
}

/// `--import`: evaluates the readings as the machine that took them did.
pub(super) fn take_over(
    arguments: &Arguments,
    path: &Path,
    console: &Console,
) -> Result<(), Failure> {
    if arguments.base.is_some() {
        let problem = "completes what other programs measured, and this is a whole calibration";
        return Err(InputError::new("--base", problem).help("leave it out").into());
    }
    let (readings, archive) = readings(path)?;
    let raw = raw::read(&readings)?;
    let stated = arguments.stated(&raw.stated, Some(&raw.facts));
    if raw.facts.simulated {
        console.note("readings of a SIMULATED device: nothing was measured");
    }
    outcome::tell(arguments, &evaluate(raw), &stated, console)?;
    let printed = archive.map_or(Vec::new(), |archive| printed(&archive, console));
    if !printed.is_empty() {
        write_file(&arguments.results().join("imported.csv"), import::table(&printed))?;
    }
    Ok(())
}

/// The readings, and the archive that they are in.
fn readings(path: &Path) -> Result<(Arc<Source>, Option<Archive>), InputError> {
    let metadata = fs::metadata(path);
    let alone = metadata.as_ref().is_ok_and(|metadata| {
        metadata.is_file() && metadata.len() <= archive::MEMBER_MAX && !archive::is_packed(path)
    });
    if alone {
        let unreadable = |error: std::io::Error| {
            let told = format!("`{}` cannot be read: {}", path.display(), reason(&error));
            InputError::new("--import", told)
        };
        let text = fs::read(path).map_err(unreadable)?;
        let name = path.display().to_string();
        let text = String::from_utf8(text).map_err(|_| {
            InputError::new("--import", format!("`{name}` is no text"))
                .help("the raw.jsonl of a calibration, or the archive that it is in")
        })?;
        return Ok((Source::new(name, text), None));
    }
    let archive = archive::open(path).map_err(|error| error.input("--import"))?;
    let text = archive.text(archive::RAW).map_err(|error| error.input("--import"))?;
    Ok((text, Some(archive)))
}

/// What other programs printed on that machine, where it can be read.
fn printed(archive: &Archive, console: &Console) -> Vec<(Arc<Source>, Imported)> {
    let mut all = Vec::new();
    for name in PRINTED {
        let Ok(source) = archive.text(name) else { continue };
        match import::read(&source) {
            Ok(imported) => all.push((source, imported)),
            Err(error) => console.note(&format!("passed over: {error}")),
        }
    }
    all
}

/// `--pack`: everything in a folder as one file.
pub(super) fn pack(arguments: &Arguments, folder: &Path, console: &Console) -> Result<(), Failure> {
    let packed = archive::pack(folder).map_err(|error| error.input("--pack"))?;
    let out = arguments.out.as_deref().unwrap_or(Path::new("podpath-gpu.tar.gz"));
    write_file(out, &packed.bytes)?;
    let (number, bytes) = (packed.manifest.members.len(), packed.bytes.len());
    for left in &packed.manifest.left_out {
        console.note(&format!("left out: {}: {}", left.name, left.why));
    }
    console.print(&format!("{number} files, {bytes} bytes, in {}\n", out.display()))?;
    console.print_json(&json!({ "file": out, "bytes": bytes, "manifest": packed.manifest }))
}
