//! The side that asks: this program once more, in a namespace whose `resolv.conf` applies to it.
//!
//! The C library reads `/etc/resolv.conf` of its mount namespace; `ip netns exec` puts the files of
//! `/etc/netns/NAME` over those of `/etc`, so the resolver must live in a process started by it.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use models::name::resolver::{Order, Resolver};

use crate::namespace::{LabError, command};

/// The variable in which a name and a number of lookups are handed over.
const ERRAND: &str = "PODPATH_LOOKUP";
/// Where `ip netns exec` looks for files of a namespace.
const FILES: &str = "/etc/netns";

/// The program that looks names up when it is called with these arguments: one that calls
/// [`answer`] and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// A namespace with its `resolv.conf`, for as long as this lives.
pub(super) struct Session<'a> {
    asker: &'a Asker,
    netns: String,
    folder: PathBuf,
}

impl Asker {
    /// Writes the resolver's settings for a namespace.
    pub(super) fn session(
        &self,
        netns: &str,
        server: &Ipv4Addr,
        resolver: &Resolver,
    ) -> Result<Session<'_>, LabError> {
        forget_stale();
        let folder = Path::new(FILES).join(netns);
        let path = folder.join("resolv.conf");
        let session = Session { asker: self, netns: netns.to_owned(), folder };
        let written = fs::create_dir_all(&session.folder)
            .and_then(|()| fs::write(&path, text(server, resolver)));
        written.map_err(|error| failed(&path.display().to_string(), &error.to_string()))?;
        Ok(session)
    }
}

impl Session<'_> {
    /// Looks a name up some times: how long each took in seconds, and whether it was found.
    pub(super) fn run(
        &self,
        name: &str,
        times: u32,
        limit: Duration,
    ) -> Result<Vec<(f64, bool)>, LabError> {
        let mut child = Command::new(command::find("ip")?)
            .args(["netns", "exec", &self.netns])
            .arg(&self.asker.program)
            .args(&self.asker.arguments)
            .env(ERRAND, format!("{name} {times}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed("ip netns exec", &error.to_string()))?;
        let mut out = child.stdout.take().expect("a pipe was asked for");
        let reader = thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).map(|_| text)
        });
        let until = Instant::now() + limit;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                // It may have ended just now; either way it is gone afterwards.
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed("looking a name up", "no end within the time it may take"));
            }
            thread::sleep(Duration::from_millis(2));
        }
        let text = reader.join().ok().and_then(Result::ok).unwrap_or_default();
        let samples: Vec<(f64, bool)> = text.lines().filter_map(sample).collect();
        match samples.len() == times as usize {
            true => Ok(samples),
            false => Err(failed("looking a name up", "the program that asks did not answer")),
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        // What is left is removed by the next session.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_dir(FILES);
    }
}

/// Removes files of labs whose namespaces are gone.
fn forget_stale() {
    for entry in fs::read_dir(FILES).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("podpath-") && !crate::namespace::netns_file(&name).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// `resolv.conf(5)` of a resolver.
fn text(server: &Ipv4Addr, resolver: &Resolver) -> String {
    let order = match resolver.order {
        Order::Serial => " single-request",
        Order::Parallel | Order::OnlyV4 => "",
    };
    let search = match resolver.search.is_empty() {
        true => String::new(),
        false => format!("search {}\n", resolver.search.join(" ")),
    };
    let Resolver { ndots, timeout_s, attempts, .. } = resolver;
    format!(
        "nameserver {server}\n{search}options ndots:{ndots} timeout:{timeout_s} \
         attempts:{attempts}{order}\n"
    )
}

/// Does what an [`Asker`]'s program is for: looks up what the environment says and prints a line
/// per lookup. Returns whether there was such an errand.
pub fn answer() -> bool {
    let Ok(errand) = std::env::var(ERRAND) else { return false };
    let Some((name, times)) = errand.split_once(' ') else { return false };
    for _ in 0..times.parse().unwrap_or(0) {
        let begin = Instant::now();
        let found = (name, 80).to_socket_addrs().is_ok_and(|mut found| found.next().is_some());
        println!("lookup {} {found}", begin.elapsed().as_secs_f64());
    }
    true
}

/// Reads a line of [`answer`].
fn sample(line: &str) -> Option<(f64, bool)> {
    let (seconds, found) = line.split_once("lookup ")?.1.split_once(' ')?;
    Some((seconds.parse().ok()?, found.trim() == "true"))
}

fn failed(command: &str, complaint: &str) -> LabError {
    LabError::Failed { command: command.into(), complaint: complaint.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_read_as_resolv_conf_has_them() {
        let pod = Resolver::of_pod("default", "cluster.local");
        let pod = Resolver { order: Order::Serial, timeout_s: 1, ..pod };
        let expected = "nameserver 10.0.0.2\n\
                        search default.svc.cluster.local svc.cluster.local cluster.local\n\
                        options ndots:5 timeout:1 attempts:2 single-request\n";
        assert_eq!(text(&Ipv4Addr::new(10, 0, 0, 2), &pod), expected);
    }

    #[test]
    fn only_lines_about_lookups_are_samples() {
        assert_eq!(sample("test x ... lookup 0.5 true"), Some((0.5, true)));
        assert_eq!(sample("lookup x true"), None);
        assert_eq!(sample("running 1 test"), None);
    }
}
