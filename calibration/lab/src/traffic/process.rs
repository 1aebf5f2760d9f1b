//! Programs of this machine, started so that none outlives its purpose.
//!
//! A program runs in a process group of its own, which is killed when its time is over, when the
//! user stops, or when anything fails; `setpriv --pdeathsig` makes the kernel kill it when the
//! thread that started it dies with podpath.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::end::join;
use super::error::TrafficError;
use super::watch::Watch;

/// The most that is read of a program's output.
const OUTPUT_MAX: u64 = 4 << 20;
/// How often a program is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Programs and the Debian packages that hold them.
const PACKAGES: [(&str, &str); 2] = [("iperf3", "iperf3"), ("setpriv", "util-linux")];

/// Whether every program that traffic needs is there.
///
/// # Errors
/// Names the first that is missing, and its Debian package.
pub fn requirements() -> Result<(), TrafficError> {
    PACKAGES.iter().try_for_each(|(tool, _)| find(tool).map(|_| ()))
}

/// Where a program is.
fn find(tool: &'static str) -> Result<PathBuf, TrafficError> {
    let folders = env::var_os("PATH").unwrap_or_default();
    // Debian keeps some programs where users other than root do not look.
    let more = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut places = env::split_paths(&folders).chain(more).map(|folder| folder.join(tool));
    let runs = |path: &PathBuf| {
        path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    let package = || PACKAGES.iter().find(|(name, _)| *name == tool).map_or(tool, |entry| entry.1);
    places.find(runs).ok_or_else(|| TrafficError::Missing { tool, package: package() })
}

/// What a program left.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) success: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// A started program; dropping it kills its process group.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let group = Pid::from_raw(self.0.id().cast_signed());
            // It may have ended in between, which is as good.
            let _ = killpg(group, Signal::SIGKILL);
            let _ = self.0.wait();
        }
    }
}

/// Runs a program on the namespace and core of the calling thread, and waits for its end.
/// `on_line` sees its output as it comes.
pub(super) fn run(
    program: &'static str,
    arguments: &[String],
    limit: Duration,
    watch: &Watch<'_>,
    on_line: &(dyn Fn(&str) + Sync),
) -> Result<Output, TrafficError> {
    let mut command = Command::new(find("setpriv")?);
    command.args(["--pdeathsig", "KILL", "--"]).arg(find(program)?).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().map_err(TrafficError::system("starting a program"))?;
    let mut running = Running(child);
    let (stdout, stderr) = (running.0.stdout.take(), running.0.stderr.take());
    thread::scope(|scope| {
        let stdout = scope.spawn(|| stdout.map(|pipe| read(pipe, on_line)).unwrap_or_default());
        let stderr = scope.spawn(|| stderr.map(|pipe| read(pipe, &|_| ())).unwrap_or_default());
        let ended = wait(&mut running, program, limit, watch);
        // Kills what is left of it, which ends the readers too.
        drop(running);
        let (stdout, stderr) = (join(stdout), join(stderr));
        Ok(Output { success: ended?, stdout, stderr })
    })
}

/// Waits until it ends; whether it succeeded.
fn wait(
    running: &mut Running,
    program: &'static str,
    limit: Duration,
    watch: &Watch<'_>,
) -> Result<bool, TrafficError> {
    let begin = Instant::now();
    loop {
        let status = running.0.try_wait().map_err(TrafficError::system("waiting for a program"))?;
        if let Some(status) = status {
            return Ok(status.success());
        }
        watch.check()?;
        if begin.elapsed() >= limit {
            return Err(TrafficError::Overrun { program, limit });
        }
        thread::sleep(LOOK);
    }
}

/// Reads a pipe to its end; what comes after the most that is kept is thrown away, so that the
/// program never waits for us.
fn read(pipe: impl Read, on_line: &dyn Fn(&str)) -> String {
    let mut pipe = BufReader::new(pipe);
    let mut kept = Vec::new();
    loop {
        let begin = kept.len();
        let room = OUTPUT_MAX.saturating_sub(begin as u64);
        match pipe.by_ref().take(room).read_until(b'\n', &mut kept) {
            Ok(0) | Err(_) => break,
            Ok(_) => on_line(&String::from_utf8_lossy(&kept[begin..])),
        }
    }
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::needs::lacks;

    fn shell(text: &str, limit_ms: u64, stop: &AtomicBool) -> Result<Output, TrafficError> {
        let watch = Watch::new(stop, Duration::from_secs(5));
        let arguments = ["-c".to_owned(), text.to_owned()];
        run("sh", &arguments, Duration::from_millis(limit_ms), &watch, &|_| ())
    }

    #[test]
    fn output_and_status_come_back() {
        if lacks(&find("setpriv")) {
            return;
        }
        let stop = AtomicBool::new(false);
        let output = shell("echo out; echo err >&2; exit 3", 5_000, &stop).expect("sh");
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("out\n", "err\n"));
        assert!(!output.success);
    }

    #[test]
    fn an_endless_output_is_cut_and_does_not_block() {
        if lacks(&find("setpriv")) {
            return;
        }
        let output = shell("head -c 9000000 /dev/zero", 20_000, &AtomicBool::new(false));
        let output = output.expect("sh");
        assert!(output.success);
        assert_eq!(output.stdout.len() as u64, OUTPUT_MAX);
    }

    /// The grandchild holds the pipe: unless the group is killed, the readers wait for it.
    #[test]
    fn a_program_that_does_not_end_is_killed_with_its_children() {
        if lacks(&find("setpriv")) {
            return;
        }
        let begin = Instant::now();
        let error = shell("sleep 60 & sleep 60", 100, &AtomicBool::new(false)).expect_err("slow");
        assert!(matches!(error, TrafficError::Overrun { program: "sh", .. }), "{error}");
        let error = shell("sleep 60 & sleep 60", 60_000, &AtomicBool::new(true)).expect_err("stop");
        assert!(matches!(error, TrafficError::Stopped), "{error}");
        assert!(begin.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        let error = find("no-such-program").expect_err("missing").to_string();
        assert!(error.starts_with("`no-such-program` was not found; on Debian it is in "));
        let missing = TrafficError::Missing { tool: "setpriv", package: "util-linux" };
        assert!(missing.to_string().ends_with("in the package util-linux"));
    }
}
