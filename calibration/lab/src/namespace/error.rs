//! Why a lab could not be built: one sentence each.

/// What is missing or went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabError {
    /// The system has no network namespaces.
    #[error("a lab needs Linux: its pods and nodes are network namespaces")]
    NotLinux,
    /// The user may not make namespaces.
    #[error("a lab needs root: it makes network namespaces and devices in them (try `sudo`)")]
    NotRoot,
    /// A program is not installed.
    #[error("`{program}` is not installed (Debian: apt install {package})")]
    Missing {
        /// The program.
        program: String,
        /// The package of Debian that brings it.
        package: String,
    },
    /// A container network plug-in is not installed.
    #[error(
        "the CNI plug-in `{name}` is in none of {path} (Debian: apt install \
         containernetworking-plugins)"
    )]
    NoPlugin {
        /// The plug-in.
        name: String,
        /// Where it was looked for.
        path: String,
    },
    /// A container network plug-in refused.
    #[error("the CNI plug-in `{name}` failed: {problem}")]
    Plugin {
        /// The plug-in.
        name: String,
        /// What it says.
        problem: String,
    },
    /// The kernel cannot make a kind of device or translate Services by IPVS.
    #[error("this kernel has no {what} ({module})")]
    Kernel {
        /// What it lacks, in words.
        what: String,
        /// The module or option that brings it.
        module: String,
    },
    /// Another lab of this name is standing.
    #[error("the lab `{lab}` is standing already: `{netns}` is in use by process {pid}")]
    Exists {
        /// Its name.
        lab: String,
        /// One of its namespaces.
        netns: String,
        /// The process that made it.
        pid: u32,
    },
    /// A namespace cannot be entered.
    #[error("the network namespace `{netns}` cannot be entered: {problem}")]
    Enter {
        /// Its name.
        netns: String,
        /// What the system says.
        problem: String,
    },
    /// A program failed.
    #[error("`{command}` failed: {complaint}")]
    Failed {
        /// The program with its arguments.
        command: String,
        /// What it says.
        complaint: String,
    },
    /// A file of the system could not be read or written.
    #[error("{path}: {problem}")]
    File {
        /// Its path.
        path: String,
        /// What the system says.
        problem: String,
    },
}

impl LabError {
    /// Whether it is for the user to install something or to call with more rights.
    pub fn is_missing(&self) -> bool {
        use LabError::{Kernel, Missing, NoPlugin, NotLinux, NotRoot};
        matches!(self, NotLinux | NotRoot | Missing { .. } | NoPlugin { .. } | Kernel { .. })
    }

    /// A program that failed.
    pub(super) fn failed(command: &[String], complaint: &str) -> LabError {
        let complaint = complaint.lines().map(str::trim).filter(|line| !line.is_empty());
        let complaint = complaint.collect::<Vec<_>>().join("; ");
        LabError::Failed { command: command.join(" "), complaint }
    }

    /// A file that could not be used.
    pub(super) fn file(path: &std::path::Path, error: &std::io::Error) -> LabError {
        LabError::File { path: path.display().to_string(), problem: error.to_string() }
    }
}
