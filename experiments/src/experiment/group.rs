//! The fields of a collective: what GPUs do together, in the place of one result from here to
//! there.

use std::sync::Arc;

use models::collective::{Algorithm, Collective, Fabric, Group, Protocol};
use models::input::{InputError, Source};
use models::transfer::Transfer;
use serde::Deserialize;
use sim::Bytes;

use super::axis::Axis;
use super::field::{Field, Is, List, fields, text, whole, words, words_or};
use super::problem::Problem;
use super::transfer::Draft;

/// The most cards of a node.
const RAILS_MAX: i64 = 128;
/// The most threads of a connection (`NCCL_SOCKET_NTHREADS`).
const THREADS_MAX: i64 = 16;

fields! {
    /// A collective of GPUs, in the place of a result that travels.
    GroupFields: Group "";

    /// What GPUs do together, in the place of one result from here to there; `message` is then what
    /// nccl-tests counts as its size, and the goodput its algorithm bandwidth. The first rank is
    /// the root of `gather` and `scatter`. Default `none`.
    collective: Option<Collective> = words_or(&[
        "none", "all_reduce", "all_gather", "reduce_scatter", "broadcast", "reduce", "alltoall",
        "sendrecv", "gather", "scatter",
    ]), "none";
    /// The ranks in order: GPUs and counted tables of GPUs, with commas between; `all` (default):
    /// every GPU of the topology that one pod has whole.
    ranks: String = text(Is::Word), "all";
    /// The order in which data passes the ranks, as `NCCL_ALGO` forces it; `pat` (parallel
    /// aggregated trees) where each node has one rank, for `all_gather` and `reduce_scatter`.
    /// Default `auto`: what NCCL would choose, of all but `pat`.
    algorithm: Option<Algorithm> =
        words_or(&["auto", "ring", "tree", "nvls", "nvls-tree", "pat"]), "auto";
    /// How a step is framed, as `NCCL_PROTO` forces it. Default `auto`: what NCCL would choose.
    protocol: Option<Protocol> = words_or(&["auto", "ll", "ll128", "simple"]), "auto";
    /// The network between nodes: `rdma`, which reads and writes device memory; `staged`, RDMA
    /// through host memory; `socket`, the sockets of pods on their container network; or what a
    /// plug-in carries. Default `auto`: RDMA if every card of the ranks' nodes has `rdma = true`,
    /// else sockets.
    network: Option<Fabric> = words_or(&[
        "auto", "rdma", "staged", "slingshot", "efa", "efa_v2", "gib", "tcpxo", "tcpx", "socket",
    ]), "auto";
    /// How many of the cards of each node are used, evenly (`NCCL_IB_HCA`), 1 to 128. Default: all.
    rails: Option<u32> = whole(1, RAILS_MAX);
    /// Threads that carry a connection by sockets (`NCCL_SOCKET_NTHREADS`), 1 to 16. Default 1.
    socket_threads: u32 = whole(1, THREADS_MAX), "1";
    /// Whether kernels that compute fill the GPUs meanwhile: `idle` (default), or `busy`, in which
    /// all that SMs do for the collective takes 1.481 times as long, as measured on one machine.
    compute: Compute = words(&["idle", "busy"]), "idle";
}

/// What GPUs do beside a collective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Compute {
    /// Nothing.
    Idle,
    /// Kernels that compute.
    Busy,
}

impl GroupFields {
    /// Whether it is a collective.
    pub(super) fn is_some(&self) -> bool {
        self.collective.value.is_some()
    }

    /// The collective of so many bytes, if it is one.
    pub(super) fn finish(&self, message: Option<Bytes>) -> Option<Result<Transfer, &'static str>> {
        let collective = self.collective.value?;
        let ranks = self.ranks.value.split(',').map(str::trim).filter(|rank| !rank.is_empty());
        let group = Group {
            collective,
            ranks: ranks.map(str::to_owned).collect(),
            algorithm: self.algorithm.value,
            protocol: self.protocol.value,
            network: self.network.value,
            rails: self.rails.value,
            threads: self.socket_threads.value,
            beside_kernels: self.compute.value == Compute::Busy,
        };
        Some(message.ok_or("message").map(|message| Transfer::together(group, message)))
    }
}

/// Refuses fields of a transfer in a collective, and of a collective in a transfer.
///
/// # Errors
/// At the first of them.
pub(super) fn check(
    transfers: &[Draft],
    axes: &[Axis],
    source: &Arc<Source>,
) -> Result<(), InputError> {
    let varied = || axes.iter().flat_map(|axis| &axis.varied);
    for (at, draft) in transfers.iter().enumerate() {
        let swept =
            varied().filter_map(|varied| Some((varied.of_transfers()?, varied.span.clone())));
        let swept = swept.filter(|((which, _), _)| which.is_none_or(|which| which == at));
        let written = draft.written().map(|(field, written)| (field, written.span.clone()));
        let all: Vec<_> = written.chain(swept.map(|((_, field), span)| (field, span))).collect();
        let together = all.iter().any(|(field, _)| field.name == "collective");
        // What is a collective at some points is a transfer at others.
        if varied().any(|varied| varied.key.rsplit('.').next() == Some("collective")) {
            continue;
        }
        // A sweep over all transfers is read by those that it means.
        let others = transfers.len() > 1;
        let own = |field: &Field| field.list == List::Group;
        let wrong = all.iter().find(|(field, span)| {
            let by_sweep = varied().any(|varied| varied.span == *span);
            match together {
                true => !own(field) && field.name != "message" && !(by_sweep && others),
                false => own(field) && !(by_sweep && others),
            }
        });
        if let Some((field, span)) = wrong {
            let (problem, help) = match together {
                true => {
                    ("has no effect in a collective", "`message`, `ranks` and what NCCL is told")
                }
                false => ("has no effect without `collective`", "collective = \"all_reduce\""),
            };
            let name = match field.list {
                List::Request => field.name.to_owned(),
                _ => format!("transfer.{}", field.name),
            };
            return Err(Problem::new(problem, help).at(name, source, span.clone()));
        }
    }
    Ok(())
}

/// Whether anything of an experiment is a collective.
pub(super) fn any(transfers: &[Draft]) -> bool {
    transfers.iter().any(Draft::is_group)
}
