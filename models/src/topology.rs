//! Topology files: what a cluster is made of, as its user writes it.
//!
//! Reading has three steps: text → tables with positions (this file), tables of all included
//! files in one list ([`load`]), and names resolved into a graph ([`crate::cluster`]).

mod include;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_spanned::Spanned;

use crate::input::{InputError, Source};

pub use include::load;

/// A machine that runs pods.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeTable {
    /// Its name.
    pub name: Spanned<String>,
    /// Its host profile.
    pub host: Spanned<String>,
    /// The container network of its pods.
    pub cni: Spanned<String>,
}

/// A PCIe switch between a root port and devices.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PcieSwitchTable {
    /// Its name.
    pub name: Spanned<String>,
    /// The node it is in.
    pub node: Spanned<String>,
    /// The PCIe profile of its uplink.
    pub pcie: Spanned<String>,
    /// The NUMA node of its root port. Default 0, or that of the devices below it.
    #[serde(default)]
    pub numa: Option<Spanned<u32>>,
}

/// A GPU.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuTable {
    /// Its name.
    pub name: Spanned<String>,
    /// The node it is in.
    pub node: Spanned<String>,
    /// Its GPU profile.
    pub profile: Spanned<String>,
    /// The PCIe profile of its slot.
    pub pcie: Spanned<String>,
    /// The NUMA node of its root port. Default: that of the switch above it, else 0.
    #[serde(default)]
    pub numa: Option<Spanned<u32>>,
    /// The PCIe switch it sits below.
    #[serde(default)]
    pub under: Option<Spanned<String>>,
    /// How pods share it: `exclusive`, `time-slicing`, `mps` or `mig`.
    #[serde(default)]
    pub sharing: Option<Spanned<String>>,
    /// How often the device plugin advertises it, with time slicing and MPS.
    #[serde(default)]
    pub replicas: Option<Spanned<u32>>,
    /// The longest turn, with time slicing.
    #[serde(default)]
    pub quantum: Option<Spanned<String>>,
    /// From one pod's turn to the next one's, with time slicing.
    #[serde(default)]
    pub switch: Option<Spanned<String>>,
    /// The instances that it is cut into, with MIG: `["3g.20gb", "1g.5gb"]`.
    #[serde(default)]
    pub mig: Option<Spanned<Vec<Spanned<String>>>>,
}

/// A network interface card.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NicTable {
    /// Its name.
    pub name: Spanned<String>,
    /// The node it is in.
    pub node: Spanned<String>,
    /// Its NIC profile.
    pub profile: Spanned<String>,
    /// The PCIe profile of its slot.
    pub pcie: Spanned<String>,
    /// The largest IP packet on its wire, in bytes.
    pub mtu: Spanned<u32>,
    /// The NUMA node of its root port. Default: that of the switch above it, else 0.
    #[serde(default)]
    pub numa: Option<Spanned<u32>>,
    /// The PCIe switch it sits below.
    #[serde(default)]
    pub under: Option<Spanned<String>>,
    /// Segmentation offloads (TSO, GSO, GRO).
    #[serde(default = "yes")]
    pub offloads: bool,
    /// Whether they also work on encapsulated packets (UDP tunnel segmentation on the way out,
    /// validated inner checksums on the way in, without which GRO leaves a tunnel's packets alone).
    #[serde(default = "yes")]
    pub tunnel_offloads: bool,
}

fn yes() -> bool {
    true
}

/// A pod.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodTable {
    /// Its name.
    pub name: Spanned<String>,
    /// The node it runs on.
    pub node: Spanned<String>,
    /// The GPU it holds, or holds a share of; where only `limits` asks for one, the first of the
    /// node that has some left.
    #[serde(default)]
    pub gpu: Option<Spanned<String>>,
    /// What it asks for, as `resources.limits` of a manifest: `{ "nvidia.com/gpu" = 1 }`.
    #[serde(default)]
    pub limits: Option<Spanned<BTreeMap<String, Spanned<u32>>>>,
    /// `CUDA_MPS_ACTIVE_THREAD_PERCENTAGE`, where the GPU is shared by MPS and it is not to have an
    /// even part of the threads.
    #[serde(default)]
    pub active_thread_percentage: Option<Spanned<f64>>,
    /// Its container network, if not the node's.
    #[serde(default)]
    pub cni: Option<Spanned<String>>,
    /// The MTU of its interface in bytes, if the container network sets one below what the NIC's
    /// MTU and the headers on the way leave.
    #[serde(default)]
    pub mtu: Option<Spanned<u32>>,
    /// The NUMA node its memory is on.
    #[serde(default)]
    pub numa: u32,
    /// Segmentation offloads of its interface (TSO, GSO): without them every segment leaves the pod
    /// as a packet of its own.
    #[serde(default = "yes")]
    pub offloads: bool,
    /// A limit of its interface in each direction, as the bandwidth plug-in sets one.
    #[serde(default)]
    pub rate: Option<Spanned<String>>,
}

/// A network switch.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchTable {
    /// Its name.
    pub name: Spanned<String>,
    /// Port-to-port latency.
    pub latency: Spanned<String>,
}

