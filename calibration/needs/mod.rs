//! What tests need of the machine beside Rust, and what happens to a test where that is missing.
//!
//! A test asks a question of the library, such as `calibration_lab::namespace::check`, and gives
//! the answer to [`lacks`]. Where something is missing the test is skipped, and a line says which
//! test, what it needs and why it cannot have it. `PODPATH_REQUIRE=lab,ipvs` names what must be
//! there: a test that lacks one of those fails.
//!
//! Which errors of a crate say that something is missing stands beside this file, for the tests of
//! that crate: `of_lab.rs`, `of_gpu.rs`.

use std::fmt::{self, Display};
use std::io::Write;

/// Names what this machine must have, separated by commas.
const VARIABLE: &str = "PODPATH_REQUIRE";

/// What a test may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Root, iproute2, and a kernel with network namespaces, virtual pairs and bridges.
    Lab,
    /// `ethtool`, which switches offloads off.
    Ethtool,
    /// VXLAN devices.
    Vxlan,
    /// Macvlan devices.
    Macvlan,
    /// Token buckets, and ifb devices for what a pod sends.
    Limits,
    /// `iptables-restore`, and address translation for it.
    Iptables,
    /// `nft`, and nftables in the kernel.
    Nftables,
    /// `ipvsadm`, and IPVS in the kernel.
    Ipvs,
    /// The CNI project's plug-ins.
    Plugins,
    /// `dnsmasq`.
    Dnsmasq,
    /// `iperf3`.
    Iperf3,
    /// `setpriv`, of util-linux.
    Setpriv,
    /// An NVIDIA driver and a GPU.
    Cuda,
    /// No NVIDIA driver.
    NoCuda,
    /// The runtime compiler of CUDA.
    Nvrtc,
    /// The assembler of CUDA.
    Ptxas,
    /// A C compiler.
    Cc,
    /// A node of memory that a thread can be bound to.
    Numa,
    /// `strace`, which fails system calls of a program.
    Strace,
    /// Slurm, and root to start it.
    Slurm,
}

impl Need {
    const NAMES: [(Need, &str); 20] = [
        (Need::Lab, "lab"),
        (Need::Ethtool, "ethtool"),
        (Need::Vxlan, "vxlan"),
        (Need::Macvlan, "macvlan"),
        (Need::Limits, "limits"),
        (Need::Iptables, "iptables"),
        (Need::Nftables, "nftables"),
        (Need::Ipvs, "ipvs"),
        (Need::Plugins, "plugins"),
        (Need::Dnsmasq, "dnsmasq"),
        (Need::Iperf3, "iperf3"),
        (Need::Setpriv, "setpriv"),
        (Need::Cuda, "cuda"),
        (Need::NoCuda, "no-cuda"),
        (Need::Nvrtc, "nvrtc"),
        (Need::Ptxas, "ptxas"),
        (Need::Cc, "cc"),
        (Need::Numa, "numa"),
        (Need::Strace, "strace"),
        (Need::Slurm, "slurm"),
    ];

    /// Whether only labs need it, so that requiring it requires labs.
    fn is_for_labs(self) -> bool {
        use Need::{Dnsmasq, Ethtool, Iptables, Ipvs, Limits, Macvlan, Nftables, Plugins, Vxlan};
        let of_labs = [Ethtool, Vxlan, Macvlan, Limits, Iptables, Nftables, Ipvs, Plugins, Dnsmasq];
        of_labs.contains(&self)
    }
}

impl Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Need::NAMES.iter().find(|(need, _)| need == self).map(|(_, name)| *name);
        f.write_str(name.expect("every need has a name"))
    }
}

/// An error that may say that something is missing.
pub(crate) trait Missing {
    /// What is missing; none if it is another kind of error.
    fn need(&self) -> Option<Need>;
    /// The error in words.
    fn reason(&self) -> String;
}

/// What a test itself has found missing, and the reason.
impl Missing for (Need, &str) {
    fn need(&self) -> Option<Need> {
        Some(self.0)
    }

    fn reason(&self) -> String {
        self.1.to_owned()
    }
}

/// Whether a test must be skipped, because something that it needs is missing; says so on standard
/// error, where libtest does not capture it.
///
/// # Panics
/// If [`VARIABLE`] requires what is missing or names something unknown, and on any other error.
#[track_caller]
pub(crate) fn lacks<T, E: Missing>(found: &Result<T, E>) -> bool {
    let value = std::env::var(VARIABLE).unwrap_or_default();
    let required = required(&value).unwrap_or_else(|problem| panic!("{problem}"));
    let Err(error) = found else { return false };
    let reason = error.reason();
    let Some(need) = error.need() else { panic!("{reason}") };
    assert!(!required.contains(&need), "{VARIABLE} requires `{need}`, which is missing: {reason}");
    // libtest gives each test a thread with the test's name.
    let thread = std::thread::current();
    let (program, test) = (env!("CARGO_CRATE_NAME"), thread.name().unwrap_or("a test"));
    let line = format!("SKIPPED {program}::{test}: needs {need}: {reason}\n");
    // The macro `eprint!` would be captured. A line that cannot be written has no other way out.
    let _ = std::io::stderr().write_all(line.as_bytes());
    true
}

/// What the value of [`VARIABLE`] names, and what that implies.
pub(crate) fn required(value: &str) -> Result<Vec<Need>, String> {
    let mut needs = Vec::new();
    for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match Need::NAMES.iter().find(|(_, known)| *known == name) {
            Some((need, _)) => needs.push(*need),
            None => {
                let known = Need::NAMES.map(|(_, name)| name).join(", ");
                return Err(format!("{VARIABLE}: `{name}` is unknown; known are {known}"));
            }
        }
    }
    if needs.iter().any(|need| need.is_for_labs()) {
        needs.push(Need::Lab);
    }
    Ok(needs)
}
