//! The readings of a calibration, kept as probes end: what is there when it is killed is whole.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use calibration_gpu::campaign::Watch;
use calibration_gpu::probe::GpuProbe;
use calibration_gpu::raw::{self, Probed, Stated};
use calibration_gpu::{Campaign, Facts, GpuError};

use crate::console::Console;
use crate::interrupt;

/// The name of the file in the folder of results.
const FILE: &str = "raw.jsonl";

/// Where the readings go.
pub(super) struct Kept<'a> {
    folder: PathBuf,
    plan: &'a Campaign,
    stated: &'a Stated,
    console: &'a Console,
    /// Open from the first probe on: nothing is left of a campaign that never began.
    file: Option<File>,
}

impl<'a> Kept<'a> {
    pub(super) fn new(
        folder: &Path,
        plan: &'a Campaign,
        stated: &'a Stated,
        console: &'a Console,
    ) -> Kept<'a> {
        Kept { folder: folder.to_path_buf(), plan, stated, console, file: None }
    }

    fn keep(&mut self, facts: &Facts, probed: &Probed) -> std::io::Result<()> {
        if self.file.is_none() {
            fs::create_dir_all(&self.folder)?;
            let mut file = File::create(self.folder.join(FILE))?;
            file.write_all(raw::head(facts, self.plan, self.stated).as_bytes())?;
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(raw::lines(probed).as_bytes()),
            None => Ok(()),
        }
    }
}

impl Watch for Kept<'_> {
    fn begins(&mut self, probe: &GpuProbe) {
        self.console.note(&format!("{}: {}", probe.name, probe.about));
    }

    fn ended(&mut self, facts: &Facts, probed: &Probed) -> Result<(), GpuError> {
        self.keep(facts, probed).map_err(GpuError::Unwritten)
    }

    fn stops(&self) -> bool {
        interrupt::asked()
    }
}
