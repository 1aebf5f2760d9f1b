//! Collectives of NCCL as a closed form: which algorithm and protocol it takes, and how long that
//! is.
//!
//! ```text
//! team (ranks, nodes, links) ──► tuner ──► algorithm, protocol ──► price ──► time
//!                                (NCCL's                            (fitted
//!                                 own model)                         costs)
//! ```
//!
//! NCCL chooses by a cost model of its own, whose constants are public and which ranks well, but
//! which NVIDIA does not sell as a prediction. [`tuner`] is that model, so that the choice is what
//! NCCL would choose. [`price`](predict) is another one: what the chosen way takes on real
//! machines, by constants that were fitted to published runs of nccl-tests.

mod board;
mod costs;
pub(crate) mod crossings;
mod group;
pub(crate) mod layout;
mod peer;
mod price;
mod team;
pub mod tuner;

pub(crate) use board::Board;
pub use board::Boards;
pub use costs::Costs;
pub use group::Group;
pub use peer::{Copied, Peers, copied};
pub(crate) use price::{Doubts, Timed, timed};
pub use price::{Predicted, Program, predict, predict_as, streamed};
pub use team::{Fabric, Generation, Intra, Network, Team};

use serde::{Deserialize, Serialize};

/// What the ranks do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collective {
    /// Every rank gets the sum of what all have.
    AllReduce,
    /// Every rank gets what all have.
    AllGather,
    /// Every rank gets its part of the sum.
    ReduceScatter,
    /// Every rank gets what one has.
    Broadcast,
    /// One rank gets the sum.
    Reduce,
    /// Every rank sends every other rank a part.
    #[serde(rename = "alltoall")]
    AllToAll,
    /// Every rank sends one rank everything, and receives from one.
    #[serde(rename = "sendrecv")]
    SendReceive,
    /// The first rank gets what all have.
    Gather,
    /// Every rank gets its part of what the first one has.
    Scatter,
    /// One rank sends another everything, and receives nothing.
    Send,
}

impl Collective {
    /// Every one, by its name in nccl-tests.
    pub const ALL: [(&'static str, Collective); 9] = [
        ("all_reduce", Collective::AllReduce),
        ("all_gather", Collective::AllGather),
        ("reduce_scatter", Collective::ReduceScatter),
        ("broadcast", Collective::Broadcast),
        ("reduce", Collective::Reduce),
        ("alltoall", Collective::AllToAll),
        ("sendrecv", Collective::SendReceive),
        ("gather", Collective::Gather),
        ("scatter", Collective::Scatter),
    ];

    /// The one of that name in nccl-tests.
    pub fn named(name: &str) -> Option<Collective> {
        Collective::ALL.iter().find(|(known, _)| *known == name).map(|(_, one)| *one)
    }

    /// Its name in nccl-tests.
    pub fn name(self) -> &'static str {
        let named = Collective::ALL.iter().find(|(_, one)| *one == self);
        named.map_or("send", |(name, _)| name)
    }

    /// Whether one rank, the first, sends or receives for all others.
    pub const fn is_rooted(self) -> bool {
        matches!(self, Collective::Gather | Collective::Scatter)
    }

    /// How many steps a ring of `ranks` takes, of which each rank does one after another.
    pub fn steps(self, ranks: u32) -> u32 {
        match self {
            Collective::AllReduce => 2 * (ranks - 1),
            Collective::SendReceive | Collective::Send => 1,
            _ => ranks - 1,
        }
    }

    /// The part of the bytes that crosses the link of a rank: bus bandwidth over algorithm
    /// bandwidth, as nccl-tests counts it (its `PERFORMANCE.md`).
    pub fn bus_factor(self, ranks: u32) -> f64 {
        let others = f64::from(ranks - 1) / f64::from(ranks);
        match self {
            Collective::AllReduce => 2.0 * others,
            Collective::AllGather
            | Collective::ReduceScatter
            | Collective::AllToAll
            | Collective::Gather
            | Collective::Scatter => others,
            Collective::Broadcast
            | Collective::Reduce
            | Collective::SendReceive
            | Collective::Send => 1.0,
        }
    }
}

/// In what order data passes the ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// From rank to rank in a circle.
    Ring,
    /// Up and down a double binary tree.
    Tree,
    /// Reduced and multiplied by the NVLink switches of one node.
    Nvls,
    /// The same inside nodes, and a tree between them.
    NvlsTree,
    /// Along parallel aggregated trees, in as many steps as the number of ranks has binary digits
    /// (NCCL's PAT: one rank on each node).
    Pat,
    /// Each pair on its own.
    Pairwise,
}

/// How a step is framed and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Eight bytes with eight bytes of flags: nobody waits for a fence.
    Ll,
    /// 120 bytes with eight bytes of flags.
    Ll128,
    /// Whole chunks, each followed by a fence.
    Simple,
}

impl Algorithm {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Algorithm::Ring => "ring",
            Algorithm::Tree => "tree",
            Algorithm::Nvls => "nvls",
            Algorithm::NvlsTree => "nvls-tree",
            Algorithm::Pat => "pat",
            Algorithm::Pairwise => "pairwise",
        }
    }
}

impl Protocol {
    /// Bytes that are moved for each byte of data: flags beside it.
    pub(crate) const fn framing(self) -> f64 {
        match self {
            Protocol::Ll => 2.0,
            Protocol::Ll128 => 128.0 / 120.0,
            Protocol::Simple => 1.0,
        }
    }

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Ll => "ll",
            Protocol::Ll128 => "ll128",
            Protocol::Simple => "simple",
        }
    }
}

/// The profile of costs that is read.
pub const PROFILE: &str = "nccl";

/// What NCCL takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// The order.
    pub algorithm: Algorithm,
    /// The framing.
    pub protocol: Protocol,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bus_factors_are_those_of_nccl_tests() {
        assert_eq!(Collective::AllReduce.bus_factor(8), 1.75);
        assert_eq!(Collective::AllGather.bus_factor(8), 0.875);
        assert_eq!(Collective::Broadcast.bus_factor(8), 1.0);
        assert_eq!(Collective::Scatter.bus_factor(8), 0.875);
        assert_eq!(Collective::Gather.bus_factor(8), 0.875);
        assert_eq!((Collective::AllReduce.steps(8), Collective::AllGather.steps(8)), (14, 7));
        assert_eq!(Collective::named("alltoall"), Some(Collective::AllToAll));
        assert_eq!(Collective::named("all_to_all"), None);
    }
}
