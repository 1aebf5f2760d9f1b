//! The command as a user runs it.

mod archive;
mod bad;
mod chakra;
mod collectives;
mod crashes;
mod determinism;
mod driver;
mod examples;
mod explain;
mod field;
mod function_files;
mod functions;
mod golden;
mod gpu;
mod help;
mod interval;
mod journal;
mod judge;
mod kineto;
mod lab;
#[path = "../../../calibration/needs/mod.rs"]
mod needs;
#[path = "../../../calibration/needs/of_gpu.rs"]
mod needs_of_gpu;
#[path = "../../../calibration/needs/of_lab.rs"]
mod needs_of_lab;
#[path = "../../../sim/tests/nightly/mod.rs"]
mod nightly;
mod output;
mod place;
mod queues;
mod rehearsal;
mod replay;
mod reported;
mod respond;
mod scenario;
mod schema;
mod shards;
mod slurm;
mod steps;
mod stop;
mod unknown;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// An empty folder to run the command in.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a file into it.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn read(&self, name: &str) -> String {
        let path = self.path().join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// The command, about to run here.
    fn podpath(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("podpath"));
        command.current_dir(self.path()).env_remove("NO_COLOR");
        command.timeout(std::time::Duration::from_secs(120));
        command
    }

    /// Runs the command, which must succeed, and returns what it printed.
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.podpath().args(arguments).assert().success().get_output().clone();
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs the command with `--json`, which must succeed, and returns the one object.
    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.run(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in:\n{text}"))
    }
}

/// Sends a signal to the command: there may be no program `kill`.
#[cfg(unix)]
fn signal(child: &std::process::Child, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
    nix::sys::signal::kill(pid, signal).expect("it runs");
}

/// An experiment with two topologies, chance and several kinds of axis, that runs in an instant.
const SMALL: &str = r#"
name = "small"
about = "two container networks, one or four streams"
topologies = ["baremetal", "flannel"]
repetitions = 3

[transfer]
from = "client"
to = "server"

[sweep.cross]
message = ["64 KiB", "4 MiB"]
streams = [1, 4]

[[sweep.zip]]
nic.mtu = [1500, 9000]
cable.rate = ["10 Gbit/s", "40 Gbit/s"]
"#;

/// Two workloads over time, a transfer and a job, that run in an instant.
const OVER_TIME: &str = r#"
name = "over-time"
topologies = ["baremetal", "flannel"]
repetitions = 3

[transfer]
from = "client"
to = "server"
message = "256 KiB"

[[pool]]
name = "worker"
slots = 2

[[step]]
job = "job"
name = "take"
take = "worker"
[[step]]
job = "job"
name = "work"
after = ["take"]
wait = "lognormal(2 ms, 0.5)"
repeat = 2
[[step]]
job = "job"
name = "send"
after = ["work"]
transfer = "transfer"
[[step]]
job = "job"
name = "give"
after = ["send"]
give = "worker"

[[workload]]
name = "jobs"
job = "job"
rate = "200 /s"
until = "2 s"
warm_up = "200 ms"

[[workload]]
name = "background"
transfer = "transfer"
size = "exponential(1)"
clients = 3
think = "exponential(1 ms)"
count = 2000

[sweep.cross]
"workload.jobs.rate" = ["100 /s", "200 /s"]
"#;
