//! How a result was asked for: what passes between a client's call and the kernel that answers it.
//!
//! ```text
//!  resolve name ─► connect ─► send request ─► copy in ─► kernel ─► copy out ─► send reply
//!   [`lookup`]     SYN, NAT    [`crate::price`] of a transfer to the Service   the transfer itself
//! ```
//!
//! A [`Request`] belongs to the transfer that is its reply, as the kernel does. Every datagram,
//! handshake and message in it is priced as a transfer of its own on the way that it takes; they
//! follow each other, so their lives are joined and sum to the completion to the picosecond. A
//! connection that is kept open needs no name and no handshake.

mod chance;
mod lookup;

use petgraph::graph::NodeIndex;
use serde::{Deserialize, Serialize};
use sim::{Bytes, Seed, Time};

use crate::cluster::{Cluster, Endpoint, Hop, HopModel};
use crate::input::{InputError, suggest};
use crate::name::resolver::Order;
use crate::outcome::{Cause, Fidelity, Interval, Outcome, Step, StepTime};
use crate::route::{Leg, route};
use crate::solve::solve;
use crate::transfer::{Connection, HostMemory, Mode, Transfer, Transport};

use chance::Chance;

/// A request whose reply is a transfer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The Service by whose address the client reaches the pod that replies.
    pub service: String,
    /// The Service's name as the client's code has it: `infer`, `infer.shop.svc.cluster.local.`.
    pub name: String,
    /// The Kubernetes namespace of client and Service.
    pub namespace: String,
    /// The size of the request.
    pub message: Bytes,
    /// `ndots` of the client's resolver.
    pub ndots: u32,
    /// How it asks for both address families.
    pub order: Order,
    /// Its first time-out in seconds.
    pub timeout_s: u32,
    /// How often it asks.
    pub attempts: u32,
    /// The Service or pod that answers for names.
    pub dns: String,
    /// The pod on the client's node that answers from its cache first (NodeLocal DNSCache).
    pub node_cache: Option<String>,
    /// How often the client's node asks for this name [1/s].
    pub node_hz: f64,
    /// How often all other nodes ask for it [1/s].
    pub others_hz: f64,
    /// The chance that a question or its answer is lost, 0 to below 1.
    pub loss: f64,
    /// Addresses in the answer: one of a Service, one per pod of a headless one.
    pub addresses: u32,
}

/// The ends of a request: pods by name.
struct Ends {
    client: String,
    server: String,
}

/// Puts what the request takes before `outcome`, which is that of its reply, kernel included.
///
/// # Errors
/// If the request names no Service or pod of the cluster, or its name leads nowhere.
pub(crate) fn put_before(
    cluster: &Cluster,
    transfer: &Transfer,
    fidelity: Fidelity,
    seed: u64,
    outcome: &mut Outcome,
) -> Result<(), InputError> {
    let Some(request) = &transfer.request else { return Ok(()) };
    let ends = ends(cluster, transfer, request)?;
    let mut chance = match fidelity {
        Fidelity::Closed => Chance::Mean,
        Fidelity::Flow | Fidelity::Chunk => Chance::Drawn(Seed::new(seed).stream("request")),
    };
    let mut asking = Asking { cluster, request, seed, chance: &mut chance };
    let mut lives: Vec<(Step, Vec<Interval>)> = Vec::new();
    if transfer.connection == Connection::New {
        lives.push((Step::Resolve, asking.lookup(&ends.client)?));
        let mut connect = Vec::new();
        asking.open(&ends.client, &ends.server, Some(&request.service), &mut connect)?;
        lives.push((Step::Connect, connect));
    }
    let send = Transfer {
        via: Some(request.service.clone()),
        connection: match transfer.connection {
            Connection::New => Connection::Fresh,
            other => other,
        },
        ..asking.message(&ends.client, &ends.server, request.message)
    };
    lives.push((Step::Send, asking.solved(&send)?));
    if transfer.from != ends.server {
        let copy = Transfer {
            host_memory: transfer.host_memory,
            ..asking.message(&ends.server, &transfer.from, request.message)
        };
        lives.push((Step::CopyIn, asking.solved(&copy)?));
    }
    lives.extend(reply(cluster, transfer, outcome)?);
    let steps = lives.iter().map(|(step, life)| StepTime { step: *step, span: whole(life) });
    outcome.steps = steps.collect();
    outcome.life = lives.into_iter().flat_map(|(_, life)| life).collect();
    outcome.completion = whole(&outcome.life);
    Ok(())
}

