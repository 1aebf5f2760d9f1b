//! One end of a transfer: a namespace, an address and cores.

use std::fs::File;
use std::net::Ipv4Addr;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

use nix::sched::{CloneFlags, CpuSet, sched_setaffinity, setns};
use nix::unistd::Pid;

use super::error::TrafficError;

/// One end of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The name of its network namespace under `/run/netns`; none is that of this process.
    pub netns: Option<String>,
    /// Its address.
    pub address: Ipv4Addr,
    /// The cores that its threads and processes are pinned to, one each in turn; none is any core.
    pub cores: Vec<usize>,
}

impl End {
    /// This machine's own namespace, by loopback, on any core.
    pub fn loopback() -> End {
        End { netns: None, address: Ipv4Addr::LOCALHOST, cores: Vec::new() }
    }

    /// Moves the calling thread, the `index`-th of this end, into the namespace and to its core.
    /// Processes that the thread starts inherit both.
    pub(super) fn enter(&self, index: usize) -> Result<(), TrafficError> {
        if let Some(netns) = &self.netns {
            let refused = |error| TrafficError::Namespace { netns: netns.clone(), error };
            if netns.is_empty() || netns.contains(['/', '\0']) || netns.starts_with('.') {
                return Err(refused(std::io::ErrorKind::InvalidInput.into()));
            }
            let file = File::open(Path::new("/run/netns").join(netns)).map_err(refused)?;
            setns(file, CloneFlags::CLONE_NEWNET).map_err(|errno| refused(errno.into()))?;
        }
        if !self.cores.is_empty() {
            let core = self.cores[index % self.cores.len()];
            let refused = |errno: nix::Error| TrafficError::Core { core, error: errno.into() };
            let mut set = CpuSet::new();
            set.set(core).map_err(refused)?;
            sched_setaffinity(Pid::from_raw(0), &set).map_err(refused)?;
        }
        Ok(())
    }

    /// Does `work` on a thread of its own at this end: a socket belongs to the namespace of the
    /// thread that made it, wherever it is used later.
    pub(super) fn within<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, TrafficError> + Send,
    ) -> Result<T, TrafficError> {
        thread::scope(|scope| {
            join(scope.spawn(|| {
                self.enter(0)?;
                work()
            }))
        })
    }
}

/// What a thread returned; its panic goes on in the caller.
pub(super) fn join<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_not_there_is_named() {
        for name in ["h1-no-such-namespace", "../netns", "", "a/b"] {
            let end = End { netns: Some(name.into()), ..End::loopback() };
            let error = end.within(|| Ok(())).expect_err(name).to_string();
            assert!(
                error.starts_with(&format!("the network namespace `{name}` cannot")),
                "{error}"
            );
        }
        for core in [1000, usize::MAX] {
            let end = End { cores: vec![core], ..End::loopback() };
            let error = end.within(|| Ok(())).expect_err("no such core").to_string();
            assert!(error.starts_with(&format!("a thread cannot be pinned to core {core}: ")));
        }
    }
}
