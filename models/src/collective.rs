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

mod costs;
mod peer;
mod price;
mod team;
pub mod tuner;

pub use costs::Costs;
pub use peer::{Copied, Peers, copied};
pub use price::{Predicted, Program, predict, streamed};
pub use team::{Fabric, Generation, Intra, Network, Team};

/// What the ranks do together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    AllToAll,
    /// Every rank sends one rank everything, and receives from one.
    SendReceive,
    /// One rank sends another everything, and receives nothing.
    Send,
}

impl Collective {
    /// Every one, by its name in nccl-tests.
    pub const ALL: [(&'static str, Collective); 7] = [
        ("all_reduce", Collective::AllReduce),
        ("all_gather", Collective::AllGather),
        ("reduce_scatter", Collective::ReduceScatter),
        ("broadcast", Collective::Broadcast),
        ("reduce", Collective::Reduce),
        ("alltoall", Collective::AllToAll),
        ("sendrecv", Collective::SendReceive),
    ];

    /// The one of that name in nccl-tests.
    pub fn named(name: &str) -> Option<Collective> {
        Collective::ALL.iter().find(|(known, _)| *known == name).map(|(_, one)| *one)
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
            Collective::AllGather | Collective::ReduceScatter | Collective::AllToAll => others,
            Collective::Broadcast
            | Collective::Reduce
            | Collective::SendReceive
            | Collective::Send => 1.0,
        }
    }
}

/// In what order data passes the ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// From rank to rank in a circle.
    Ring,
    /// Up and down a double binary tree.
    Tree,
    /// Reduced and multiplied by the NVLink switches of one node.
    Nvls,
    /// The same inside nodes, and a tree between them.
    NvlsTree,
    /// Each pair on its own.
    Pairwise,
}

/// How a step is framed and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Eight bytes with eight bytes of flags: nobody waits for a fence.
    Ll,
    /// 120 bytes with eight bytes of flags.
    Ll128,
    /// Whole chunks, each followed by a fence.
    Simple,
}

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
        assert_eq!((Collective::AllReduce.steps(8), Collective::AllGather.steps(8)), (14, 7));
        assert_eq!(Collective::named("alltoall"), Some(Collective::AllToAll));
        assert_eq!(Collective::named("all_to_all"), None);
    }
}
