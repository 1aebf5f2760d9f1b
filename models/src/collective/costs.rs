//! What steps and bytes of collectives cost: the lines of a profile of kind `collective`.

use super::{Fabric, Protocol};
use crate::input::InputError;
use crate::profile::Profile;

/// What a protocol costs on NVLink.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Framing {
    /// Launch and synchronisation \[µs\].
    pub(super) base_us: f64,
    /// A step from rank to rank \[µs\].
    pub(super) hop_us: f64,
    /// The part of what NCCL counts that bytes get.
    pub(super) efficiency: f64,
}

/// What a step and a byte cost on a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Crossing {
    pub(super) latency_us: f64,
    pub(super) efficiency: f64,
}

/// The factor that 90 % of systems lie within, of latencies and of rates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Doubt {
    pub(super) latency: f64,
    pub(super) rate: f64,
}

/// All costs of collectives.
#[derive(Clone, Debug, PartialEq)]
pub struct Costs {
    pub(super) ll: Framing,
    pub(super) ll128: Framing,
    pub(super) simple: Framing,
    pub(super) nvls: Framing,
    pub(super) nvls_tree_base_us: f64,
    /// What fills the pipeline of chunks, as a part of the steps' chunks.
    pub(super) fill: f64,
    /// Two ranks get less of their links.
    pub(super) pair: f64,
    /// How much longer latencies are across two dies.
    pub(super) second_die: f64,
    pub(super) pcie: Pcie,
    pub(super) network: Network,
    pub(super) pairwise: Pairwise,
    pub(super) messages: Messages,
    pub(super) peer: Peer,
    fabrics: Vec<(Fabric, Crossing)>,
    doubts: [Doubt; 6],
}

/// Steps and bytes through PCIe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pcie {
    pub(super) ll_hop_us: f64,
    pub(super) simple_base_us: f64,
    pub(super) simple_hop_us: f64,
    pub(super) efficiency: f64,
    pub(super) ll_efficiency: f64,
    pub(super) shared_memory: f64,
}

/// What all networks share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Network {
    pub(super) simple_base_us: f64,
    pub(super) simple_latency: f64,
    pub(super) ll_efficiency: f64,
    pub(super) socket_ll_efficiency: f64,
    pub(super) socket_gb_s: f64,
    pub(super) staged_gb_s: f64,
}

/// Sends and receives of pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pairwise {
    pub(super) base_us: f64,
    pub(super) peer_us: f64,
    pub(super) simple_us: f64,
    pub(super) simple_bytes: f64,
    pub(super) all_to_all: f64,
    pub(super) send: f64,
    pub(super) peer_gb_per_gcycle: f64,
}

/// Messages of programs that are not NCCL, one after another without waiting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Messages {
    pub(super) verbs_us: f64,
    pub(super) mpi_us: f64,
    pub(super) ipc_us: f64,
    pub(super) host_gb_s: f64,
}

/// Copies between GPUs of a machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Peer {
    pub(super) local: f64,
    pub(super) nvlink: f64,
    pub(super) pcie: f64,
    pub(super) both_ways: f64,
    pub(super) staged: f64,
    pub(super) staged_both_ways: f64,
    pub(super) latency_us: f64,
    pub(super) staged_latency_us: f64,
}

/// Where a collective is doubtful alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Medium {
    NvLink,
    Pcie,
    Rdma,
    Socket,
    /// One end and another, whatever is between them.
    Pair,
    /// Copies between GPUs of a machine.
    Peer,
}

/// Every medium, by what its lines begin with.
const MEDIA: [&str; 6] = ["nvlink", "pcie", "rdma", "socket", "pairwise", "peer"];