/// A machine between cables that passes packets on in software: a Linux router or bridge.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwarderTable {
    /// Its name.
    pub name: Spanned<String>,
    /// Its host profile.
    pub host: Spanned<String>,
    /// The kind of hop that every packet crosses in it: `route` or `bridge`.
    pub kind: Spanned<String>,
}

/// A full-duplex cable between two NICs, switches or forwarders.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CableTable {
    /// Its two ends.
    pub between: Spanned<[Spanned<String>; 2]>,
    /// The rate of each direction.
    pub rate: Spanned<String>,
    /// Signal latency.
    pub latency: Spanned<String>,
}

/// A direct GPU-to-GPU link (NVLink or its switch).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NvlinkTable {
    /// The two GPUs.
    pub between: Spanned<[Spanned<String>; 2]>,
    /// The payload rate of each direction; where it is not given, what the GPUs' profiles say of
    /// `links` links, or of all that they have: an NVSwitch gives every pair all of them.
    #[serde(default)]
    pub rate: Option<Spanned<String>>,
    /// How many links the two have between them, where there is no switch.
    #[serde(default)]
    pub links: Option<Spanned<u32>>,
    /// Latency of a transfer.
    pub latency: Spanned<String>,
}

/// Two GPUs of one node that reach each other's memory over PCIe.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairTable {
    /// The two.
    pub between: Spanned<[Spanned<String>; 2]>,
}

/// Two pods of one node that share a piece of host memory.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedMemoryTable {
    /// The two.
    pub between: Spanned<[Spanned<String>; 2]>,
    /// Whether a core copies from one pod's buffer into the other's. It does not where both pods'
    /// GPUs have the shared buffer mapped, as NCCL's shared-memory transport has.
    #[serde(default = "yes")]
    pub copied: bool,
}

/// A Service in front of pods.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTable {
    /// Its name.
    pub name: Spanned<String>,
    /// The pods behind it.
    pub pods: Spanned<Vec<Spanned<String>>>,
    /// How it is translated, if not as the client's container network does: `iptables`, …
    #[serde(default)]
    pub proxy: Option<Spanned<String>>,
    /// How many Services are installed in the cluster.
    #[serde(default = "one")]
    pub installed: u32,
}

fn one() -> u32 {
    1
}

/// The tables of one file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) about: Option<String>,
    #[serde(default)]
    pub(crate) include: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) node: Vec<NodeTable>,
    #[serde(default)]
    pub(crate) pcie_switch: Vec<PcieSwitchTable>,
    #[serde(default)]
    pub(crate) gpu: Vec<GpuTable>,
    #[serde(default)]
    pub(crate) nic: Vec<NicTable>,
    #[serde(default)]
    pub(crate) pod: Vec<PodTable>,
    #[serde(default)]
    pub(crate) switch: Vec<SwitchTable>,
    #[serde(default)]
    pub(crate) forwarder: Vec<ForwarderTable>,
    #[serde(default)]
    pub(crate) cable: Vec<CableTable>,
    #[serde(default)]
    pub(crate) nvlink: Vec<NvlinkTable>,
    #[serde(default)]
    pub(crate) peer_to_peer: Vec<PairTable>,
    #[serde(default)]
    pub(crate) shared_memory: Vec<SharedMemoryTable>,
    #[serde(default)]
    pub(crate) service: Vec<ServiceTable>,
}

/// A table together with the text it stands in.
#[derive(Clone, Debug)]
pub struct Placed<T> {
    /// The table.
    pub table: T,
    /// The text.
    pub source: Arc<Source>,
}

impl<T> Placed<T> {
    /// An error about a value of this table.
    pub fn fault<V>(&self, at: &Spanned<V>, field: &str, problem: String) -> InputError {
        self.fault_at(at.span(), field, problem)
    }

    /// An error about a part of this table's text.
    pub fn fault_at(&self, span: Range<usize>, field: &str, problem: String) -> InputError {
        InputError::new(field, problem).at(&self.source, span)
    }
}

/// All tables of a topology, its includes first.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// What it is, in a sentence.
    pub about: String,
    /// The names of all topologies that were included.
    pub included: Vec<String>,
    /// Machines.
    pub nodes: Vec<Placed<NodeTable>>,
    /// PCIe switches.
    pub pcie_switches: Vec<Placed<PcieSwitchTable>>,
    /// GPUs.
    pub gpus: Vec<Placed<GpuTable>>,
    /// Network cards.
    pub nics: Vec<Placed<NicTable>>,
    /// Pods.
    pub pods: Vec<Placed<PodTable>>,
    /// Network switches.
    pub switches: Vec<Placed<SwitchTable>>,
    /// Machines that pass packets on.
    pub forwarders: Vec<Placed<ForwarderTable>>,
    /// Cables.
    pub cables: Vec<Placed<CableTable>>,
    /// Direct GPU links.
    pub nvlinks: Vec<Placed<NvlinkTable>>,
    /// GPUs that read and write each other's memory over PCIe.
    pub peers: Vec<Placed<PairTable>>,
    /// Pods that share host memory.
    pub shared_memories: Vec<Placed<SharedMemoryTable>>,
    /// Services.
    pub services: Vec<Placed<ServiceTable>>,
}
