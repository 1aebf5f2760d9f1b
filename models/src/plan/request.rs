//! What passes between a client's call and the kernel that answers it, as steps of one plan.
//!
//! ```text
//!  resolve name ─► connect ─► send request ─► copy in ─► kernel ─► copy out ─► send reply
//!   [`super::lookup`]  SYN, NAT    messages, each on its own way       the transfer itself
//! ```
//!
//! A connection that is kept open needs no name and no handshake.

use petgraph::graph::NodeIndex;
use sim::{Bytes, Time};

use super::chance::Chance;
use super::draft::{Draft, Link};
use super::draw::Part;
use super::message::{After, Message, named};
use super::{Book, Context, Op, Phase, Row};
use crate::cluster::Endpoint;
use crate::input::{InputError, suggest};
use crate::outcome::{Cause, Fidelity, Step};
use crate::plan;
use crate::transfer::{Connection, Request, Transfer};

/// A segment without data is priced as the smallest message.
const SEGMENT: Bytes = Bytes::new(1);

/// The ends of a request: pods by name.
struct Ends {
    client: String,
    server: String,
}

/// Adds what a request takes before the transfer that replies to it; what comes behind it.
///
/// # Errors
/// If the request names no Service or pod of the cluster, or its name leads nowhere.
pub(super) fn before(
    draft: &mut Draft,
    context: &Context<'_>,
    request: &Request,
    after: After,
) -> Result<After, InputError> {
    let transfer = context.transfer;
    let ends = ends(context, request)?;
    let chance = match (context.template, context.fidelity) {
        (true, _) => Chance::PerRun,
        (false, Fidelity::Closed) => Chance::Mean,
        (false, _) => Chance::Drawn(context.seed.stream("request")),
    };
    let mut asking = Asking { context, request, chance, draft, after };
    let certain = Part::all(context.clusters.len(), context.only_if);
    if transfer.connection == Connection::New {
        asking.lookup(&ends.client)?;
        let via = Some(request.service.as_str());
        asking.open(&ends.client, &ends.server, via, Step::Connect, &certain)?;
    }
    let send = Transfer {
        via: Some(request.service.clone()),
        connection: match transfer.connection {
            Connection::New => Connection::Fresh,
            other => other,
        },
        ..Transfer::message(&ends.client, &ends.server, request.message)
    };
    asking.send(&send, Step::Send, &certain)?;
    if transfer.from != ends.server {
        let copy = Transfer {
            host_memory: transfer.host_memory,
            ..Transfer::message(&ends.server, &transfer.from, request.message)
        };
        asking.send(&copy, Step::CopyIn, &certain)?;
    }
    Ok(asking.after)
}

/// The pods at the ends of the reply's way, which are those of the request's.
fn ends(context: &Context<'_>, request: &Request) -> Result<Ends, InputError> {
    let (cluster, route) = (context.cluster(), context.route());
    let Some((server, client)) = route.pods else {
        let problem = "the reply crosses no socket, so there is no Service to ask";
        return Err(InputError::new("mode", problem).help("mode = \"serial\" or \"overlapped\""));
    };
    let Some(service) = cluster.services.get(&request.service) else {
        let known: Vec<&str> = cluster.services.keys().map(String::as_str).collect();
        let problem = format!("no Service is called `{}`", request.service);
        return Err(
            InputError::new("request.service", problem).help(suggest(&request.service, known))
        );
    };
    let name = |place: NodeIndex| cluster.graph[place].name.to_string();
    if !service.pods.contains(&server) {
        let problem = format!("`{}` is no pod behind `{}`", name(server), request.service);
        return Err(InputError::new("request.service", problem)
            .help("the reply comes from a pod of the Service, or from its GPU"));
    }
    Ok(Ends { client: name(client), server: name(server) })
}

/// A request on its way, message by message: each comes after the one before it.
pub(super) struct Asking<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) request: &'a Request,
    pub(super) chance: Chance,
    pub(super) draft: &'a mut Draft,
    after: After,
}

impl Asking<'_> {
    /// Sends a message, with a chance in each lane.
    pub(super) fn send(
        &mut self,
        transfer: &Transfer,
        step: Step,
        part: &Part,
    ) -> Result<(), InputError> {
        let routes = self.context.ways(transfer)?;
        let context = Context { transfer, routes: &routes, ..*self.context };
        let hops = named(self.draft, context.route());
        let (step, part) = (Some(step), part.clone());
        let (counts, main, drawn) = (false, false, None);
        let spread = context.spread();
        let message = Message { context, hops, step, counts, main, part, drawn, spread };
        let after = std::mem::take(&mut self.after);
        self.after = message.add(self.draft, after);
        Ok(())
    }

    /// Lets time pass, in each lane, at a place that is no hop of a way: `dns/names`.
    pub(super) fn wait(
        &mut self,
        name: String,
        cause: Cause,
        spans: &[Time],
        only_if: Option<u32>,
    ) {
        if spans.iter().any(|span| *span > Time::ZERO) {
            let book = self.row(name, cause);
            let lanes = spans.iter().map(|&span| Phase::new(Op::Wait(span), book));
            let phase = self.draft.phase(lanes);
            self.add(plan::Step { only_if, ..plan::Step::repeated(phase, 1) });
        }
    }

    /// Lets time pass that is drawn in each run.
    pub(super) fn drawn(&mut self, name: String, cause: Cause, amount: u32) {
        let book = self.row(name, cause);
        let phase = self.draft.alike(Phase::new(Op::Wait(Time::ZERO), book));
        let (drawn, only_if) = (Some(amount), self.context.only_if);
        self.add(plan::Step { drawn, only_if, ..plan::Step::repeated(phase, 1) });
    }

    fn row(&mut self, name: String, cause: Cause) -> Book {
        let kind = name.rsplit('/').next().unwrap_or(&name).replace('-', " ");
        let hop = self.draft.hop(name, kind);
        let row = Row { hop, cause, step: Some(Step::Resolve), counts: false };
        let row = self.draft.row(row);
        self.draft.book([(row, 1.0)])
    }

    fn add(&mut self, step: plan::Step) {
        let node = self.draft.step(step, &self.after);
        self.after = vec![(node, Link::default())];
    }

    /// A handshake (RFC 9293, section 3.5): SYN and SYN-ACK; the client's ACK goes with its data.
    pub(super) fn open(
        &mut self,
        from: &str,
        to: &str,
        via: Option<&str>,
        step: Step,
        part: &Part,
    ) -> Result<(), InputError> {
        let syn = Transfer {
            via: via.map(str::to_owned),
            connection: Connection::Opening,
            ..Transfer::message(from, to, SEGMENT)
        };
        self.send(&syn, step, part)?;
        self.send(&Transfer::message(to, from, SEGMENT), step, part)
    }

    /// The pod that an end of the request means, and the Service in front of it, if there is one.
    pub(super) fn server(
        &self,
        field: &str,
        name: &str,
    ) -> Result<(String, Option<String>), InputError> {
        let cluster = self.context.cluster();
        let place = |at: NodeIndex| cluster.graph[at].name.to_string();
        Ok(match cluster.endpoint(field, name)? {
            Endpoint::Place(at) => (place(at), None),
            Endpoint::Service(service) => (place(service.pods[0]), Some(service.name.clone())),
        })
    }
}
