//! `--import` of what other programs print: tables of it, and a profile where one is completed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use calibration_gpu::import::{self, Imported, Overlay, overlay};
use calibration_gpu::raw::Stated;
use models::input::{InputError, Source};
use models::library::Kind;
use serde_json::json;

use super::{Arguments, port};
use crate::command::calibrate::write;
use crate::console::Console;
use crate::failure::Failure;
use crate::file;
use crate::output::Staging;

/// Tables of what others measured, and a profile where there is one to complete.
pub(super) fn take_over(arguments: &Arguments, console: &Console) -> Result<(), Failure> {
    let read = |path: &PathBuf| -> Result<(Arc<Source>, Imported), InputError> {
        let source = file::read_text(path, "--import")?;
        let imported = import::read(&source)?;
        Ok((source, imported))
    };
    let imported: Result<Vec<_>, InputError> = arguments.import.iter().map(read).collect();
    let imported = imported?;
    for (source, of) in &imported {
        of.notes().iter().for_each(|note| console.note(&format!("note: {}: {note}", source.name)));
    }
    let text = match &arguments.base {
        None => None,
        Some(base) => {
            let base = calibration_data::shipped().profile(Kind::Gpu, base);
            let base = base.map_err(|error| InputError { field: "--base".into(), ..error })?;
            let port = port(arguments.pcie.as_deref())?;
            let device = arguments.device;
            let with = Overlay { imported: &imported, device, base: &base, port: &port };
            Some(overlay(&with)?)
        }
    };
    let staging = results_folder(&arguments.results())?;
    let failed = |error| Failure::run("writing imported.csv", error);
    std::fs::write(staging.path().join("imported.csv"), import::table(&imported))
        .map_err(failed)?;
    staging.commit(false)?;
    let Some(text) = text else {
        console.note("--base PROFILE completes a shipped profile with what was imported");
        console.print(&format!("written to {}\n", arguments.results().display()))?;
        return console.print_json(&json!({ "results": arguments.results() }));
    };
    let Stated { name, .. } = arguments.stated(&Stated::default(), None);
    match write(arguments.out.as_deref(), "gpu", &name, &text)? {
        Some(file) => console.print(&format!("written to {}\n", file.display()))?,
        None => console.print(&text)?,
    }
    let results = arguments.results();
    console.print(&format!("\nresults in {}\n", results.display()))?;
    console.print_json(&json!({ "name": name, "profile": text, "results": results }))
}

pub(super) fn results_folder(folder: &Path) -> Result<Staging, InputError> {
    Staging::new(folder).map_err(|error| InputError { field: "--results".into(), ..error })
}
