//! A small library of invented hardware: round numbers, so that expectations can be worked out by
//! hand.

use models::cluster::{Cluster, Setting};
use models::gpu::kernel::Kernel;
use models::input::{InputError, Source};
use models::library::{Kind, Library};
use models::outcome::{Fidelity, Outcome};
use models::predict::{CHUNKS_MAX, predict};
use models::transfer::{Mode, Transfer};
use sim::Bytes;

pub(crate) const HOST: &str = "\
parameter,value,unit,low,high,how,source
cores,8,count,,,assumed,fixture
receive_queues,8,count,,,assumed,fixture
tcp.window,6291456,B,,,assumed,fixture
tcp.tx_per_byte,0.1,ns/B,,,assumed,fixture
tcp.rx_per_byte,0.25,ns/B,,,assumed,fixture
tcp.tx_per_message,2,us,,,assumed,fixture
tcp.rx_per_message,0,us,,,assumed,fixture
tcp.latency,0,us,,,assumed,fixture
udp.latency,0,us,,,assumed,fixture
udp.tx_per_skb,4,us,,,assumed,fixture
udp.rx_per_skb,8,us,,,assumed,fixture
udp.send_buffer,212992,B,,,assumed,fixture
udp.send_completion,240,us,,,assumed,fixture
veth.tx_per_skb,1,us,,,assumed,fixture
veth.rx_per_skb,1,us,,,assumed,fixture
route.tx_per_skb,1,us,,,assumed,fixture
route.rx_per_skb,1,us,,,assumed,fixture
vxlan.tx_per_segment,0.2,us,,,assumed,fixture
vxlan.rx_per_segment,0.5,us,,,assumed,fixture
wireguard.tx_per_byte,0.1,ns/B,,,assumed,fixture
wireguard.rx_per_byte,0.9,ns/B,,,assumed,fixture
service-iptables.tx_per_skb,0.5,us,,,assumed,fixture
service-iptables.per_rule,100,ns,,,assumed,fixture
names.per_query,50,us,,,assumed,fixture
names.forward,2,ms,,,assumed,fixture
names.ttl,30,s,,,assumed,fixture
memory_bandwidth,100,GB/s,,,assumed,fixture
staging.per_byte,0.1,ns/B,,,assumed,fixture
staging.per_chunk,10,us,,,assumed,fixture
staging.chunk,4,MiB,,,assumed,fixture
staging.first_touch_per_byte,0.3,ns/B,,,assumed,fixture
";

const GPU: &str = "\
parameter,value,unit,low,high,how,source
sms,100,count,,,assumed,fixture
clock,1000,MHz,,,assumed,fixture
memory,40,GiB,,,assumed,fixture
hbm_bandwidth,1000,GB/s,,,assumed,fixture
fp32_peak,10,Tflop/s,,,assumed,fixture
fp64_peak,5,Tflop/s,,,assumed,fixture
launch_latency,5,us,,,assumed,fixture
copy_call,10,us,,,assumed,fixture
copy_setup,10,us,,,assumed,fixture
copy_engines,2,count,,,assumed,fixture
copy_to_device_efficiency,1,ratio,,,assumed,fixture
copy_to_host_efficiency,1,ratio,,,assumed,fixture
";

const NIC: &str = "\
parameter,value,unit,low,high,how,source
latency,1,us,,,assumed,fixture
";

pub(crate) const PCIE: &str = "\
parameter,value,unit,low,high,how,source
generation,4,count,,,assumed,fixture
lanes,16,count,,,assumed,fixture
max_payload,256,B,,,assumed,fixture
max_read_request,512,B,,,assumed,fixture
read_completion_boundary,64,B,,,assumed,fixture
address_bits,64,count,,,assumed,fixture
end_to_end_check,0,count,,,assumed,fixture
completions_at_boundary,0,count,,,assumed,fixture
tags,256,count,,,assumed,fixture
read_round_trip,600,ns,,,assumed,fixture
write_latency,300,ns,,,assumed,fixture
";

const HOPS: &[(&str, &str)] = &[
    ("veth", ""),
    ("route", "back-pressure = \"lost\"\n"),
    ("vxlan", "header = \"50 B\"\n"),
    ("wireguard", "header = \"60 B\"\nruns-on = \"serial:wireguard\"\n"),
    ("service-iptables", ""),
];

