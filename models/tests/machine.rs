//! What a machine is made of: faster and slower cores, tunnels without offloads, sockets, and
//! memory that pods share.

use models::cluster::{Cluster, Setting};
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::Fidelity;
use models::transfer::{Mode, Transfer};
use sim::Bytes;

use crate::fixture::{HOST, PAIR, PCIE, library, steady, transfer};

/// Two GPUs on two NUMA nodes of one machine, whose pods share memory.
const SOCKETS: &str = r#"
[[node]]
name = "node"
host = "host"
cni = "host"
[[gpu]]
name = "gpu-0"
node = "node"
profile = "gpu"
pcie = "slot"
[[gpu]]
name = "gpu-1"
node = "node"
profile = "gpu"
pcie = "slot"
numa = 1
[[gpu]]
name = "gpu-far"
node = "node"
profile = "gpu"
pcie = "slot"
[[pod]]
name = "pod-0"
node = "node"
gpu = "gpu-0"
[[pod]]
name = "pod-1"
node = "node"
gpu = "gpu-1"
numa = 1
[[pod]]
name = "far"
node = "node"
gpu = "gpu-far"
numa = 1
[[shared_memory]]
between = ["pod-0", "pod-1"]
copied = false
"#;

fn with(kind: Kind, name: &str, text: String) -> Library {
    let mut library = library();
    library.add(kind, name, Source::new(format!("{name}.csv"), text));
    library
}

fn host(lines: &str) -> Library {
    with(Kind::Host, "host", format!("{HOST}{lines}"))
}

fn assembled(text: &str, library: &Library, settings: &[Setting]) -> Result<Cluster, InputError> {
    Cluster::assemble("t", &Source::new("t.toml", text), library, settings)
}

fn gbit_s(cluster: &Cluster, asked: &[Transfer]) -> Vec<f64> {
    let rates = steady(cluster, asked, Fidelity::Closed);
    rates.iter().map(|rate| rate.goodput.as_gbit_s()).collect()
}

fn piped(from: &str, to: &str) -> Transfer {
    let mode = Mode::Overlapped { chunk: Bytes::mib(1), buffers: 2 };
    Transfer { mode, ..transfer(from, to, Bytes::gib(1)) }
}

/// 0.25 ns a byte on the receiving core, at half and at twice its speed; 39.6 is the wire.
#[test]
fn costs_are_divided_by_the_speed_of_the_cores() {
    let pair = PAIR.replace("CNI", "host");
    let asked = [transfer("client", "server", Bytes::gib(1))];
    for (speed, expected) in [("0.5", 16.0), ("1", 32.0), ("2", 40.0 * 8948.0 / 9038.0)] {
        let library = host(&format!("core_speed,{speed},ratio,,,assumed,t\n"));
        let goodput = gbit_s(&assembled(&pair, &library, &[]).unwrap(), &asked)[0];
        assert!((goodput - expected).abs() < 1e-2, "{speed}: {goodput}");
    }
    let library = host("core_speed,0,ratio,,,assumed,t\n");
    let message = assembled(&pair, &library, &[]).unwrap_err().to_string();
    assert!(message.contains("core_speed: must be above zero"), "{message}");
}

/// Without tunnel offloads a VXLAN receiver pays 1 us (veth) and 0.5 us a segment of 8898 bytes
/// besides 0.25 ns a byte; a pod without a tunnel does not notice.
#[test]
fn tunnel_offloads_matter_in_tunnels_only() {
    let off = [Setting::new("nic.tunnel_offloads", false)];
    let asked = [transfer("client", "server", Bytes::gib(1))];
    let goodput = |cni: &str, settings: &[Setting]| {
        let pair = PAIR.replace("CNI", cni);
        gbit_s(&assembled(&pair, &library(), settings).unwrap(), &asked)[0]
    };
    let alone = 8.0 / (0.25 + 1500.0 / 8898.0);
    assert!((goodput("vxlan", &off) - alone).abs() < 1e-2, "{}", goodput("vxlan", &off));
    assert!(goodput("vxlan", &[]) > 1.25 * alone);
    assert_eq!(goodput("veth", &off), goodput("veth", &[]));
}

/// Each direction of the link between the sockets has its own 8 GB/s.
#[test]
fn data_crosses_between_sockets_once_and_both_ways_at_once() {
    let library =
        host("socket_link_bandwidth,8,GB/s,,,assumed,t\nsocket_link_latency,0,ns,,,assumed,t\n");
    let cluster = assembled(SOCKETS, &library, &[]).unwrap();
    let (there, back) = (piped("gpu-0", "gpu-1"), piped("gpu-1", "gpu-0"));
    for rate in gbit_s(&cluster, &[there.clone(), back]) {
        assert!((rate - 64.0).abs() < 2e-3, "{rate}");
    }
    for rate in gbit_s(&cluster, &[there.clone(), there]) {
        assert!((rate - 32.0).abs() < 2e-3, "{rate}");
    }
}

/// Sixteen reads of 512 bytes in flight for 600 ns, and for 800 across a link of 100.
#[test]
fn a_read_across_sockets_is_longer_in_flight() {
    let mut library = host(
        "socket_link_latency,100,ns,,,assumed,t\nsocket_link_bandwidth,1000,GB/s,,,assumed,t\n",
    );
    let slot = PCIE.replace("tags,256", "tags,16");
    library.add(Kind::Pcie, "slot", Source::new("slot.csv", slot));
    let cluster = assembled(SOCKETS, &library, &[]).unwrap();
    for (pod, gpu, round_trip) in [("pod-0", "gpu-0", 600.0), ("far", "gpu-far", 800.0)] {
        let rate = gbit_s(&cluster, &[transfer(pod, gpu, Bytes::gib(1))])[0];
        assert!((rate - 8.0 * 16.0 * 512.0 / round_trip).abs() < 1e-2, "{pod}: {rate}");
    }
}

/// A core that copies moves 10 GB/s; where nobody copies, the GPUs' engines rule.
#[test]
fn shared_memory_costs_a_core_only_where_one_copies() {
    let library =
        host("socket_link_latency,0,ns,,,assumed,t\nsocket_link_bandwidth,1000,GB/s,,,assumed,t\n");
    let nobody = assembled(SOCKETS, &library, &[]).unwrap();
    let copying = SOCKETS.replace("copied = false", "copied = true");
    let copying = assembled(&copying, &library, &[]).unwrap();
    let asked = [piped("gpu-0", "gpu-1")];
    let (fast, slow) = (gbit_s(&nobody, &asked)[0], gbit_s(&copying, &asked)[0]);
    assert!((slow - 80.0).abs() < 2e-3, "{slow}");
    assert!(fast > 1.5 * slow, "{fast}");
}
