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

/// A part smaller than this is none.
const RATIO_MIN: f64 = 1e-12;
/// Every medium, by what its lines begin with.
const MEDIA: [&str; 6] = ["nvlink", "pcie", "rdma", "socket", "pairwise", "peer"];

impl Medium {
    /// What its lines begin with.
    pub(super) const fn name(self) -> &'static str {
        MEDIA[self as usize]
    }
}

/// The lines of a profile of costs.
struct Lines<'p>(&'p Profile);

impl Lines<'_> {
    fn us(&self, line: &str) -> Result<f64, InputError> {
        Ok(self.0.seconds(line)? * 1e6)
    }

    fn gb_s(&self, line: &str) -> Result<f64, InputError> {
        Ok(self.0.rate(line)?.as_bytes_per_s() / 1e9)
    }

    /// A part of something, without which nothing would ever end.
    fn ratio(&self, line: &str) -> Result<f64, InputError> {
        match self.0.ratio(line)? {
            ratio if ratio > RATIO_MIN => Ok(ratio),
            ratio => {
                let field = format!("{}.{line}", self.0.name);
                let problem = format!("{ratio} of what there is would never end");
                Err(InputError::new(field, problem).help(format!("a ratio above {RATIO_MIN}")))
            }
        }
    }

    fn framing(&self, name: &str) -> Result<Framing, InputError> {
        Ok(Framing {
            base_us: self.us(&format!("{name}_base"))?,
            hop_us: self.us(&format!("{name}_hop"))?,
            efficiency: self.ratio(&format!("{name}_efficiency"))?,
        })
    }

    fn crossing(&self, name: &str) -> Result<Crossing, InputError> {
        let latency_us = self.us(&format!("{name}_latency"))?;
        let efficiency = self.ratio(&format!("{name}_efficiency"))?;
        Ok(Crossing { latency_us, efficiency })
    }

    fn doubt(&self, name: &str) -> Result<Doubt, InputError> {
        Ok(Doubt {
            latency: self.ratio(&format!("{name}_latency_error"))?,
            rate: self.ratio(&format!("{name}_rate_error"))?,
        })
    }

    fn pcie(&self) -> Result<Pcie, InputError> {
        Ok(Pcie {
            ll_hop_us: self.us("pcie_ll_hop")?,
            simple_base_us: self.us("pcie_simple_base")?,
            simple_hop_us: self.us("pcie_simple_hop")?,
            efficiency: self.ratio("pcie_efficiency")?,
            ll_efficiency: self.ratio("pcie_ll_efficiency")?,
            shared_memory: self.ratio("pcie_shared_memory")?,
        })
    }

    fn network(&self) -> Result<Network, InputError> {
        Ok(Network {
            simple_base_us: self.us("network_simple_base")?,
            simple_latency: self.ratio("network_simple_latency")?,
            ll_efficiency: self.ratio("network_ll_efficiency")?,
            socket_ll_efficiency: self.ratio("socket_ll_efficiency")?,
            socket_gb_s: self.gb_s("socket_rate")?,
            staged_gb_s: self.gb_s("staged_rate")?,
        })
    }

    fn pairwise(&self) -> Result<Pairwise, InputError> {
        Ok(Pairwise {
            base_us: self.us("pairwise_base")?,
            peer_us: self.us("pairwise_peer")?,
            simple_us: self.us("pairwise_simple")?,
            simple_bytes: self.0.bytes("pairwise_simple_from")?.get().max(1) as f64,
            all_to_all: self.ratio("all_to_all_efficiency")?,
            send: self.ratio("send_efficiency")?,
            peer_gb_per_gcycle: self.ratio("pairwise_bytes_per_cycle")?,
        })
    }

    fn messages(&self) -> Result<Messages, InputError> {
        Ok(Messages {
            verbs_us: self.us("message_verbs")?,
            mpi_us: self.us("message_mpi")?,
            ipc_us: self.us("message_ipc")?,
            host_gb_s: self.gb_s("message_host_rate")?,
        })
    }

    fn peer(&self) -> Result<Peer, InputError> {
        Ok(Peer {
            local: self.ratio("peer_local_efficiency")?,
            nvlink: self.ratio("peer_nvlink_efficiency")?,
            pcie: self.ratio("peer_pcie_efficiency")?,
            both_ways: self.ratio("peer_both_ways")?,
            staged: self.ratio("peer_staged_efficiency")?,
            staged_both_ways: self.ratio("peer_staged_both_ways")?,
            latency_us: self.us("peer_latency")?,
            staged_latency_us: self.us("peer_staged_latency")?,
        })
    }
}

impl Costs {
    /// Reads them.
    ///
    /// # Errors
    /// If a line is missing, has another dimension, or is a part of nothing.
    pub fn read(profile: &Profile) -> Result<Costs, InputError> {
        let lines = Lines(profile);
        let fabric = |(name, fabric): (&str, Fabric)| Ok((fabric, lines.crossing(name)?));
        let [nvlink, pcie, rdma, socket, pair, peer] = MEDIA.map(|name| lines.doubt(name));
        Ok(Costs {
            ll: lines.framing("ll")?,
            ll128: lines.framing("ll128")?,
            simple: lines.framing("simple")?,
            nvls: lines.framing("nvls")?,
            nvls_tree_base_us: lines.us("nvls_tree_base")?,
            fill: lines.ratio("fill")?,
            pair: lines.ratio("pair_efficiency")?,
            second_die: lines.ratio("second_die")?,
            pcie: lines.pcie()?,
            network: lines.network()?,
            pairwise: lines.pairwise()?,
            messages: lines.messages()?,
            peer: lines.peer()?,
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