const CNIS: &[(&str, &str)] = &[
    ("host", "pod = []\nnode = []\n"),
    ("veth", "pod = [\"veth\"]\nnode = []\n"),
    ("vxlan", "pod = [\"veth\"]\nnode = [\"vxlan\"]\n"),
    ("routed-vxlan", "pod = [\"veth\"]\nnode = [\"route\", \"vxlan\"]\n"),
    ("wireguard", "pod = [\"veth\"]\nnode = [\"wireguard\"]\n"),
];

/// Two nodes, a GPU and a pod in each, 40 Gbit/s between them.
pub(crate) const PAIR: &str = r#"
about = "two nodes"
[[node]]
name = "node-a"
host = "host"
cni = "CNI"
[[node]]
name = "node-b"
host = "host"
cni = "CNI"
[[gpu]]
name = "gpu-a"
node = "node-a"
profile = "gpu"
pcie = "slot"
[[gpu]]
name = "gpu-b"
node = "node-b"
profile = "gpu"
pcie = "slot"
[[nic]]
name = "nic-a"
node = "node-a"
profile = "nic"
pcie = "slot"
mtu = 9000
[[nic]]
name = "nic-b"
node = "node-b"
profile = "nic"
pcie = "slot"
mtu = 9000
[[switch]]
name = "tor"
latency = "1 us"
[[cable]]
between = ["nic-a", "tor"]
rate = "40 Gbit/s"
latency = "10 ns"
[[cable]]
between = ["nic-b", "tor"]
rate = "40 Gbit/s"
latency = "10 ns"
[[pod]]
name = "client"
node = "node-a"
gpu = "gpu-a"
[[pod]]
name = "server"
node = "node-b"
gpu = "gpu-b"
[[service]]
name = "web"
pods = ["server"]
proxy = "iptables"
installed = 1000
"#;

/// The whole library.
pub(crate) fn library() -> Library {
    let mut library = Library::new();
    let mut add = |kind: Kind, name: &str, text: String| {
        let file = format!("{}/{name}.{}", kind.folder(), kind.ending());
        library.add(kind, name, Source::new(file, text));
    };
    add(Kind::Host, "host", HOST.into());
    add(Kind::Gpu, "gpu", GPU.into());
    // The same by a name of which there are MIG profiles.
    add(Kind::Gpu, "a100-40", GPU.into());
    add(Kind::Nic, "nic", NIC.into());
    add(Kind::Pcie, "slot", PCIE.into());
    for (name, rest) in HOPS {
        add(Kind::Hop, name, format!("about = \"a hop\"\nsource = \"fixture\"\n{rest}"));
    }
    for (name, rest) in CNIS {
        add(Kind::Cni, name, format!("about = \"a network\"\nsource = \"fixture\"\n{rest}"));
        add(Kind::Topology, name, PAIR.replace("CNI", name));
    }
    library
}

/// A topology of the library.
pub(crate) fn cluster(name: &str) -> Cluster {
    Cluster::named(name, &library(), &[]).unwrap_or_else(|error| panic!("{error}"))
}

/// What is wrong with a topology text.
pub(crate) fn refused(text: &str, settings: &[Setting]) -> InputError {
    let source = Source::new("t.toml", text);
    Cluster::assemble("t", &source, &library(), settings).expect_err("it should be refused")
}

/// A kernel that reads 999 MB and writes 1 MB: 1 ms at 1000 GB/s.
pub(crate) const MILLISECOND: Kernel = Kernel {
    read: Bytes::new(999_000_000),
    written: Bytes::new(1_000_000),
    flop: 1e9,
    ..Kernel::IDLE
};

/// A transfer between the GPUs, to be changed.
pub(crate) fn transfer(from: &str, to: &str, message: Bytes) -> Transfer {
    Transfer::message(from, to, message)
}

/// What transfers reach that go on for so long that their beginnings and ends hardly count.
pub(crate) fn steady(cluster: &Cluster, asked: &[Transfer], fidelity: Fidelity) -> Vec<Outcome> {
    let long = asked.iter().map(|asked| {
        let message = match asked.mode {
            Mode::Overlapped { chunk, .. } | Mode::Rdma { chunk, .. } => chunk * CHUNKS_MAX,
            Mode::Serial | Mode::GpuDirect => Bytes::gib(1 << 14),
        };
        Transfer { message, ..asked.clone() }
    });
    let outcomes = predict(cluster, &long.collect::<Vec<_>>(), fidelity, 7);
    outcomes.unwrap_or_else(|error| panic!("{error}"))
}
