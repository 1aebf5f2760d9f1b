//! This machine, as far as a profile has to say: cores, windows, kernel.

use std::fs;

use models::input::{InputError, Source};

use calibration_fit::prior::Priors;

/// The name of the profile that a calibration writes, and that predictions of labs are made with.
pub const PROFILE: &str = "this-host";

/// What is read from the running system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// Cores that this process may use.
    pub cores: usize,
    /// The kernel's release: `6.18.44`.
    pub kernel: String,
    /// The processor's name as the kernel prints it.
    pub processor: String,
    /// The largest receive buffer of a TCP socket in bytes, half of which is window.
    pub receive_buffer: u64,
}

impl HostFacts {
    /// Reads it.
    pub fn here() -> HostFacts {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo");
        let processor = processor.lines().find_map(|line| line.strip_prefix("model name"));
        let buffers = read("/proc/sys/net/ipv4/tcp_rmem");
        HostFacts {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            processor: processor
                .map_or("unknown processor", |name| name.trim_start_matches([' ', '\t', ':']))
                .to_owned(),
            // The kernel's default where the file is not there.
            receive_buffer: buffers
                .split_whitespace()
                .next_back()
                .and_then(|last| last.parse().ok())
                .unwrap_or(6 << 20),
        }
    }

    /// The machine in a line.
    pub fn told(&self) -> String {
        format!("{}, {} cores, Linux {}", self.processor, self.cores, self.kernel)
    }

    /// The shipped priors with this machine's own facts.
    ///
    /// # Errors
    /// If the shipped file is malformed; the tests read it.
    pub fn priors(&self) -> Result<Priors, InputError> {
        let shipped = calibration_fit::shipped_priors("lab")?;
        let facts = format!(
            "cores,{},count,,,measured,as many as this process may use\n\
             tcp.window,{},B,,,measured,half of the largest net.ipv4.tcp_rmem\n",
            self.cores,
            self.receive_buffer / 2
        );
        Priors::parse(&Source::new(shipped.name.clone(), shipped.text.clone() + &facts))
    }
}
