//! A transfer as a plan: what asks for it, its message, and the answer to it.
//!
//! ```text
//!  [`super::request`] ─► [`super::message`] ─► the way back
//! ```

use sim::{Bytes, Seed};

use super::message::{After, Message, named};
use super::stage::line;
use super::{Cores, Draft, Plan, request};
use crate::cluster::{Cluster, Endpoint};
use crate::input::InputError;
use crate::outcome::{self, Fidelity};
use crate::price::Change;
use crate::route::{Route, route};
use crate::transfer::{Mode, Transfer};

/// What a plan is made from.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The cluster, in each lane.
    pub(crate) clusters: &'a [&'a Cluster],
    pub(crate) transfer: &'a Transfer,
    /// Its way, in each lane.
    pub(crate) routes: &'a [Route<'a>],
    /// The cores of the transfer's streams.
    pub(crate) cores: &'a [Cores],
    pub(crate) change: &'a Change,
    /// Whether what asks for the transfer and what answers it are wanted too.
    pub(crate) whole: bool,
    /// Whether times and rates are all that is wanted, and no account of hops: see [`Draft`].
    pub(crate) brief: bool,
    /// Whether chance decides or means are taken.
    pub(crate) fidelity: Fidelity,
    pub(crate) seed: Seed,
}

impl<'a> Context<'a> {
    /// How many lanes there are.
    pub(super) fn lanes(&self) -> u32 {
        self.clusters.len() as u32
    }

    /// The cluster of the first lane, whose structure they all have.
    pub(super) fn cluster(&self) -> &'a Cluster {
        self.clusters[0]
    }

    /// The way of the first lane.
    pub(super) fn route(&self) -> &'a Route<'a> {
        &self.routes[0]
    }

    /// The way of another transfer, in each lane.
    pub(super) fn ways(&self, transfer: &Transfer) -> Result<Vec<Route<'a>>, InputError> {
        Ok(ways(self.clusters, route(self.cluster(), transfer)?))
    }
}

/// A way through the first of several clusters of one structure, in each of them.
pub(crate) fn ways<'a>(clusters: &[&'a Cluster], way: Route<'a>) -> Vec<Route<'a>> {
    let others: Vec<Route<'a>> = clusters[1..].iter().map(|cluster| way.on(cluster)).collect();
    std::iter::once(way).chain(others).collect()
}

/// The plan of a transfer: what asks for it, the transfer, and the reply to it.
pub(crate) fn build(context: &Context<'_>) -> Result<Plan, InputError> {
    let transfer = context.transfer;
    let lanes = context.lanes();
    let mut draft = if context.brief { Draft::brief(lanes) } else { Draft::new(lanes) };
    let hops = named(&mut draft, context.route());
    draft.way = draft.hops.len() as u32;
    draft.message = transfer.message;
    if !context.brief {
        let lanes = context.clusters.iter().zip(context.routes);
        draft.lines = lanes.map(|(cluster, route)| line(cluster, route)).collect();
    }
    let asked = match &transfer.request {
        Some(asked) if context.whole => request::before(&mut draft, context, asked)?,
        _ => After::new(),
    };
    let is_reply = transfer.request.is_some();
    let step = is_reply.then_some(outcome::Step::Reply);
    let parts = vec![1.0; context.clusters.len()];
    let message = Message { context: *context, hops, step, counts: true, main: true, parts };
    let sent = message.add(&mut draft, asked);
    if let Some(bytes) = transfer.reply.filter(|_| context.whole) {
        answer(&mut draft, context, bytes, sent)?;
    }
    Ok(draft.freeze().expect("builders make plans that can end"))
}

/// Request and response: the way back, once the receiver has the whole message.
///
/// The reply goes over the connection that is open by then, and round the Service: the entry that
/// the first packet made translates it, at the cost of the hops that it crosses.
fn answer(
    draft: &mut Draft,
    context: &Context<'_>,
    message: Bytes,
    after: After,
) -> Result<(), InputError> {
    let (cluster, transfer) = (context.cluster(), context.transfer);
    let from = match cluster.endpoint("to", &transfer.to)? {
        Endpoint::Place(_) => transfer.to.clone(),
        Endpoint::Service(service) => cluster.graph[service.pods[0]].name.clone(),
    };
    let mode = match transfer.mode {
        Mode::GpuDirect => Mode::GpuDirect,
        Mode::Serial | Mode::Overlapped { .. } => Mode::Serial,
    };
    let back = Transfer {
        mode,
        transport: transfer.transport,
        host_memory: transfer.host_memory,
        ..Transfer::message(from, transfer.from.clone(), message)
    };
    let routes = context.ways(&back)?;
    let cores = [context.cores[0].turned()];
    let context = Context { transfer: &back, routes: &routes, cores: &cores, ..*context };
    let hops = named(draft, context.route());
    let parts = vec![1.0; context.clusters.len()];
    let message = Message { context, hops, step: None, counts: false, main: false, parts };
    message.add(draft, after);
    Ok(())
}
