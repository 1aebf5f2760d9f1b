//! A transfer as part of a plan: what asks for it, the message itself, and the answer to it.

use sim::{Bytes, Dist, Seed};

use super::draft::Draft;
use super::draw::{Amount, Part};
use super::transfer::{After, Message, named};
use super::{Cores, request};
use crate::cluster::{Cluster, Endpoint};
use crate::input::InputError;
use crate::outcome::{self, Fidelity};
use crate::price::Change;
use crate::route::{Route, route};
use crate::transfer::{Mode, Transfer};

/// What a plan is made from.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) transfer: &'a Transfer,
    pub(crate) route: &'a Route<'a>,
    /// The cores of the transfer's streams.
    pub(crate) cores: &'a [Cores],
    pub(crate) change: &'a Change,
    /// Whether what asks for the transfer and what answers it are wanted too.
    pub(crate) whole: bool,
    /// Whether chance decides or means are taken.
    pub(crate) fidelity: Fidelity,
    pub(crate) seed: Seed,
    /// Whether the plan is for many runs, each with its own chance.
    pub(crate) template: bool,
    /// The part of the runs in which it happens.
    pub(crate) part: Part,
    /// What the size of the message is multiplied by in each run, if it is drawn.
    pub(crate) size: Option<&'a Dist>,
}

impl<'a> Context<'a> {
    /// A transfer as it is, once.
    pub(crate) fn once(
        cluster: &'a Cluster,
        transfer: &'a Transfer,
        route: &'a Route<'a>,
        cores: &'a [Cores],
        change: &'a Change,
    ) -> Context<'a> {
        let (whole, fidelity, seed) = (true, Fidelity::Flow, Seed::new(0));
        let (template, part, size) = (false, Part::ALWAYS, None);
        Context {
            cluster,
            transfer,
            route,
            cores,
            change,
            whole,
            fidelity,
            seed,
            template,
            part,
            size,
        }
    }
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
    let Context { cluster, transfer, route, cores, change, part, .. } = *context;
    let asked = match &transfer.request {
        Some(asked) if context.whole => request::before(draft, context, asked, after)?,
        _ => after,
    };
    let step = transfer.request.is_some().then_some(outcome::Step::Reply);
    let drawn = context.size.map(|size| draft.amount(Amount::Dist(size.clone())));
    let counts = main;
    let message =
        Message { cluster, transfer, route, cores, change, hops, step, counts, main, part, drawn };
    let sent = message.add(draft, asked);
    match transfer.reply.filter(|_| context.whole) {
        Some(bytes) => answer(draft, context, bytes, sent),
        None => Ok(sent),
    }
}

/// Adds the kernel that makes a transfer's result, and nothing else of it.
pub(super) fn append_kernel(draft: &mut Draft, context: &Context<'_>, after: After) -> After {
    let Context { cluster, transfer, route, cores, change, part, .. } = *context;
    let hops = named(draft, route);
    let (step, counts, main, drawn) = (None, false, false, None);
    let message =
        Message { cluster, transfer, route, cores, change, hops, step, counts, main, part, drawn };
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
    let Context { cluster, transfer, change, part, .. } = *context;
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
    let route = route(cluster, &back)?;
    let cores = [context.cores[0].turned()];
    let hops = named(draft, &route);
    let message = Message {
        cluster,
        transfer: &back,
        route: &route,
        cores: &cores,
        change,
        hops,
        step: None,
        counts: false,
        main: false,
        part,
        drawn: None,
    };
    Ok(message.add(draft, after))
}
