//! What would tell a number that is unknown.

use models::library::Kind;

/// The measurement that tells a line of a profile.
pub(super) fn of(kind: Kind, parameter: &str) -> &'static str {
    let group = parameter.split_once('.').map_or("", |(group, _)| group);
    match (kind, group, parameter) {
        (Kind::Host, "staging" | "copy", _) => "podpath calibrate gpu on a node with a GPU",
        (Kind::Host, "names", _) => "dnsperf against the cluster's name server",
        (Kind::Host, "", "memory_bandwidth") => "STREAM on one NUMA node (likwid-bench, mbw)",
        (Kind::Host, "", _) => "a bandwidth test across the sockets (Intel MLC, nvbandwidth)",
        (Kind::Host, ..) => "podpath calibrate net on such a node, as root",
        (Kind::Gpu, ..) => "podpath calibrate gpu on a node with one",
        (Kind::Pcie, _, "tags") => "lspci -vv on the node: ExtTag in DevCtl",
        (Kind::Pcie, ..) => "podpath calibrate gpu on a node with such a slot",
        (Kind::Nic, ..) => "ping or sockperf between two nodes' own addresses",
        (Kind::Model, _, "tcp" | "udp" | "wire") => {
            "iperf3 between these pods: podpath compare, or [[reported]] in the experiment"
        }
        (Kind::Model, _, "round_trip") => "sockperf or netperf TCP_RR between these pods",
        (Kind::Model, ..) => "the copy or kernel itself: podpath calibrate gpu, nvbandwidth",
        _ => "its documentation",
    }
}
