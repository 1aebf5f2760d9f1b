//! MPS for as long as it is needed: the control daemon, with a folder of its own.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The program that the driver installs.
const CONTROL: &str = "nvidia-cuda-mps-control";

/// A control daemon that ends when this is dropped.
pub(super) struct Daemon {
    folder: PathBuf,
}

impl Daemon {
    pub(super) fn start() -> Result<Daemon, String> {
        let name = format!("podpath-mps-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let failed = |error: std::io::Error| format!("MPS has no folder: {error}");
        fs::create_dir_all(&folder).map_err(failed)?;
        let daemon = Daemon { folder };
        let mut command = daemon.command();
        let status = command.arg("-d").stdin(Stdio::null()).status();
        match status {
            Ok(status) if status.success() => Ok(daemon),
            Ok(status) => Err(format!("MPS does not start: {CONTROL} -d ended with {status}")),
            Err(error) => Err(format!("MPS does not start: {CONTROL}: {error}")),
        }
    }

    /// What its clients have to find in their environment.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let folder = self.folder.display().to_string();
        ["CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY"]
            .map(|name| (name.to_owned(), folder.clone()))
            .to_vec()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(CONTROL);
        command.envs(self.settings()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Ok(mut control) = self.command().stdin(Stdio::piped()).spawn() {
            if let Some(mut tell) = control.stdin.take() {
                let _ = writeln!(tell, "quit");
            }
            let _ = control.wait();
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}
