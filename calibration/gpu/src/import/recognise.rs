//! Which program printed a text, by what stands in it: a file's name says nothing.

use super::{nccl, peers, topology};

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Nvbandwidth,
    NvbandwidthText,
    Smi,
    Topology,
    Peers,
    Nccl,
    NcclJson,
}

/// What is not read, and what to give instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Other {
    /// What it is.
    pub(super) what: &'static str,
    /// What to type or write instead.
    pub(super) instead: &'static str,
}

/// How a kind that is not read shows: a text of it has all of these words.
const OTHERS: [(&[&str], Other); 16] = [
    (
        &["=NVSMI LOG="],
        Other { what: "`nvidia-smi -q` as text", instead: "`nvidia-smi -q -x > FILE.xml`" },
    ),
    (
        &["| NVIDIA-SMI "],
        Other { what: "the overview of `nvidia-smi`", instead: "`nvidia-smi -q -x > FILE.xml`" },
    ),
    (
        &["[CUDA Bandwidth Test]"],
        Other {
            what: "`bandwidthTest` of the CUDA samples",
            instead: "`nvbandwidth -j > FILE.json`",
        },
    ),
    (
        &["[P2P (Peer-to-Peer) GPU Bandwidth Latency Test]"],
        Other {
            what: "`p2pBandwidthLatencyTest` of the CUDA samples",
            instead: "`nvbandwidth -j > FILE.json`",
        },
    ),
    (
        &["\"iperf "],
        Other {
            what: "a report of iperf3",
            instead: "[[reported]] in an experiment file: its goodput beside a prediction",
        },
    ),
    (&["<topology", "<object"], Other { what: "XML of hwloc (`lstopo`)", instead: TOPOLOGY }),
    (&["Machine (", "Package L#0"], Other { what: "text of hwloc (`lstopo`)", instead: TOPOLOGY }),
    (&["<system version=", "<cpu "], Other { what: "NCCL's topology", instead: TOPOLOGY }),
    (&["\"apiVersion\"", "\"kind\""], Other { what: "an object of Kubernetes", instead: SHARES }),
    (&["apiVersion:", "kind:"], Other { what: "an object of Kubernetes", instead: SHARES }),
    (&["Infiniband device '"], Other { what: "`ibstatus`", instead: CARD }),
    (&["hca_id:", "transport:"], Other { what: "`ibv_devinfo`", instead: CARD }),
    (&["Settings for ", "Speed:"], Other { what: "`ethtool`", instead: CARD }),
    (
        &["LnkCap:"],
        Other {
            what: "`lspci -vv`",
            instead: "`nvidia-smi -q -x > FILE.xml`, which has the slot of each GPU",
        },
    ),
    (&["-[0000:"], Other { what: "`lspci -tv`", instead: TOPOLOGY }),
    (
        &["GPU 0: ", "(UUID: "],
        Other { what: "`nvidia-smi -L`", instead: "`nvidia-smi -q -x > FILE.xml`" },
    ),
];
const TOPOLOGY: &str = "`nvidia-smi topo -m > FILE`; switches and nodes go into a topology file \
                        (`podpath schema topology`)";
const SHARES: &str = "`sharing` and `replicas` of a [[gpu]] in a topology file (`podpath schema \
                      topology`)";
const CARD: &str = "a [[nic]] and the `rate` of its [[cable]] in a topology file (`podpath schema \
                    topology`)";

/// The kind of a text without styles and ranks; what it is instead, if that is known.
pub(super) fn recognise(text: &str) -> Result<Format, Option<Other>> {
    let begin = text.trim_start();
    let xml = begin.starts_with('<') && text.contains("<nvidia_smi_log");
    let json = super::plain::json(text).is_some();
    let format = if xml {
        Format::Smi
    } else if json && text.contains("\"nvbandwidth\"") {
        Format::Nvbandwidth
    } else if json && text.contains("\"nccl_version\"") {
        Format::NcclJson
    } else if text.contains("nvbandwidth Version:") || text.contains("\nRunning host_to_device_") {
        Format::NvbandwidthText
    } else if peers::looks_like(text) {
        Format::Peers
    } else if topology::looks_like(text) {
        Format::Topology
    } else if nccl::looks_like(text) {
        Format::Nccl
    } else {
        let has = |words: &[&str]| words.iter().all(|word| text.contains(word));
        return Err(OTHERS.iter().find(|(words, _)| has(words)).map(|(_, other)| *other));
    };
    Ok(format)
}
