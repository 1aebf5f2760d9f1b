//! The array job of `experiments/slurm` on a cluster of two nodes, which are two slurmd here: one
//! task is killed and put in the queue again, and the merged results are those of one run.
#![cfg(target_os = "linux")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::determinism::bytes;
use super::needs::{self, Need};
use super::{Folder, SMALL};

/// A cluster that ends with its test.
struct Cluster {
    folder: Folder,
    daemons: Vec<Child>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            super::signal(daemon, nix::sys::signal::Signal::SIGTERM);
        }
        for daemon in &mut self.daemons {
            let _ = daemon.wait();
        }
    }
}

/// Whether Slurm can be started here.
fn slurm() -> Result<(), (Need, &'static str)> {
    let has = |program: &str| {
        let mut command = Command::new(program);
        command.arg("-V").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok()
    };
    if !nix::unistd::Uid::effective().is_root() {
        return Err((Need::Slurm, "only root starts Slurm"));
    }
    let all = ["slurmctld", "slurmd", "sbatch", "scontrol"].into_iter().all(has);
    if all { Ok(()) } else { Err((Need::Slurm, "Debian's slurm-wlm is not installed")) }
}

impl Cluster {
    fn start() -> Cluster {
        let folder = Folder::new();
        let at = folder.path().display();
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
        let name = name.trim().split('.').next().expect("a name").to_owned();
        // Held until all are known, so that they are three.
        let held: Vec<TcpListener> =
            (0..3).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        let ports: Vec<u16> =
            held.iter().map(|one| one.local_addr().expect("a port").port()).collect();
        drop(held);
        for made in ["state", "spool-n1", "spool-n2"] {
            std::fs::create_dir(folder.path().join(made)).expect("a folder");
        }
        let (control, one, two) = (ports[0], ports[1], ports[2]);
        folder.write(
            "slurm.conf",
            format!(
                "ClusterName=podpath\nSlurmctldHost={name}\nSlurmUser=root\nSlurmdUser=root\n\
                 AuthType=auth/none\nCredType=cred/none\nMpiDefault=none\n\
                 ProctrackType=proctrack/pgid\nTaskPlugin=task/none\nSlurmctldPort={control}\n\
                 SlurmctldPidFile={at}/control.pid\nSlurmdPidFile={at}/%n.pid\n\
                 SlurmdSpoolDir={at}/spool-%n\nStateSaveLocation={at}/state\n\
                 SlurmctldLogFile={at}/control.log\nSlurmdLogFile={at}/%n.log\n\
                 SelectType=select/cons_res\nSelectTypeParameters=CR_Core\nReturnToService=2\n\
                 NodeName=n1 NodeHostname={name} NodeAddr=127.0.0.1 Port={one} CPUs=1\n\
                 NodeName=n2 NodeHostname={name} NodeAddr=127.0.0.1 Port={two} CPUs=1\n\
                 PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP\n"
            ),
        );
        let mut cluster = Cluster { folder, daemons: Vec::new() };
        for words in
            [&["slurmctld", "-D"][..], &["slurmd", "-D", "-N", "n1"], &["slurmd", "-D", "-N", "n2"]]
        {
            let daemon = cluster.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            cluster.daemons.push(daemon.expect("it starts"));
        }
        cluster.wait("two idle nodes", || {
            cluster.said(&["sinfo", "--noheader", "--Node", "--format=%T"]).matches("idle").count()
                == 2
        });
        cluster
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.folder.path());
        command.env("SLURM_CONF", self.folder.path().join("slurm.conf"));
        command.env("PODPATH", assert_cmd::cargo::cargo_bin!("podpath"));
        command.env("EXPERIMENT", self.folder.path().join("many.toml"));
        command.env("OUT", self.folder.path().join("out"));
        command
    }

    /// What a program of Slurm says.
    fn said(&self, words: &[&str]) -> String {
        let output = self.command(words).output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn wait(&self, what: &str, there: impl Fn() -> bool) {
        let begin = Instant::now();
        while !there() {
            let log = std::fs::read_to_string(self.folder.path().join("control.log"));
            let log = log.unwrap_or_default();
            assert!(begin.elapsed() < Duration::from_secs(120), "{what} never came:\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until nothing is in the queue.
    fn idle(&self) {
        self.wait("an empty queue", || self.said(&["squeue", "--noheader"]).is_empty());
    }
}

/// A script beside this crate's experiments.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("slurm").join(name)
}

#[test]
fn an_array_of_shards_gives_the_bytes_of_one_run_though_a_task_is_killed() {
    if needs::lacks(&slurm()) {
        return;
    }
    let cluster = Cluster::start();
    let folder = &cluster.folder;
    let sizes: Vec<String> = (1..=140).map(|n| format!("\"{n} MiB\"")).collect();
    let text = SMALL.replace(r#"["64 KiB", "4 MiB"]"#, &format!("[{}]", sizes.join(", ")));
    folder.write("many.toml", text);
    let [shards, merge] = ["shards.sbatch", "merge.sbatch"].map(script);
    let [shards, merge] = [&shards, &merge].map(|path| path.to_str().expect("text"));
    let job = cluster.said(&["sbatch", "--parsable", shards]);
    assert!(job.parse::<u32>().is_ok(), "sbatch says `{job}`");
    // As soon as the third task has a point, it is killed with everything that it runs.
    let journal = folder.path().join("out/shard-3-of-7.partial/points.journal");
    let written = || std::fs::metadata(&journal).is_ok_and(|about| about.len() > 1_000);
    cluster.wait("a point of the third task", written);
    cluster.said(&["scancel", "--signal=KILL", "--full", &format!("{job}_3")]);
    cluster.idle();
    let third = folder.path().join("out/shard-3-of-7");
    assert!(!third.exists(), "it was killed before it ended");
    assert!(written(), "what it had finished is kept");
    cluster.said(&["sbatch", "--parsable", "--array=3", shards]);
    cluster.idle();
    assert!(third.exists(), "{}", cluster.said(&["sacct"]));
    cluster.said(&["sbatch", "--parsable", merge]);
    cluster.idle();
    folder.run(&["run", "many.toml", "--out", "whole"]);
    let whole = bytes(&folder.path().join("whole"));
    for (name, content) in &whole {
        let merged = std::fs::read(folder.path().join("out").join(name));
        assert!(merged.is_ok_and(|merged| merged == *content), "{name} is not the same");
    }
}
