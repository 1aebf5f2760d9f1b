//! A transfer as a plan: what asks for it, its message, and the answer to it.
//!
//! ```text
//!  [`super::request`] ─► [`super::message`] ─► the way back
//! ```

use sim::{Bytes, Dist, Seed};

use super::draw::{Amount, Part};
use super::message::{After, Message, named};
use super::stage::line;
use super::{Cores, Draft, Plan, request};
use crate::cluster::{Cluster, Endpoint};
use crate::input::InputError;
use crate::outcome::{self, Fidelity};
use crate::price::Change;
use crate::route::{Route, Swap, route};
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
    /// Whether the plan is for many runs, each with its own chance.
    pub(crate) template: bool,
    /// The chance of the plan that decides, run by run, whether it happens.
    pub(crate) only_if: Option<u32>,
    /// What the size of the message is multiplied by in each run, if it is drawn.
    pub(crate) size: Option<&'a Dist>,
}

impl<'a> Context<'a> {
    /// A transfer as it is, once, with what asks for it and answers it.
    pub(crate) fn once(
        clusters: &'a [&'a Cluster],
        transfer: &'a Transfer,
        routes: &'a [Route<'a>],
        cores: &'a [Cores],
        change: &'a Change,
    ) -> Context<'a> {
        Context {
            clusters,
            transfer,
            routes,
            cores,
            change,
            whole: true,
            brief: false,
            fidelity: Fidelity::Flow,
            seed: Seed::new(0),
            template: false,
            only_if: None,
            size: None,
        }
    }

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

    /// What each stream crosses in place of the links of the way, where there are equal ways.
    pub(super) fn spread(&self) -> Vec<Vec<Swap>> {
        let cores = self.cores.iter().filter(|_| self.route().is_parallel());
        cores.map(|cores| self.route().spread(self.cluster(), cores.flow)).collect()
    }

    /// The way of another transfer, in each lane.
    pub(super) fn ways(&self, transfer: &Transfer) -> Result<Vec<Route<'a>>, InputError> {
        let mut route = route(self.cluster(), transfer)?;
        route.take(self.cluster(), transfer, self.cores[0].flow);
        Ok(ways(self.clusters, route))
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
        let spread = context.spread();
        draft.lines = lanes.map(|(cluster, route)| line(cluster, route, &spread)).collect();
    }
    append(&mut draft, context, hops, true, After::new())?;
    Ok(draft.freeze().expect("builders make plans that can end"))
}

/// Adds a transfer to a draft, after `after`; what comes behind it. `main`: whether the draft is
/// the plan of this transfer and of nothing else.
pub(super) fn append(
    draft: &mut Draft,
    context: &Context<'_>,
    hops: Vec<u32>,
    main: bool,
    after: After,
) -> Result<After, InputError> {
    let transfer = context.transfer;
    let asked = match &transfer.request {
        Some(asked) if context.whole => request::before(draft, context, asked, after)?,
        _ => after,
    };
    let step = transfer.request.is_some().then_some(outcome::Step::Reply);
    let drawn = context.size.map(|size| draft.amount(Amount::Dist(size.clone())));
    let part = Part::all(context.clusters.len(), context.only_if);
    let counts = main;
    let spread = context.spread();
    let message = Message { context: *context, hops, step, counts, main, part, drawn, spread };
    let sent = message.add(draft, asked);
    match transfer.reply.filter(|_| context.whole) {
        Some(bytes) => answer(draft, context, bytes, sent),
        None => Ok(sent),
    }
}

/// Adds the kernel that makes a transfer's result, and nothing else of it.
pub(super) fn append_kernel(draft: &mut Draft, context: &Context<'_>, after: After) -> After {
    let hops = named(draft, context.route());
    let part = Part::all(context.clusters.len(), context.only_if);
    let (step, counts, main, drawn) = (None, false, false, None);
    let spread = Vec::new();
    let message = Message { context: *context, hops, step, counts, main, part, drawn, spread };
    message.kernel(draft, after)
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
) -> Result<After, InputError> {
    let (cluster, transfer) = (context.cluster(), context.transfer);
    let from = match cluster.endpoint("to", &transfer.to)? {
        Endpoint::Place(_) => transfer.to.clone(),
        Endpoint::Service(service) => cluster.graph[service.pods[0]].name.to_string(),
    };
    let mode = match transfer.mode {
        mode @ (Mode::GpuDirect | Mode::Rdma { .. }) => mode,
        Mode::Serial | Mode::Overlapped { .. } => Mode::Serial,
    };
    let back = Transfer {
        mode,
        transport: transfer.transport,
        marshalled: transfer.marshalled,
        host_memory: transfer.host_memory,
        ..Transfer::message(from, transfer.from.clone(), message)
    };
    let routes = context.ways(&back)?;
    let cores = [context.cores[0].turned()];
    let context = Context { transfer: &back, routes: &routes, cores: &cores, ..*context };
    let hops = named(draft, context.route());
    let part = Part::all(context.clusters.len(), context.only_if);
    let (step, counts, main, drawn) = (None, false, false, None);
    let spread = context.spread();
    let message = Message { context, hops, step, counts, main, part, drawn, spread };
    Ok(message.add(draft, after))
}