impl Costs {
    /// Reads them.
    ///
    /// # Errors
    /// If a line is missing or has another dimension.
    pub fn read(profile: &Profile) -> Result<Costs, InputError> {
        let us = |line: &str| Ok::<_, InputError>(profile.seconds(line)? * 1e6);
        let ratio = |line: &str| profile.ratio(line);
        let gb_s = |line: &str| Ok::<_, InputError>(profile.rate(line)?.as_bytes_per_s() / 1e9);
        let framing = |name: &str| {
            Ok::<_, InputError>(Framing {
                base_us: us(&format!("{name}_base"))?,
                hop_us: us(&format!("{name}_hop"))?,
                efficiency: ratio(&format!("{name}_efficiency"))?,
            })
        };
        let fabric = |(name, fabric): (&str, Fabric)| {
            let latency_us = us(&format!("{name}_latency"))?;
            let efficiency = ratio(&format!("{name}_efficiency"))?;
            Ok((fabric, Crossing { latency_us, efficiency }))
        };
        let doubt = |name: &str| {
            Ok::<_, InputError>(Doubt {
                latency: ratio(&format!("{name}_latency_error"))?,
                rate: ratio(&format!("{name}_rate_error"))?,
            })
        };
        let [nvlink, pcie, rdma, socket, pair, peer] = MEDIA.map(doubt);
        Ok(Costs {
            ll: framing("ll")?,
            ll128: framing("ll128")?,
            simple: framing("simple")?,
            nvls: framing("nvls")?,
            nvls_tree_base_us: us("nvls_tree_base")?,
            fill: ratio("fill")?,
            pair: ratio("pair_efficiency")?,
            second_die: ratio("second_die")?,
            pcie: Pcie {
                ll_hop_us: us("pcie_ll_hop")?,
                simple_base_us: us("pcie_simple_base")?,
                simple_hop_us: us("pcie_simple_hop")?,
                efficiency: ratio("pcie_efficiency")?,
                ll_efficiency: ratio("pcie_ll_efficiency")?,
                shared_memory: ratio("pcie_shared_memory")?,
            },
            network: Network {
                simple_base_us: us("network_simple_base")?,
                simple_latency: ratio("network_simple_latency")?,
                ll_efficiency: ratio("network_ll_efficiency")?,
                socket_ll_efficiency: ratio("socket_ll_efficiency")?,
                socket_gb_s: gb_s("socket_rate")?,
                staged_gb_s: gb_s("staged_rate")?,
            },
            pairwise: Pairwise {
                base_us: us("pairwise_base")?,
                peer_us: us("pairwise_peer")?,
                simple_us: us("pairwise_simple")?,
                simple_bytes: profile.bytes("pairwise_simple_from")?.get() as f64,
                all_to_all: ratio("all_to_all_efficiency")?,
                send: ratio("send_efficiency")?,
                peer_gb_per_gcycle: ratio("pairwise_bytes_per_cycle")?,
            },
            messages: Messages {
                verbs_us: us("message_verbs")?,
                mpi_us: us("message_mpi")?,
                ipc_us: us("message_ipc")?,
                host_gb_s: gb_s("message_host_rate")?,
            },
            peer: Peer {
                local: ratio("peer_local_efficiency")?,
                nvlink: ratio("peer_nvlink_efficiency")?,
                pcie: ratio("peer_pcie_efficiency")?,
                both_ways: ratio("peer_both_ways")?,
                staged: ratio("peer_staged_efficiency")?,
                staged_both_ways: ratio("peer_staged_both_ways")?,
                latency_us: us("peer_latency")?,
                staged_latency_us: us("peer_staged_latency")?,
            },
            fabrics: Fabric::ALL.into_iter().map(fabric).collect::<Result<_, InputError>>()?,
            doubts: [nvlink?, pcie?, rdma?, socket?, pair?, peer?],
        })
    }

    pub(super) fn framing(&self, protocol: Protocol) -> Framing {
        match protocol {
            Protocol::Ll => self.ll,
            Protocol::Ll128 => self.ll128,
            Protocol::Simple => self.simple,
        }
    }

    pub(super) fn crossing(&self, fabric: Fabric) -> Crossing {
        let found = self.fabrics.iter().find(|(known, _)| *known == fabric);
        found.expect("every kind was read").1
    }

    pub(super) fn doubt(&self, medium: Medium) -> Doubt {
        self.doubts[medium as usize]
    }
}