fn whole(life: &[Interval]) -> Time {
    life.iter().map(|interval| interval.span).sum()
}

/// The life of the reply by steps: the kernel, then what the GPU's engines copy, then the rest.
/// Where these overlap, each has the part of the critical path that it is on.
fn reply(
    cluster: &Cluster,
    transfer: &Transfer,
    outcome: &Outcome,
) -> Result<Vec<(Step, Vec<Interval>)>, InputError> {
    let way = route(cluster, transfer)?;
    // What comes before the first socket: the kernel and the copy out of the GPU.
    let hops: Vec<&Hop> = way.stages.iter().flatten().map(Leg::hop).collect();
    let before = hops.iter().take_while(|hop| !matches!(hop.model, HopModel::Cpu(_))).count();
    let step = |interval: &Interval| {
        let hop = hops[..before].iter().find(|hop| hop.name == interval.hop);
        match hop.map(|hop| &hop.model) {
            Some(HopModel::Gpu(_)) => Step::Kernel,
            Some(_) => Step::CopyOut,
            None => Step::Reply,
        }
    };
    let of = |wanted| {
        let own = outcome.life.iter().filter(move |interval| step(interval) == wanted);
        (wanted, own.cloned().collect::<Vec<Interval>>())
    };
    let steps = [Step::Kernel, Step::CopyOut, Step::Reply].map(of);
    Ok(steps.into_iter().filter(|(_, life)| !life.is_empty()).collect())
}

/// The pods at the ends of the reply's way, which are those of the request's.
fn ends(cluster: &Cluster, transfer: &Transfer, request: &Request) -> Result<Ends, InputError> {
    let Some((server, client)) = route(cluster, transfer)?.pods else {
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
    let name = |place: NodeIndex| cluster.graph[place].name.clone();
    if !service.pods.contains(&server) {
        let problem = format!("`{}` is no pod behind `{}`", name(server), request.service);
        return Err(InputError::new("request.service", problem)
            .help("the reply comes from a pod of the Service, or from its GPU"));
    }
    Ok(Ends { client: name(client), server: name(server) })
}

/// A request on its way, piece by piece.
struct Asking<'a> {
    cluster: &'a Cluster,
    request: &'a Request,
    seed: u64,
    chance: &'a mut Chance,
}

impl Asking<'_> {
    /// A message over an open connection, in host memory.
    fn message(&self, from: &str, to: &str, message: Bytes) -> Transfer {
        Transfer {
            from: from.to_owned(),
            to: to.to_owned(),
            via: None,
            message,
            write: None,
            reply: None,
            transport: Transport::Tcp,
            streams: 1,
            mode: Mode::Serial,
            host_memory: HostMemory::Pinned,
            connection: Connection::Warm,
            kernel: None,
            request: None,
        }
    }

    /// The life of one message alone.
    fn solved(&self, transfer: &Transfer) -> Result<Vec<Interval>, InputError> {
        let outcomes =
            solve(self.cluster, std::slice::from_ref(transfer), Fidelity::Closed, self.seed)?;
        Ok(outcomes.into_iter().flat_map(|outcome| outcome.life).collect())
    }

    /// A handshake (RFC 9293, section 3.5): SYN and SYN-ACK; the client's ACK goes with its data.
    fn open(
        &self,
        from: &str,
        to: &str,
        via: Option<&str>,
        life: &mut Vec<Interval>,
    ) -> Result<(), InputError> {
        let syn = Transfer {
            via: via.map(str::to_owned),
            connection: Connection::Opening,
            ..self.message(from, to, SEGMENT)
        };
        life.extend(self.solved(&syn)?);
        life.extend(self.solved(&self.message(to, from, SEGMENT))?);
        Ok(())
    }

    /// The pod that an end of the request means, and the Service in front of it, if there is one.
    fn server(&self, field: &str, name: &str) -> Result<(String, Option<String>), InputError> {
        let place = |at: NodeIndex| self.cluster.graph[at].name.clone();
        Ok(match self.cluster.endpoint(field, name)? {
            Endpoint::Place(at) => (place(at), None),
            Endpoint::Service(service) => (place(service.pods[0]), Some(service.name.clone())),
        })
    }
}

/// A segment without data is priced as the smallest message.
const SEGMENT: Bytes = Bytes::new(1);

/// Books `span` to a hop, if it is not nothing.
fn book(life: &mut Vec<Interval>, hop: String, cause: Cause, span: Time) {
    if span > Time::ZERO {
        life.push(Interval { hop, cause, span });
    }
}
