//! The tables of a topology file, field by field.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_spanned::Spanned;

use super::field::Field;
use super::table::{Table, described, tables};

tables! {
    /// A machine that runs pods.
    NodeTable called name {
        /// Its name.
        name: Spanned<String>,
        /// How many there are: `NAME-0`, `NAME-1`, … Default: one, called `NAME`.
        count: Option<Spanned<u32>>,
        /// Its host profile. Default: that of its shape, else `unknown`, any server.
        #[serde(default = "unknown")]
        host: Spanned<String>,
        /// A topology of one node, all of which this one has: PCIe switches, GPUs, cards, pods.
        /// They are called after this node: `NAME-gpu`.
        shape: Option<Spanned<String>>,
        /// The container network of its pods.
        cni: Spanned<String>,
        /// How its TCP senders answer loss. Default `cubic`.
        #[one_of("reno", "cubic", "bbr")]
        congestion_control: Option<Spanned<String>>,
    }

    /// A PCIe switch between a root port, or another switch, and devices.
    PcieSwitchTable called name {
        /// Its name.
        name: Spanned<String>,
        /// How many there are in the node, or below the switch. In a node of a counted table they
        /// are called by the node's number and their own within it: `NAME-17-3`.
        count: Option<Spanned<u32>>,
        /// The node it is in.
        node: Spanned<String>,
        /// The PCIe profile of its uplink.
        pcie: Spanned<String>,
        /// The NUMA node of its root port. Default 0, or that of the devices below it.
        numa: Option<Spanned<u32>>,
        /// The NUMA nodes of those of a node, in turn, in the place of `numa`: `[0, 0, 1, 1]`.
        numas: Option<Spanned<Vec<Spanned<u32>>>>,
        /// The PCIe switch it sits below, where they are cascaded.
        under: Option<Spanned<String>>,
        /// What access control (ACS) does with accesses between devices below it: `direct`
        /// (default) lets them turn round here, `redirect` sends them up to the root complex and
        /// back.
        #[one_of("direct", "redirect")]
        acs: Option<Spanned<String>>,
    }

    /// A GPU.
    GpuTable called name {
        /// Its name.
        name: Spanned<String>,
        /// How many there are in the node, or below the switch. In a node of a counted table they
        /// are called by the node's number and their own within it: `NAME-17-3`.
        count: Option<Spanned<u32>>,
        /// The node it is in.
        node: Spanned<String>,
        /// Its GPU profile.
        profile: Spanned<String>,
        /// The PCIe profile of its slot.
        pcie: Spanned<String>,
        /// The NUMA node of its root port. Default: that of the switch above it, else 0.
        numa: Option<Spanned<u32>>,
        /// The NUMA nodes of those of a node, in turn, in the place of `numa`: `[0, 0, 1, 1]`.
        numas: Option<Spanned<Vec<Spanned<u32>>>>,
        /// The PCIe switch it sits below.
        under: Option<Spanned<String>>,
        /// How pods share it. Default `exclusive`.
        #[one_of("exclusive", "time-slicing", "mps", "mig")]
        sharing: Option<Spanned<String>>,
        /// How often the device plugin advertises it, with time slicing and MPS.
        replicas: Option<Spanned<u32>>,
        /// The longest turn, with time slicing.
        quantum: Option<Spanned<String>>,
        /// From one pod's turn to the next one's, with time slicing.
        switch: Option<Spanned<String>>,
        /// The instances that it is cut into, with MIG: `["3g.20gb", "1g.5gb"]`.
        mig: Option<Spanned<Vec<Spanned<String>>>>,
    }

    /// A network interface card.
    NicTable called name {
        /// Its name.
        name: Spanned<String>,
        /// How many there are in the node, or below the switch. In a node of a counted table they
        /// are called by the node's number and their own within it: `NAME-17-3`.
        count: Option<Spanned<u32>>,
        /// The node it is in.
        node: Spanned<String>,
        /// Its NIC profile. Default: `unknown`, any card.
        #[serde(default = "unknown")]
        profile: Spanned<String>,
        /// The PCIe profile of its slot.
        pcie: Spanned<String>,
        /// The largest IP packet on its wire, in bytes.
        mtu: Spanned<u32>,
        /// The NUMA node of its root port. Default: that of the switch above it, else 0.
        numa: Option<Spanned<u32>>,
        /// The NUMA nodes of those of a node, in turn, in the place of `numa`: `[0, 0, 1, 1]`.
        numas: Option<Spanned<Vec<Spanned<u32>>>>,
        /// The PCIe switch it sits below.
        under: Option<Spanned<String>>,
        /// Segmentation offloads (TSO, GSO, GRO). Default: on, but for a card of a class whose
        /// state is unknown: see `podpath profiles list --kind hypothesis`.
        offloads: Option<bool>,
        /// Whether they also work on encapsulated packets (UDP tunnel segmentation on the way
        /// out, validated inner checksums on the way in, without which GRO leaves a tunnel's
        /// packets alone). Default: as of `offloads`.
        tunnel_offloads: Option<bool>,
        /// Whether pods may use it for RDMA: it can, and it is in the pod (host network with the
        /// device, SR-IOV). Collectives whose `network` is not given ask for it. Default: no.
        rdma: Option<bool>,
    }

    /// A pod.
    PodTable called name {
        /// Its name.
        name: Spanned<String>,
        /// How many there are on the node, or of the GPU. In a node of a counted table they
        /// are called by the node's number and their own within it: `NAME-17-3`.
        count: Option<Spanned<u32>>,
        /// The node it runs on.
        node: Spanned<String>,
        /// The GPU it holds, or holds a share of; where only `limits` asks for one, the first of
        /// the node that has some left.
        gpu: Option<Spanned<String>>,
        /// The GPUs it holds, where they are several whole ones.
        gpus: Option<Spanned<Vec<Spanned<String>>>>,
        /// What it asks for, as `resources.limits` of a manifest: `{ "nvidia.com/gpu" = 1 }`.
        limits: Option<Spanned<BTreeMap<String, Spanned<u32>>>>,
        /// `CUDA_MPS_ACTIVE_THREAD_PERCENTAGE`, where the GPU is shared by MPS and it is not to
        /// have an even part of the threads.
        active_thread_percentage: Option<Spanned<f64>>,
        /// Its container network, if not the node's.
        cni: Option<Spanned<String>>,
        /// The MTU of its interface in bytes, if the container network sets one below what the
        /// NIC's MTU and the headers on the way leave.
        mtu: Option<Spanned<u32>>,
        /// The NUMA node its memory is on. Default 0.
        #[serde(default)]
        numa: u32,
        /// The NUMA nodes of those of a node, in turn, in the place of `numa`: `[0, 0, 1, 1]`.
        numas: Option<Spanned<Vec<Spanned<u32>>>>,
        /// Segmentation offloads of its interface (TSO, GSO): without them every segment leaves
        /// the pod as a packet of its own.
        #[serde(default = "yes")]
        offloads: bool,
        /// A limit of its interface in each direction, as the bandwidth plug-in sets one.
        rate: Option<Spanned<String>>,
        /// What passes that limit at once while its bucket is full, as the plug-in's `burst`:
        /// `"32 MiB"`. A message is taken to find it full. Default: nothing.
        burst: Option<Spanned<String>>,
    }

    /// A network switch.
    SwitchTable called name {
        /// Its name.
        name: Spanned<String>,
        /// How many there are: `NAME-0`, `NAME-1`, … Default: one, called `NAME`.
        count: Option<Spanned<u32>>,
        /// Port-to-port latency.
        latency: Spanned<String>,
        /// How it spreads traffic over equal ways: `flow` (default), by a hash of its own;
        /// `same-hash`, by one that all such switches share, so that flows that met at one switch
        /// meet again at the next (polarisation); `packet`, packet by packet.
        #[one_of("flow", "same-hash", "packet")]
        spread: Option<Spanned<String>>,
    }

    /// Switches and cables that join cards, by name and size.
    FabricTable called name {
        /// Its name, with which the names of its switches begin: `clos-leaf-3`, `clos-spine-0`.
        name: Spanned<String>,
        /// Its kind.
        #[one_of("single-switch", "leaf-spine", "rail-optimised", "fat-tree", "dragonfly+")]
        kind: Spanned<String>,
        /// The cards that it joins, in turn: names of cards or of counted tables.
        cards: Spanned<Vec<Spanned<String>>>,
        /// Cards at each leaf; with rails, nodes at each leaf.
        cards_per_leaf: Option<Spanned<u32>>,
        /// Spines; in a dragonfly+, of each group.
        spines: Option<Spanned<u32>>,
        /// What the cards of a leaf can send over what it can send up, in the place of `spines`.
        oversubscription: Option<Spanned<f64>>,
        /// Cables from each leaf to each of its spines. Default 1.
        uplinks: Option<Spanned<u32>>,
        /// Ports of a switch of a fat tree.
        ports: Option<Spanned<u32>>,
        /// Levels of a fat tree: 2 or 3. Default 3.
        levels: Option<Spanned<u32>>,
        /// Leaves in each group of a dragonfly+.
        leaves_per_group: Option<Spanned<u32>>,
        /// Cables between every two groups of a dragonfly+. Default: as many as a group has spines.
        global_links: Option<Spanned<u32>>,
        /// The rate of each direction of a card's cable.
        rate: Spanned<String>,
        /// The rate of cables between switches. Default: that of a card's.
        uplink_rate: Option<Spanned<String>>,
        /// Signal latency of a cable.
        latency: Spanned<String>,
        /// Port-to-port latency of a switch.
        switch_latency: Spanned<String>,
        /// How its switches spread traffic over equal ways, as `spread` of a switch.
        #[one_of("flow", "same-hash", "packet")]
        spread: Option<Spanned<String>>,
        /// How unevenly TCP flows share it that answer loss: the standard deviation of the
        /// logarithm of a flow's share, 0 (all alike) to 3. Default: 0.8 for flows of Reno, 1.0 of
        /// CUBIC, 0 of BBR.
        unfairness: Option<Spanned<f64>>,
        /// What a full queue does: `drop` (default); `ecn`, mark before it is full, and senders are
        /// DCTCP; `pfc`, pause whoever sends to it. With the latter two, flows share alike.
        #[one_of("drop", "ecn", "pfc")]
        queue: Option<Spanned<String>>,
        /// What a port of its switches holds. TCP flows that meet where it is too small for them
        /// wait for a timeout. Default: enough.
        buffer: Option<Spanned<String>>,
    }

    /// Cables that are down or slow.
    FaultTable {
        /// A switch or card: all cables that lead there.
        at: Option<Spanned<String>>,
        /// Or the two ends of a cable.
        between: Option<Spanned<[Spanned<String>; 2]>>,
        /// How many of the cables between the two. Default: all.
        count: Option<Spanned<u32>>,
        /// The rate that is left of each direction. Default: none, they are down.
        rate: Option<Spanned<String>>,
    }

    /// A machine between cables that passes packets on in software: a Linux router or bridge.
    ForwarderTable called name {
        /// Its name.
        name: Spanned<String>,
        /// How many there are: `NAME-0`, `NAME-1`, … Default: one, called `NAME`.
        count: Option<Spanned<u32>>,
        /// Its host profile. Default: `unknown`, any server.
        #[serde(default = "unknown")]
        host: Spanned<String>,
        /// The kind of hop that every packet crosses in it: `route` or `bridge`.
        #[one_of("route", "bridge")]
        kind: Spanned<String>,
    }

    /// A full-duplex cable between two NICs, switches or forwarders.
    CableTable {
        /// Its two ends.
        between: Spanned<[Spanned<String>; 2]>,
        /// How many cables lead side by side. Default 1.
        count: Option<Spanned<u32>>,
        /// Where both ends are counted tables: so many of the one, in turn, lead to each of the
        /// other; with rails, of so many nodes. Default: one to one.
        per: Option<Spanned<u32>>,
        /// Where both ends are counted tables: `mesh`, from each to each; `rails`, from number `j`
        /// of every node to number `j` of the other end.
        #[one_of("mesh", "rails")]
        pattern: Option<Spanned<String>>,
        /// The rate of each direction.
        rate: Spanned<String>,
        /// The rate from the second end to the first, where it is another.
        rate_back: Option<Spanned<String>>,
        /// The part of packets that it loses by chance, 0 to 0.5: `0.001`. Default 0.
        loss: Option<Spanned<f64>>,
        /// Signal latency.
        latency: Spanned<String>,
    }

    /// A direct GPU-to-GPU link (NVLink or its switch).
    NvlinkTable {
        /// The two GPUs.
        between: Spanned<[Spanned<String>; 2]>,
        /// The payload rate of each direction; where it is not given, what the GPUs' profiles say
        /// of `links` links, or of all that they have: an NVSwitch gives every pair all of them.
        rate: Option<Spanned<String>>,
        /// How many links the two have between them, where there is no switch.
        links: Option<Spanned<u32>>,
        /// Latency of a transfer.
        latency: Spanned<String>,
    }

    /// Two GPUs of one node that reach each other's memory over PCIe.
    PairTable {
        /// The two.
        between: Spanned<[Spanned<String>; 2]>,
    }

    /// Two pods of one node that share a piece of host memory.
    SharedMemoryTable {
        /// The two.
        between: Spanned<[Spanned<String>; 2]>,
        /// Whether a core copies from one pod's buffer into the other's. It does not where both
        /// pods' GPUs have the shared buffer mapped, as NCCL's shared-memory transport has.
        #[serde(default = "yes")]
        copied: bool,
    }

    /// A Service in front of pods.
    ServiceTable called name {
        /// Its name.
        name: Spanned<String>,
        /// The pods behind it.
        pods: Spanned<Vec<Spanned<String>>>,
        /// How it is translated, if not as the client's container network does: `iptables`, …
        proxy: Option<Spanned<String>>,
        /// How many Services are installed in the cluster.
        #[serde(default = "one")]
        installed: u32,
    }
}

fn unknown() -> Spanned<String> {
    Spanned::new(0..0, "unknown".into())
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}
