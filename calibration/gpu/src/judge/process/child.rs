//! A child process that runs cases when it is told to, and what it does.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child as Process, ChildStderr, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use super::super::super::device::Device;
use super::super::super::work::ProbeWork;
use super::super::case;

/// How long a child may be silent that was told to do something: to open the GPU takes longest.
const PATIENCE: Duration = Duration::from_secs(30);

/// A child.
pub(super) struct Child {
    process: Process,
    tell: ChildStdin,
    told: Receiver<String>,
    /// What it says when it fails.
    complaints: Option<ChildStderr>,
}

impl Child {
    pub(super) fn start(
        program: &Path,
        arguments: &[String],
        settings: &[(String, String)],
    ) -> Result<Child, String> {
        let failed = |error: std::io::Error| format!("a second process did not start: {error}");
        let mut command = Command::new(program);
        command.args(arguments).envs(settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(failed)?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(tell), Some(out)) => {
                // A thread of its own listens, so that a child that hangs is noticed.
                let (send, told) = channel();
                let lines = BufReader::new(out).lines().map_while(Result::ok);
                thread::spawn(move || lines.into_iter().try_for_each(|line| send.send(line)));
                let complaints = process.stderr.take();
                Ok(Child { process, tell, told, complaints })
            }
            _ => Err("a second process has no pipes".into()),
        }
    }

    pub(super) fn say(&mut self, line: &str) -> Result<(), String> {
        let said = writeln!(self.tell, "{line}").and_then(|()| self.tell.flush());
        said.map_err(|error| format!("a second process does not listen: {error}"))
    }

    /// Waits for a line.
    pub(super) fn hears(&mut self, expected: &str) -> Result<(), String> {
        match self.told.recv_timeout(PATIENCE) {
            Ok(heard) if heard == expected => Ok(()),
            Ok(why) => Err(format!("in a second process: {why}")),
            Err(RecvTimeoutError::Disconnected) => Err(self.complaint()),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("a second process was silent for {} s", PATIENCE.as_secs()))
            }
        }
    }

    /// Why a child has ended that was not done.
    fn complaint(&mut self) -> String {
        let mut said = String::new();
        // A child that has shut its output may yet live.
        let _ = self.process.kill();
        if let Some(mut complaints) = self.complaints.take() {
            let _ = complaints.read_to_string(&mut said);
        }
        let ended = "a second process ended before it was done";
        match said.lines().map(str::trim).find(|line| !line.is_empty()) {
            Some(line) => format!("{ended}: {line}"),
            None => ended.into(),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It ends when nobody speaks to it any more; one that hangs is ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a child does: for each name of a case it runs it once and says `ready`; for each `go` it
/// runs it again and says `done`; whatever fails is said in a line.
///
/// # Errors
/// If the other side cannot be heard or spoken to.
pub fn serve(
    device: &mut dyn Device,
    told: &mut dyn BufRead,
    tell: &mut dyn Write,
) -> std::io::Result<()> {
    let mut work: Option<ProbeWork> = None;
    let mut line = String::new();
    loop {
        line.clear();
        if told.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let (asked, answer) = match line.trim_end() {
            "go" => (work.clone(), "done"),
            name => (case(name).map(|case| case.measurement().work), "ready"),
        };
        match asked.as_ref().map(|work| device.time(work)) {
            None => writeln!(tell, "no case is called `{}`", line.trim_end())?,
            Some(Ok(_)) => writeln!(tell, "{answer}")?,
            Some(Err(error)) => writeln!(tell, "{error}")?,
        }
        tell.flush()?;
        // The data are there from the first time on, and to write them anew would be timed.
        work = asked.map(|asked| ProbeWork { before: None, ..asked }).or(work);
    }
}

#[cfg(test)]
mod tests {
    use sim::Seed;

    use super::*;
    use crate::simulated::{Simulated, plain, plausible};

    #[test]
    fn a_child_gets_ready_goes_and_says_what_it_does_not_know() {
        let mut device = Simulated::new(plain(), plausible(), Seed::new(1)).unwrap();
        let mut heard = Vec::new();
        let lines = b"go\nturns/arithmetic-short\ngo\ngo\nnothing/of/this\n";
        serve(&mut device, &mut &lines[..], &mut heard).unwrap();
        let expected = "no case is called `go`\nready\ndone\ndone\nno case is called \
                        `nothing/of/this`\n";
        assert_eq!(String::from_utf8(heard).unwrap(), expected);
    }

    #[test]
    fn what_does_not_start_or_speak_is_said() {
        let missing = Child::start(Path::new("/nowhere/at/all"), &[], &[]).err().unwrap();
        assert!(missing.starts_with("a second process did not start: "), "{missing}");
        let mut mute = Child::start(Path::new("true"), &[], &[]).unwrap();
        let told = mute.hears("ready").unwrap_err();
        assert_eq!(told, "a second process ended before it was done");
        let mut cross = Child::start(Path::new("cat"), &["/nowhere".into()], &[]).unwrap();
        let told = cross.hears("ready").unwrap_err();
        assert!(told.starts_with("a second process ended before it was done: "), "{told}");
    }
}
