//! Request and response: the way back, once the receiver has the whole message.
//!
//! The reply is a transfer of its own from the receiver to the sender, over the connection that is
//! open by then; its life follows that of the request. It goes round the Service: the entry that
//! the first packet made translates it, at the cost of the hops that it crosses.

use std::borrow::Cow;

use super::outcomes;
use crate::cluster::{Cluster, Endpoint};
use crate::input::InputError;
use crate::outcome::{Fidelity, Outcome};
use crate::transfer::{Connection, Mode, Transfer};

/// Adds to each outcome the reply of its transfer, if it has one. Replies are computed together, as
/// the requests were: all travel at the same time.
pub(super) fn follow(
    cluster: &Cluster,
    transfers: &[Transfer],
    fidelity: Fidelity,
    seed: u64,
    outcomes_there: &mut [Outcome],
) -> Result<(), InputError> {
    let mut back: Vec<Transfer> = Vec::new();
    let mut whose: Vec<usize> = Vec::new();
    for (at, transfer) in transfers.iter().enumerate() {
        if let Some(reply) = reply_to(cluster, transfer)? {
            back.push(reply);
            whose.push(at);
        }
    }
    if back.is_empty() {
        return Ok(());
    }
    for (at, reply) in whose.into_iter().zip(outcomes(&turned(cluster), &back, fidelity, seed)?) {
        let there = &mut outcomes_there[at];
        there.completion = there.completion.saturating_add(reply.completion);
        there.life.extend(reply.life);
    }
    Ok(())
}

/// The transfer that answers another.
fn reply_to(cluster: &Cluster, transfer: &Transfer) -> Result<Option<Transfer>, InputError> {
    let Some(message) = transfer.reply else { return Ok(None) };
    let from = match cluster.endpoint("to", &transfer.to)? {
        Endpoint::Place(_) => transfer.to.clone(),
        Endpoint::Service(service) => cluster.graph[service.pods[0]].name.clone(),
    };
    Ok(Some(Transfer {
        from,
        to: transfer.from.clone(),
        via: None,
        message,
        write: None,
        reply: None,
        transport: transfer.transport,
        streams: 1,
        mode: match transfer.mode {
            Mode::GpuDirect => Mode::GpuDirect,
            Mode::Serial | Mode::Overlapped { .. } => Mode::Serial,
        },
        host_memory: transfer.host_memory,
        connection: Connection::Warm,
        kernel: None,
        request: None,
    }))
}

/// The cluster as replies see it: pinned threads that read now send.
fn turned(cluster: &Cluster) -> Cow<'_, Cluster> {
    if cluster.hosts.iter().all(|host| host.pinned.is_none()) {
        return Cow::Borrowed(cluster);
    }
    let mut turned = cluster.clone();
    for pins in turned.hosts.iter_mut().filter_map(|host| host.pinned.as_mut()) {
        *pins = pins.swapped();
    }
    Cow::Owned(turned)
}
